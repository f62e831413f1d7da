"""``ctm``: NIST Conversation Time Marked, one word a line: recording, channel, start, duration, word, confidence.

    meeting SPEAKER_00 12.300 0.250 Hello 0.934

CTM knows channels, not speakers: the channel field holds the speaker, as it does for a telephone call. Joined words
are one word, as in the text of an utterance. Reading takes the speaker of the extended form (``... word confidence
type speaker``) where there is one, and starts a new utterance after a pause of a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from pipeline.errors import FormatError
from pipeline.formats.clock import millis, seconds
from pipeline.formats.inert import distinct, token
from pipeline.formats.sessions import Row, gathered, lasting, lines, number, only
from pipeline.formats.wording import merged
from pipeline.values import Transcript, Turn, Word

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
    return only(loads_sessions(text))


def loads_sessions(text: str) -> dict[str, Transcript]:
    """The words of each recording in ``text``; raises `FormatError` naming the line."""
    voices: dict[tuple[str, str], list[Word]] = {}
    for place, line in lines(text):
        session, speaker, word = _word(line.split(), place)
        voices.setdefault((session, speaker), []).append(word)
    return gathered(_rows(voices))


def _word(fields: list[str], place: str) -> tuple[str, str, Word]:
    if len(fields) not in (5, 6, 7, 8):
        raise FormatError(f"{place}: a CTM line has 5 to 8 fields, this one {len(fields)}")
    session, channel, start, duration, text = fields[:5]
    speaker = fields[7] if len(fields) == 8 else channel
    spoken = lasting(start, duration, speaker, place)
    sure = None
    if len(fields) > 5 and fields[5] not in _UNSURE:
        sure = number(fields[5], "confidence", place)
    return session, speaker, Word(spoken.start, spoken.end, text, sure)


def _rows(voices: dict[tuple[str, str], list[Word]]) -> Iterable[Row]:
    for (session, speaker), unsorted in voices.items():
        words = sorted(unsorted, key=lambda word: word.start)
        breaks = [i for i, (one, two) in enumerate(pairwise(words), start=1) if two.start - one.end >= PAUSE]
        for first, last in pairwise([0, *breaks, len(words)]):
            said = tuple(words[first:last])
            yield Row(session, Turn(said[0].start, max(word.end for word in said), speaker), said)
