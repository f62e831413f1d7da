"""The benchmark of the page and its pictures run, in small; the documented figures are the stored ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from examples.benchmarks import data, page_bench, page_pictures
from pipeline import formats
from tests.page.talk import conversation
from tests.pages import DOCS, block
from tests.world import write_wav


def test_the_figures_are_those_of_the_benchmark() -> None:
    figures = json.loads((data.RESULTS / "page.json").read_text(encoding="utf-8"))
    assert block(DOCS / "benchmarks.md", "page") == page_bench.as_table(figures)
    assert figures["words"] >= page_bench.WORDS
    assert figures["shown"] < 2000


@pytest.mark.slow
def test_the_benchmark_runs(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    monkeypatch.setattr(page_bench, "started", lambda: nullcontext(browser))
    figures = page_bench.measure(240.0, 640, runs=1)
    assert figures["words"] >= 500
    assert figures["first_sound"] > 0
    assert "| what | figure |" in page_bench.as_table(figures)


@pytest.mark.slow
def test_the_pictures_are_drawn(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    monkeypatch.setattr(page_pictures, "started", lambda: nullcontext(browser))
    monkeypatch.setattr(page_pictures, "VIEWS", {"small": {"viewport": {"width": 400, "height": 500}}})
    formats.dump(conversation(), tmp_path / "talk.json")
    wav = write_wav(tmp_path / "talk.wav")
    monkeypatch.setattr(sys, "argv", ["pictures", str(wav), str(tmp_path / "talk.json"), "--output", str(tmp_path)])
    page_pictures.main()
    assert (tmp_path / "page-small.png").read_bytes().startswith(b"\x89PNG")
