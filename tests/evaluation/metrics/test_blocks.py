"""Errors by block: they sum to the scores of the session, and each lies where its word or speech is."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import Transcript, Turn, Unscored
from pipeline.evaluation.metrics.blocks import BLOCK_SECONDS, BlockErrors, errors_by_block
from pipeline.evaluation.metrics.der import DiarizationErrors
from pipeline.evaluation.metrics.scoring import ScoreConfig, Session, score
from pipeline.evaluation.metrics.wer import WordErrors
from tests.evaluation.factory import meetings, renamed, shifted, transcript, utterance

COLLARS = st.sampled_from([0.0, 0.25])


def total(blocks: tuple[BlockErrors, ...]) -> tuple[WordErrors, DiarizationErrors]:
    words, speech = (block.words for block in blocks), (block.speech for block in blocks)
    return reduce(WordErrors.__add__, words), reduce(DiarizationErrors.__add__, speech)


@given(meetings(), meetings(), st.floats(0, 400), st.none() | st.integers(1, 90), COLLARS, st.floats(0, 300))
def test_blocks_sum_to_the_scores(
    one: Transcript, other: Transcript, offset: float, length: int | None, collar: float, duration: float
) -> None:
    """Also where times lie beyond the duration, and where a span is not scored."""
    reference = Session(shifted(one, offset), unscored=(Unscored(offset, offset + length),) if length else ())
    hypothesis = Session(shifted(other, offset))
    config = ScoreConfig(der_collar=collar)
    scores = score(reference, hypothesis, config).scores
    blocks = errors_by_block(reference, hypothesis, duration, config)
    words, speech = total(blocks)
    assert words == scores.cpwer
    for kind in ("total", "missed", "false_alarm", "confusion"):
        assert getattr(speech, kind) == pytest.approx(getattr(scores.der, kind), abs=1e-9)
    assert [block.start for block in blocks] == [BLOCK_SECONDS * number for number in range(len(blocks))]
    assert (len(blocks) - 1) * BLOCK_SECONDS < max(duration, 1.0) <= len(blocks) * BLOCK_SECONDS


@given(meetings(), meetings(), st.integers(0, 5))
def test_a_whole_number_of_blocks_later_the_errors_are_the_same(one: Transcript, other: Transcript, count: int) -> None:
    offset = count * BLOCK_SECONDS
    before = errors_by_block(one, other, 600.0)
    after = errors_by_block(shifted(one, offset), shifted(other, offset), 600.0 + offset)
    assert [block.words for block in after[count:]] == [block.words for block in before]
    for late, early in zip(after[count:], before, strict=True):
        assert late.speech.errors == pytest.approx(early.speech.errors, abs=1e-6)
    assert total(after[:count] or (BlockErrors(0.0, WordErrors(), DiarizationErrors()),)) == (
        WordErrors(),
        DiarizationErrors(),
    )


@given(meetings())
def test_equal_sides_have_no_errors_in_any_block(meeting: Transcript) -> None:
    names = {name: f"other {name}" for name in meeting.speakers}
    for block in errors_by_block(meeting, renamed(meeting, names), meeting.duration):
        assert block.words.errors == 0
        assert block.speech.errors == pytest.approx(0, abs=1e-9)


def test_errors_lie_in_the_block_of_their_word() -> None:
    """A substitution and a deletion where the reference word is, an insertion where the hypothesis word is."""
    reference = transcript(utterance("a", 10, 12, "one two"), utterance("a", 70, 72, "three four"))
    hypothesis = transcript(
        utterance("x", 10, 11, "one"), utterance("x", 130, 131, "too three"), utterance("x", 190, 191, "four more")
    )
    assert [block.words for block in errors_by_block(reference, hypothesis, 180.0)] == [
        WordErrors(hits=1, substitutions=1),
        WordErrors(hits=2),
        WordErrors(insertions=1),
    ]
    shorter = replace(hypothesis, utterances=hypothesis.utterances[:2])
    assert [block.words for block in errors_by_block(reference, shorter, 180.0)] == [
        WordErrors(hits=1, substitutions=1),
        WordErrors(hits=1, deletions=1),
        WordErrors(),
    ]


def test_the_speaker_mapping_is_that_of_the_whole_recording() -> None:
    """In the second block alone, the other mapping would have no errors."""
    reference = Session(Transcript(120.0, turns=(Turn(0, 50, "a"), Turn(60, 70, "b"))))
    hypothesis = Session(Transcript(120.0, turns=(Turn(0, 50, "x"), Turn(60, 70, "x"))))
    first, second = errors_by_block(reference, hypothesis, 120.0)
    assert first.speech == DiarizationErrors(total=50)
    assert second.speech == DiarizationErrors(total=10, confusion=10)


def test_speech_across_a_boundary_is_divided() -> None:
    reference, hypothesis = Transcript(90.0, turns=(Turn(50, 80, "a"),)), Transcript(90.0)
    first, second = errors_by_block(Session(reference), Session(hypothesis), 90.0)
    assert (first.speech.missed, second.speech.missed) == (10, 20)
