"""The baseline system of benchmarks, see `pipeline.config.presets.BASELINE`; other settings are library defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config.presets import baseline
from pipeline.config.schema import Config
from pipeline.core.audio import Audio
from pipeline.core.events import no_progress
from pipeline.core.types import Turn, Word
from pipeline.models import registry
from pipeline.models.protocols import Diarizer, SpeakerBounds

if TYPE_CHECKING:
    from pipeline.models.recognizers.whisper import WhisperRecognizer
    from pipeline.models.weights import Store


class BaselineSystem:
    """The stock pyannote pipeline for turns, and Whisper on the whole mixture for words."""

    def __init__(self, diarizer: Diarizer, recognizer: WhisperRecognizer) -> None:
        self._diarizer, self._recognizer = diarizer, recognizer

    @classmethod
    def from_config(cls, config: Config, models: Store) -> BaselineSystem:
        settings = baseline(config)
        names = registry.configured_names(settings)
        diarizer: Diarizer = registry.load("diarizer", names["diarizer"], settings, models)
        return cls(diarizer, registry.load("recognizer", names["recognizer"], settings, models))

    def turns(self, audio: Audio, bounds: SpeakerBounds) -> tuple[Turn, ...]:
        """Speaker turns of the stock pipeline."""
        return self._diarizer.diarize(audio, bounds, no_progress).turns

    def words(self, audio: Audio, language: str | None) -> tuple[Word, ...]:
        """Words of the whole mixture, transcribed in one pass."""
        return self._recognizer.transcribe_long_form(audio.samples, language)
