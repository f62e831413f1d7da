"""The fake that ships: what is spoken is heard, also at once; its separator and its voices are perfect."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from pipeline.core.audio import RATE, Audio
from pipeline.core.events import no_progress
from pipeline.core.types import Word
from pipeline.models.protocols import SpeakerBounds
from pipeline.models.synthetic import (
    SPEAKERS,
    SyntheticDiarizer,
    SyntheticEmbedder,
    SyntheticRecognizer,
    SyntheticSeparator,
    synthesize,
)
from tests.effort import at_most
from tests.tones import conversations


@at_most(40)
@given(conversations(voices=SPEAKERS, most=4))
def test_what_is_spoken_is_heard(words: tuple[Word, ...]) -> None:
    (heard,) = SyntheticRecognizer().recognize([synthesize(words, 20.0)], "en")
    assert sorted(word.text for word in heard) == sorted(word.text for word in words)
    spoken = sorted((word.text, word.start, word.end) for word in words)
    for word, (text, start, end) in zip(sorted(heard, key=lambda w: (w.text, w.start)), spoken, strict=True):
        assert word.text == text
        assert (word.start, word.end) == pytest.approx((start, end), abs=1e-6)


@at_most(40)
@given(conversations())
def test_turns_cover_the_words_of_their_voice(words: tuple[Word, ...]) -> None:
    found = SyntheticDiarizer().diarize(Audio(synthesize(words, 40.0)), SpeakerBounds(), no_progress)
    assert {turn.speaker for turn in found.turns} == {word.text[0] for word in words}
    for word in words:
        own = [turn for turn in found.turns if turn.speaker == word.text[0]]
        assert any(turn.start < word.middle < turn.end for turn in own)


def test_the_separator_gives_each_voice_alone_in_another_order() -> None:
    one, other = [Word(0.0, 1.0, "a3")], [Word(0.2, 1.2, "b5")]
    mixture = synthesize([*one, *other], 1.4)
    solo = {"A": synthesize([Word(0.0, 0.4, "a9")], 0.4), "B": synthesize([Word(0.0, 0.4, "b1")], 0.4)}
    rows = SyntheticSeparator().separate(mixture, solo)
    assert rows.shape == (2, len(mixture))
    for row, truth in zip(rows, (synthesize(other, 1.4), synthesize(one, 1.4)), strict=True):
        assert np.sqrt(np.mean((row - truth) ** 2)) < 0.02


def test_voices_are_far_apart_and_silence_has_none() -> None:
    clips = [synthesize([Word(0, 0.5, f"{voice}{n}")], 0.5) for voice in SPEAKERS for n in (0, 23)]
    vectors = SyntheticEmbedder().embed([*clips, np.zeros(RATE, np.float32)])
    assert np.isnan(vectors[-1]).all()
    likeness = vectors[:-1] @ vectors[:-1].T
    same = np.kron(np.eye(len(SPEAKERS)), np.ones((2, 2))) > 0
    assert likeness[same].min() > 0.99
    assert likeness[~same].max() < 0.1
    assert SyntheticEmbedder().embed([]).shape[0] == 0
