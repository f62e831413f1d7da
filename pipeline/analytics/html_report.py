"""All calls of a folder as one HTML page, without scripts and network access; the template is ``report.html.j2``."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline.analytics.calls import Call, Failure
from pipeline.analytics.outliers import outliers
from pipeline.analytics.tables import summary

if TYPE_CHECKING:
    from jinja2 import Template

MIN_DEVIATIONS: Mapping[str, float] = {
    "duration_s": 30.0, "silence_ratio": 0.05, "overlap_ratio": 0.02, "dead_air_s": 5.0, "interruption_count": 1.0,
}  # fmt: skip
"""The metrics in which calls are compared, each with a lower bound for its median absolute deviation, in the unit of
the metric. Chosen by hand; lower values report more outliers among similar calls."""
LABELS = {
    "duration_s": "length", "silence_ratio": "silence", "overlap_ratio": "overlap", "dead_air_s": "dead air",
    "interruption_count": "interruptions",
}  # fmt: skip
"""The name of each compared metric on the page."""
MIN_DURATION = 30.0
"""Minimum duration, in seconds, of a call that is compared with others. Chosen by hand: ratios over a few seconds of
speech vary too much; a lower value compares more calls and reports more outliers."""
HISTOGRAM_BINS = 12
"""Number of bars in each histogram. Chosen by hand."""
_BAR_STEP, _CHART_HEIGHT = 22, 80
"""Distance between bars and height of the tallest bar, in SVG units; the template has the rest of the layout."""
_DIARIZATION_LABEL = re.compile(r"SPEAKER_\d+")
"""Labels of diarization. They number the speakers of one call: equal labels in two calls are different speakers."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Folder:
    """The calls of a folder: a summary of each, metrics by speaker, findings by rule, and the link of each call."""

    rows: Sequence[Row]
    speakers: Mapping[str, Sequence[Row]]
    findings: Mapping[str, Sequence[tuple[str, Row]]]
    links: Mapping[str, str | None]


def render(calls: Iterable[Call], title: str, failures: Sequence[Failure] = ()) -> str:
    """The HTML of the page; ``failures`` are the calls that could not be transcribed."""
    folder = _read(calls)
    speakers = {label: rows for label, rows in folder.speakers.items() if not _DIARIZATION_LABEL.fullmatch(label)}
    comparable = {row["call"]: row for row in folder.rows if row["duration_s"] >= MIN_DURATION}
    return _template().render(
        title=title,
        links=folder.links,
        tiles=_tiles(folder.rows, len(failures)),
        charts=_charts(folder.rows),
        speakers=_speakers(speakers),
        unnamed=sum(len(rows) for label, rows in folder.speakers.items() if label not in speakers),
        findings=[_rule(name, results) for name, results in sorted(folder.findings.items())],
        outliers=_outliers(comparable),
        short_calls=len(folder.rows) - len(comparable),
        min_duration=f"{MIN_DURATION:.0f}",
        failures=failures,
        labels=list(LABELS.values()),
        calls=[_call(row) for row in folder.rows],
    )


def _template() -> Template:
    """The compiled template; jinja2 is imported only here, when a report is made."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, finalize=_printable, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    source = resources.files(__package__).joinpath("report.html.j2").read_bytes().decode()
    return environment.from_string(source)


def _printable(value: Any) -> Any:
    """Text without control characters and without bytes that are not UTF-8; markup of macros is returned unchanged."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    text = value.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _read(calls: Iterable[Call]) -> _Folder:
    rows: list[Row] = []
    speakers: dict[str, list[Row]] = {}
    findings: dict[str, list[tuple[str, Row]]] = {}
    links: dict[str, str | None] = {}
    for call in calls:
        rows.append({"call": call.name, "recording_exists": call.exists, **summary(call.analytics)})
        target = call.link()
        links[call.name] = None if target is None else quote(target, errors="surrogateescape")
        for speaker in call.analytics["speakers"]:
            speakers.setdefault(speaker["speaker"], []).append(speaker)
        for finding in call.analytics["findings"]:
            findings.setdefault(finding["rule"], []).append((call.name, finding))
    return _Folder(rows, speakers, findings, links)


def _tiles(rows: Sequence[Row], failed: int) -> list[tuple[str, str]]:
    """Label and value of each figure at the top of the page."""
    length = sum(row["duration_s"] for row in rows)
    speech = sum(row["speech_s"] for row in rows)
    return [
        ("calls", str(len(rows))),
        ("failed calls", str(failed)),
        ("length", _clock(length)),
        ("words", f"{sum(row['word_count'] for row in rows):,}"),
        ("silence", _percent(sum(row["silence_s"] for row in rows) / length if length else 0.0)),
        ("overlap, of speech", _percent(sum(row["overlap_s"] for row in rows) / speech if speech else 0.0)),
        ("interruptions", str(sum(row["interruption_count"] for row in rows))),
        ("failed rules", str(sum(row["failed_rule_count"] for row in rows))),
    ]


def _charts(rows: Sequence[Row]) -> list[Row]:
    return [
        _histogram("length, min", [row["duration_s"] / 60 for row in rows]),
        _histogram("silence, %", [row["silence_ratio"] * 100 for row in rows]),
        _histogram("overlap, % of speech", [row["overlap_ratio"] * 100 for row in rows]),
    ]


def _histogram(label: str, values: Sequence[float]) -> Row:
    """Bars with their position, size and tooltip, in SVG units."""
    low, high = min(values), max(values)
    width = (high - low) / HISTOGRAM_BINS or 1.0
    counts = [0] * HISTOGRAM_BINS
    for value in values:
        counts[min(HISTOGRAM_BINS - 1, int((value - low) / width))] += 1
    heights = [_CHART_HEIGHT * count / max(counts) for count in counts]
    bars = [
        {
            "x": i * _BAR_STEP,
            "y": f"{_CHART_HEIGHT + 10 - height:.1f}",
            "height": f"{height:.1f}",
            "title": f"{count} from {low + i * width:.1f} to {low + (i + 1) * width:.1f}",
        }
        for i, (count, height) in enumerate(zip(counts, heights, strict=True))
    ]
    return {"label": label, "bars": bars, "low": f"{low:.1f}", "high": f"{high:.1f}", "width": len(bars) * _BAR_STEP}


def _speakers(speakers: Mapping[str, Sequence[Row]]) -> list[tuple[str, ...]]:
    """The cells of each speaker: means over their calls; speakers with most calls first."""
    return [
        (
            speaker,
            str(len(rows)),
            _percent(statistics.fmean(row["talk_ratio"] for row in rows)),
            _mean([row["words_per_minute"] for row in rows], "{:.0f}"),
            _mean([row["response_latency_median"] for row in rows], "{:.1f} s"),
            f"{statistics.fmean(row['interruptions'] for row in rows):.1f}",
            _mean([row["sentiment"] for row in rows], "{:+.2f}"),
        )
        for speaker, rows in sorted(speakers.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _rule(name: str, results: Sequence[tuple[str, Row]]) -> Row:
    """Results of a rule: number of calls by outcome, and the calls that failed, each with its first evidence."""
    outcomes = [finding["passed"] for _, finding in results]
    return {
        "name": name,
        "passed": outcomes.count(True),
        "not_applicable": outcomes.count(None),
        "failed": [(call, _quotation(finding)) for call, finding in results if finding["passed"] is False],
    }


def _quotation(finding: Row) -> str:
    if not finding["evidence"]:
        return ""
    first = finding["evidence"][0]
    return f" (“{first['text']}”, {first['speaker']}, {_clock(first['start'])})"


def _outliers(rows: Mapping[str, Row]) -> list[tuple[str, tuple[str, ...]]]:
    """Name and cells of each outlier."""
    return [
        (
            one.call,
            (LABELS[one.metric], _figure(one.metric, one.value), _figure(one.metric, one.median), f"{one.score:+.1f}"),
        )
        for one in outliers(rows, MIN_DEVIATIONS)
    ]


def _call(row: Row) -> Row:
    """Name, marks and cells of a call."""
    figures = (_figure(metric, row[metric]) for metric in LABELS)
    return {
        "name": row["call"],
        "marks": ["cut short"] * (not row["complete"]) + ["recording deleted"] * (row["recording_exists"] is False),
        "cells": [
            str(row["speaker_count"]),
            str(row["word_count"]),
            *figures,
            str(row["failed_rule_count"]),
            row["warnings"],
        ],
    }


def _figure(metric: str, value: float) -> str:
    if metric == "duration_s":
        return _clock(value)
    if metric.endswith("_ratio"):
        return _percent(value)
    return f"{value:.1f} s" if metric == "dead_air_s" else f"{value:g}"


def _mean(values: Sequence[float | None], form: str) -> str:
    numbers = [value for value in values if value is not None]
    return form.format(statistics.fmean(numbers)) if numbers else "–"


def _percent(ratio: float) -> str:
    return f"{ratio:.0%}" if ratio >= 0.1 or ratio == 0 else f"{ratio:.1%}"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
