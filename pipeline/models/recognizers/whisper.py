"""Whisper by faster-whisper (CTranslate2): words with times and probabilities, greedy or beam search, deterministic.

Windows are decoded in batches, each in one pass. If Whisper does not finish the last sentence of a window, the words
end before the window does. The library's sequential loop would decode the rest in a further window; here the caller
may.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.config.constraints import OneOf, Range
from pipeline.config.schema import Config, read_options
from pipeline.config.whisper_models import ENGLISH_ONLY, NAMES
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import BackendError, SettingsError
from pipeline.core.serialization import setting
from pipeline.core.timeline import MIN_WORD, ROUNDING
from pipeline.core.types import Word
from pipeline.models.protocols import Model
from pipeline.models.torch_runtime import first_device

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

    from pipeline.models.recognizers.whisper_alignment import UnbatchedAlignment
    from pipeline.models.weights import Store

COMPUTE_TYPES = (
    "default", "auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16",
    "float32",
)  # fmt: skip
"""CTranslate2's types of weights and arithmetic."""
MULTILINGUAL = 51_865
"""Vocabulary size of the smallest multilingual Whisper model; English-only models have one token less."""
NO_REPEAT_NGRAM = 3
"""``no_repeat_ngram_size`` of fallback decoding, in tokens: prevents loops. Chosen by hand; a lower value also prevents
repetitions that were spoken."""
NO_SPEECH_PROBABILITY, NO_SPEECH_LOG_PROBABILITY = 0.6, -1.0
"""A segment is no speech if its no-speech probability is above the first and its mean log probability not above the
second: Whisper's own thresholds."""
ZERO_LENGTH_RUN = 3
"""Words of at most `MIN_WORD` seconds are suspect if there are at least this many in a row. Of 43 words shorter than
0.05 s on AMI's clips and simulated meetings, nine were spoken nearby. A lower number marks more words."""
NO_TIME_LEFT = "no time left"
NOT_SPEECH = "no speech"
"""Values of `Word.suspect`: words of a zero-length run, and words of a segment without speech."""
WINDOW_SPACING = 40
"""Seconds between the starts of windows in the samples of a batch. The library limits the length of a first word by the
pause before it; with this spacing, a window's words do not depend on the others."""
BATCH = 4
"""Windows per batch on a CPU: eight take a tenth less time, and 150 MB more memory per batch."""
MIN_GROUP = 8
"""Minimum number of windows per call."""
MAX_PARALLEL = 4
"""Maximum number of batches that are decoded at the same time on a CPU, each with its share of the cores. Two on one
core each take 0.68 of the time of one after the other on two cores, because decoding uses one core only. A single batch
is slower so: the model is loaded for all cores, and again for several batches when a recording has them."""

CONVERSATION = {"en": "Okay, um, so, uh, yeah, I I think, mm-hmm."}
"""Prompt by language: with it, Whisper writes the short answers and hesitations that it leaves out otherwise. Three
such texts made 432, 423 and 425 errors of 1043 on ten AMI clips, none made 444 (docs/experiments/recognition.md)."""


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """Whisper's own settings, ``recognition.options``."""

    beam_size: int = setting(1, Range(1, 100))
    """Hypotheses kept while decoding; 1 is greedy. Higher values take more time."""
    compute_type: str = setting("int8", OneOf(COMPUTE_TYPES))
    """Number format of the weights (CTranslate2)."""
    prompt: str | None = None
    """Text before each window, from which Whisper takes its style and spelling; null: a conversation's in English, none
    in other languages; empty: none. A window in which it leaves gaps is decoded again without it."""


DEFAULTS = WhisperOptions()


class WhisperRecognizer(Model):
    """A Whisper model in CTranslate2's format, decoded at temperature 0: equal audio gives equal words."""

    version = 3
    Options = WhisperOptions
    requires = ("faster-whisper", "ctranslate2", "numpy")
    max_seconds = 30.0
    """The encoder's window in seconds."""

    def __init__(
        self,
        model: WhisperModel,
        options: WhisperOptions = DEFAULTS,
        batch_size: int = BATCH,
        english_only: bool = False,
        parallel: int = 1,
        load_parallel: Callable[[], WhisperModel] | None = None,
    ) -> None:
        """``parallel``: number of batches that are decoded at the same time, by the model of ``load_parallel``."""
        self._model = model
        self._english_only = english_only
        self._options = options
        self._batch_size = batch_size
        self._parallel = parallel
        self._load_parallel = load_parallel

    @property
    def windows_at_once(self) -> int:
        """Preferred number of windows per call: two batches for each of those that are decoded at the same time."""
        return max(2 * self._batch_size * self._parallel, MIN_GROUP)

    @classmethod
    def weights(cls, config: Config) -> Mapping[str, str]:
        return {"recognition": config.recognition.model}

    @classmethod
    def check(cls, config: Config, weights: Store) -> None:
        """Raise `SettingsError` for an unknown model or language, or a compute type unsupported by the device.

        The language is looked up in the model's vocabulary; models known to transcribe English only go by their names.
        """
        _check_name(config.recognition.model, weights)
        _check_language(config, weights)
        _check_compute_type(config)

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> WhisperRecognizer:
        """The model named by ``recognition.model``; raises `BadModel`, `MissingModel`, `SettingsError`."""
        settings, runtime = config.recognition, config.runtime
        name = first_device(runtime)
        device = name if name.startswith("cuda") else "cpu"  # CTranslate2 does not support mps
        options = _options(config)
        load = functools.partial(_load, weights.path(settings.model), settings.model, device, options.compute_type)
        english_only = settings.model in ENGLISH_ONLY
        if device != "cpu":
            return cls(load(runtime.threads, 1), options, runtime.batch_size, english_only)
        cores = runtime.threads or usable_cores()
        parallel = min(cores, MAX_PARALLEL)
        side_by_side = functools.partial(load, cores // parallel, parallel)
        return cls(load(cores, 1), options, BATCH, english_only, parallel, side_by_side)

    def detect_language(self, samples: Samples) -> str:
        """The most probable language (ISO 639-1) of up to 30 s; English for a model that transcribes English only."""
        if self._english_only or not self._model.model.is_multilingual:
            return "en"
        language, _, _ = self._model.detect_language(samples)
        return str(language)

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        """The words of each window, times from its start; ``fallback`` bans repeated n-grams, and takes no prompt.

        Words of a segment without speech and words of zero-length runs are marked ``suspect``.
        """
        batches = cut_batches(windows, self._batch_size, self._parallel)
        if len(batches) > 1 and self._load_parallel:
            self._model, self._load_parallel = self._load_parallel(), None
        with ThreadPoolExecutor(self._parallel) as pool:
            results = pool.map(lambda batch: self._recognize_batch(batch, language, fallback), batches)
            return [words for batch in results for words in batch]

    def _recognize_batch(self, windows: Sequence[Samples], language: str, fallback: bool) -> list[tuple[Word, ...]]:
        words_of: list[list[Word]] = [[] for _ in windows]
        for segment in self._segments(windows, language, fallback):
            number = segment.seek // (100 * WINDOW_SPACING) - 1
            words = _convert(segment.words or (), len(windows[number]) / RATE, segment.seek / 100)
            silent = segment.no_speech_prob > NO_SPEECH_PROBABILITY and segment.avg_logprob <= NO_SPEECH_LOG_PROBABILITY
            words_of[number] += (replace(word, suspect=NOT_SPEECH) for word in words) if silent else words
        return [_mark_zero_length(words) for words in words_of]

    def transcribe_long_form(self, samples: Samples, language: str | None) -> tuple[Word, ...]:
        """The words of audio of any length by the library's own sequential loop, for the baseline system."""
        segments, _ = self._model.transcribe(
            samples, language=language, beam_size=self._options.beam_size, word_timestamps=True
        )
        return tuple(word for s in segments for word in _convert(s.words or (), len(samples) / RATE))

    def _prompt(self, language: str) -> str | None:
        prompt = self._options.prompt
        return CONVERSATION.get(language) if prompt is None else prompt or None

    def _segments(self, windows: Sequence[Samples], language: str, fallback: bool) -> Iterable[Any]:
        """The library's segments of the windows.

        The windows are laid out `WINDOW_SPACING` seconds apart; ``seek`` is a window's start in hundredths of a second.
        """
        from pipeline.models.recognizers.whisper_batches import PromptedBatches

        starts = [(number * WINDOW_SPACING, window) for number, window in enumerate(windows, 1) if len(window)]
        if not starts:
            return ()
        samples = np.zeros((len(windows) + 1) * WINDOW_SPACING * RATE, np.float32)
        for start, window in starts:
            samples[start * RATE :][: len(window)] = window
        segments: Iterable[Any]
        segments, _ = PromptedBatches(self._model).transcribe(
            samples,
            language=language,
            beam_size=self._options.beam_size,
            batch_size=self._batch_size,
            clip_timestamps=[{"start": at, "end": at + (len(window) + 0.5) / RATE} for at, window in starts],
            temperature=0.0,
            word_timestamps=True,
            without_timestamps=False,
            initial_prompt=None if fallback else self._prompt(language),
            no_repeat_ngram_size=NO_REPEAT_NGRAM if fallback else 0,
            vad_filter=False,
        )
        return segments


def _convert(words: Iterable[Any], length: float, first: float = 0.0) -> Iterator[Word]:
    """Whisper's words with times from ``first``, within 0 and ``length``; a leading space separates a word."""
    for word in words:
        text = word.word.strip()
        start = max(0.0, min(round(float(word.start) - first, 2), length - 0.01))
        end = min(max(round(float(word.end) - first, 2), start + 0.01), length)
        if text:
            yield Word(start, end, text, float(word.probability), no_space=not word.word.startswith(" "))


def _mark_zero_length(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words, with those of zero-length runs marked ``suspect``; words that are marked already are skipped."""
    marked: list[Word] = []
    for short, group in groupby(
        (word for word in words if word.suspect is None), lambda word: word.end - word.start < MIN_WORD + ROUNDING
    ):
        run = list(group)
        suspect = short and len(run) >= ZERO_LENGTH_RUN
        marked += (replace(word, suspect=NO_TIME_LEFT) for word in run) if suspect else run
    unmarked = iter(marked)
    return tuple(word if word.suspect else next(unmarked) for word in words)


def usable_cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _load(folder: Path, name: str, device: str, compute_type: str, threads: int, parallel: int) -> UnbatchedAlignment:
    """The model for ``parallel`` calls at the same time, each with a number of threads."""
    from pipeline.models.recognizers.whisper_alignment import UnbatchedAlignment

    kind, _, index = device.partition(":")
    try:
        return UnbatchedAlignment(
            str(folder),
            device=kind,
            device_index=int(index or 0),
            compute_type=compute_type,
            cpu_threads=threads,
            num_workers=parallel,
            local_files_only=True,
        )
    except ValueError as error:
        raise SettingsError(f"recognition.model {name}: {error}") from error
    except RuntimeError as error:
        raise BackendError(f"cannot load the Whisper model {name}: {error}") from error


def cut_batches(windows: Sequence[Samples], size: int, parallel: int) -> list[Sequence[Samples]]:
    """The windows in batches of at most ``size``, the last ones smaller, so that all of ``parallel`` end together.

    Guided self-scheduling (Polychronopoulos and Kuck 1987): each batch has its share of half of what is left.
    """
    batches: list[Sequence[Samples]] = []
    while windows:
        share = len(windows) if parallel == 1 else -(-len(windows) // (2 * parallel))
        batches.append(windows[: min(size, share)])
        windows = windows[len(batches[-1]) :]
    return batches


def _options(config: Config) -> WhisperOptions:
    return read_options(WhisperOptions, config.recognition.options, "recognition.options")


def _check_name(model: str, weights: Store) -> None:
    """Raise `SettingsError` for a name that is neither in the catalogue nor a folder."""
    try:
        weights.status(model)
    except SettingsError as error:
        hint = f"there are {', '.join(NAMES)}, or give a folder with a CTranslate2 model"
        raise SettingsError(f"no Whisper model is called {model!r}", hint=hint) from error


def _check_language(config: Config, weights: Store) -> None:
    model, language = config.recognition.model, config.recognition.language
    if language is None:
        return
    vocabulary = read_vocabulary(weights.path(model)) if weights.status(model) == "here" else None
    english_only = model in ENGLISH_ONLY or bool(vocabulary and len(vocabulary) < MULTILINGUAL)
    if english_only and language != "en":
        hint = "choose another recognition.model (whisper-base supports 99 languages), or another preset"
        raise SettingsError(f"the model {model} supports English only, not {language}", hint=hint)
    if vocabulary and not english_only and f"<|{language}|>" not in vocabulary:
        hint = "choose another recognition.model, for example whisper-large-v3-turbo"
        raise SettingsError(f"the model {model} does not support the language {language}", hint=hint)


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
    """Raise `SettingsError` for a compute type that the device does not support."""
    import ctranslate2

    name, _, index = first_device(config.runtime).partition(":")
    name = "cuda" if name == "cuda" else "cpu"
    supported = ctranslate2.get_supported_compute_types(name, int(index or 0)) | {"default", "auto"}
    compute_type = _options(config).compute_type
    if compute_type not in supported:
        message = f"recognition.options.compute_type: this machine's {name} does not support {compute_type}"
        raise SettingsError(message, hint=f"supported: {', '.join(sorted(supported))}")


MODEL = WhisperRecognizer
