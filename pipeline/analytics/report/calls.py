"""One call as the report sees it: its agents, its day, its columns, its figures, broken rules, warnings and link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from pipeline import formats
from pipeline.analytics.calls import Call
from pipeline.analytics.report.figures import OF_AGENT, OF_CALL, rounded
from pipeline.analytics.tables.rows import recorded_day
from pipeline.core.identity import is_label

DAY_COLUMNS = ("day", "date", "recorded")
"""Names of manifest columns with the day of a call, the first that holds a date counts; any case. They come before the
date in the recording, which depends on the recorder's clock."""
MAX_QUOTES = 3
"""Moments that are quoted for a broken rule. Chosen by hand; more make the page larger."""
MAX_QUOTE = 240
"""Characters of a quoted moment. Chosen by hand; longer quotes make the page larger."""

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Agent:
    """A speaker with the agent's role; ``name`` is None if it is not known, ``decision`` says how the role is known.

    Without a ``speaker`` only the manifest says who the agent is, and the figures of the agent are unknown.
    """

    name: str | None
    speaker: str | None
    decision: str
    figures: Sequence[float | int | None]


@dataclass(frozen=True, slots=True)
class Quote:
    """A moment of a call: times in seconds, speaker and words."""

    start: float
    end: float
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a rule; ``measured`` and ``quotes`` (at most `MAX_QUOTES` of ``moments``) only where it failed.

    ``reason``: why it does not apply.
    """

    rule: str
    severity: str
    expected: str
    passed: bool | None
    measured: str = ""
    moments: int = 0
    quotes: tuple[Quote, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReportCall:
    """One call.

    ``link``: address of its page or transcript, relative to the report; ``has_page``: whether that can open at a
    moment. ``day``: ISO 8601, and ``day_source`` the column it is from, or "recording". ``role_reason``: why no speaker
    has the agent's role.
    """

    name: str
    link: str | None
    has_page: bool
    day: str | None
    day_source: str
    language: str | None
    complete: bool
    deleted: bool
    duplicate_of: str | None
    columns: Mapping[str, str]
    agents: Sequence[Agent]
    role_reason: str
    figures: Sequence[float | int | None]
    silence_start: float | None
    findings: Sequence[Finding]
    warnings: Sequence[tuple[str, str]]


def read_call(call: Call, role: str) -> ReportCall:
    """The call; ``role`` is the role of the agents."""
    data = call.analytics
    link, has_page = _link(call)
    day, source = day_of(data)
    agents = tuple(_agents(data, role))
    silence = data["longest_silence"]
    return ReportCall(
        name=call.name,
        link=link,
        has_page=has_page,
        day=day,
        day_source=source,
        language=data["language"],
        complete=data["complete"],
        deleted=call.exists is False,
        duplicate_of=call.duplicate_of,
        columns=data["columns"],
        agents=agents,
        role_reason="" if any(agent.speaker is not None for agent in agents) else _role_reason(data, role),
        figures=[rounded(figure.read(data)) for figure in OF_CALL],
        silence_start=silence["start"] if silence else None,
        findings=[_finding(finding) for finding in data["findings"]],
        warnings=[(warning["code"], warning["message"]) for warning in data["warnings"]],
    )


def day_of(data: Data) -> tuple[str | None, str]:
    """The day of a call (ISO 8601), and where it is from: the name of a manifest column, or "recording"."""
    columns = {name.casefold(): (name, value) for name, value in data["columns"].items()}
    for known in DAY_COLUMNS:
        if known in columns:
            name, value = columns[known]
            if day := _day(value):
                return day, name
    return recorded_day(data["recorded"]), "recording"


def _day(value: str) -> str | None:
    """The day of a date or time in ISO 8601, in the time zone it is written in."""
    text = value.strip()
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return None


def _agents(data: Data, role: str) -> Iterator[Agent]:
    """The agents of a call; the manifest's name counts where one speaker has the role, or no speaker has."""
    named = next((value.strip() for name, value in data["columns"].items() if name.casefold() == role.casefold()), "")
    decisions = {one["speaker"]: one["decision"] for one in data["roles"] if one["role"] == role}
    speakers = [one for one in data["speakers"] if role in (one["role"], one["speaker"])]
    if not speakers and named:
        yield Agent(named, None, "manifest", (None,) * len(OF_AGENT))
    names: set[str | None] = set()
    for speaker in sorted(speakers, key=lambda one: -float(one["talk"])):
        name = (named if len(speakers) == 1 else "") or name_of(speaker, role)
        if name is None or name not in names:
            names.add(name)
            others = {"others_sentiment": _sentiment(one for one in data["speakers"] if one not in speakers)}
            figures = [rounded(figure.read({**speaker, **others})) for figure in OF_AGENT]
            yield Agent(name, speaker["speaker"], decisions.get(speaker["speaker"], "label"), figures)


def name_of(speaker: Data, role: str) -> str | None:
    """The name of a speaker, by voice print or by label; None where the label is a role, or that of an unnamed speaker.

    Such labels number the speakers or channels of one call: equal ones in two calls are different speakers.
    """
    label = str(speaker["speaker"])
    if speaker["person"]:
        return str(speaker["person"])
    return None if label == role or is_label(label) else label


def _sentiment(speakers: Iterator[Data]) -> float | None:
    scored = [(one["sentiment"], one["words"]) for one in speakers if one["sentiment"] is not None and one["words"]]
    words = sum(count for _, count in scored)
    return sum(score * count for score, count in scored) / words if words else None


def _role_reason(data: Data, role: str) -> str:
    """Why no speaker has the agent's role."""
    reasons = [one["reason"] for one in data["roles"] if one["role"] is None and one["reason"]]
    return "; ".join(dict.fromkeys(reasons)) or f"no speaker has the role {role}"


def _finding(data: Data) -> Finding:
    failed = data["passed"] is False
    evidence = data["evidence"] if failed else ()
    quotes = (
        Quote(one["start"], one["end"], one["speaker"] or "", shortened(one["text"] or ""))
        for one in evidence[:MAX_QUOTES]
    )
    return Finding(
        data["rule"],
        data["severity"] or "warning",
        data["expected"] or "",
        data["passed"],
        _measured(data["measured"]) if failed else "",
        len(evidence),
        tuple(quotes),
        shortened(data["reason"] or "") if data["passed"] is None else "",
    )


def _measured(measured: Data | None) -> str:
    """What a rule found, in one line: "talk_ratio 0.61, limit 0.7"."""
    facts = {key: value for key, value in (measured or {}).items() if value is not None}
    name = " ".join(str(facts.pop(key)) for key in ("measure", "value") if key in facts)
    return ", ".join([name, *(f"{key} {value}" for key, value in facts.items())])


def shortened(text: str) -> str:
    """The text with at most `MAX_QUOTE` characters."""
    return text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 1].rstrip() + "…"


def _link(call: Call) -> tuple[str | None, bool]:
    """The address of the call's page, else of its most readable transcript; and whether it is a page."""
    page = f"{call.name}{formats.suffix('html')}"
    has_page = (call.folder / page).is_file()
    target = page if has_page else call.link()
    return None if target is None else f"./{quote(target, errors='surrogateescape')}", has_page
