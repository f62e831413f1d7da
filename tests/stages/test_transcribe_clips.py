"""Transcription of clips: loops are decoded again, and lost words of long speech are recovered."""

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
    """Recognizes tones, but without fallback nothing in the middle of a window."""

    def __init__(self) -> None:
        self.fallbacks = 0

    def detect_language(self, samples: Samples) -> str:
        return "en"

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        output = SyntheticRecognizer().recognize(windows, language)
        self.fallbacks += fallback
        return output if fallback else [tuple(w for w in words if not 5 < w.start < 15) for words in output]


class Looping(Forgetful):
    """Returns a loop, unless asked for fallback decoding."""

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        if fallback:
            return SyntheticRecognizer().recognize(windows, language)
        return [tuple(Word(n, n + 0.5, "so what") for n in range(20))] * len(windows)


def clip_of(words: Sequence[Word], duration: float = 20.0) -> Clip:
    return Clip(synthesize(words, duration), 0.0)


WORDS = tuple(Word(n + 0.2, n + 0.8, f"a{n}") for n in range(20))


@pytest.mark.promise(11)
def test_speech_without_words_is_decoded_again() -> None:
    recognizer = Forgetful()
    (output,) = transcribe_clips([clip_of(WORDS)], recognizer, "en")
    assert [word.text for word in output] == [word.text for word in WORDS]
    assert recognizer.fallbacks == 1


def test_a_loop_is_decoded_again() -> None:
    (output,) = transcribe_clips([clip_of(WORDS)], Looping(), "en")
    assert [word.text for word in output] == [word.text for word in WORDS]


class Confused(Looping):
    """Returns a loop for more than one clip, with fallback decoding too."""

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        (loop,) = super().recognize([windows[0]], language)
        output = SyntheticRecognizer().recognize(windows, language)
        return [loop if len(window) > 8 * RATE else words for window, words in zip(windows, output, strict=True)]


def test_a_window_that_loops_with_fallback_is_decoded_in_halves() -> None:
    clips = [clip_of(WORDS[:8], 8.0), clip_of(WORDS[:5], 5.0), clip_of(WORDS[:3], 3.0)]
    output = transcribe_clips(clips, Confused(), "en")
    assert [[word.text for word in words] for words in output] == [[f"a{n}" for n in range(m)] for m in (8, 5, 3)]


class Halting(Forgetful):
    """Leaves a window unfinished: no words after 18 s."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[bytes] = []

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        self.windows += [window.tobytes() for window in windows]
        output = SyntheticRecognizer().recognize(windows, language)
        return [tuple(word for word in words if word.end <= 18.0) for words in output]


def test_unfinished_ends_share_further_windows() -> None:
    recognizer = Halting()
    clips = [clip_of(WORDS, 20.0), clip_of(WORDS[:8], 8.0), clip_of(WORDS, 20.0), clip_of(WORDS[:8], 8.0)]
    output = transcribe_clips(clips, recognizer, "en")
    assert [[word.text for word in words] for words in output] == [[f"a{n}" for n in range(m)] for m in (20, 8, 20, 8)]
    assert [round(len(window) / (4 * RATE)) for window in recognizer.windows] == [29, 29, 22, 4]


def test_background_clips_change_no_window_of_the_others() -> None:
    clips, background = [clip_of(WORDS[:14], 14.0), clip_of(WORDS[:9], 9.0)], [clip_of(WORDS[4:8], 8.0)]
    separate, together = Halting(), Halting()
    without, along_with = (
        transcribe_clips(clips, separate, "en"),
        transcribe_clips(clips, together, "en", background=background),
    )
    texts = [[word.text for word in words] for words in along_with]
    assert texts == [[f"a{n}" for n in numbers] for numbers in (range(14), range(9), range(4, 8))]
    assert texts[:2] == [[word.text for word in words] for words in without]
    assert together.windows[0] == separate.windows[0]


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


def test_clips_of_the_same_time_have_their_words_each() -> None:
    clips = [clip_of(WORDS[:4], 5.0), clip_of(WORDS[2:5], 5.0)]
    output = transcribe_clips(clips, SyntheticRecognizer(), "en")
    assert [[word.text for word in words] for words in output] == [["a0", "a1", "a2", "a3"], ["a2", "a3", "a4"]]


@given(conversations(speakers="a"))
def test_all_words_of_one_speaker_are_recognized_where_they_are(words: tuple[Word, ...]) -> None:
    (output,) = transcribe_clips([clip_of(words, 60.0)], SyntheticRecognizer(), "en")
    assert [word.text for word in output] == [word.text for word in words]
    assert all(abs(one.start - other.start) < 0.021 for one, other in zip(output, words, strict=True))


def test_uncovered_spans_and_loops_are_detected() -> None:
    (span,) = uncovered_spans(Clip(np.zeros(10 * RATE, np.float32), 5.0), [Word(5, 6, "x"), Word(8, 9, "y")])
    assert (span.start, span.end) == (9, 15)
    assert is_loop([Word(n, n + 1, "the same thing") for n in range(12)])
    assert not is_loop(
        [Word(n, n + 1, text) for n, text in enumerate(["we", "were", "not", "sure", "what", "it", "meant"])]
    )


class Noisy(Forgetful):
    """Returns the same short words at the beginning of any window."""

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
    output = transcribe_clips(noise[:2], recognizer, "en", background=noise[2:])
    windows = clips * (1 + int(seconds / 23))
    assert recognizer.calls <= windows * (1 + ROUNDS) + windows
    assert all(len(words) <= (1 + ROUNDS) * (1 + int(seconds / 23)) for words in output)


def test_passes_that_are_a_loop_together_end_at_once() -> None:
    recognizer = Noisy([Word(n, n + 0.9, "so it goes,") for n in range(3)])
    transcribe_clips([Clip(np.zeros(28 * RATE, np.float32), 0.0)], recognizer, "en")
    separate = recognizer.calls
    assert not is_loop(recognizer.words)
    assert is_loop([*recognizer.words] * 2)
    assert separate <= 1 + 1 + 1


class Doubtful(Forgetful):
    """Marks the words of a window's last seconds as suspect."""

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        output = SyntheticRecognizer().recognize(windows, language)
        return [tuple(w if w.start < 18 else replace(w, suspect="no time left") for w in words) for words in output]


def test_suspect_words_are_passed_on_but_count_as_no_words() -> None:
    (output,) = transcribe_clips([clip_of(WORDS)], Doubtful(), "en")
    assert [word.text for word in output if word.suspect is None] == [word.text for word in WORDS]
    assert [word.text for word in output if word.suspect] == ["a18", "a19"]


class Late(Forgetful):
    """Transcribes the first clip of a window only, as a recognizer does that stops at a sentence's end."""

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        output = SyntheticRecognizer().recognize(windows, language)
        return [words[:1] for words in output]


def test_a_clip_that_no_pass_reached_is_not_given_up() -> None:
    clips = [replace(clip_of([Word(0.2, 0.8, word.text)], 2.0), start=4.0 * n) for n, word in enumerate(WORDS[:6])]
    output = transcribe_clips(clips, Late(), "en")
    assert [[word.text for word in words] for words in output] == [[word.text] for word in WORDS[:6]]
