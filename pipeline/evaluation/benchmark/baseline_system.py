"""The baseline of benchmarks, see `pipeline.config.presets.BASELINE`; all other settings are the libraries' own."""

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
    """Turns and words as most tools make them."""

    def __init__(self, diarizer: Diarizer, recognizer: WhisperRecognizer) -> None:
        self._diarizer, self._recognizer = diarizer, recognizer

    @classmethod
    def from_config(cls, config: Config, models: Store) -> BaselineSystem:
        config = baseline(config)
        names = registry.configured_names(config)
        diarizer: Diarizer = registry.load("diarizer", names["diarizer"], config, models)
        return cls(diarizer, registry.load("recognizer", names["recognizer"], config, models))

    def turns(self, audio: Audio, count: SpeakerBounds) -> tuple[Turn, ...]:
        """Who speaks when, by the stock pipeline."""
        return self._diarizer.diarize(audio, count, no_progress).turns

    def words(self, audio: Audio, language: str | None) -> tuple[Word, ...]:
        """The words of the whole mixture in one go."""
        return self._recognizer.recognize_whole(audio.samples, language)
