"""The table of word frequencies by which phrase rules weigh words (pipeline/analytics/rules/frequencies.txt).

    python -m examples.training.word_frequencies

Counts the words of the QMSum meetings of the parts train and tune (manual transcripts, MIT licence; see
`examples.benchmarks.minutes_data`). A line of the table is a word and its occurrences in a million words.
"""

from __future__ import annotations

import sys
from collections import Counter

from examples.benchmarks import data
from examples.benchmarks.minutes_data import read_meetings
from pipeline.analytics.rules.words import TABLE, tokens_of

LEAST = 10
"""Fewest occurrences of a word in the table. A lower number makes a longer table of less certain frequencies."""


def main() -> None:
    """Count and write."""
    shared = data.shared_data()
    if shared is None:
        sys.exit("the development data is not here: put it into shared/data in a folder above the repository")
    parts = read_meetings(shared / "qmsum")
    words = [word for part in ("train", "tune") for meeting in parts[part] for word in meeting.transcript.words]
    counts = Counter(token.text for token in tokens_of(words, "en"))
    total = sum(counts.values())
    rows = [(word, round(count / total * 1e6)) for word, count in counts.items() if count >= LEAST and word.isalpha()]
    rows.sort(key=lambda row: (-row[1], row[0]))
    TABLE.write_text("".join(f"{word} {count}\n" for word, count in rows), encoding="utf-8")
    sys.stdout.write(f"{len(rows)} words of {total:,}\n")


if __name__ == "__main__":
    main()
