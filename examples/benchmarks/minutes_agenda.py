"""Benchmark of agendas and earlier actions (part of `make bench-minutes`).

Agenda: the topic titles that people wrote for a meeting of QMSum stand for the lines of its agenda. A line is right
where its mention lies in the marked span. As many titles of meetings of another kind stand for lines that were not
discussed; those of other groups with meetings of the same kind are shown too, but AMI's groups all design a remote
control, so that many of these lines were in fact discussed.

Earlier actions: those that the minutes of a meeting list, looked for in the next meeting of the same people, in
meetings of other groups, and in meetings of another kind, where every mention is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from examples.benchmarks.minutes_data import Meeting, Spans, interval
from pipeline.minutes.agenda import match_agenda
from pipeline.minutes.features import STEM, is_content
from pipeline.minutes.follow_up import match_previous
from pipeline.minutes.making import make_minutes
from pipeline.minutes.places import line_tokens
from pipeline.minutes.talk import Talk
from pipeline.minutes.types import FollowUp, Topic
from pipeline.minutes.weights import Weights

OURS, PLAIN = "minutes", "minutes, without the table of rarity"
"""Names of the method in the tables: with the table for English, and as for other languages."""
DRAWS = 2
"""Meetings of another kind, and of other groups, in which the actions of a meeting are looked for."""
Found = Sequence[int | None]
"""The utterance of each line's mention; None for a line that was not discussed."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A meeting, its talk and topics, and the lines: its own titles with their spans, and those of other meetings."""

    meeting: Meeting
    talk: Talk
    topics: tuple[Topic, ...]
    actions: tuple[FollowUp, ...]
    titles: tuple[tuple[str, Spans], ...]
    words: tuple[frozenset[str], ...]
    """The stems of each utterance's content words."""


def figures(meetings: Sequence[Meeting], folder: Path, weights: Weights) -> dict[str, Any]:
    """The figures of agendas and earlier actions on these meetings of the folder of QMSum."""
    titles = read_titles(folder)
    cases = [_case(meeting, titles[meeting.name], weights) for meeting in meetings]
    return {"agenda": agenda(cases, weights), "follow_up": follow_up(cases, weights)}


def read_titles(folder: Path) -> dict[str, tuple[tuple[str, Spans], ...]]:
    """The titles of each meeting's topics, with their spans in turns."""
    raw = [each for kind in ("product", "academic", "committee") for each in json.loads(_content(folder, kind))]
    return {each["id"]: tuple((t.strip(), _spans(s)) for t, s in each["topics"] if s and t.strip()) for each in raw}


def _content(folder: Path, kind: str) -> str:
    return (folder / f"{kind}.json").read_text(encoding="utf-8")


def _spans(spans: Sequence[Sequence[int]]) -> Spans:
    return tuple((first, last) for first, last in spans)


def _case(meeting: Meeting, titles: tuple[tuple[str, Spans], ...], weights: Weights) -> Case:
    made = make_minutes(meeting.transcript, weights=weights)
    actions = tuple(FollowUp(each.text, each.speaker, each.who, each.due) for each in made.actions)
    talk = Talk.of(meeting.transcript)
    words = tuple(_stems(tokens, weights.rarity) for tokens in talk.tokens)
    return Case(meeting, talk, made.topics, actions, titles, words)


def agenda(cases: Sequence[Case], weights: Weights) -> dict[str, Any]:
    """For each system, the share of a meeting's lines: right, wrong and missed; and the share of the lines of other
    meetings that count as discussed."""
    systems: dict[str, Callable[[Case, Sequence[str]], Found]] = {
        OURS: partial(_ours, weights.rarity),
        PLAIN: partial(_ours, {}),
        "most shared words, two or more": partial(_shared, weights.rarity, 2),
        "most shared words, one or more": partial(_shared, weights.rarity, 1),
    }
    values: dict[str, list[dict[str, float]]] = {name: [] for name in (*systems, "chance")}
    for number, case in enumerate(cases):
        rng = np.random.default_rng(number)
        own, kind = case.meeting, case.meeting.kind
        other = _draw(rng, [c for c in cases if c.meeting.kind != kind], len(case.titles))
        same = [c for c in cases if c.meeting.kind == kind and c.meeting.series != own.series]
        lines = {"other": other, "same": _draw(rng, same, len(case.titles))}
        for name, system in systems.items():
            found = system(case, [title for title, _ in case.titles])
            false = {key: _share(system(case, each)) for key, each in lines.items() if each}
            values[name].append({**_judged(case, found), **false})
        chance = _chance(case)
        values["chance"].append({"right": chance, "wrong": 1 - chance, **{key: 1.0 for key in lines if lines[key]}})
    return {name: _summed(each) for name, each in values.items()} | {"lines": sum(len(c.titles) for c in cases)}


def _draw(rng: np.random.Generator, cases: Sequence[Case], number: int) -> list[str]:
    titles = [title for case in cases for title, _ in case.titles]
    return [titles[int(index)] for index in rng.choice(len(titles), min(number, len(titles)), replace=False)]


def _ours(rarity: Mapping[str, float], case: Case, lines: Sequence[str]) -> Found:
    found = match_agenda(case.talk, case.topics, lines, rarity)
    return [each.mention.evidence[0].utterance if each.mention else None for each in found]


def _shared(rarity: Mapping[str, float], least: int, case: Case, lines: Sequence[str]) -> Found:
    """The first utterance with most of the line's content words, where it has ``least`` of them."""
    wanted = [_stems(line_tokens(line), rarity) for line in lines]
    counts = [[len(stems & said) for said in case.words] for stems in wanted]
    return [int(np.argmax(each)) if max(each) >= least else None for each in counts]


def _stems(tokens: Sequence[str], rarity: Mapping[str, float]) -> frozenset[str]:
    return frozenset(word[:STEM] for word in tokens if is_content(word, rarity))


def _share(found: Sequence[object]) -> float:
    return float(np.mean([each is not None for each in found]))


def _judged(case: Case, found: Found) -> dict[str, float]:
    turns = [None if each is None else case.meeting.turn_of[each] for each in found]
    pairs = zip(turns, case.titles, strict=True)
    right = np.mean([turn is not None and any(a <= turn <= b for a, b in spans) for turn, (_, spans) in pairs])
    return {"right": float(right), "wrong": _share(found) - float(right)}


def _chance(case: Case) -> float:
    """The mean share of a title's spans in the meeting: how often a turn by chance is right."""
    inside = [len({t for a, b in spans for t in range(a, b + 1)}) for _, spans in case.titles]
    return float(np.mean(inside)) / case.meeting.turns


def _summed(values: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    lists = {key: [each[key] for each in values if key in each] for key in ("right", "wrong", "other", "same")}
    return {key: {"mean": round(float(np.mean(v)), 4), "interval": _rounded(interval(v))} for key, v in lists.items()}


def _rounded(pair: tuple[float, float]) -> list[float]:
    return [round(each, 3) for each in pair]


def follow_up(cases: Sequence[Case], weights: Weights) -> dict[str, Any]:
    """The share of actions that each system calls mentioned: in the next meeting, in other groups' meetings of the
    same kind, and in meetings of another kind."""
    systems: dict[str, Callable[[Case, Case], Sequence[object]]] = {
        OURS: partial(_mentions, weights.rarity),
        PLAIN: partial(_mentions, {}),
        "two shared words in an utterance": partial(_words_shared, weights.rarity, 2),
        "one shared word in an utterance": partial(_words_shared, weights.rarity, 1),
    }
    pairs = _pairs(cases)
    result: dict[str, Any] = {}
    for name, system in systems.items():
        found = {key: [each for one, two in group for each in system(one, two)] for key, group in pairs.items()}
        result[name] = {key: round(_share(each), 4) for key, each in found.items()}
    return result | {"actions": {key: sum(len(one.actions) for one, _ in group) for key, group in pairs.items()}}


def _pairs(cases: Sequence[Case]) -> dict[str, list[tuple[Case, Case]]]:
    """An earlier and a later meeting: the next of the same people; others for every meeting that has a next one."""
    ordered = sorted(cases, key=lambda case: case.meeting.name)
    by_series: dict[str, list[Case]] = {}
    for case in ordered:
        by_series.setdefault(case.meeting.series, []).append(case)
    pairs: dict[str, list[tuple[Case, Case]]] = {"next": [], "same": [], "other": []}
    rng = np.random.default_rng(0)
    for series in by_series.values():
        for one, two in pairwise(series):
            pairs["next"].append((one, two))
            kind, group = one.meeting.kind, one.meeting.series
            same = [c for c in ordered if c.meeting.kind == kind and c.meeting.series != group]
            other = [c for c in ordered if c.meeting.kind != kind]
            for key, choice in (("same", same), ("other", other)):
                drawn = rng.choice(len(choice), min(DRAWS, len(choice)), replace=False)
                pairs[key] += [(one, choice[int(index)]) for index in drawn]
    return pairs


def _mentions(rarity: Mapping[str, float], one: Case, two: Case) -> list[object]:
    return [each.mention for each in match_previous(two.talk, two.topics, one.actions, rarity)]


def _words_shared(rarity: Mapping[str, float], least: int, one: Case, two: Case) -> list[object]:
    lines = [each.text for each in one.actions]
    return list(_shared(rarity, least, two, lines))


def as_tables(figures: Mapping[str, Any]) -> str:
    """The figures as Markdown: agenda, earlier actions."""
    lines = [
        "| lines of an agenda | right passage | wrong passage | missed | of another kind, called discussed "
        "| of other groups, called discussed |",
        f"|{'---|' * 6}",
    ]
    for system, entry in figures["agenda"].items():
        if system != "lines":
            cells = [_cell(entry["right"]), _cell(entry["wrong"])]
            missed = 1 - entry["right"]["mean"] - entry["wrong"]["mean"]
            cells += [f"{abs(missed):.2f}", _cell(entry["other"]), _cell(entry["same"])]
            lines.append(f"| {system} | {' | '.join(cells)} |")
    count = figures["follow_up"]["actions"]
    lines += [
        "",
        f"| earlier actions, called mentioned | in the next meeting ({count['next']}) "
        f"| in meetings of another kind ({count['other']}) | of other groups ({count['same']}) |",
        f"|{'---|' * 4}",
    ]
    for system, shares in figures["follow_up"].items():
        if system != "actions":
            lines.append(f"| {system} | {' | '.join(f'{shares[key]:.3f}' for key in ('next', 'other', 'same'))} |")
    return "\n".join(lines)


def _cell(entry: Mapping[str, Any]) -> str:
    low, high = entry["interval"]
    return f"{entry['mean']:.2f} ({low:.2f} to {high:.2f})"
