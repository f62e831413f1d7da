from __future__ import annotations

import pytest

from pipeline.analytics.outliers import outliers


def test_an_outlier_is_far_from_the_median_in_units_of_the_mad() -> None:
    values = {f"call{number}": {"duration": 100.0 + number} for number in range(9)} | {"long": {"duration": 500.0}}
    (outlier,) = outliers(values, {"duration": 1.0})
    assert (outlier.call, outlier.value, outlier.median) == ("long", 500.0, 104.5)
    assert outlier.score == pytest.approx(0.6745 * 395.5 / 2.5)
    assert outliers(dict(list(values.items())[3:]), {"duration": 1.0}) == ()
    assert outliers({name: {"duration": 1.0} for name in values}, {"duration": 1.0}) == ()
    assert outliers(values, {"duration": 500.0}) == ()
    assert outliers(values, {"other": 1.0}) == ()
