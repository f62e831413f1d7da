"""Minutes of our own transcript beside minutes of the reference transcript, on the audio there is: ES2002a of AMI.

    python -m examples.benchmarks.minutes_recognized [--update]

Two excerpts follow each other (seconds 56 to 960 of the meeting) and are read as one recording. Shown are how many
items of one transcript are at the same moment as an item of the other, and recall and precision of key points by the
queries of QMSum, whose turns are placed in time by their words. One meeting, and its group of people was used in
making the minutes: the figures compare the two transcripts and say nothing about other meetings. ``--update`` writes
the table in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from examples.benchmarks import data
from examples.benchmarks.minutes_bench import DRAWS, ITEMS
from examples.benchmarks.minutes_data import Meeting, Spans, cited, read_meetings
from pipeline import formats, transcribe
from pipeline.core.types import Transcript, Utterance
from pipeline.minutes.making import make_minutes
from pipeline.minutes.passages import LEAST
from pipeline.minutes.talk import tokens_of
from pipeline.minutes.types import Item

MEETING = "ES2002a"
EXCERPTS = (("es2002a_0056", 0.0), ("es2002a_0420", 364.0))
"""The excerpts, and where each begins in seconds from the first."""
SPEAKERS = 4
"""Number of speakers that the transcription is given."""
SAME = 15.0
"""Seconds between two items that count as the same moment. Chosen by hand: a few turns."""
SURE = 3
"""Fewest words in a row that place a turn. Chosen by hand: shorter matches are frequent words anywhere."""
KINDS = ("points", "decisions", "actions", "questions")


def main() -> None:
    """Transcribe, compare and print; with ``--update``, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--update", action="store_true", help="write the table in docs/benchmarks.md")
    options = parser.parse_args()
    shared = data.shared_data()
    if shared is None:
        sys.exit("the development data is not here: put it into shared/data in a folder above the repository")
    folder = shared / "ami_long"
    reference = one_recording([formats.load(folder / f"{name}.stm") for name, _ in EXCERPTS])
    recognized = one_recording(
        [transcribe(folder / f"{name}.flac", speakers=SPEAKERS, cache=True) for name, _ in EXCERPTS]
    )
    table = as_table(reference, recognized, marked_meeting(shared / "qmsum"))
    sys.stdout.write(table + "\n")
    if options.update:
        data.write_block(data.ROOT / "docs" / "benchmarks.md", "minutes-recognized", table)


def marked_meeting(folder: Path) -> Meeting:
    """The meeting with QMSum's marks."""
    return next(each for part in read_meetings(folder).values() for each in part if each.name == MEETING)


def one_recording(parts: Sequence[Transcript]) -> Transcript:
    """The excerpts as one transcript; speakers keep their labels."""
    lines: list[Utterance] = []
    for part, (_, offset) in zip(parts, EXCERPTS, strict=True):
        for line in part.utterances:
            words = (replace(w, start=max(0.0, w.start) + offset, end=w.end + offset) for w in line.words)
            lines.append(Utterance(line.speaker, tuple(words)))
    lines.sort(key=lambda line: line.start)
    return Transcript(max(line.end for line in lines) + 1.0, tuple(lines), language="en")


def turn_times(meeting: Meeting, reference: Transcript) -> dict[int, tuple[float, float]]:
    """Start and end in the recording of each of QMSum's turns with words in it: words that both have, in order."""
    marked = [(token, turn) for turn, line in _turns(meeting) for token in tokens_of(line.words)]
    spoken = [(token, word) for line in reference.utterances for word in line.words for token in tokens_of((word,))]
    matcher = SequenceMatcher(None, [token for token, _ in marked], [token for token, _ in spoken], autojunk=False)
    times: dict[int, tuple[float, float]] = {}
    for block in matcher.get_matching_blocks():
        if block.size < SURE:
            continue
        for number in range(block.size):
            turn, word = marked[block.a + number][1], spoken[block.b + number][1]
            start, end = times.get(turn, (word.start, word.end))
            times[turn] = (min(start, word.start), max(end, word.end))
    return times


def _turns(meeting: Meeting) -> Sequence[tuple[int, Utterance]]:
    return list(zip(meeting.turn_of, meeting.transcript.utterances, strict=True))


def timed_queries(queries: Sequence[Spans], times: dict[int, tuple[float, float]]) -> list[Spans]:
    """The gold spans that the recording has, in hundredths of a second; queries without any are left out."""
    found = []
    for spans in queries:
        inside = [[times[turn] for turn in times if first <= turn <= last] for first, last in spans]
        limits = [(min(a for a, _ in each), max(b for _, b in each)) for each in inside if each]
        if limits:
            found.append(tuple((round(100 * start), round(100 * end)) for start, end in limits))
    return found


def as_table(reference: Transcript, recognized: Transcript, meeting: Meeting) -> str:
    """The comparison as Markdown."""
    queries = timed_queries(meeting.queries, turn_times(meeting, reference))
    lines = [f"| {MEETING}, {len(queries)} queries | {' | '.join(f'{number} items' for number in ITEMS)} |"]
    lines.append(f"|{'---|' * (len(ITEMS) + 1)}")
    for name, transcript in (("the reference", reference), ("our transcript", recognized)):
        pairs = [cited(_moments(make_minutes(transcript, n).points), queries) for n in ITEMS]
        cells = [f"{recall:.2f} / {precision:.2f}" for recall, precision in pairs]
        lines.append(f"| key points of {name}, recall / precision | {' | '.join(cells)} |")
    lines.append(f"| random moments, recall / precision | {' | '.join(_random(reference, queries))} |")
    for kind in KINDS:
        cells = [_agreement(reference, recognized, kind, number) for number in ITEMS]
        lines.append(f"| {kind} of our transcript also in the reference's | {' | '.join(cells)} |")
    return "\n".join(lines)


def _moments(items: Sequence[Item]) -> list[int]:
    return [round(100 * item.start) for item in items]


def _random(reference: Transcript, queries: Sequence[Spans]) -> list[str]:
    """Recall and precision of the starts of utterances by chance."""
    starts = [round(100 * line.start) for line in reference.utterances]
    draws = [np.random.default_rng(seed).permutation(starts) for seed in range(DRAWS)]
    means = [np.mean([cited([int(t) for t in draw[:n]], queries) for draw in draws], axis=0) for n in ITEMS]
    return [f"{recall:.2f} / {precision:.2f}" for recall, precision in means]


def _agreement(reference: Transcript, recognized: Transcript, kind: str, number: int) -> str:
    """How many of our items are at the moment of one of the reference's; in brackets, by chance: utterances of our
    transcript instead of items."""
    theirs: Sequence[Item] = getattr(make_minutes(reference, number), kind)
    ours: Sequence[Item] = getattr(make_minutes(recognized, number), kind)
    lines = [line for line in recognized.utterances if len(line.words) >= LEAST]
    if not ours:
        return "–"
    chance = np.mean([any(_near(line, item) for item in theirs) for line in lines])
    return f"{sum(any(_near(one, two) for two in theirs) for one in ours)} of {len(ours)} ({chance * len(ours):.1f})"


def _near(one: Item | Utterance, two: Item) -> bool:
    return abs(one.start - two.start) <= SAME


if __name__ == "__main__":
    main()
