"""Benchmark of roles, rules and redaction on constructed calls (`make bench-calls`).

    python -m examples.benchmarks.calls_bench [--recognize] [--calls N] [--without-sound] [--update]

The calls are made by `examples.benchmarks.calls_data`, and recognized once, with the default models, where this was not
done. *Roles*: is the agent the agent? *Rules*: findings beside what was said. *Redaction*: planted items that are left
in the words, in any file, and in what is recognized in the redacted sound. Both halves of the calls are measured, at
the same time; ``--update`` writes the figures into examples/benchmarks/calls.json, and those of the half that was not
used in development into docs/call-centre.md.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.benchmarks import calls_data, calls_redaction, calls_texts, data
from examples.synthetic_calls import AGENT
from pipeline import Transcript, formats
from pipeline.analytics import analytics_file
from pipeline.analytics.roles.assigning import with_roles
from pipeline.analytics.roles.request import request_of, role_specs
from pipeline.analytics.rules.reading import read
from pipeline.core.timeline import covered, intersection, speech_of
from pipeline.evaluation.benchmark.tables import machine

RULES = data.ROOT / "examples" / "benchmarks" / "calls_rules.yaml"
"""The rules whose results are known, and the roles."""
PURE = 0.85
"""Share of a speaker's time that belongs to one person from which the diarization separated the two. By hand."""
PARTS = {
    "development": range(1, calls_texts.DEVELOPMENT + 1),
    "report": range(calls_texts.DEVELOPMENT + 1, calls_texts.COUNT + 1),
}
"""Numbers of the calls of each part."""


@dataclass(frozen=True, slots=True)
class Call:
    """A recognized call beside what is known of it."""

    name: str
    transcript: Transcript
    reference: Transcript
    truth: Mapping[str, Any]

    @property
    def audio(self) -> Path:
        return calls_data.FOLDER / "audio" / f"{self.name}.wav"


def main() -> None:
    """Measure, print and, with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, help="maximum number of calls of each half")
    parser.add_argument("--recognize", action="store_true", help="first recognize the calls that were not yet")
    parser.add_argument("--without-sound", action="store_true", help="do not redact and transcribe the sound")
    parser.add_argument("--update", action="store_true", help="write calls.json and docs/call-centre.md")
    options = parser.parse_args()
    if options.recognize:
        recognize()
    if any(next(read_calls(numbers), None) is None for numbers in PARTS.values()):
        sys.exit("no recognized calls of a half: see examples/benchmarks/calls_data.py, and --recognize")
    measured = functools.partial(measure_part, count=options.calls, sound=not options.without_sound)
    with ProcessPoolExecutor(len(PARTS), multiprocessing.get_context("spawn")) as processes:
        parts = dict(zip(PARTS, processes.map(measured, PARTS), strict=True))
    tables = as_tables(parts)
    sys.stdout.write("\n\n".join(tables.values()) + "\n")
    if options.update:
        content = {"machine": machine(), "parts": parts}
        (data.RESULTS / "calls.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        for name, table in tables.items():
            data.write_block(data.ROOT / "docs" / "call-centre.md", f"calls-{name}", table)


def measure_part(part: str, count: int | None, sound: bool) -> dict[str, Any]:
    """The figures of one half of the calls, of at most ``count``."""
    return measure([*read_calls(PARTS[part])][:count], calls_redaction.OUT / part, sound)


def recognize() -> None:
    """Transcribe the calls that were not yet, with the default models."""
    options = ["--speakers", "2", "--jobs", str(os.cpu_count() or 1), "--format", "json", "--offline"]
    folders = [str(calls_data.FOLDER / "audio"), "-o", str(calls_data.FOLDER / "recognized")]
    subprocess.run([sys.executable, "-m", "pipeline", "batch", *folders, *options], check=True)


def read_calls(part: Sequence[int]) -> Iterator[Call]:
    """The recognized calls of a part."""
    for number in part:
        name = calls_data.name_of(number)
        path = calls_data.FOLDER / "recognized" / f"{name}.json"
        if path.exists():
            reference = calls_data.FOLDER / "reference" / f"{name}.json"
            truth = json.loads(reference.with_suffix(".truth.json").read_text(encoding="utf-8"))
            yield Call(name, formats.load(path), formats.load(reference), truth)


def measure(calls: Sequence[Call], out: Path, sound: bool = True) -> dict[str, Any]:
    """The figures of roles, rules and redaction; redacted calls go to ``out``."""
    text = RULES.read_text(encoding="utf-8")
    by_rules = {call.name: with_roles(call.transcript, request_of(role_specs(text), None, {})) for call in calls}
    shipped = request_of((), "agent,customer", {})
    by_default = {call.name: with_roles(call.transcript, shipped) for call in calls}
    return {
        "calls": len(calls),
        "minutes": round(sum(call.reference.duration for call in calls) / 60, 1),
        "roles": [*roles(calls, by_rules, "phrases of the rules file"), *roles(calls, by_default, "shipped phrases")],
        "rules": [*rules(calls, by_rules, text)],
        "redaction": calls_redaction.measure(calls, by_rules, out, sound),
    }


def roles(calls: Sequence[Call], assigned: Mapping[str, Transcript], name: str) -> Iterator[dict[str, Any]]:
    """Calls whose agent is right, wrong or unknown, by kind of call: a row for each."""
    rows: dict[str, Counter[str]] = {}
    for call in calls:
        rows.setdefault(kind_of(call), Counter())[agent(call, assigned[call.name])] += 1
    for kind, counts in sorted(rows.items()):
        yield {"roles": name, "kind": kind, "calls": counts.total(), **{k: counts[k] for k in OUTCOMES}}


OUTCOMES = ("right", "wrong", "unknown")
"""What can come of a call's roles."""


def kind_of(call: Call) -> str:
    """Stereo, or mono with speakers that the diarization separated or mixed."""
    if call.truth["stereo"]:
        return "one channel each"
    shares = [max(shares.values()) / sum(shares.values()) for shares in people(call, call.transcript).values()]
    separated = len(shares) == 2 and min(shares) >= PURE
    return "one microphone, speakers separated" if separated else "one microphone, speakers mixed up"


def people(call: Call, transcript: Transcript) -> dict[str, dict[str, float]]:
    """For each speaker of a transcript, the seconds that are the agent's and the customer's."""
    true = speech_of(call.reference.turns)
    said = {
        speaker: {label: covered(intersection(spans, true[label])) for label in true}
        for speaker, spans in speech_of(transcript.turns).items()
    }
    return {speaker: shares for speaker, shares in said.items() if sum(shares.values()) > 0}


def agent(call: Call, transcript: Transcript) -> str:
    """Whether the speaker with the role of the agent is mostly the agent."""
    holder = next((each.speaker for each in transcript.roles if each.role == AGENT), None)
    shares = people(call, transcript).get(holder or "")
    if shares is None:
        return "unknown"
    return "right" if max(shares, key=lambda label: shares[label]) == AGENT else "wrong"


def rules(calls: Sequence[Call], assigned: Mapping[str, Transcript], text: str) -> Iterator[dict[str, Any]]:
    """False hits, misses and findings that do not apply, for each rule."""
    rows: dict[str, Counter[str]] = {}
    file = read(text, RULES.name).rules
    for call in calls:
        found = analytics_file.analyze(assigned[call.name], file)["findings"]
        for finding in found:
            expected = call.truth["rules"][finding["rule"]] == "passed"
            forbids = finding["rule"] == "no promises"
            rows.setdefault(finding["rule"], Counter())[outcome(finding["passed"], expected, forbids)] += 1
    for rule, counts in rows.items():
        yield {"rule": rule, "calls": counts.total(), **{k: counts[k] for k in RULE_OUTCOMES}}


RULE_OUTCOMES = ("hit", "right", "miss", "unknown")
"""What can come of a rule: words taken for the phrase, the right result, words missed, no result without the role."""


def outcome(passed: bool | None, expected: bool, forbids: bool) -> str:
    """A finding beside the truth; a rule that forbids its phrase passes where it was not said."""
    if passed is None:
        return "unknown"
    if passed == expected:
        return "right"
    return "hit" if passed != forbids else "miss"


def as_tables(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """A Markdown table for roles, for rules and for redaction, of the half for the report."""
    figures = parts["report"]
    role_rows = [[row["roles"], row["kind"], row["calls"], *(row[k] for k in OUTCOMES)] for row in figures["roles"]]
    rule_rows = [[row["rule"], row["calls"], *(row[k] for k in RULE_OUTCOMES)] for row in figures["rules"]]
    rule_heads = ("rule", "calls", "said by mistake", "right", "missed", "role unknown")
    return {
        "roles": table(("roles by", "calls with", "calls", *OUTCOMES), role_rows)
        + f"\n\nMeasured on {figures['calls']} calls, {figures['minutes']} minutes.",
        "rules": table(rule_heads, rule_rows),
        "redaction": calls_redaction.as_table(figures["redaction"])
        + "\n\n"
        + calls_redaction.in_all([part["redaction"] for part in parts.values()]),
    }


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


if __name__ == "__main__":
    main()
