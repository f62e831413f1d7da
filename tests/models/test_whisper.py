"""Whisper: the recogniser's contract on the real base model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import media
from pipeline.config.schema import Config
from pipeline.core.audio import RATE, Audio, Samples
from pipeline.core.types import Span, Word
from pipeline.models.weights import Store

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def whisper() -> object:
    from pipeline.models.recognizers.whisper import WhisperRecognizer

    return WhisperRecognizer.from_config(Config(), Store())


@pytest.fixture(scope="module")
def audio(sample: Path) -> Audio:
    return media.decode(sample).audio


def words_of(whisper: object, window: Samples, fallback: bool = False) -> tuple[Word, ...]:
    (words,) = whisper.recognize([window], "en", fallback)  # type: ignore[attr-defined]
    return tuple(words)


@pytest.mark.parametrize("fallback", [False, True])
def test_words_are_right_and_lie_in_the_window(whisper: object, audio: Audio, fallback: bool) -> None:
    window = audio.crop(Span(5.0, 25.0))
    words = words_of(whisper, window, fallback)
    plain = "".join(c for word in words for c in f" {word.text.lower()}" if c.isalnum() or c == " ").split()
    assert len(plain) > 25
    assert len({"hello", "beep", "diane", "jersey", "texas", "chicago", "originally"} & set(plain)) >= 5
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert all(0 <= word.start < word.end <= 20.0 for word in words)
    assert all(word.probability is not None and 0 <= word.probability <= 1 for word in words)
    assert all(word.text == word.text.strip() for word in words)


def test_the_same_window_gives_the_same_words(whisper: object, audio: Audio) -> None:
    window = audio.crop(Span(5.0, 25.0))
    assert words_of(whisper, window) == words_of(whisper, window)


@pytest.mark.parametrize("samples", [0, 1, 100, RATE, 5 * RATE])
def test_silence_of_any_length_is_survived(whisper: object, samples: int) -> None:
    words = words_of(whisper, np.zeros(samples, np.float32))
    assert all(0 <= word.start < word.end <= samples / RATE for word in words)


@pytest.mark.parametrize("seconds", [5, 20, 29])
@pytest.mark.parametrize("level", [0.0, 0.003, 0.01, 0.03, 0.1])
def test_no_word_of_the_prompt_is_written_for_noise(whisper: object, seconds: int, level: float) -> None:
    from pipeline.core.text import letters
    from pipeline.models.recognizers.whisper import CONVERSATION

    noise = np.random.default_rng(seconds).normal(0, level, seconds * RATE).astype(np.float32)
    accepted = {letters(word.text) for word in words_of(whisper, noise) if word.suspect is None}
    assert not accepted & {letters(word) for word in CONVERSATION["en"].split()}


@pytest.mark.parametrize("samples", [1, 800, 30 * RATE])
def test_very_short_speech_has_a_language(whisper: object, audio: Audio, samples: int) -> None:
    language = whisper.detect_language(audio.samples[7 * RATE : 7 * RATE + samples])  # type: ignore[attr-defined]
    assert len(language) == 2
    assert samples < 30 * RATE or language == "en"


def test_windows_are_transcribed_independently(whisper: object, audio: Audio) -> None:
    windows = [audio.crop(Span(5.0, 15.0)), audio.crop(Span(15.0, 25.0))]
    both = whisper.recognize(windows, "en")  # type: ignore[attr-defined]
    assert both == [words_of(whisper, window) for window in windows]


def test_leading_spaces_become_joined_flags() -> None:
    from types import SimpleNamespace

    from pipeline.models.recognizers.whisper import _convert

    raw = [
        SimpleNamespace(word=" twenty", start=0.0, end=0.5, probability=0.5),
        SimpleNamespace(word="-five", start=0.5, end=0.5, probability=0.25),
        SimpleNamespace(word=" ", start=0.5, end=0.6, probability=0.25),
        SimpleNamespace(word=" late", start=9.5, end=11.0, probability=1.0),
    ]
    words = list(_convert(raw, 10.0))
    assert [(word.text, word.no_space) for word in words] == [("twenty", False), ("-five", True), ("late", False)]
    assert [word.end for word in words] == [0.5, 0.51, 10.0]
    (word,) = _convert(raw[:1], 1 / RATE)
    assert (word.start, word.end) == (0.0, 1 / RATE)


def test_words_without_time_are_suspect_and_no_word_is_lost() -> None:
    from pipeline.models.recognizers.whisper import NO_TIME_LEFT, NOT_SPEECH, _mark_zero_length

    def at(start: float, length: float, text: str) -> Word:
        return Word(start, start + length, text)

    slow, last = at(0.0, 0.5, "cows"), at(0.6, 0.4, "also")
    two = [at(0.5, 0.01, "i"), at(0.5, 0.01, "think")]
    assert _mark_zero_length([slow, *two, last]) == (slow, *two, last)
    silent = replace(at(0.5, 0.1, "you"), suspect=NOT_SPEECH)
    marked = _mark_zero_length([slow, *two, silent, at(0.5, 0.02, "that"), last])
    assert [(word.text, word.suspect) for word in marked] == [
        ("cows", None), ("i", NO_TIME_LEFT), ("think", NO_TIME_LEFT), ("you", NOT_SPEECH),
        ("that", NO_TIME_LEFT), ("also", None),
    ]  # fmt: skip
    assert _mark_zero_length([]) == ()


@pytest.mark.parametrize(
    ("batch", "windows", "parallel", "expected"),
    [
        (4, 3, 1, [3]),
        (4, 18, 1, [4, 4, 4, 4, 2]),
        (64, 100, 1, [64, 36]),
        (4, 1, 2, [1]),
        (4, 9, 2, [3, 2, 1, 1, 1, 1]),
    ],
)
def test_windows_are_decoded_in_batches_that_end_together(
    batch: int, windows: int, parallel: int, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.models.protocols import windows_at_once
    from pipeline.models.recognizers.whisper import WhisperRecognizer

    batches: dict[Samples, int] = {}
    models: list[object] = []

    def recorded(self: WhisperRecognizer, group: list[Samples], language: str, fallback: bool) -> list[object]:
        batches[group[0][0]] = len(group)
        models.append(self._model)
        return [window[0] for window in group]

    monkeypatch.setattr(WhisperRecognizer, "_recognize_batch", recorded)
    recognizer = WhisperRecognizer(None, batch_size=batch, parallel=parallel, load_parallel=lambda: "side by side")
    results = recognizer.recognize([np.full(1, number, np.float32) for number in range(windows)], "en", True)
    assert results == list(range(windows))
    assert [batches[first] for first in sorted(batches)] == expected
    assert set(models) == {"side by side" if len(expected) > 1 else None}
    assert windows_at_once(recognizer) == max(8, 2 * batch * parallel)
    assert windows_at_once(object()) == 8  # type: ignore[arg-type]


@given(st.integers(0, 200), st.integers(1, 9), st.integers(1, 5))
def test_batches_hold_every_window_once_and_use_every_worker(windows: int, size: int, parallel: int) -> None:
    from pipeline.models.recognizers.whisper import cut_batches

    every = [np.full(1, number, np.float32) for number in range(windows)]
    batches = cut_batches(every, size, parallel)
    assert [int(window[0]) for batch in batches for window in batch] == list(range(windows))
    sizes = [len(batch) for batch in batches]
    assert max(sizes, default=0) <= size
    assert parallel == 1 or sizes == sorted(sizes, reverse=True)
    assert len(sizes) >= min(windows, parallel)


@pytest.mark.parametrize(
    ("prompt", "language", "expected"),
    [(None, "en", "Okay, um"), (None, "de", None), ("", "en", None), ("Guten Tag.", "de", "Guten Tag.")],
)
def test_fallback_has_no_prompt_and_other_windows_that_of_the_settings(
    prompt: str | None, language: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.models.recognizers.whisper import WhisperOptions, WhisperRecognizer
    from pipeline.models.recognizers.whisper_batches import PromptedBatches

    given: list[str | None] = []

    def transcribe(self: object, samples: Samples, **settings: Any) -> tuple[list[object], None]:
        given.append(settings["initial_prompt"])
        return [], None

    monkeypatch.setattr(PromptedBatches, "__init__", lambda self, model: None)
    monkeypatch.setattr(PromptedBatches, "transcribe", transcribe)
    recognizer = WhisperRecognizer(None, WhisperOptions(prompt=prompt))
    window = np.zeros(RATE, np.float32)
    assert recognizer.recognize([window], language) == recognizer.recognize([window], language, fallback=True) == [()]
    first, of_fallback = given
    assert of_fallback is None
    assert first == expected or (first or "").startswith(f"{expected}, ")
