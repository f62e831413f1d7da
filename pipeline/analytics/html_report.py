"""A folder of calls as one HTML page: no scripts, nothing from the network, everything escaped."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from pipeline.analytics.calls import Call, Failure
from pipeline.analytics.outliers import outliers
from pipeline.analytics.tables import summary

SCALES: Mapping[str, float] = {
    "duration_s": 30.0, "silence_ratio": 0.05, "overlap_ratio": 0.02, "dead_air_s": 5.0, "interruptions": 1.0,
}  # fmt: skip
"""The measures in which calls are compared, each with the smallest deviation that is worth the name."""
LABELS = {
    "duration_s": "length", "silence_ratio": "silence", "overlap_ratio": "overlap", "dead_air_s": "dead air",
    "interruptions": "interruptions",
}  # fmt: skip
SHORTEST = 30.0
"""Seconds; shorter calls are not compared with others: a ratio over a few seconds of speech says nothing."""
_UNNAMED = re.compile(r"SPEAKER_\d+")
"""Labels of diarization, which number the speakers of one call: the same label in two calls means nothing."""
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--soft:#f1f4f8;--line:#d6dde6;--blue:#2f6fb3}
:root{--red:#b5432e;--green:#2d8659}
@media(prefers-color-scheme:dark){
:root{--ink:#e4e9f0;--paper:#14181e;--soft:#1e252e;--line:#36404d;--blue:#6aa7e0;--red:#e07a62;--green:#62c08f}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1.5rem;font:15px/1.5 system-ui,sans-serif}
body{color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}a{color:var(--blue)}
.tiles{display:flex;flex-wrap:wrap;gap:.75rem}.tile b{display:block;font-size:1.35rem}
.tile{background:var(--soft);border-radius:8px;padding:.6rem 1rem;min-width:8rem}
.charts{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0}figcaption{font-size:.85rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
th:first-child,td:first-child{text-align:left;min-width:10rem;overflow-wrap:anywhere}
details{text-align:left}summary{cursor:pointer}.bad{color:var(--red)}.good{color:var(--green)}
rect{fill:var(--blue)}svg text{fill:var(--ink);font-size:11px}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(calls: Iterable[Call], title: str, failures: Sequence[Failure] = ()) -> str:
    """The whole page; ``failures`` are the calls that could not be transcribed."""
    rows: list[dict[str, Any]] = []
    parts: dict[str, list[dict[str, Any]]] = {}
    findings: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    links: dict[str, str | None] = {}
    for call in calls:
        rows.append({"call": call.name, "recording_exists": call.exists, **summary(call.analytics)})
        links[call.name] = call.link()
        for part in call.analytics["parts"]:
            parts.setdefault(part["speaker"], []).append(part)
        for finding in call.analytics["findings"]:
            findings.setdefault(finding["rule"], []).append((call.name, finding))
    sections = [
        _tiles(rows, len(failures)),
        _charts(rows),
        _section("Speakers", _speakers(parts)),
        _section("Findings", _findings(findings, links)) if findings else "",
        _section("Unlike the others", _outliers(rows, links)),
        _section("Failed calls", _failures(failures)) if failures else "",
        _section("Calls", _calls(rows, links)),
    ]
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        f'<meta name="viewport" content="width=device-width"><title>{_safe(title)}</title><style>{_STYLE}</style>'
    )
    body = f"<h1>{_safe(title)}</h1>{''.join(sections)}"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _tiles(rows: Sequence[Mapping[str, Any]], failed: int) -> str:
    length = sum(row["duration_s"] for row in rows)
    speech = sum(row["speech_s"] for row in rows)
    tiles = [
        ("calls", str(len(rows))),
        ("failed calls", str(failed)),
        ("length", _clock(length)),
        ("words", f"{sum(row['words'] for row in rows):,}"),
        ("silence", _percent(sum(row["silence_s"] for row in rows) / length if length else 0.0)),
        ("overlap, of speech", _percent(sum(row["overlap_s"] for row in rows) / speech if speech else 0.0)),
        ("interruptions", str(sum(row["interruptions"] for row in rows))),
        ("rules broken", str(sum(row["rules_broken"] for row in rows))),
    ]
    boxes = "".join(f'<div class="tile"><b>{_safe(value)}</b>{_safe(label)}</div>' for label, value in tiles)
    return f'<div class="tiles">{boxes}</div>'


def _charts(rows: Sequence[Mapping[str, Any]]) -> str:
    charts = (
        ("length, min", [row["duration_s"] / 60 for row in rows]),
        ("silence, %", [row["silence_ratio"] * 100 for row in rows]),
        ("overlap, % of speech", [row["overlap_ratio"] * 100 for row in rows]),
    )
    return f'<h2>Spread</h2><div class="charts">{"".join(_histogram(label, values) for label, values in charts)}</div>'


def _histogram(label: str, values: Sequence[float], bins: int = 12) -> str:
    low, high = min(values), max(values)
    width = (high - low) / bins or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / width))] += 1
    top = max(counts)
    bars = "".join(
        f'<rect x="{i * 22}" y="{90 - 80 * n / top:.1f}" width="20" height="{80 * n / top:.1f}">'
        f"<title>{n} from {low + i * width:.1f} to {low + (i + 1) * width:.1f}</title></rect>"
        for i, n in enumerate(counts)
    )
    ends = f'<text x="0" y="104">{low:.1f}</text><text x="{bins * 22}" y="104" text-anchor="end">{high:.1f}</text>'
    return (
        f'<figure><svg viewBox="0 0 {bins * 22} 108" width="{bins * 22}" height="108" role="img">{bars}{ends}</svg>'
        f"<figcaption>{_safe(label)}, calls</figcaption></figure>"
    )


def _speakers(parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    head = ("speaker", "calls", "talk ratio", "words a minute", "response latency", "interruptions a call", "sentiment")
    lines = [
        (
            _safe(speaker),
            str(len(own)),
            _percent(statistics.fmean(part["talk_ratio"] for part in own)),
            _mean([part["words_per_minute"] for part in own], "{:.0f}"),
            _mean([part["response_latency_median"] for part in own], "{:.1f} s"),
            f"{statistics.fmean(part['interruptions'] for part in own):.1f}",
            _mean([part["sentiment"] for part in own], "{:+.2f}"),
        )
        for speaker, own in sorted(parts.items(), key=lambda item: (-len(item[1]), item[0]))
        if not _UNNAMED.fullmatch(speaker)
    ]
    unnamed = sum(len(own) for speaker, own in parts.items() if _UNNAMED.fullmatch(speaker))
    note = f"<p>{unnamed} speakers without a name: their labels number the speakers of one call only.</p>"
    return (_table(head, lines) if lines else "") + (note if unnamed else "")


def _findings(findings: Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]], links: Mapping[str, str | None]) -> str:
    lines = []
    for rule, held in sorted(findings.items()):
        kept = [finding["kept"] for _, finding in held]
        broken = "<br>".join(_link(call, links) + _quoted(f) for call, f in held if f["kept"] is False)
        folded = f"<details><summary>{kept.count(False)} calls</summary>{broken}</details>" if broken else ""
        states = (f'<span class="good">{kept.count(True)}</span>', f'<span class="bad">{kept.count(False)}</span>')
        lines.append((_safe(rule), *states, str(kept.count(None)), folded))
    return _table(("rule", "kept", "broken", "does not apply", "broken in"), lines)


def _quoted(finding: Mapping[str, Any]) -> str:
    if not finding["evidence"]:
        return ""
    first = finding["evidence"][0]
    return _safe(f" (“{first['text']}”, {first['speaker']}, {_clock(first['start'])})")


def _outliers(rows: Sequence[Mapping[str, Any]], links: Mapping[str, str | None]) -> str:
    long = {row["call"]: row for row in rows if row["duration_s"] >= SHORTEST}
    found = outliers(long, SCALES)
    lines = [
        (
            _link(o.call, links),
            LABELS[o.measure],
            _figure(o.measure, o.value),
            _figure(o.measure, o.median),
            f"{o.score:+.1f}",
        )
        for o in found
    ]
    short = len(rows) - len(long)
    note = f"<p>{short} calls of less than {SHORTEST:.0f} s are not compared.</p>" if short else ""
    return (_table(("call", "in", "here", "median", "score"), lines) if lines else "<p>None.</p>") + note


def _failures(failures: Sequence[Failure]) -> str:
    lines = [(_safe(failure.call), _safe(failure.status), _safe(failure.reason)) for failure in failures]
    return _table(("call", "status", "reason"), lines)


def _calls(rows: Sequence[Mapping[str, Any]], links: Mapping[str, str | None]) -> str:
    head = ("call", "speakers", "words", *LABELS.values(), "rules broken", "warnings")
    lines = [
        (
            _link(row["call"], links) + _marks(row),
            str(row["speakers"]),
            str(row["words"]),
            *(_figure(measure, row[measure]) for measure in LABELS),
            str(row["rules_broken"]),
            _safe(row["warnings"]),
        )
        for row in rows
    ]
    return _table(head, lines)


def _marks(row: Mapping[str, Any]) -> str:
    """What is to be said of a call beside its name."""
    marks = ["cut short"] * (not row["complete"]) + ["recording deleted"] * (row["recording_exists"] is False)
    return "".join(f' <span class="bad">{mark}</span>' for mark in marks)


def _figure(measure: str, value: float) -> str:
    if measure == "duration_s":
        return _clock(value)
    if measure.endswith("_ratio"):
        return _percent(value)
    return f"{value:.1f} s" if measure == "dead_air_s" else f"{value:g}"


def _mean(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return form.format(statistics.fmean(known)) if known else "–"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """``lines`` are HTML already."""
    top = "".join(f"<th>{_safe(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _section(title: str, content: str) -> str:
    return f"<h2>{_safe(title)}</h2>{content}"


def _link(call: str, links: Mapping[str, str | None]) -> str:
    target = links[call]
    return _safe(call) if target is None else f'<a href="./{quote(target, errors="surrogateescape")}">{_safe(call)}</a>'


def _safe(text: str) -> str:
    """Text that is only text: escaped, with bytes that are not UTF-8 and control characters replaced."""
    plain = text.encode("utf-8", "backslashreplace").decode()
    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in plain))


def _percent(ratio: float) -> str:
    return f"{ratio:.0%}" if ratio >= 0.1 or ratio == 0 else f"{ratio:.1%}"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return (
        f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
        if whole >= 3600
        else f"{whole // 60}:{whole % 60:02d}"
    )
