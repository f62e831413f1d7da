from __future__ import annotations

from hypothesis import given

from pipeline.core.types import Transcript
from pipeline.evaluation.metrics.attribution import AttributionErrors, OverlapErrors
from pipeline.evaluation.metrics.scoring import ScoreConfig, score
from tests.evaluation.factory import meetings, said, transcript

REFERENCE = transcript(said("ann", 0, 4, "one two three four"), said("bob", 2, 4, "yes indeed"))


def test_words_of_both_speakers_under_one_name_are_misattributed() -> None:
    found = score(REFERENCE, transcript(said("x", 0, 4, "one two three four"), said("x", 2, 4, "yes indeed"))).scores
    assert found.attribution == AttributionErrors(right=4, misattributed=2)
    assert found.overlap == OverlapErrors(words=4, right=2, misattributed=2)
    assert found.overlap.error_rate == 0.5


def test_words_that_nobody_says_are_lost_not_misattributed() -> None:
    found = score(REFERENCE, transcript(said("x", 0, 4, "one two three four"))).scores
    assert found.attribution == AttributionErrors(right=4)
    assert found.overlap == OverlapErrors(words=4, right=2)


def test_the_same_word_too_far_away_is_another() -> None:
    heard = transcript(said("x", 0, 4, "one two three four"), said("x", 20, 22, "yes indeed"))
    assert score(REFERENCE, heard).scores.attribution.misattributed == 0
    assert score(REFERENCE, heard, ScoreConfig(collar=20)).scores.attribution.misattributed == 2


def test_a_spare_word_is_used_once() -> None:
    reference = transcript(said("ann", 0, 4, "a b c d"), said("bob", 1, 2, "yes"), said("cyd", 1, 2, "yes"))
    heard = transcript(said("x", 0, 4, "a b c d"), said("x", 4, 5, "yes"))
    assert score(reference, heard).scores.attribution == AttributionErrors(right=4, misattributed=1)


@given(meetings(), meetings())
def test_overlap_errors_are_a_part_of_all(one: Transcript, other: Transcript) -> None:
    found = score(one, other).scores
    assert found.attribution.right == found.cpwer.hits
    assert found.overlap.right <= found.attribution.right
    assert found.overlap.misattributed <= found.attribution.misattributed
    assert found.overlap.right + found.overlap.misattributed <= found.overlap.words <= found.cpwer.words
    assert found.attribution.right + found.attribution.misattributed <= found.cpwer.words


@given(meetings(speakers=1), meetings())
def test_without_overlap_no_word_is_in_it(one: Transcript, other: Transcript) -> None:
    assert score(one, other).scores.overlap == OverlapErrors()
