"""The whole pipeline on synthetic tones: recordings made of words, settings that need no weights."""

from __future__ import annotations

import hashlib
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.schema import Config, assign
from pipeline.core.audio import RATE, Audio
from pipeline.core.events import Listener, ignore
from pipeline.core.types import Transcript, Word
from pipeline.engine.artifact_cache import Cache, NoCache
from pipeline.engine.model_pool import ModelPool, RecordingModels
from pipeline.engine.pipeline import run_pipeline
from pipeline.engine.runner import StageRunner
from pipeline.media import Decoded
from pipeline.models.synthetic import synthesize
from pipeline.models.weights import Store

REPLAY = {
    "diarization.backend": "synthetic",
    "embedding.model": "synthetic",
    "separation.backend": "passthrough",
    "recognition.backend": "synthetic",
}
"""Settings under which no stage needs weights."""
DIALOGUE = (
    Word(1.0, 1.4, "a1"),
    Word(1.6, 2.0, "a2"),
    Word(1.8, 2.4, "b3"),
    Word(2.5, 2.9, "b4"),
    Word(3.0, 3.4, "b6"),
    Word(6.0, 6.4, "a5"),
)
"""Two speakers, one overlap that is too short to be separated."""
OVERLAPPING = (
    Word(1.0, 1.4, "a1"),
    Word(1.6, 2.4, "a2"),
    Word(1.8, 2.6, "b3"),
    Word(2.7, 3.4, "b4"),
    Word(6.0, 6.4, "a5"),
)
"""Two speakers, one overlap that is separated."""


def settings(changes: dict[str, Any] | None = None) -> Config:
    """`REPLAY` with dotted changes."""
    return assign(Config(), {**REPLAY, **(changes or {})})


def arguments(changes: dict[str, Any] | None = None) -> list[str]:
    """The same for the command line."""
    return [text for key, value in {**REPLAY, **(changes or {})}.items() for text in ("--set", f"{key}={value}")]


def recorded(words: Sequence[Word], duration: float) -> Decoded:
    """The words as a decoded recording, without a file."""
    audio = Audio(synthesize(words, duration))
    return Decoded(audio, hashlib.sha256(audio.samples.tobytes()).hexdigest(), True, (), audio.duration)


def write_wav(path: Path, words: Sequence[Word] = DIALOGUE, duration: float = 8.0) -> Path:
    """The words as a file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((synthesize(words, duration) * 32767).astype(np.int16).tobytes())
    return path


def transcribed(
    words: Sequence[Word],
    duration: float | None = None,
    changes: dict[str, Any] | None = None,
    cache: Cache | None = None,
    listener: Listener = ignore,
) -> Transcript:
    """The transcript of the words, by default of a recording that ends a second after the last."""
    config = settings(changes)
    models = ModelPool(config, Store())
    recording = recorded(words, duration or max((word.end for word in words), default=0.0) + 1.0)
    runner = StageRunner(RecordingModels(models), config, cache or NoCache(), listener)
    return run_pipeline(lambda progress: recording, "talk.wav", runner)
