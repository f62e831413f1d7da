"""Error rates of speaker verification, against counting one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.metrics.verification import at_limit, equal_error, limit_for

SCORES = st.lists(st.floats(-1, 1), min_size=1, max_size=20)


@given(SCORES, SCORES, st.floats(-1, 1))
def test_errors_are_counted(same: list[float], different: list[float], limit: float) -> None:
    found = at_limit(same, different, limit)
    assert (found.same, found.different) == (len(same), len(different))
    assert found.false_acceptances == sum(score >= limit for score in different)
    assert found.false_rejections == sum(score < limit for score in same)


@given(SCORES, st.floats(0, 0.9))
def test_the_limit_keeps_the_share_and_is_the_smallest(different: list[float], share: float) -> None:
    limit = limit_for(different, share)
    assert sum(score >= limit for score in different) <= share * len(different)
    lower = max((score for score in different if score < limit), default=None)
    assert lower is None or sum(score >= lower for score in different) > share * len(different) or limit == 0


@given(SCORES, SCORES)
def test_the_equal_error_rate_is_a_rate_and_zero_for_separate_scores(same: list[float], different: list[float]) -> None:
    assert 0 <= equal_error(same, different)[0] <= 1
    assert equal_error([score + 3 for score in same], different)[0] == 0


def test_without_pairs_there_is_no_rate() -> None:
    with pytest.raises(ValueError, match="pairs"):
        equal_error([], [0.5])
    assert limit_for([], 0.01) == 0
