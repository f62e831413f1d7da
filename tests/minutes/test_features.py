"""The numbers that decisions are found by."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.minutes.features import BUMPS, CLASSES, decision_numbers, dialogue
from pipeline.minutes.passages import decision_scores
from pipeline.minutes.talk import Talk
from pipeline.minutes.weights import load
from tests.minutes.talks import BUDGET, PARKING, Line, transcript

LINES = st.lists(st.sampled_from((*BUDGET, *PARKING)), min_size=1, max_size=60)


@given(LINES)
def test_numbers_are_relative_to_the_recording(lines: list[Line]) -> None:
    numbers = decision_numbers(Talk.of(transcript(lines)), load().rarity)
    assert numbers.shape == (len(lines), BUMPS + dialogue(Talk.of(transcript(lines))).shape[1] - 8 + len(CLASSES) + 2)
    assert np.isfinite(numbers).all()
    assert np.allclose(numbers[:, BUMPS:].mean(axis=0), 0.0, atol=1e-6)
    assert (numbers[:, BUMPS:].std(axis=0) < 1 + 1e-6).all()


@given(LINES)
def test_the_weights_fit_the_numbers(lines: list[Line]) -> None:
    talk = Talk.of(transcript(lines))
    assert np.isfinite(decision_scores(talk, load())).all()
    assert len(load().decisions.numbers) == decision_numbers(talk, load().rarity).shape[1]


def test_names_of_speakers_do_not_matter() -> None:
    lines = (*BUDGET * 4, *PARKING * 4)
    named = decision_scores(Talk.of(transcript(lines)), load())
    labels = {name: f"SPEAKER_{number}" for number, name in enumerate(sorted({name for name, _ in lines}))}
    labelled = decision_scores(Talk.of(transcript([(labels[name], text) for name, text in lines])), load())
    assert np.allclose(named, labelled)


def test_proposals_score_higher_than_a_report_at_the_same_place() -> None:
    """Two talks that differ in one passage: modal verbs and alternatives, or words for oneself."""
    report = ("Anna", "I went to the shop and I got my things, I'll do my work.")
    proposal = ("Anna", "We could use plastic or maybe rubber, but it should not break.")
    filler = ("Boris", "The visitors of the festival were on the meadow behind the school.")
    talks = [[filler] * 200 + [line] * 40 + [filler] * 200 for line in (report, proposal)]
    low, high = (decision_scores(Talk.of(transcript(lines)), load()) for lines in talks)
    assert high[200:240].mean() > low[200:240].mean()
