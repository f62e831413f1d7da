"""The modules of the report: their unit tests by node, their types by tsc, their statistics beside scipy's."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from scipy.stats import binomtest, norm, t

from pipeline.analytics.report.build import script
from tests.browser import missing
from tests.page.test_scripts import node, output

HERE = Path(__file__).parent
STATISTICS = HERE.parent.parent.parent / "pipeline" / "analytics" / "report" / "statistics.js"


@pytest.mark.slow
def test_the_unit_tests_of_the_modules_pass() -> None:
    tests = [str(path) for path in sorted(HERE.glob("*.test.mjs"))]
    assert tests
    assert "# fail 0" in output(node(), "--test", "--test-reporter=tap", *tests)


@pytest.mark.slow
def test_the_types_of_the_modules_are_right() -> None:
    import shutil

    compiler = shutil.which("tsc")
    if compiler is None:
        missing("tsc (the package node-typescript)")
    output(str(compiler), "--project", str(HERE))


def test_the_modules_fit_together() -> None:
    assert "import " not in script()
    assert "createComparison" in script()


def test_intervals_and_quantiles_are_those_of_scipy() -> None:
    rng = random.Random(0)
    counts = (1, 2, 3, 7, 20, 150, 3000)
    shares = [(rng.randint(0, n), n, rng.choice([0.9, 0.95, 0.995])) for n in counts for _ in range(4)]
    quantiles = [(p, d) for p in (0.9, 0.975, 0.9995) for d in (1, 2, 3, 4, 5, 10, 31, 99, 1000, 5000)]
    script = (
        f"import {{ normalQuantile, studentQuantile, wilson }} from {json.dumps(STATISTICS.as_uri())};"
        f"const shares = {json.dumps(shares)}.map((each) => wilson(...each));"
        f"const quantiles = {json.dumps(quantiles)}.map((each) => studentQuantile(...each));"
        "console.log(JSON.stringify({ shares, quantiles, normal: normalQuantile(0.975) }));"
    )
    found = json.loads(output(node(), "--input-type=module", "--eval", script))
    assert found["normal"] == pytest.approx(norm.ppf(0.975), abs=1e-9)
    for (successes, count, confidence), interval in zip(shares, found["shares"], strict=True):
        expected = binomtest(successes, count).proportion_ci(confidence, method="wilson")
        assert (interval["low"], interval["high"]) == pytest.approx((expected.low, expected.high), abs=1e-9)
    for (probability, degrees), value in zip(quantiles, found["quantiles"], strict=True):
        tolerance = 1e-6 if degrees <= 1000 else 2e-3
        assert value == pytest.approx(t.ppf(probability, degrees), rel=tolerance)
