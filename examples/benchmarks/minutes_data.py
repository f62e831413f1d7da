"""Meetings of QMSum as transcripts, their division into parts, and measures of minutes.

QMSum (Zhong and others, NAACL 2021) has manual transcripts of AMI, ICSI and committee meetings without times. Here each
word lasts `WORD` seconds and one turn follows the other, so that times and turns correspond.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.core.types import Transcript, Turn, Utterance, Word

WORD = 0.3
"""Seconds of a word: 200 words a minute, about the pace of the AMI meetings."""
PARTS = Path(__file__).with_name("minutes_parts.yaml")
"""The division of the meetings by series (meetings of the same group of people)."""
DECISIONS = re.compile(
    r"\b(?:decisions?|decide[sd]?|conclusions?|conclude[sd]?|agree[sd]?|agreements?|actions?)\b", re.IGNORECASE
)
"""Queries about decisions, conclusions, agreements and actions (``disagree`` and ``interaction`` are others)."""
ACTIONS = re.compile(
    r"\b(?:action items?|next (?:meeting|steps?|stage|phase)|tasks?|assignments?|homework|to[- ]do list)\b",
    re.IGNORECASE,
)
"""Queries about tasks and next steps. Chosen by hand on the parts train and tune."""
_ANNOTATION = re.compile(r"\{[^}]*\}")
Spans = tuple[tuple[int, int], ...]
"""First and last turn, inclusive, of each passage that answers a query."""


@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """One meeting: its transcript, one utterance per turn that has words, and what people marked in it.

    Turns are numbered as in QMSum; ``turn_of`` has the turn of each utterance.
    """

    name: str
    kind: str
    transcript: Transcript
    turn_of: tuple[int, ...]
    turns: int
    topics: tuple[int, ...]
    """Turns at which a topic begins, without turn 0."""
    decisions: tuple[Spans, ...]
    queries: tuple[Spans, ...]
    decided: tuple[Spans, ...]
    """Passages of queries whose question or answer speaks of a decision or agreement: training data."""
    actions: tuple[Spans, ...] = ()
    """Passages of queries about tasks and next steps."""

    @property
    def series(self) -> str:
        """The group of people: ``ES2002`` of ``ES2002a``, ``Bro`` of ``Bro003``; a committee's meeting itself."""
        match = re.match(r"[EIT]S\d{4}|B[a-z]{2}(?=\d)", self.name)
        return match[0] if match else self.name


def read_meetings(folder: Path) -> dict[str, list[Meeting]]:
    """The meetings of each part, ``train``, ``tune`` and ``report``."""
    parts = {series: part for part, names in yaml.safe_load(PARTS.read_text()).items() for series in names}
    found: dict[str, list[Meeting]] = {"train": [], "tune": [], "report": []}
    for kind in ("product", "academic", "committee"):
        for raw in json.loads((folder / f"{kind}.json").read_text(encoding="utf-8")):
            meeting = _meeting(raw, kind)
            found[parts[meeting.series]].append(meeting)
    return found


def _meeting(raw: dict[str, Any], kind: str) -> Meeting:
    words = [_ANNOTATION.sub(" ", text).split() for _, text in raw["turns"]]
    kept = [number for number, each in enumerate(words) if each]
    utterances, time = [], 0.0
    for number in kept:
        spoken = tuple(Word(time + i * WORD, time + (i + 1) * WORD, text) for i, text in enumerate(words[number]))
        utterances.append(Utterance(raw["turns"][number][0], spoken))
        time = spoken[-1].end
    turns = tuple(Turn(each.start, each.end, each.speaker) for each in utterances)
    starts = {first for _, spans in raw["topics"] for first, _ in spans if first > 0}
    queries = [(question, answer, _spans(spans)) for question, answer, spans in raw["specific"]]
    return Meeting(
        name=raw["id"],
        kind=kind,
        transcript=Transcript(time, tuple(utterances), turns, language="en"),
        turn_of=tuple(kept),
        turns=len(words),
        topics=tuple(sorted(starts)),
        decisions=tuple(spans for question, _, spans in queries if DECISIONS.search(question)),
        queries=tuple(spans for _, _, spans in queries),
        decided=tuple(spans for question, answer, spans in queries if DECISIONS.search(f"{question} {answer}")),
        actions=tuple(spans for question, _, spans in queries if ACTIONS.search(question)),
    )


def _spans(spans: Sequence[Sequence[int]]) -> Spans:
    return tuple((first, last) for first, last in spans)


def segmentation_errors(reference: Sequence[int], hypothesis: Sequence[int], count: int) -> tuple[float, float]:
    """Pk (Beeferman and others, 1999) and WindowDiff (Pevzner and Hearst, 2002) of boundaries in ``count`` units.

    A boundary is the number of the unit that begins a part. The window is half the mean length of the reference's
    parts. Both are 0 (equal) to 1; raises ``ValueError`` for fewer than two units.
    """
    if count < 2:
        raise ValueError(f"a segmentation has two or more units, not {count}")
    window = min(count - 1, max(1, round(count / (len(reference) + 1) / 2)))
    parts = []
    for boundaries in (reference, hypothesis):
        marks = np.zeros(count, int)
        marks[list(boundaries)] = 1
        parts.append(np.cumsum(marks))
    one, two = (each[window:] - each[:-window] for each in parts)
    return float(np.mean((one > 0) != (two > 0))), float(np.mean(one != two))


def cited(moments: Sequence[int], queries: Sequence[Spans]) -> tuple[float, float]:
    """Recall: the share of queries with a cited turn in one of their spans; precision: the share of cited turns in any
    span. Without a moment both are 0."""
    if not moments or not queries:
        return 0.0, 0.0
    hits = [any(first <= turn <= last for first, last in spans for turn in moments) for spans in queries]
    inside = [any(first <= turn <= last for spans in queries for first, last in spans) for turn in moments]
    return float(np.mean(hits)), float(np.mean(inside))


def interval(values: Sequence[float], draws: int = 2000) -> tuple[float, float]:
    """The 95 % interval of the mean, by drawing meetings with replacement (bootstrap)."""
    rng = np.random.default_rng(0)
    sample = np.asarray(values)
    means = sample[rng.integers(len(sample), size=(draws, len(sample)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
