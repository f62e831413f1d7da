"""Benchmark of the phrases of rules (`make bench-rules`): misses under recognition errors, and false hits.

    python -m examples.benchmarks.rules_bench [--part tune] [--update]

*Misses*: phrases of two to five words are drawn from the reference texts of recordings (AMI meetings; readers under
babble, music and television, VOiCES) and looked for in our transcripts of them: those that are there word by word, and
those with a recognition error. *False hits*: the same phrases, and those that rules of call centres use, are looked for
in the meetings of QMSum; a hit counts as literal where the words are the phrase, as a variant where its content words
are there in order, perhaps with other endings, and as false otherwise. The matcher of version 0.1.0 (the characters of
the whole phrase) is measured beside. Constants were chosen on the part ``tune``; ``--update`` writes
examples/benchmarks/rules.json and the table in docs/rules.md, on the part ``report``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.benchmarks import data, rules_baseline
from examples.benchmarks.minutes_data import read_meetings
from pipeline import formats, transcribe
from pipeline.analytics.rules import matching
from pipeline.analytics.rules.types import Evidence
from pipeline.analytics.rules.words import CONTENT, phrase_tokens, weight
from pipeline.core.types import Transcript

CALL_PHRASES = (
    "thank you for calling", "how can I help you", "this call is recorded", "calls are recorded for quality",
    "can I take your name", "your date of birth", "your account number", "your card number", "the security code",
    "the long number on the front", "let me put you on hold", "thank you for holding", "sorry to keep you waiting",
    "sorry for the inconvenience", "I understand your frustration", "speak to a supervisor", "speak to a manager",
    "make a complaint", "cancel my account", "cancel my subscription", "I want a refund", "money back", "I guarantee",
    "I promise", "no obligation", "terms and conditions", "cooling off period", "direct debit", "interest rate",
    "is there anything else", "have a nice day", "thank you", "goodbye", "tracking number", "delivery address",
    "technical support", "mortgage", "insurance policy", "solicitor", "ombudsman",
)  # fmt: skip
"""Phrases that rules of call centres use. Written by hand, before any was looked for."""
RECORDINGS: Mapping[str, tuple[str, ...]] = {
    "tune": ("ami/trn*.wav", "ami/pixit_1.wav", "ami_long/*_0056.flac", "noise/*_sp00*.flac", "noise/*_sp01*.flac"),
    "report": ("ami/dev*.wav", "ami/pixit_2.wav", "ami_long/*_0420.flac", "noise/*_sp02*.flac"),
}
"""The recordings of each part; no speaker of VOiCES is in both."""
SHARE = 0.2
"""Part of the possible phrases that is drawn. Chosen by hand: phrases that share words say little more."""
MOST = 100
"""Most drawn phrases that are looked for in the meetings, for time."""
AROUND = 3.0
"""Seconds around an utterance in which its phrase is looked for; times of words differ by less."""
WORDS = 60_000
"""Words of meetings in which phrases are looked for, for time."""
HOUR = 10_000
"""Words of an hour of conversation, about."""
Finder = Callable[[Transcript, Sequence[str]], tuple[Evidence, ...]]
FINDERS: Mapping[str, Finder] = {"new": matching.find, "old": rules_baseline.find}
"""The matcher of the package, and that of version 0.1.0."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A phrase of a reference text, where it is in time, and whether our transcript has it word by word."""

    phrase: str
    start: float
    end: float
    is_exact: bool


def main() -> None:
    """Measure, print, and with ``--update`` write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--part", choices=tuple(RECORDINGS), default="report", help="recordings and meetings")
    parser.add_argument("--update", action="store_true", help="write rules.json and the table in docs/rules.md")
    options = parser.parse_args()
    shared = data.shared_data()
    if shared is None:
        sys.exit("the development data is not here: put it into shared/data in a folder above the repository")
    figures = measure(shared, options.part)
    sys.stdout.write(as_table(figures) + "\n")
    for example in figures["examples"]:
        sys.stdout.write(f"{example}\n")
    if options.update:
        (data.RESULTS / "rules.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "rules.md", "rules", as_table(figures))


def measure(shared: Path, part: str) -> dict[str, Any]:
    """The figures of a part of the data."""
    misses: dict[str, dict[str, int]] = {}
    phrases: list[str] = []
    for reference, recognized in recordings(shared, part):
        planted = list(drawn(reference, recognized))
        phrases += (each.phrase for each in planted)
        _count(misses, planted, recognized)
    meetings = _first_words([meeting.transcript for meeting in read_meetings(shared / "qmsum")[part]])
    examples: list[str] = []
    false = {
        "drawn": false_hits(meetings, random.Random(0).sample(sorted(set(phrases)), MOST), None),
        "call": false_hits(meetings, CALL_PHRASES, examples),
    }
    return {"part": part, "found": misses, "false": false, "examples": examples}


def recordings(shared: Path, part: str) -> Iterator[tuple[Transcript, Transcript]]:
    """References and our transcripts of the recordings of a part."""
    for pattern in RECORDINGS[part]:
        for path in sorted(shared.glob(pattern)):
            speakers = 1 if path.parent.name == "noise" else None
            yield formats.load(path.with_suffix(".stm")), transcribe(path, speakers=speakers, cache=True)


def drawn(reference: Transcript, recognized: Transcript) -> Iterator[Planted]:
    """Phrases of two to five words with a content word that the reference has once, a part of them at random."""
    rng = random.Random(0)
    everything = [phrase_tokens(utterance.text, "en") for utterance in reference.utterances]
    said = [tuple(token.text for token in stream.tokens) for stream in matching.streams(recognized)]  # over lines
    for utterance in reference.utterances:
        texts = [word.text.strip(".,?!") for word in utterance.words]
        for length in (2, 3, 4, 5):
            for first in range(len(texts) - length + 1):
                words = texts[first : first + length]
                phrase = " ".join(words)
                tokens = phrase_tokens(phrase, "en")
                clean = all(word.replace("'", "").isalpha() and word.lower() not in _FILLERS for word in words)
                if not clean or max(map(weight, tokens), default=0.0) < CONTENT or rng.random() > SHARE:
                    continue
                if sum(_occurrences(tokens, each) for each in everything) == 1:
                    is_exact = any(_occurrences(tokens, each) for each in said)
                    yield Planted(phrase, utterance.start - AROUND, utterance.end + AROUND, is_exact)


_FILLERS = frozenset(("um", "uh", "er", "erm", "hm", "hmm", "mm", "mhm", "ah", "oh", "uhhuh"))
"""Words that people write differently or leave out."""


def _occurrences(tokens: Sequence[str], text: Sequence[str]) -> int:
    return sum(tuple(text[i : i + len(tokens)]) == tuple(tokens) for i in range(len(text) - len(tokens) + 1))


def _count(figures: dict[str, dict[str, int]], planted: Sequence[Planted], recognized: Transcript) -> None:
    """Add the phrases of a recording to the figures: how many there are, and how many each matcher finds."""
    for each in planted:
        length = str(len(each.phrase.split()))
        for group in ("exact" if each.is_exact else "error", *(() if each.is_exact else (f"error {length}",))):
            row = figures.setdefault(group, {"phrases": 0, **dict.fromkeys(FINDERS, 0)})
            row["phrases"] += 1
            for name, find in FINDERS.items():
                hits = find(recognized, [each.phrase])
                row[name] += any(hit.start < each.end and each.start < hit.end for hit in hits)


def _first_words(meetings: Sequence[Transcript]) -> list[Transcript]:
    """Meetings of different kinds with about `WORDS` words in all."""
    chosen, count = [], 0
    for meeting in random.Random(0).sample(meetings, len(meetings)):
        if count < WORDS:
            chosen.append(meeting)
            count += len(meeting.words)
    return chosen


def false_hits(meetings: Sequence[Transcript], phrases: Sequence[str], examples: list[str] | None) -> dict[str, Any]:
    """Hits by kind; ``examples`` receives those that are not literal."""
    counts = {name: {"literal": 0, "variant": 0, "false": 0} for name in FINDERS}
    for meeting in meetings:
        for name, find in FINDERS.items():
            for phrase in phrases:
                for hit in find(meeting, [phrase]):
                    kind = _kind(phrase, hit.text)
                    counts[name][kind] += 1
                    if examples is not None and kind != "literal" and name == "new":
                        examples.append(f'{kind}: "{hit.text}" for "{phrase}", {hit.similarity}')
    return {"words": sum(len(meeting.words) for meeting in meetings), "phrases": len(phrases), **counts}


def _kind(phrase: str, text: str) -> str:
    wanted, found = phrase_tokens(phrase, "en"), phrase_tokens(text, "en")
    if wanted == found:
        return "literal"
    content = [_stem(word) for word in wanted if weight(word) >= CONTENT] or list(wanted)
    rest = iter([_stem(word) for word in found])
    return "variant" if all(word in rest for word in content) else "false"


def _stem(word: str) -> str:
    """A word without its ending, roughly."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def as_table(figures: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    rows = []
    names = {"exact": "said and recognized word by word", "error": "said, recognized with an error"}
    names |= {f"error {n}": f"— of {n} words" for n in (2, 3, 4, 5)}
    for group, title in names.items():
        row = figures["found"].get(group)
        if row:
            found = [f"{row[name]} ({row[name] / row['phrases']:.0%})" for name in ("old", "new")]
            rows.append(f"| {title} | {row['phrases']:,} | {' | '.join(found)} |")
    titles = {"drawn": "the same phrases in meetings without them", "call": "phrases of call centres in meetings"}
    for group, title in titles.items():
        row = figures["false"][group]
        hours = row["words"] / HOUR * row["phrases"] / 100
        for kind in ("literal", "variant", "false"):
            counts = [f"{row[name][kind]} ({row[name][kind] / hours:.2f})" for name in ("old", "new")]
            rows.append(f"| {title}: {kind} | {row['phrases']:,} | {' | '.join(counts)} |")
    return "\n".join(["| | phrases | 0.1.0 | now |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    main()
