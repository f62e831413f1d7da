"""The synthetic models: spoken words are recognized, also in overlaps; separation and embeddings are perfect."""

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
from tests.max_examples import at_most
from tests.tones import conversations


@at_most(40)
@given(conversations(speakers=SPEAKERS, most=4))
def test_spoken_words_are_recognized(words: tuple[Word, ...]) -> None:
    (recognized,) = SyntheticRecognizer().recognize([synthesize(words, 20.0)], "en")
    assert sorted(word.text for word in recognized) == sorted(word.text for word in words)
    spoken = sorted((word.text, word.start, word.end) for word in words)
    for word, (text, start, end) in zip(sorted(recognized, key=lambda w: (w.text, w.start)), spoken, strict=True):
        assert word.text == text
        assert (word.start, word.end) == pytest.approx((start, end), abs=1e-6)


@at_most(40)
@given(conversations())
def test_turns_cover_the_words_of_their_speaker(words: tuple[Word, ...]) -> None:
    diarization = SyntheticDiarizer().diarize(Audio(synthesize(words, 40.0)), SpeakerBounds(), no_progress)
    assert {turn.speaker for turn in diarization.turns} == {word.text[0] for word in words}
    for word in words:
        turns = [turn for turn in diarization.turns if turn.speaker == word.text[0]]
        assert any(turn.start < word.middle < turn.end for turn in turns)


def test_the_separator_gives_each_speaker_alone_in_another_order() -> None:
    one, other = [Word(0.0, 1.0, "a3")], [Word(0.2, 1.2, "b5")]
    mixture = synthesize([*one, *other], 1.4)
    solo = {"A": synthesize([Word(0.0, 0.4, "a9")], 0.4), "B": synthesize([Word(0.0, 0.4, "b1")], 0.4)}
    rows = SyntheticSeparator().separate(mixture, solo)
    assert rows.shape == (2, len(mixture))
    for row, truth in zip(rows, (synthesize(other, 1.4), synthesize(one, 1.4)), strict=True):
        assert np.sqrt(np.mean((row - truth) ** 2)) < 0.02


def test_embeddings_of_speakers_are_distant_and_silence_is_nan() -> None:
    clips = [synthesize([Word(0, 0.5, f"{speaker}{n}")], 0.5) for speaker in SPEAKERS for n in (0, 23)]
    vectors = SyntheticEmbedder().embed([*clips, np.zeros(RATE, np.float32)])
    assert np.isnan(vectors[-1]).all()
    similarity = vectors[:-1] @ vectors[:-1].T
    same = np.kron(np.eye(len(SPEAKERS)), np.ones((2, 2))) > 0
    assert similarity[same].min() > 0.99
    assert similarity[~same].max() < 0.1
    assert SyntheticEmbedder().embed([]).shape[0] == 0
