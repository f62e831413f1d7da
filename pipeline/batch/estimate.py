"""What would be done, how long it takes and how much space it needs; and the key under which work counts as done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.batch.journal import Journal
from pipeline.config.schema import Config
from pipeline.core.code_version import requirements, source_hash
from pipeline.core.events import ignore
from pipeline.engine.artifact_cache import DiskCache, NoCache, recipe_key
from pipeline.engine.pipeline import versions
from pipeline.engine.runner import StageRunner
from pipeline.formats import module_of, suffix
from pipeline.models import registry

BYTES_PER_SECOND: Mapping[str, float] = {
    "wav": 16_000.0, "w64": 32_000.0, "aif": 32_000.0, "aiff": 32_000.0, "flac": 16_000.0, "opus": 4_000.0,
    "mp4": 120_000.0, "mov": 120_000.0, "mkv": 120_000.0, "webm": 60_000.0,
}  # fmt: skip
"""What a second of recording takes by suffix, where the file's header is not read; other suffixes: `COMPRESSED`."""
COMPRESSED = 10_000.0
TEXT = 800.0
"""Bytes of results per second of recording: the JSON with every word, and a readable text."""
_HEAD = 4096
ANALYTICS = ".analytics.json"
GUESS = 0.25
"""Seconds of one core's work per second of recording, before anything was measured in the folder."""
GUESS_CACHED = 0.02
"""The same where every stage comes from the cache, so that it is only decoded, analysed and written."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of work per second of recording: computed, and from the cache; ``measured`` in this folder or guessed."""

    computed: float = GUESS
    cached: float = GUESS_CACHED
    measured: bool = False


def measured_speed(journal: Journal) -> Speed:
    """What the journal says, and guesses for what it does not say."""
    computed, cached = journal.speed(), journal.speed(computed=False)
    known = computed is not None
    return Speed(GUESS if computed is None else computed, GUESS_CACHED if cached is None else cached, known)


def is_cached(sha256: str, config: Config, models: Mapping[str, str], cache: Path | None) -> bool:
    """Whether the words of a recording with this content are in the cache, so that no model has to run."""
    if cache is None or not sha256:
        return False
    key = StageRunner(models, config, NoCache(), ignore).final_key(sha256, versions())
    return DiskCache(cache).holds(key)


def done_key(config: Config, formats: tuple[str, ...], rules: str | None, models: Mapping[str, str]) -> str:
    """What names a result by everything but the recording: settings, formats, rules, models, code, package versions."""
    settings = registry.effective_settings(config)
    del settings["runtime"]
    modules = _modules(formats, rules is not None)
    declarations = [registry.identity(kind, name) for kind, name in registry.configured_names(config).items()]
    packages = dict(versions())
    for module in modules:
        packages |= requirements(module)
    code = [source_hash(module) for module in modules]
    parts = {"settings": settings, "formats": formats, "rules": rules, "models": dict(models), "code": code}
    parts["declarations"] = declarations
    return recipe_key(**parts, packages=packages, placement=registry.placement(config.runtime))


def _modules(formats: tuple[str, ...], analytics: bool) -> list[str]:
    """The modules that a result is made by, besides the models; what they import belongs to them. Writers are loaded by
    name, so they are looked up where loading looks them up."""
    writers = [module_of(name) for name in formats]
    return [
        "pipeline.engine.pipeline",
        "pipeline.formats.files",
        *writers,
        *(["pipeline.analytics.analytics_file"] * analytics),
    ]


def suffixes(formats: tuple[str, ...], analytics: bool) -> tuple[str, ...]:
    """What the names of a recording's results end in."""
    return (*(suffix(name) for name in formats), *([ANALYTICS] * analytics))


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
