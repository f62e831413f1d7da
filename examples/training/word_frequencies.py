"""The table of word frequencies by which phrase rules weigh words (pipeline/analytics/rules/frequencies.txt).

    python -m examples.training.word_frequencies

Counts the words of the QMSum meetings of the parts train and tune (manual transcripts, MIT licence; see
`examples.benchmarks.minutes_data`). A line of the table is a word and its occurrences in a million words.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from examples.benchmarks import data
from examples.benchmarks.minutes_data import read_meetings
from pipeline.analytics.rules.words import TABLE, tokens_of
from pipeline.core.types import Word

LEAST = 10
"""Fewest occurrences of a word in the table. A lower number makes a longer table of less certain frequencies."""


def main() -> None:
    """Count and write."""
    shared = data.shared_data()
    if shared is None:
        sys.exit("the development data is not here: put it into shared/data in a folder above the repository")
    parts = read_meetings(shared / "qmsum")
    words = [word for part in ("train", "tune") for meeting in parts[part] for word in meeting.transcript.words]
    rows = frequencies(words)
    TABLE.write_text("".join(f"{word} {count}\n" for word, count in rows), encoding="utf-8")
    sys.stdout.write(f"{len(rows)} words of {len(words):,}\n")


def frequencies(words: Sequence[Word], least: int = LEAST) -> list[tuple[str, int]]:
    """Words that occur ``least`` times or more, each with its occurrences in a million words, sorted by them."""
    counts = Counter(token.text for token in tokens_of(words, "en"))
    total = sum(counts.values())
    rows = [(word, round(count / total * 1e6)) for word, count in counts.items() if count >= least and word.isalpha()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


if __name__ == "__main__":
    main()
