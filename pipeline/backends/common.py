"""The baseline of benchmarks, see `pipeline.presets.BASELINE`; settings it does not name are the libraries' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.audio import Audio
from pipeline.backends.pyannote import PyannoteDiarizer
from pipeline.backends.whisper import WhisperRecognizer
from pipeline.config import Config
from pipeline.events import no_progress
from pipeline.presets import baseline
from pipeline.protocols import Diarizer, SpeakerCount
from pipeline.values import Turn, Word

if TYPE_CHECKING:
    from pipeline.store import Store


class CommonFlow:
    """Turns and words as most tools make them."""

    def __init__(self, diarizer: Diarizer, recognizer: WhisperRecognizer) -> None:
        self._diarizer, self._recognizer = diarizer, recognizer

    @classmethod
    def from_config(cls, config: Config, models: Store) -> CommonFlow:
        diarizer = PyannoteDiarizer.from_config(baseline(config), models)
        return cls(diarizer, WhisperRecognizer.from_config(config, models))

    def turns(self, audio: Audio, count: SpeakerCount) -> tuple[Turn, ...]:
        """Who speaks when, by the stock pipeline."""
        return self._diarizer.diarize(audio, count, no_progress).turns

    def words(self, audio: Audio, language: str | None) -> tuple[Word, ...]:
        """The words of the whole mixture in one go."""
        return self._recognizer.recognize_whole(audio.samples, language)
