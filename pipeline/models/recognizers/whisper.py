"""Whisper by faster-whisper (CTranslate2): words with times and probabilities, greedy or beam, always deterministic.

Windows are heard in batches, each in one pass. Where Whisper leaves a sentence open at a window's end, its words end
before the window does; the library's own loop would hear the rest in a window of its own, here the caller may.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.config.constraints import OneOf, Range, setting
from pipeline.config.schema import Config, read_options
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import BackendError, SettingsError
from pipeline.core.types import Word
from pipeline.models.protocols import Model
from pipeline.models.torch_runtime import first_device

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

    from pipeline.models.weights import Store

COMPUTE_TYPES = (
    "default", "auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16",
    "float32",
)  # fmt: skip
"""CTranslate2's types of weights and arithmetic."""
MULTILINGUAL = 51_865
"""Tokens of the smallest multilingual Whisper; English-only ones have one less."""
NO_REPEAT = 3
"""The careful way forbids any n-gram of so many tokens to come twice: a loop cannot form."""
NO_SPEECH = 0.6
UNSURE = -1.0
"""A window of silence: the model's probability of it, and a mean log-probability of the words so low as to allow it."""
QUICK = 0.05
HURRIED = 3
"""At least this many words in a row, each under `QUICK` seconds, are suspect: no sound is left for them. Of 43 such
words on AMI's clips and simulated meetings nine were said near by."""
NO_TIME_LEFT = "no time left"
NOT_SPEECH = "no speech"
"""Why a word is suspect: see `HURRIED`, and `NO_SPEECH`."""
SLOT = 40
"""Seconds before each window of a batch, silence included: the library measures a first word by the pause before it;
a window's words must not depend on the others."""
BATCH = 4
"""Windows of a batch on a CPU: eight take no less time, and more memory."""
GROUP = 8
"""Windows laid out at once at least; each takes `SLOT` seconds of samples, 2.6 MB."""


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """Whisper's own settings, ``recognition.options``."""

    beam_size: int = setting(1, Range(1, 100))
    """Hypotheses kept while decoding; 1 is greedy. Higher values take more time."""
    compute_type: str = setting("int8", OneOf(COMPUTE_TYPES))
    """Number format of the weights (CTranslate2)."""


class WhisperRecognizer(Model):
    """A Whisper model in CTranslate2's format; temperature 0 only, so the same audio gives the same words."""

    version = 1
    Options = WhisperOptions
    requires = ("faster-whisper", "ctranslate2", "numpy")
    max_seconds = 30.0
    """The encoder's window in seconds."""

    def __init__(self, model: WhisperModel, beam_size: int = 1, batch_size: int = BATCH) -> None:
        self._model = model
        self._beam_size = beam_size
        self._batch_size = batch_size

    @property
    def windows_at_once(self) -> int:
        """Windows to hand over in one call: on a GPU the whole batch, on a CPU two batches."""
        return max(self._batch_size, GROUP)

    @classmethod
    def weights(cls, config: Config) -> Mapping[str, str]:
        return {"recognition": config.recognition.model}

    @classmethod
    def check(cls, config: Config, weights: Store) -> None:
        """Raise `SettingsError` for a language that the model does not know, and a compute type that the device lacks.

        The language is looked up in the model's vocabulary. A model that is not on this machine is judged by its name.
        """
        _check_language(config, weights)
        _check_compute_type(config)

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> WhisperRecognizer:
        """The model named by ``recognition.model``; raises `BadModel`, `MissingModel`, `SettingsError`."""
        from pipeline.models.recognizers.whisper_alignment import UnbatchedAlignment

        settings, runtime = config.recognition, config.runtime
        options = _options(config)
        folder = weights.path(settings.model)
        name = first_device(runtime)
        device = name if name.startswith("cuda") else "cpu"  # CTranslate2 knows no mps, torch's stages do
        try:
            model = UnbatchedAlignment(
                str(folder),
                device=device.partition(":")[0],
                device_index=int(device.partition(":")[2] or 0),
                compute_type=options.compute_type,
                cpu_threads=runtime.threads,
                local_files_only=True,
            )
        except ValueError as error:
            raise SettingsError(f"recognition.model {settings.model}: {error}") from error
        except RuntimeError as error:
            raise BackendError(f"cannot load the Whisper model {settings.model}: {error}") from error
        return cls(model, options.beam_size, BATCH if device == "cpu" else runtime.batch_size)

    def detect_language(self, samples: Samples) -> str:
        """The most probable language (ISO 639-1) of up to 30 s."""
        if not self._model.model.is_multilingual:
            return "en"
        language, _, _ = self._model.detect_language(samples)
        return str(language)

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        """The words of each window, times from its start; ``fallback`` bans repeated n-grams.

        Words of a segment that is no speech, and those for which no time is left, are marked ``suspect``. Any number of
        windows is decoded in groups of `windows_at_once`, which bounds memory.
        """
        step = self.windows_at_once
        groups = (windows[first : first + step] for first in range(0, len(windows), step))
        return [words for group in groups for words in self._recognize_group(group, language, fallback)]

    def _recognize_group(self, windows: Sequence[Samples], language: str, fallback: bool) -> list[tuple[Word, ...]]:
        found: list[list[Word]] = [[] for _ in windows]
        for segment in self._segments(windows, language, fallback):
            number = segment.seek // (100 * SLOT) - 1
            words = _converted(segment.words or (), len(windows[number]) / RATE, segment.seek / 100)
            silent = segment.no_speech_prob > NO_SPEECH and segment.avg_logprob <= UNSURE
            found[number] += (replace(word, suspect=NOT_SPEECH) for word in words) if silent else words
        return [_with_hurried_marked(words) for words in found]

    def recognize_whole(self, samples: Samples, language: str | None) -> tuple[Word, ...]:
        """The words of any length of audio as the library gives them by itself: the common flow, for benchmarks."""
        segments, _ = self._model.transcribe(
            samples, language=language, beam_size=self._beam_size, word_timestamps=True
        )
        return tuple(word for s in segments for word in _converted(s.words or (), len(samples) / RATE))

    def _segments(self, windows: Sequence[Samples], language: str, fallback: bool) -> Iterable[Any]:
        """What the library makes of windows, each `SLOT` seconds after the one before; ``seek`` is a window's beginning
        in hundredths."""
        from faster_whisper import BatchedInferencePipeline

        places = [(number * SLOT, window) for number, window in enumerate(windows, 1) if len(window)]
        if not places:
            return ()
        laid = np.zeros((len(windows) + 1) * SLOT * RATE, np.float32)
        for start, window in places:
            laid[start * RATE :][: len(window)] = window
        segments: Iterable[Any]
        segments, _ = BatchedInferencePipeline(self._model).transcribe(
            laid,
            language=language,
            beam_size=self._beam_size,
            batch_size=self._batch_size,
            clip_timestamps=[{"start": at, "end": at + (len(window) + 0.5) / RATE} for at, window in places],
            temperature=0.0,
            word_timestamps=True,
            without_timestamps=False,
            no_repeat_ngram_size=NO_REPEAT if fallback else 0,
            vad_filter=False,
        )
        return segments


def _converted(words: Iterable[Any], length: float, first: float = 0.0) -> Iterator[Word]:
    """Whisper's words in a window that begins at ``first``; a leading space means that the word stands apart."""
    for word in words:
        text = word.word.strip()
        start = max(0.0, min(round(float(word.start) - first, 2), length - 0.01))
        end = min(max(round(float(word.end) - first, 2), start + 0.01), length)
        if text:
            yield Word(start, end, text, float(word.probability), no_space=not word.word.startswith(" "))


def _with_hurried_marked(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words, those marked ``suspect`` that are too hurried to have been said; words marked already do not count."""
    marked: list[Word] = []
    for quick, run in groupby(
        (word for word in words if word.suspect is None), lambda word: word.end - word.start < QUICK
    ):
        together = list(run)
        hurried = quick and len(together) >= HURRIED
        marked += (replace(word, suspect=NO_TIME_LEFT) for word in together) if hurried else together
    rest = iter(marked)
    return tuple(word if word.suspect else next(rest) for word in words)


def _options(config: Config) -> WhisperOptions:
    return read_options(WhisperOptions, config.recognition.options, "recognition.options")


def _check_language(config: Config, weights: Store) -> None:
    model, language = config.recognition.model, config.recognition.language
    if language is None:
        return
    vocabulary = read_vocabulary(weights.path(model)) if weights.status(model) == "here" else None
    english_only = len(vocabulary) < MULTILINGUAL if vocabulary else model.endswith(".en")
    if english_only and language != "en":
        hint = "choose another recognition.model (whisper-base knows 99 languages), or another preset"
        raise SettingsError(f"the model {model} knows English only, not {language}", hint=hint)
    if vocabulary and not english_only and f"<|{language}|>" not in vocabulary:
        hint = "choose another recognition.model, for example whisper-large-v3-turbo"
        raise SettingsError(f"the model {model} does not know the language {language}", hint=hint)


@functools.lru_cache(maxsize=4)
def read_vocabulary(folder: Path) -> frozenset[str] | None:
    """The tokens of a Whisper model in CTranslate2's format; None where the folder has no readable vocabulary."""
    try:
        if (folder / "vocabulary.json").is_file():
            return frozenset(json.loads((folder / "vocabulary.json").read_text(encoding="utf-8")))
        return frozenset((folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n"))
    except (OSError, ValueError, TypeError):
        return None


def _check_compute_type(config: Config) -> None:
    """CTranslate2's type of arithmetic must be one that the device supports."""
    import ctranslate2

    name, _, index = first_device(config.runtime).partition(":")
    name = "cuda" if name == "cuda" else "cpu"
    supported = ctranslate2.get_supported_compute_types(name, int(index or 0)) | {"default", "auto"}
    compute_type = _options(config).compute_type
    if compute_type not in supported:
        message = f"recognition.options.compute_type: this machine's {name} cannot compute in {compute_type}"
        raise SettingsError(message, hint=f"it can in {', '.join(sorted(supported))}")


MODEL = WhisperRecognizer
