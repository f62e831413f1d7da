"""What would be done, how long it takes and how much space it needs; and the key under which work counts as done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline import backends
from pipeline.cache import recipe_key
from pipeline.config import Config, as_mapping
from pipeline.errors import SettingsError
from pipeline.formats import module_of, suffix
from pipeline.run import backends_of, versions
from pipeline.sources import fingerprint, requirements

BYTES_PER_SECOND: Mapping[str, float] = {
    "wav": 16_000.0, "w64": 32_000.0, "aif": 32_000.0, "aiff": 32_000.0, "flac": 16_000.0, "opus": 4_000.0,
    "mp4": 120_000.0, "mov": 120_000.0, "mkv": 120_000.0, "webm": 60_000.0,
}  # fmt: skip
"""What a second of recording takes by suffix, where the file's header is not read; other suffixes: `COMPRESSED`."""
COMPRESSED = 10_000.0
TEXT = 800.0
"""Bytes of results per second of recording: the JSON with every word, and a readable text."""
_HEAD = 4096
FAILURES = "failures.csv"
ANALYTICS = ".analytics.json"
GUESS = 0.25
"""Seconds of one core's work per second of recording, before anything was measured in the folder."""


def settings_key(config: Config, formats: tuple[str, ...], rules: str | None, models: Mapping[str, str]) -> str:
    """What names a result by everything but the recording: settings, formats, rules, models, code, package versions."""
    settings = as_mapping(config)
    del settings["runtime"]
    modules = _modules(config, formats, rules is not None)
    packages = versions()
    for module in modules:
        packages |= requirements(module)
    code = [fingerprint(module) for module in modules]
    return recipe_key(
        settings=settings, formats=formats, rules=rules, models=dict(models), code=code, packages=packages
    )


def _modules(config: Config, formats: tuple[str, ...], analytics: bool) -> list[str]:
    """The modules that a result is made by; what they import belongs to them. Backends and writers are loaded by name,
    so they are looked up where loading looks them up."""
    named = [backends.target(kind, name)[0] for kind, name in sorted(backends_of(config).items())]
    writers = [module_of(name) for name in formats]
    return ["pipeline.run", "pipeline.output", *named, *writers, *(["pipeline.analytics.writing"] * analytics)]


def refuse_overwriting(names: Sequence[str], formats: tuple[str, ...], analytics: bool) -> None:
    """One call's results may be named like another's, or like ``failures.csv``: a `SettingsError` before any work."""
    suffixes = [suffix(name) for name in formats] + [ANALYTICS] * analytics
    owners = {FAILURES: "the report of failures"}
    for name in names:
        for file in (f"{name}{end}" for end in suffixes):
            owner = owners.setdefault(file.casefold(), name)
            if owner != name:
                hint = "rename one, or give them to different --out folders"
                raise SettingsError(f"{owner} and {name} would both be written as {file!r}", hint=hint)


def guess_duration(path: Path) -> float:
    """Seconds of recording, from the rate in a WAV file's header or else from size and suffix."""
    try:
        if not path.is_file():  # reading a pipe would wait
            return 0.0
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return 0.0
    return size / (_wav_rate(head) or BYTES_PER_SECOND.get(path.suffix[1:].lower(), COMPRESSED))


def _wav_rate(head: bytes) -> int:
    """Bytes per second as the header of a WAV file of any coding says; 0 where it says nothing."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return 0
    told = head.find(b"fmt ") + 16
    return int.from_bytes(head[told : told + 4], "little") if told >= 28 else 0
