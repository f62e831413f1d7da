"""Benchmark of minutes (`make bench-minutes`): topics, decisions, actions, key points, agendas and earlier actions.

    python -m examples.benchmarks.minutes_bench [--part report] [--update]

Run it in the repository's folder; it needs the development data (QMSum). Reference transcripts without times; a moment
is the turn in which an item starts. The part report was not used for any choice. Intervals are 95 %, by drawing
meetings with replacement; a difference is that of the minutes to the system on the same meetings. ``--update`` writes
examples/benchmarks/minutes.json and the tables in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from examples.benchmarks import data, minutes_agenda
from examples.benchmarks.minutes_baselines import CHANCE, MOMENTS, even, text_tiling
from examples.benchmarks.minutes_data import Meeting, Spans, cited, interval, read_meetings, segmentation_errors
from pipeline.evaluation.benchmark.tables import machine
from pipeline.minutes.making import make_minutes
from pipeline.minutes.talk import Talk
from pipeline.minutes.types import Item
from pipeline.minutes.weights import Weights, load

ITEMS = (5, 10, 20)
"""Numbers of items a meeting."""
DRAWS = 20
"""Repetitions of the systems that draw by chance."""
OURS = "minutes"
Values = dict[str, float]
"""The values of one meeting by measure."""
Results = Mapping[str, Mapping[str, Values]]
"""Values by system and meeting."""


def main() -> None:
    """Measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--part", choices=("report", "train", "tune"), default="report")
    parser.add_argument("--update", action="store_true", help="write minutes.json and the tables in docs/benchmarks.md")
    options = parser.parse_args()
    shared = data.shared_data()
    if shared is None:
        sys.exit("the development data is not here: put it into shared/data in a folder above the repository")
    meetings = read_meetings(shared / "qmsum")[options.part]
    figures = {"machine": machine(), "part": options.part, **summary(measure(meetings, load()))}
    figures |= minutes_agenda.figures(meetings, shared / "qmsum", load())
    sys.stdout.write(as_tables(figures) + "\n")
    if options.update:
        (data.RESULTS / "minutes.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "benchmarks.md", "minutes", as_tables(figures))


def measure(meetings: Sequence[Meeting], weights: Weights) -> Results:
    """All values of all systems."""
    found: dict[str, dict[str, Values]] = {}
    for meeting in meetings:
        talk = Talk.of(meeting.transcript)
        for system, values in (*topics(meeting, talk, weights), *moments(meeting, talk, weights)):
            found.setdefault(system, {}).setdefault(meeting.name, {}).update(values)
    return found


def topics(meeting: Meeting, talk: Talk, weights: Weights) -> Iterator[tuple[str, Values]]:
    """Pk, WindowDiff and the number of boundaries of each system; for a meeting with more than one topic."""
    if not meeting.topics:
        return
    known, count = len(meeting.topics), len(talk.tokens)
    began = time.perf_counter()
    ours = [each.first_utterance for each in make_minutes(meeting.transcript, 1, weights).topics[1:]]
    seconds = time.perf_counter() - began
    systems = {
        OURS: ours,
        "one topic": [],
        "even parts, number known": even(count, known + 1),
        "TextTiling": text_tiling(talk, weights.rarity),
        "TextTiling, number known": text_tiling(talk, weights.rarity, known),
    }
    for system, boundaries in systems.items():
        turns = sorted({meeting.turn_of[each] for each in boundaries})
        pk, difference = segmentation_errors(meeting.topics, turns, meeting.turns)
        yield system, {"pk": pk, "windowdiff": difference, "boundaries": float(len(turns)), "marked": float(known)}
    yield OURS, {"seconds": seconds}


def moments(meeting: Meeting, talk: Talk, weights: Weights) -> Iterator[tuple[str, Values]]:
    """Recall and precision of cited moments for decisions, actions and all queries, by number of items."""
    targets = {"decisions": meeting.decisions, "actions": meeting.actions, "points": meeting.queries}
    for number in ITEMS:
        minutes = make_minutes(meeting.transcript, number, weights)
        chosen: Mapping[str, Sequence[Item]] = {
            "decisions": minutes.decisions,
            "actions": minutes.actions,
            "points": minutes.points,
        }
        for kind, items in chosen.items():
            yield OURS, _values(meeting, kind, number, [_utterances(items)], targets[kind])
    for system, choose in MOMENTS.items():
        seeds = range(DRAWS if system in CHANCE else 1)
        draws = [choose(talk, weights.rarity, np.random.default_rng(seed)) for seed in seeds]
        for number in ITEMS:
            for kind, queries in targets.items():
                yield system, _values(meeting, kind, number, [draw[:number] for draw in draws], queries)


def _utterances(items: Sequence[Item]) -> list[int]:
    return [item.evidence[0].utterance for item in items]


def _values(
    meeting: Meeting, kind: str, number: int, draws: Sequence[Sequence[int]], queries: Sequence[Spans]
) -> Values:
    """The means of recall and precision over the draws; nothing for a meeting without such a query."""
    if not queries:
        return {}
    pairs = [cited([meeting.turn_of[each] for each in draw], queries) for draw in draws]
    recall, precision = np.mean(pairs, axis=0)
    return {f"{kind} recall {number}": float(recall), f"{kind} precision {number}": float(precision)}


def summary(results: Results) -> dict[str, Any]:
    """The mean of each measure and system with its interval, and the difference of the minutes to it."""
    figures: dict[str, Any] = {}
    for system, meetings in results.items():
        for measure_ in sorted({name for values in meetings.values() for name in values}):
            names = [name for name, values in meetings.items() if measure_ in values]
            values = [meetings[name][measure_] for name in names]
            entry: dict[str, Any] = {"mean": round(float(np.mean(values)), 4), "meetings": len(names)}
            entry["interval"] = [round(each, 3) for each in interval(values)]
            if system != OURS and measure_ in results[OURS][names[0]]:
                ours = [results[OURS][name][measure_] - meetings[name][measure_] for name in names]
                entry["difference"] = [round(each, 3) for each in interval(ours)]
            figures.setdefault(measure_, {})[system] = entry
    return {"measures": figures}


def as_tables(figures: Mapping[str, Any]) -> str:
    """The figures as Markdown: topics, decisions, actions, key points, agenda, earlier actions."""
    measures = figures["measures"]
    lines = ["| topics | Pk | minutes less this | WindowDiff | boundaries (marked: "]
    lines[0] += f"{measures['marked'][OURS]['mean']:.1f}) |"
    lines.append("|---|---|---|---|---|")
    for system, pk in measures["pk"].items():
        window, number = (measures[name][system]["mean"] for name in ("windowdiff", "boundaries"))
        lines.append(f"| {system} | {_mean(pk)} | {_difference(pk)} | {window:.3f} | {number:.1f} |")
    titles = {"decisions": "decisions", "actions": "actions", "points": "key points, all queries"}
    for kind, title in titles.items():
        if f"{kind} recall {ITEMS[0]}" in measures:
            lines += ["", *_moment_table(measures, kind, title)]
    if "agenda" in figures:
        lines += ["", minutes_agenda.as_tables(figures)]
    return "\n".join(lines)


def _moment_table(measures: Mapping[str, Any], kind: str, title: str) -> list[str]:
    head = [f"recall / precision, {number} items" for number in ITEMS]
    meetings = measures[f"{kind} recall {ITEMS[0]}"][OURS]["meetings"]
    lines = [
        f"| {title} ({meetings} meetings) | {' | '.join(head)} | minutes less this, {ITEMS[0]} items |",
        f"|{'---|' * (len(ITEMS) + 2)}",
    ]
    for system in measures[f"{kind} recall {ITEMS[0]}"]:
        pairs = [(measures[f"{kind} recall {n}"][system], measures[f"{kind} precision {n}"][system]) for n in ITEMS]
        cells = [f"{one['mean']:.3f} / {two['mean']:.3f}" for one, two in pairs]
        difference = " / ".join(_difference(each) for each in pairs[0])
        lines.append(f"| {system} | {' | '.join(cells)} | {difference} |")
    return lines


def _mean(entry: Mapping[str, Any]) -> str:
    low, high = entry["interval"]
    return f"{entry['mean']:.3f} ({low:.2f} to {high:.2f})"


def _difference(entry: Mapping[str, Any]) -> str:
    if "difference" not in entry:
        return "–"
    low, high = entry["difference"]
    return f"{low:+.2f} to {high:+.2f}".replace("-", "−")


if __name__ == "__main__":
    main()
