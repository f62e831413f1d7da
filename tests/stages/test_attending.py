"""Hearing clips: loops are heard again, words lost in long speech come back, the better evidence is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from pipeline.core.audio import RATE, Clip, Samples
from pipeline.core.types import Word
from pipeline.models.synthetic import SyntheticRecognizer, synthesize
from pipeline.stages.recognition.transcribe_clips import ROUNDS, is_loop, transcribe_clips, uncovered_spans
from tests.tones import conversations


class Forgetful:
    """Hears tones, but at first nothing in the middle of a window; with care everything."""

    def __init__(self) -> None:
        self.careful = 0

    def detect_language(self, samples: Samples) -> str:
        return "en"

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        heard = SyntheticRecognizer().recognize(windows, language)
        self.careful += fallback
        return heard if fallback else [tuple(w for w in words if not 5 < w.start < 15) for words in heard]


class Looping(Forgetful):
    """Says the same over and over, unless asked to take care."""

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        if fallback:
            return SyntheticRecognizer().recognize(windows, language)
        return [tuple(Word(n, n + 0.5, "so what") for n in range(20))] * len(windows)


def clip_of(words: Sequence[Word], duration: float = 20.0) -> Clip:
    return Clip(synthesize(words, duration), 0.0)


WORDS = tuple(Word(n + 0.2, n + 0.8, f"a{n}") for n in range(20))


@pytest.mark.promise(11)
def test_speech_without_words_is_heard_again() -> None:
    recognizer = Forgetful()
    (heard,) = transcribe_clips([clip_of(WORDS)], recognizer, "en")
    assert [word.text for word in heard] == [word.text for word in WORDS]
    assert recognizer.careful == 1


def test_a_loop_is_heard_again() -> None:
    (heard,) = transcribe_clips([clip_of(WORDS)], Looping(), "en")
    assert [word.text for word in heard] == [word.text for word in WORDS]


class Confused(Looping):
    """Loops over more than one clip, however much care it takes."""

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        (loop,) = super().recognize([windows[0]], language)
        heard = SyntheticRecognizer().recognize(windows, language)
        return [loop if len(window) > 8 * RATE else words for window, words in zip(windows, heard, strict=True)]


def test_what_loops_with_care_too_is_heard_in_halves() -> None:
    clips = [clip_of(WORDS[:8], 8.0), clip_of(WORDS[:5], 5.0), clip_of(WORDS[:3], 3.0)]
    heard = transcribe_clips(clips, Confused(), "en")
    assert [[word.text for word in words] for words in heard] == [[f"a{n}" for n in range(m)] for m in (8, 5, 3)]


class Halting(Forgetful):
    """Leaves a window's last sentence open: nothing after 18 s."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[bytes] = []

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        self.windows += [window.tobytes() for window in windows]
        heard = SyntheticRecognizer().recognize(windows, language)
        return [tuple(word for word in words if word.end <= 18.0) for words in heard]


def test_open_ends_share_further_windows() -> None:
    recognizer = Halting()
    clips = [clip_of(WORDS, 20.0), clip_of(WORDS[:8], 8.0), clip_of(WORDS, 20.0), clip_of(WORDS[:8], 8.0)]
    heard = transcribe_clips(clips, recognizer, "en")
    assert [[word.text for word in words] for words in heard] == [[f"a{n}" for n in range(m)] for m in (20, 8, 20, 8)]
    assert [round(len(window) / (4 * RATE)) for window in recognizer.windows] == [29, 29, 22, 4]


def test_asides_change_no_window_of_the_clips() -> None:
    clips, asides = [clip_of(WORDS[:14], 14.0), clip_of(WORDS[:9], 9.0)], [clip_of(WORDS[4:8], 8.0)]
    alone, along = Halting(), Halting()
    without, beside = transcribe_clips(clips, alone, "en"), transcribe_clips(clips, along, "en", background=asides)
    texts = [[word.text for word in words] for words in beside]
    assert texts == [[f"a{n}" for n in numbers] for numbers in (range(14), range(9), range(4, 8))]
    assert texts[:2] == [[word.text for word in words] for words in without]
    assert along.windows[0] == alone.windows[0]


def test_progress_counts_every_second_once() -> None:
    steps: list[tuple[float, float]] = []
    clips = [clip_of(WORDS, 20.0)] * 2
    transcribe_clips(clips, Halting(), "en", lambda done, total: steps.append((done, total)), [clip_of(WORDS[:3], 3.0)])
    assert [total for _, total in steps] == [43.0] * len(steps)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == pytest.approx(43.0)


def test_silence_stays_without_words() -> None:
    recognizer = Forgetful()
    assert transcribe_clips([Clip(np.zeros(10 * RATE, np.float32), 3.0)], recognizer, "en") == ((),)
    assert transcribe_clips([], recognizer, "en") == ()


def test_clips_of_one_time_keep_their_words_apart() -> None:
    clips = [clip_of(WORDS[:4], 5.0), clip_of(WORDS[2:5], 5.0)]
    heard = transcribe_clips(clips, SyntheticRecognizer(), "en")
    assert [[word.text for word in words] for words in heard] == [["a0", "a1", "a2", "a3"], ["a2", "a3", "a4"]]


@given(conversations(voices="a"))
def test_all_words_of_one_voice_are_heard_where_they_are(words: tuple[Word, ...]) -> None:
    (heard,) = transcribe_clips([clip_of(words, 60.0)], SyntheticRecognizer(), "en")
    assert [word.text for word in heard] == [word.text for word in words]
    assert all(abs(one.start - other.start) < 0.021 for one, other in zip(heard, words, strict=True))


def test_silent_spans_and_loops_are_measured() -> None:
    (span,) = uncovered_spans(Clip(np.zeros(10 * RATE, np.float32), 5.0), [Word(5, 6, "x"), Word(8, 9, "y")])
    assert (span.start, span.end) == (9, 15)
    assert is_loop([Word(n, n + 1, "the same thing") for n in range(12)])
    assert not is_loop(
        [Word(n, n + 1, text) for n, text in enumerate(["we", "were", "not", "sure", "what", "it", "meant"])]
    )


class Noisy(Forgetful):
    """Answers any window with the same short words at its beginning."""

    def __init__(self, words: Sequence[Word]) -> None:
        super().__init__()
        self.calls = 0
        self.words = words

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        self.calls += len(windows)
        return [tuple(self.words)] * len(windows)


@pytest.mark.parametrize("length", [0.02, 0.5])
@pytest.mark.parametrize(("clips", "seconds"), [(1, 29.0), (10, 2.0), (3, 70.0)])
def test_a_clip_is_transcribed_three_times_and_its_silence_once_more(clips: int, seconds: float, length: float) -> None:
    noise = [Clip(np.zeros(int(seconds * RATE), np.float32), n * 100.0) for n in range(clips)]
    recognizer = Noisy([Word(0.0, length, "you")])
    found = transcribe_clips(noise[:2], recognizer, "en", background=noise[2:])
    windows = clips * (1 + int(seconds / 23))
    assert recognizer.calls <= windows * (1 + ROUNDS) + windows
    assert all(len(words) <= (1 + ROUNDS) * (1 + int(seconds / 23)) for words in found)


def test_passes_that_are_a_loop_together_end_at_once() -> None:
    recognizer = Noisy([Word(n, n + 0.9, "so it goes,") for n in range(3)])
    transcribe_clips([Clip(np.zeros(28 * RATE, np.float32), 0.0)], recognizer, "en")
    alone = recognizer.calls
    assert not is_loop(recognizer.words)
    assert is_loop([*recognizer.words] * 2)
    assert alone <= 1 + 1 + 1


class Doubtful(Forgetful):
    """Does not believe what it says in a window's last seconds."""

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        heard = SyntheticRecognizer().recognize(windows, language)
        return [tuple(w if w.start < 18 else replace(w, suspect="no time left") for w in words) for words in heard]


def test_suspect_words_are_passed_on_but_count_as_no_words() -> None:
    (found,) = transcribe_clips([clip_of(WORDS)], Doubtful(), "en")
    assert [word.text for word in found if word.suspect is None] == [word.text for word in WORDS]
    assert [word.text for word in found if word.suspect] == ["a18", "a19"]
