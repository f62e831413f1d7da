"""The fake that ships: what is spoken is heard, also at once; its separator and its voices are perfect."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from pipeline.audio import RATE, Audio
from pipeline.backends.replay import (
    VOICES,
    ReplayDiarizer,
    ReplayEmbedder,
    ReplayRecognizer,
    ReplaySeparator,
    speak,
)
from pipeline.events import no_progress
from pipeline.protocols import SpeakerCount
from pipeline.values import Word
from tests.tones import conversations


@settings(max_examples=40)
@given(conversations(voices=VOICES, most=4))
def test_what_is_spoken_is_heard(words: tuple[Word, ...]) -> None:
    (heard,) = ReplayRecognizer().recognize([speak(words, 20.0)], "en")
    assert sorted(word.text for word in heard) == sorted(word.text for word in words)
    spoken = sorted((word.text, word.start, word.end) for word in words)
    for word, (text, start, end) in zip(sorted(heard, key=lambda w: (w.text, w.start)), spoken, strict=True):
        assert word.text == text
        assert (word.start, word.end) == pytest.approx((start, end), abs=1e-6)


@settings(max_examples=40)
@given(conversations())
def test_turns_cover_the_words_of_their_voice(words: tuple[Word, ...]) -> None:
    found = ReplayDiarizer().diarize(Audio(speak(words, 40.0)), SpeakerCount(), no_progress)
    assert {turn.speaker for turn in found.turns} == {word.text[0] for word in words}
    for word in words:
        own = [turn for turn in found.turns if turn.speaker == word.text[0]]
        assert any(turn.start < word.middle < turn.end for turn in own)


def test_the_separator_gives_each_voice_alone_in_another_order() -> None:
    one, other = [Word(0.0, 1.0, "a3")], [Word(0.2, 1.2, "b5")]
    mixture = speak([*one, *other], 1.4)
    solo = {"A": speak([Word(0.0, 0.4, "a9")], 0.4), "B": speak([Word(0.0, 0.4, "b1")], 0.4)}
    rows = ReplaySeparator().separate(mixture, solo)
    assert rows.shape == (2, len(mixture))
    for row, truth in zip(rows, (speak(other, 1.4), speak(one, 1.4)), strict=True):
        assert np.sqrt(np.mean((row - truth) ** 2)) < 0.02


def test_voices_are_far_apart_and_silence_has_none() -> None:
    clips = [speak([Word(0, 0.5, f"{voice}{n}")], 0.5) for voice in VOICES for n in (0, 23)]
    vectors = ReplayEmbedder().embed([*clips, np.zeros(RATE, np.float32)])
    assert np.isnan(vectors[-1]).all()
    likeness = vectors[:-1] @ vectors[:-1].T
    same = np.kron(np.eye(len(VOICES)), np.ones((2, 2))) > 0
    assert likeness[same].min() > 0.99
    assert likeness[~same].max() < 0.1
    assert ReplayEmbedder().embed([]).shape[0] == 0
