from __future__ import annotations

from hypothesis import given

from pipeline.core.types import Transcript
from pipeline.evaluation.metrics.attribution import AttributionErrors, OverlapErrors
from pipeline.evaluation.metrics.scoring import ScoreConfig, score
from tests.evaluation.factory import meetings, transcript, utterance

REFERENCE = transcript(utterance("ann", 0, 4, "one two three four"), utterance("bob", 2, 4, "yes indeed"))


def test_words_of_both_speakers_under_one_name_are_misattributed() -> None:
    scores = score(
        REFERENCE, transcript(utterance("x", 0, 4, "one two three four"), utterance("x", 2, 4, "yes indeed"))
    ).scores
    assert scores.attribution == AttributionErrors(right=4, misattributed=2)
    assert scores.overlap == OverlapErrors(words=4, right=2, misattributed=2)
    assert scores.overlap.error_rate == 0.5


def test_missing_words_are_not_misattributed() -> None:
    scores = score(REFERENCE, transcript(utterance("x", 0, 4, "one two three four"))).scores
    assert scores.attribution == AttributionErrors(right=4)
    assert scores.overlap == OverlapErrors(words=4, right=2)


def test_a_word_outside_the_collar_is_not_misattributed() -> None:
    hypothesis = transcript(utterance("x", 0, 4, "one two three four"), utterance("x", 20, 22, "yes indeed"))
    assert score(REFERENCE, hypothesis).scores.attribution.misattributed == 0
    assert score(REFERENCE, hypothesis, ScoreConfig(collar=20)).scores.attribution.misattributed == 2


def test_a_hypothesis_word_is_matched_once() -> None:
    reference = transcript(
        utterance("ann", 0, 4, "a b c d"), utterance("bob", 1, 2, "yes"), utterance("cyd", 1, 2, "yes")
    )
    hypothesis = transcript(utterance("x", 0, 4, "a b c d"), utterance("x", 4, 5, "yes"))
    assert score(reference, hypothesis).scores.attribution == AttributionErrors(right=4, misattributed=1)


@given(meetings(), meetings())
def test_overlap_errors_are_a_subset_of_all_errors(one: Transcript, other: Transcript) -> None:
    scores = score(one, other).scores
    assert scores.attribution.right == scores.cpwer.hits
    assert scores.overlap.right <= scores.attribution.right
    assert scores.overlap.misattributed <= scores.attribution.misattributed
    assert scores.overlap.right + scores.overlap.misattributed <= scores.overlap.words <= scores.cpwer.words
    assert scores.attribution.right + scores.attribution.misattributed <= scores.cpwer.words


@given(meetings(speakers=1), meetings())
def test_without_overlap_no_words_are_counted(one: Transcript, other: Transcript) -> None:
    assert score(one, other).scores.overlap == OverlapErrors()
