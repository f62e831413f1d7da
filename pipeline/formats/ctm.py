"""``ctm``: NIST Conversation Time Marked, one word a line: recording, channel, start, duration, word, confidence.

    meeting SPEAKER_00 12.300 0.250 Hello 0.934

CTM knows channels, not speakers: the channel field holds the speaker, as it does for a telephone call. Joined words
are one word, as in the text of an utterance. Reading takes the speaker of the extended form (``... word confidence
type speaker``) where there is one, and starts a new utterance after a pause of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Turn, Word
from pipeline.formats.sanitize import distinct, token
from pipeline.formats.segments import Channels, Row, Sessions, lines, number, single, speaker_channels, start_and_end
from pipeline.formats.timestamps import millis, seconds
from pipeline.formats.words import merged

PAUSE = 1.0
_UNSURE = ("NA", "<NA>", "-")


def dumps(transcript: Transcript, session: str) -> str:
    """The words speaker by speaker, each speaker's in order of time."""
    names = distinct(transcript.speakers)
    said: dict[str, list[Word]] = {speaker: [] for speaker in names}
    for utterance in transcript.utterances:
        said[utterance.speaker] += merged(utterance.words)
    found = []
    for speaker, words in said.items():
        for word in sorted(words, key=lambda word: word.start):
            start, end = millis(word)
            sure = "" if word.probability is None else f" {word.probability:.3f}"
            times = f"{seconds(start)} {seconds(end - start)}"
            found.append(f"{token(session)} {names[speaker]} {times} {token(word.text)}{sure}\n")
    return "".join(found)


def loads(text: str) -> Transcript:
    """The words of the one recording in ``text``."""
    return single(loads_sessions(text))


def loads_sessions(text: str) -> dict[str, Transcript]:
    """The words of each recording in ``text``; raises `FormatError` naming the line."""
    sessions = Sessions()
    spoken: dict[tuple[str, str], list[Word]] = {}
    for place, line in lines(text):
        fields = line.split()
        if len(fields) not in (5, 6, 7, 8):
            raise FormatError(f"{place}: a CTM line has 5 to 8 fields, this one {len(fields)}")
        session, channel, start, duration, word = fields[:5]
        sessions.name(session)
        span = sessions.span(session, *start_and_end(start, duration, place), place, words=1)
        assert span is not None, "a row with a word is never left out"
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
    if len(fields) < 6 or fields[5] in _UNSURE:
        return None
    return number(fields[5], "confidence", place)


def _rows(speaker: str, unsorted: list[Word]) -> Iterator[Row]:
    """A speaker's words as turns, divided at pauses of at least `PAUSE`."""
    words = sorted(unsorted, key=lambda word: word.start)
    breaks = [i for i, (one, two) in enumerate(pairwise(words), start=1) if two.start - one.end >= PAUSE]
    for first, last in pairwise([0, *breaks, len(words)]):
        group = tuple(words[first:last])
        yield Row(Turn(group[0].start, max(word.end for word in group), speaker), group)
