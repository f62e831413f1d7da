"""Transcripts of written lines for the tests of minutes."""

from __future__ import annotations

import random
from collections.abc import Sequence

from pipeline.core.types import Transcript, Turn, Utterance, Word

PACE = 0.3
"""Seconds of a word."""
Line = tuple[str, str]
"""Speaker and text."""

BUDGET = (
    ("Anna", "The budget of the summer festival is four thousand pounds this year."),
    ("Boris", "So the budget covers the stage, the lights and the printed programme?"),
    ("Anna", "The stage costs half of the budget, the lights cost a quarter."),
    ("Chen", "Yeah."),
    ("Boris", "The programme is cheap if the printing house gives us a discount."),
)
PARKING = (
    ("Chen", "Okay, next item, the parking of visitors behind the school."),
    ("Anna", "The parking behind the school is closed because of the building site."),
    ("Boris", "Visitors could take the bus from the station to the school."),
    ("Anna", "Right."),
    ("Chen", "The bus is full on Saturdays, the parking near the church is free."),
)
TOPICS: Sequence[Line] = (*BUDGET * 6, *PARKING * 6)
"""A talk of two subjects."""
ENDING = (
    ("Anna", "So we decided to use the parking near the church."),
    ("Boris", "Yeah, agreed."),
    ("Anna", "I'll write to the church by Friday."),
    ("Chen", "Boris, can you send the programme to the printing house before next week?"),
    ("Boris", "Sure."),
    ("Anna", "Do we have enough volunteers for the evening at the gate?"),
    ("Chen", "I don't know, we have to ask them."),
)
VOCABULARY = [word for _, text in (*TOPICS, *ENDING) for word in text.split()] + [f"word{n}" for n in range(3000)]
"""The words of `long_talk`."""


def transcript(lines: Sequence[Line], language: str | None = "en") -> Transcript:
    """One utterance per line, one after the other."""
    utterances, time = [], 0.0
    for speaker, text in lines:
        words = tuple(Word(time + i * PACE, time + (i + 1) * PACE, word) for i, word in enumerate(text.split()))
        utterances.append(Utterance(speaker, words))
        time = words[-1].end
    turns = tuple(Turn(each.start, each.end, each.speaker) for each in utterances)
    return Transcript(time, tuple(utterances), turns, language=language)


def long_talk(hours: int, rng: random.Random) -> Transcript:
    """Hours of fifty speakers, 1500 lines each: 12,000 words an hour."""
    lines = [(f"Speaker {rng.randrange(50)}", " ".join(rng.choices(VOCABULARY, k=8))) for _ in range(1500 * hours)]
    return transcript(lines)
