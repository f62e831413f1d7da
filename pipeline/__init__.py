"""Crosstalk: who said what, also when they talk at once. ``from pipeline import transcribe``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.events import Listener
    from pipeline.values import Transcript

__version__ = "0.1.0"

# Else numpy's threads go on spinning for some 30 ms after each product, against torch's: separation takes a tenth more
# time. OpenBLAS reads it when numpy is first imported.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")


def transcribe(
    recording: Path | str,
    *,
    speakers: int | None = None,
    min_speakers: int | None = None,
    max_speakers: int | None = None,
    language: str | None = None,
    channels: str | None = None,
    roles: str | None = None,
    preset: str = "default",
    device: str | None = None,
    threads: int | None = None,
    offline: bool = False,
    track: int | None = None,
    cache: bool = True,
    settings: dict[str, Any] | None = None,
    listener: Listener | None = None,
) -> Transcript:
    """Who said what in a recording: the same as the command ``transcribe``.

    ``settings`` are dotted ones (``{"recognition.beam_size": 5}``). Raises `pipeline.errors.CrosstalkError`.
    """
    from pipeline.cache import DiskCache
    from pipeline.events import ignore
    from pipeline.presets import compose, named
    from pipeline.run import Transcriber

    given = (speakers, min_speakers, max_speakers, language, channels, roles, device, threads, offline or None, track)
    config = compose(preset, named(given), settings or {})
    run = Transcriber(config, cache=DiskCache() if cache else None, listener=listener or ignore)
    return run(recording)
