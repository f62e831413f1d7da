"""The weights are trained on marked meetings, by series."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from examples.benchmarks.minutes_data import Meeting
from examples.training import train_minutes
from pipeline.core.serialization import to_plain
from pipeline.minutes.features import boundary_numbers, boundary_terms
from pipeline.minutes.passages import decision_scores, point_scores
from pipeline.minutes.talk import Talk
from pipeline.minutes.weights import load
from tests.minutes.talks import BUDGET, ENDING, PARKING, Line, transcript


def meeting(number: int, lines: Sequence[Line], topic: int, decided: tuple[int, int]) -> Meeting:
    count = len(lines)
    spans = ((decided,),)
    return Meeting(
        f"X{number}", "product", transcript(lines), tuple(range(count)), count, (topic,), spans, spans, spans
    )


def test_marked_passages_are_learned(tmp_path: Path) -> None:
    lines = (*BUDGET * 3, *PARKING * 3, *ENDING)
    weights = train_minutes.train([meeting(n, lines, 15, (30, 32)) for n in range(5)])
    (tmp_path / "weights.json").write_text(json.dumps(to_plain(weights)), encoding="utf-8")
    assert load(tmp_path / "weights.json") == weights
    talk = Talk.of(transcript(lines))
    decided, asked = decision_scores(talk, weights), point_scores(talk, weights)
    assert decided[30:33].mean() > decided[:30].mean()
    assert asked.shape == decided.shape == (len(talk.tokens),)
    bounds = weights.boundaries.scores(boundary_numbers(talk, weights.rarity), boundary_terms(talk))
    assert bounds.shape == decided.shape


def test_a_series_is_in_one_fold() -> None:
    lines = (*BUDGET * 2, *PARKING * 2)
    meetings = [meeting(n, lines, 10, (3, 5)) for n in range(8)]
    tested = [[each.name for each in fold] for _, fold in train_minutes.folds(meetings)]
    assert sorted(name for fold in tested for name in fold) == [each.name for each in meetings]
