"""Cues for subtitles: an utterance cut at word times into what can be read at a glance.

At most two lines of 42 columns and 7 s a cue (the common broadcast limits); a short cue stays up for a second where
that hides nothing. Cues of different speakers overlap in time as their voices do; those of one speaker never.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.formats.clock import millis
from pipeline.formats.inert import clean
from pipeline.formats.wording import columns, merged
from pipeline.values import Span, Transcript, Word

COLUMNS = 42
LINES = 2
LONGEST = 7000
SHORTEST = 1000
_UNBROKEN = COLUMNS // 2
"""Joined words (Chinese characters, "twenty-five") stay on one line up to this width."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines of one speaker, shown from ``start`` to ``end`` milliseconds."""

    start: int
    end: int
    speaker: str
    lines: tuple[str, ...]


def cues(transcript: Transcript, labelled: bool) -> tuple[Cue, ...]:
    """The cues in order of start; ``labelled`` puts the speaker before the text, inside the line's width."""
    found: list[Cue] = []
    for utterance in transcript.utterances:
        label = f"{clean(utterance.speaker)}:" if labelled else ""
        words = merged(utterance.words, _UNBROKEN)
        while words:
            count = _fitting(label, words)
            start, end = millis(Span(words[0].start, max(word.end for word in words[:count])))
            lines = _wrapped(label, words[:count])
            found.append(Cue(start, min(end, start + LONGEST), utterance.speaker, lines))
            words = words[count:]
    return _lingering(_apart(found))


def _fitting(label: str, words: Sequence[Word]) -> int:
    """How many of the words one cue can show: at least one; up to the end of a sentence once a line is full."""
    count = 1
    while count < len(words):
        lines = _wrapped(label, words[: count + 1])
        too_long = (words[count].end - words[0].start) * 1000 > LONGEST
        sentence_ends = len(lines) > 1 and words[count - 1].text.endswith((".", "?", "!", "。", "？", "！"))
        if len(lines) > LINES or too_long or sentence_ends:
            break
        count += 1
    return count


def _wrapped(label: str, words: Sequence[Word]) -> tuple[str, ...]:
    """The words in lines as wide as they may be; only a word wider than a line makes a wider one."""
    lines = [label]
    for word in words:
        glued = not lines[-1] or (word.joined and lines[-1] != label)
        longer = f"{lines[-1]}{'' if glued else ' '}{word.text}"
        if lines[-1] and columns(longer) > COLUMNS:
            lines.append(word.text)
        else:
            lines[-1] = longer
    return tuple(lines)


def _apart(found: Sequence[Cue]) -> list[Cue]:
    """The cues sorted by start; one that would run into its speaker's next ends there."""
    last: dict[str, int] = {}
    placed: list[Cue] = []
    for cue in sorted(found, key=lambda cue: cue.start):
        start = cue.start
        if cue.speaker in last:
            before = placed[last[cue.speaker]]
            placed[last[cue.speaker]] = replace(before, end=min(before.end, max(start, before.start + 1)))
            start = max(start, before.start + 1)
        last[cue.speaker] = len(placed)
        placed.append(replace(cue, start=start, end=max(cue.end, start + 1)))
    return sorted(placed, key=lambda cue: cue.start)


def _lingering(placed: Sequence[Cue]) -> tuple[Cue, ...]:
    """Short cues held until anybody's next one, so that no two meet on the screen whose voices did not."""
    starts = [cue.start for cue in placed]
    found = []
    for cue in placed:
        following = starts[bisect_left(starts, cue.end) :][:1]
        found.append(replace(cue, end=max(cue.end, min([cue.start + SHORTEST, *following]))))
    return tuple(found)
