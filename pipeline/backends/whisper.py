"""Whisper by faster-whisper (CTranslate2): words with times and probabilities, greedy or beam, always deterministic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import ctranslate2
from faster_whisper import WhisperModel

from pipeline.audio import RATE, Samples
from pipeline.config import Config
from pipeline.errors import BackendError, SettingsError
from pipeline.values import Word

if TYPE_CHECKING:
    from pipeline.store import Store

NO_REPEAT = 3
"""The careful way forbids any n-gram of so many tokens to come twice: a loop cannot form."""
SILENCE = 2.0
"""Seconds of silence around words that make them a hallucination, by the model's own word times."""


class WhisperRecognizer:
    """A Whisper model in CTranslate2's format; temperature 0 only, so the same audio gives the same words."""

    def __init__(self, model: WhisperModel, beam_size: int = 1) -> None:
        self._model = model
        self._beam_size = beam_size

    @classmethod
    def from_config(cls, config: Config, models: Store) -> WhisperRecognizer:
        settings, runtime = config.recognition, config.runtime
        folder = models.path(settings.model)
        device = runtime.device
        if device == "auto":
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        try:
            model = WhisperModel(
                str(folder),
                device=device.partition(":")[0],
                device_index=int(device.partition(":")[2] or 0),
                compute_type=settings.compute_type,
                cpu_threads=runtime.threads,
                local_files_only=True,
            )
        except ValueError as error:
            raise SettingsError(f"recognition.model {settings.model}: {error}") from error
        except RuntimeError as error:
            raise BackendError(f"cannot load the Whisper model {settings.model}: {error}") from error
        return cls(model, settings.beam_size)

    def language(self, samples: Samples) -> str:
        """The most probable language (ISO 639-1) of up to 30 s."""
        if not self._model.model.is_multilingual:
            return "en"
        language, _, _ = self._model.detect_language(samples)
        return str(language)

    def recognize(self, windows: Sequence[Samples], language: str, rescue: bool = False) -> list[tuple[Word, ...]]:
        """The words of each window, times from its start; ``rescue`` bans repeated n-grams."""
        return [tuple(self._words(window, language, rescue)) for window in windows]

    def recognize_whole(self, samples: Samples, language: str | None) -> tuple[Word, ...]:
        """The words of any length of audio as the library gives them by itself: the common flow, for benchmarks."""
        segments, _ = self._model.transcribe(
            samples, language=language, beam_size=self._beam_size, word_timestamps=True
        )
        return tuple(word for s in segments for word in _converted(s.words or (), len(samples) / RATE))

    def _words(self, window: Samples, language: str, rescue: bool) -> Iterator[Word]:
        segments, _ = self._model.transcribe(
            window,
            language=language,
            beam_size=self._beam_size,
            temperature=0.0,
            word_timestamps=True,
            condition_on_previous_text=False,
            hallucination_silence_threshold=SILENCE,
            no_repeat_ngram_size=NO_REPEAT if rescue else 0,
            vad_filter=False,
        )
        length = len(window) / RATE
        for segment in segments:
            yield from _converted(segment.words or (), length)


def _converted(words: Iterable[Any], length: float) -> Iterator[Word]:
    """Whisper's words inside the window; a leading space means that the word stands apart."""
    for word in words:
        text = word.word.strip()
        start = min(max(0.0, float(word.start)), length - 0.01)
        end = min(max(float(word.end), start + 0.01), length)
        if text:
            yield Word(start, end, text, float(word.probability), joined=not word.word.startswith(" "))
