"""The figures of the bench of redaction: the table of the page is that of the JSON."""

from __future__ import annotations

import json

from examples.benchmarks import redaction_bench
from pipeline.redaction.types import KINDS


def test_the_table_of_the_page_is_that_of_the_figures() -> None:
    figures = json.loads(redaction_bench.FILE.read_text(encoding="utf-8"))
    _, _, rest = redaction_bench.PAGE.read_text(encoding="utf-8").partition("<!-- redaction -->\n")
    table, end, _ = rest.partition("\n<!-- /redaction -->")
    assert end
    assert table == redaction_bench.as_table(figures)
    assert {row["kind"] for row in figures["rows"]} == {*KINDS, "all"}
    assert figures["presidio"]["rows"], "an update without Presidio keeps its figures"
