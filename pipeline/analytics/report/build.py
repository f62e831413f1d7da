"""The report as one file: HTML, style, script and data; nothing else is loaded, and nothing else may be."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources

from pipeline.analytics.calls import Call, Failure, Skipped
from pipeline.analytics.report.calls import read_call
from pipeline.analytics.report.data import report_data
from pipeline.analytics.report.tables import plain_tables
from pipeline.core.role import AGENT
from pipeline.formats.page.build import source_hash
from pipeline.formats.page.data import script_json
from pipeline.formats.page.script import joined
from pipeline.formats.sanitize import clean


def render(
    calls: Iterable[Call],
    title: str,
    failures: Sequence[Failure] = (),
    skipped: Sequence[Skipped] = (),
    role: str = AGENT,
) -> str:
    """The HTML of the report: equal calls give equal bytes.

    ``failures`` are the recordings that could not be transcribed, ``skipped`` what the search left out; ``role`` is the
    role of the people by whom calls are grouped.
    """
    rows = [read_call(call, role) for call in calls]
    style, code = _asset("report.css"), script()
    parts = {
        "policy": f"default-src 'none'; script-src {source_hash(code)}; style-src {source_hash(style)}; "
        "base-uri 'none'; form-action 'none'",
        "title": html.escape(clean(title)),
        "style": style,
        "script": code,
        "data": script_json(report_data(rows, title, role, failures, skipped)),
        "tables": plain_tables(rows, role, failures, skipped),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("report.html"))


@cache
def script() -> str:
    """The script of the report: its modules, and the one of the transcript's page that makes elements."""
    folder = resources.files(__package__)
    names = sorted(path.name for path in folder.iterdir() if path.name.endswith(".js"))
    modules = {name: _asset(name) for name in names}
    page = resources.files("pipeline.formats.page")
    return joined({**modules, "dom.js": page.joinpath("dom.js").read_bytes().decode()})


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_bytes().decode()
