"""Estimates of what a batch takes in time and space, and the key under which a recording counts as done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.analytics import analytics_file
from pipeline.batch.journal import Journal
from pipeline.config.schema import Config
from pipeline.engine import extensions
from pipeline.engine.artifact_cache import DiskCache, recipe_key
from pipeline.engine.known_people import people_hash
from pipeline.engine.pipeline import STAGES
from pipeline.engine.stage_keys import model_identity, recognition_key
from pipeline.engine.stage_keys import package_versions as versions
from pipeline.formats import get, suffix
from pipeline.formats import names as format_names
from pipeline.media import DECODER_VERSION
from pipeline.models import registry

BYTES_PER_SECOND: Mapping[str, float] = {
    "wav": 16_000.0, "w64": 32_000.0, "aif": 32_000.0, "aiff": 32_000.0, "flac": 16_000.0, "opus": 4_000.0,
    "mp4": 120_000.0, "mov": 120_000.0, "mkv": 120_000.0, "webm": 60_000.0,
}  # fmt: skip
"""Bytes per second of recording by suffix, where the header is not read. Typical rates, chosen by hand; they change the
estimates alone."""
COMPRESSED = 10_000.0
"""Bytes per second of recording for other suffixes: 80 kbit/s, chosen by hand. It changes the estimates alone."""
TEXT = 800.0
"""Bytes of results per second of recording: the JSON with every word, and a readable text. Chosen by hand; it changes
the estimate of disk space alone."""
_HEAD = 4096
"""Bytes at the beginning of a WAV file in which its header is searched for."""
GUESS = 0.25
"""Seconds of one core's work per second of recording, before anything was measured in the folder. Chosen by hand; it
changes the estimate of time alone."""
GUESS_CACHED = 0.02
"""The same where every stage comes from the cache, so that the recording is only decoded, analyzed and written."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of work per second of recording, computed and from the cache; ``measured`` in this folder or guessed."""

    computed: float = GUESS
    cached: float = GUESS_CACHED
    measured: bool = False


def measured_speed(journal: Journal) -> Speed:
    """The speed by the journal, or a guess where the journal has none."""
    computed, cached = journal.speed(), journal.speed(computed=False)
    is_measured = computed is not None
    return Speed(GUESS if computed is None else computed, GUESS_CACHED if cached is None else cached, is_measured)


def is_cached(sha256: str, config: Config, models: Mapping[str, str], cache: Path | None) -> bool:
    """Whether the words of a recording with this content are in the cache, so that no model has to run.

    ``models`` maps each part of the models to the hash of its weights.
    """
    if cache is None or not sha256:
        return False
    return DiskCache(cache).holds(recognition_key(sha256, config, models))


def done_key(config: Config, formats: tuple[str, ...], rules: str | None, models: Mapping[str, str]) -> str:
    """The key of a finished recording: everything that its results depend on but the recording itself.

    ``rules`` is the text of the analytics' phrase rules, None without analytics; ``models`` as in `is_cached`.
    """
    settings = registry.effective_settings(config)
    del settings["runtime"]
    return recipe_key(
        settings=settings,
        decoder=DECODER_VERSION,
        stages=_stage_versions(config),
        models={kind: model_identity(kind, config, models) for kind in registry.KINDS},
        formats={name: _format_version(name) for name in formats},
        rules=rules,
        analytics=None if rules is None else analytics_file.VERSION,
        packages=versions(),
        placement=registry.placement(config.runtime),
        people=people_hash(config.identification),
    )


def _stage_versions(config: Config) -> dict[str, int]:
    """The version of every stage that runs, by name."""
    stages = [*STAGES, *(each.stage for each in extensions.refinements(config))]
    return {stage.name: stage.version for stage in stages}


def _format_version(name: str) -> int:
    """The version that a format declares; 1 for anything else that changes what is written, such as marked doubts."""
    if name not in format_names() and ":" not in name:
        return 1
    return get(name).version


def suffixes(formats: tuple[str, ...], analytics: bool) -> tuple[str, ...]:
    """The suffixes of a recording's results."""
    return (*(suffix(name) for name in formats), *([analytics_file.SUFFIX] * analytics))


def guess_duration(path: Path) -> float:
    """Seconds of recording, by the rate in a WAV file's header, else by size and suffix."""
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
    """Bytes per second by the header of a WAV file of any coding; 0 for other files."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return 0
    position = head.find(b"fmt ") + 16
    return int.from_bytes(head[position : position + 4], "little") if position >= 28 else 0
