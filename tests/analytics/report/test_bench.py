"""The benchmark of the report and its picture run, in small; the documented figures are the stored ones."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from examples.benchmarks import data, report_bench
from tests.pages import DOCS, block


def test_the_figures_are_those_of_the_benchmark() -> None:
    figures = json.loads((data.RESULTS / "report.json").read_text(encoding="utf-8"))
    assert block(DOCS / "report.md", "report") == report_bench.as_table(figures)
    assert figures["calls"] == report_bench.CALLS
    assert figures["megabytes"] < 5
    assert figures["shown"] < 2000


@pytest.mark.slow
def test_the_benchmark_runs_and_the_picture_is_drawn(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_bench, "started", lambda: nullcontext(browser))
    figures = report_bench.measure(20, runs=1)
    assert figures["filtered"] > 0
    assert "| what | figure |" in report_bench.as_table(figures)
    report_bench.draw(browser, tmp_path / "report.png")
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
