"""``ctm``: NIST Conversation Time Marked, one word per line: recording, channel, start, duration, word, confidence.

    meeting SPEAKER_00 12.300 0.250 Hello 0.934

CTM has channels, not speakers: the channel field holds the speaker, as for a telephone call. Words without a space
between them are written as one word. Reading takes the speaker of the extended form (``... word confidence type
speaker``) where it is given, and starts a new utterance after a pause of `PAUSE`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Turn, Word
from pipeline.formats.base import Channels, Format, encoded
from pipeline.formats.sanitize import distinct, token
from pipeline.formats.segments import Row, Sessions, lines, number, single, speaker_channels, start_and_end
from pipeline.formats.timestamps import millis, seconds
from pipeline.formats.words import merged

PAUSE = 1.0
"""Minimum pause in seconds between two utterances of a speaker, chosen by hand.

Only reading uses it; a larger value gives fewer and longer utterances."""
_NO_CONFIDENCE = ("NA", "<NA>", "-")
"""Confidence fields that mean "not known"."""


def dumps(transcript: Transcript, session: str) -> str:
    """The words of one speaker after the other, each speaker's in order of time."""
    names = distinct(transcript.speakers)
    spoken: dict[str, list[Word]] = {speaker: [] for speaker in names}
    for utterance in transcript.utterances:
        spoken[utterance.speaker] += merged(utterance.words)
    rows = []
    for speaker, words in spoken.items():
        for word in sorted(words, key=lambda word: word.start):
            start, end = millis(word)
            confidence = "" if word.probability is None else f" {word.probability:.3f}"
            times = f"{seconds(start)} {seconds(end - start)}"
            rows.append(f"{token(session)} {names[speaker]} {times} {token(word.text)}{confidence}\n")
    return "".join(rows)


def loads(text: str) -> Transcript:
    """The words of the one recording in ``text``; raises `FormatError` naming the line.

    >>> loads("meeting Anna 0.5 0.3 hello 0.98").utterances[0].text
    'hello'
    """
    return single(loads_sessions(text))


def loads_sessions(text: str) -> dict[str, Transcript]:
    """The words of each recording in ``text``; raises `FormatError` naming the line."""
    sessions = Sessions()
    spoken: dict[tuple[str, str], list[Word]] = {}
    for place, line in lines(text):
        fields = line.split()
        if len(fields) not in (5, 6, 7, 8):
            raise FormatError(f"{place}: expected 5 to 8 fields in a CTM line, found {len(fields)}")
        session, channel, start, duration, word = fields[:5]
        sessions.name(session)
        span = sessions.span(session, *start_and_end(start, duration, place), place, words=1)
        assert span is not None, "only rows without words are left out"
        speaker = fields[7] if len(fields) == 8 else channel
        spoken.setdefault((session, speaker), []).append(Word(span.start, span.end, word, _confidence(fields, place)))
    for (session, speaker), words in spoken.items():
        for row in _rows(speaker, words):
            sessions.add(session, row)
    return sessions.transcripts()


def channels(text: str) -> dict[str, Channels]:
    """The channel of each speaker, by recording."""
    rows = (line.split() for _, line in lines(text))
    return speaker_channels((row[0], row[1], row[7] if len(row) == 8 else row[1]) for row in rows)


def _confidence(fields: list[str], place: str) -> float | None:
    if len(fields) < 6 or fields[5] in _NO_CONFIDENCE:
        return None
    return number(fields[5], "confidence", place)


def _rows(speaker: str, unsorted: list[Word]) -> Iterator[Row]:
    """A speaker's words as rows, divided at pauses of at least `PAUSE`."""
    words = sorted(unsorted, key=lambda word: word.start)
    breaks = [i for i, (one, two) in enumerate(pairwise(words), start=1) if two.start - one.end >= PAUSE]
    for first, last in pairwise([0, *breaks, len(words)]):
        group = tuple(words[first:last])
        yield Row(Turn(group[0].start, max(word.end for word in group), speaker), group)


FORMAT = Format(
    "ctm",
    ".ctm",
    encoded(dumps),
    loads,
    loads_sessions,
    channels=channels,
    help="NIST CTM: words with times and confidence.",
)
