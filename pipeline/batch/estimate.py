"""Estimates of time and space, and the key under which a recording counts as done."""

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
"""Bytes per second of recording by suffix, where the header does not say. Typical rates of each kind, chosen by hand;
larger values give shorter estimates."""
COMPRESSED = 10_000.0
"""Bytes per second of recording for all other suffixes (80 kbit/s). Chosen by hand; likewise."""
TEXT = 800.0
"""Bytes of results per second of recording: JSON with every word, and a text. Chosen by hand; scales the estimate."""
_HEAD = 4096
"""Bytes read from a file to find the format chunk of its WAV header."""
ANALYTICS = ".analytics.json"
GUESS = 0.25
"""Seconds of work per second of recording, until the folder has measurements. Chosen by hand; scales the estimate."""
GUESS_CACHED = 0.02
"""The same where every stage comes from the cache and the recording is only decoded, analyzed and written."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of work per second of recording, computed and from the cache; ``measured`` in this folder or guessed."""

    computed: float = GUESS
    cached: float = GUESS_CACHED
    measured: bool = False


def measured_speed(journal: Journal) -> Speed:
    """Measurements of the journal, with guesses for those that are missing."""
    computed, cached = journal.speed(), journal.speed(computed=False)
    measured = computed is not None
    return Speed(GUESS if computed is None else computed, GUESS_CACHED if cached is None else cached, measured)


def is_cached(sha256: str, config: Config, models: Mapping[str, str], cache: Path | None) -> bool:
    """Whether the cache has the final stage for this content, so that no model has to run."""
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
    parts: dict[str, object] = {
        "settings": settings,
        "formats": formats,
        "rules": rules,
        "models": dict(models),
        "code": code,
    }
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
    """Suffixes of a recording's results."""
    return (*(suffix(name) for name in formats), *([ANALYTICS] * analytics))


def guess_duration(path: Path) -> float:
    """Estimated duration in seconds: by the rate in a WAV header, otherwise by size and suffix."""
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
    """Bytes per second in the header of a WAV file of any coding; 0 for other files."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return 0
    rate = head.find(b"fmt ") + 16
    return int.from_bytes(head[rate : rate + 4], "little") if rate >= 28 else 0
