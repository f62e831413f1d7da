"""Benchmark of the report (`make bench-report`): size, time to build, and time until Chromium shows it.

    python -m examples.benchmarks.report_bench [--calls N] [--update] [--picture]

Constructed calls of five agents in two teams on ten days. Chromium opens the report from a file, each time with an
empty profile. ``--update`` writes examples/benchmarks/report.json and the table in docs/report.md, ``--picture`` draws
docs/images/report.png.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.benchmarks import data
from examples.benchmarks.page_bench import PAINTED, READY, started
from examples.benchmarks.report_calls import made, many
from pipeline.analytics.calls import Failure, Skipped
from pipeline.analytics.report.build import render
from pipeline.evaluation.benchmark.tables import machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CALLS = 1000
"""Calls of the report: an hour's batch of a large machine."""
RUNS = 5
"""Times that the report is opened; figures are medians."""
FILTERED = """() => {
  const began = performance.now();
  const field = document.getElementById("filter-agent");
  field.value = "Ana";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return new Promise((done) => {
    new MutationObserver(() => requestAnimationFrame(() => done(performance.now() - began)))
      .observe(document.getElementById("shown"), { childList: true });
  });
}"""


def main() -> None:
    """Measure and print; with ``--update``, write the figures; with ``--picture``, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--update", action="store_true", help="write report.json and the table in docs/report.md")
    parser.add_argument("--picture", action="store_true", help="draw docs/images/report.png")
    options = parser.parse_args()
    if options.picture:
        with started() as browser:
            draw(browser, data.ROOT / "docs" / "images" / "report.png")
        return
    figures = {"machine": machine(), **measure(options.calls)}
    sys.stdout.write(as_table(figures) + "\n")
    if options.update:
        (data.RESULTS / "report.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "report.md", "report", as_table(figures))


def measure(count: int, runs: int = RUNS) -> dict[str, Any]:
    """The figures of a report of ``count`` calls."""
    began = time.perf_counter()
    page = report(count)
    built = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder, started() as browser:
        path = Path(folder) / "report.html"
        path.write_text(page, encoding="utf-8")
        opened = [_opened(browser, path.as_uri()) for _ in range(runs)]
        version = browser.version
    return {
        "browser": f"Chromium {version}",
        "calls": count,
        "megabytes": len(page.encode()) / 1e6,
        "seconds_to_build": built,
        "shown": statistics.median(shown for shown, _ in opened),
        "filtered": statistics.median(filtered for _, filtered in opened),
    }


def report(count: int) -> str:
    """The HTML of the report of constructed calls."""
    calls = [made(one, f"{one['columns']['team']}/2024-11/call{i:04d}") for i, one in enumerate(many(count))]
    failures = [Failure("south/2024-11/call-x", "out_of_memory", "the worker grew beyond 4 GB")]
    skipped = [Skipped("calls/south/notes.docx", "is no recording")]
    return render(calls, "Calls of November", failures, skipped)


def _opened(browser: Browser, address: str) -> tuple[float, float]:
    """Milliseconds until all is shown, and from the choice of an agent until their calls are shown."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto(address, wait_until="commit")
    tab.wait_for_selector("html.ready")
    tab.wait_for_timeout(200)
    shown = max(float(tab.evaluate(when)) for when in (READY, PAINTED))
    filtered = float(tab.evaluate(FILTERED))
    tab.close()
    return shown, filtered


def draw(browser: Browser, path: Path) -> None:
    """Draw the beginning of the report of three hundred calls."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        file.write_text(report(300), encoding="utf-8")
        tab = browser.new_page(viewport={"width": 1200, "height": 1240})
        tab.goto(file.as_uri())
        tab.wait_for_selector("html.ready")
        tab.locator("#measure").select_option("agent_talk_ratio")
        tab.screenshot(path=path)
        tab.close()


def as_table(figures: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    rows = (
        ("calls", f"{figures['calls']:,}"),
        ("file", f"{figures['megabytes']:.2f} MB"),
        ("to build it from the analytics", f"{figures['seconds_to_build']:.2f} s"),
        ("until everything is shown", f"{figures['shown'] / 1000:.2f} s"),
        ("from the choice of an agent until their calls are shown", f"{figures['filtered'] / 1000:.2f} s"),
    )
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in rows)])


if __name__ == "__main__":
    main()
