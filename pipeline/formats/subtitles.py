"""Cues for subtitles: utterances cut at word times into what can be read at a glance.

At most two lines of 42 columns and 7 s a cue (the common broadcast limits). Every cue stays up long enough to be read,
and a short one for a second where that hides nothing. Cues of different speakers overlap in time as their voices do;
those of one speaker never do, even where a file says that they talk at the same time as themselves: such cues follow
each other and share the time. The speaker's name stands before the first cue and after a pause or another speaker's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.core.types import Transcript, Utterance
from pipeline.formats.line_breaking import columns, may_divide, pieces
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import milliseconds

COLUMNS = 42
LINES = 2
LONGEST = 7000
READABLE = 800
"""Milliseconds that every cue stays up, if the recording is long enough. Below some 800 nobody can read a cue."""
SHORTEST = 1000
"""Milliseconds that a cue stays up where no other one begins before."""
PACE = 50
"""Milliseconds that a column takes to read (20 columns a second): what overlapping cues of one speaker ask for."""
NAMED_AGAIN = 3000
"""Milliseconds without a cue after which the same speaker's name is shown again."""
_UNBROKEN = COLUMNS // 2
"""Words that are joined to each other ("twenty-five") stay on one line up to this width."""
_STOPS = (".", "?", "!", "。", "？", "！")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text before which a line may be broken, with its time in seconds; ``joined``: without a space."""

    start: float
    end: float
    text: str
    no_space: bool


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines of one speaker, shown from ``start`` to ``end`` milliseconds; ``named`` when the name belongs to them."""

    start: int
    end: int
    speaker: str
    tokens: tuple[Token, ...]
    label: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        return _wrapped(self.label, self.tokens)

    @property
    def needed(self) -> int:
        """Milliseconds to read it, at most as long as it was spoken, at least `READABLE`."""
        text = sum(columns(token.text) + 1 for token in self.tokens)
        return max(READABLE, min(text * PACE, self.end - self.start, LONGEST))


def cues(transcript: Transcript, labelled: bool) -> tuple[Cue, ...]:
    """The cues in order of start; ``labelled`` puts the speaker before the text, inside the line's width."""
    drafts: dict[str, list[Cue]] = {}
    for speaker, tokens in _passages(transcript.utterances):
        drafts.setdefault(speaker, []).extend(_cut(speaker, tokens, labelled))
    last = milliseconds(transcript.duration)
    placed = [cue for own in drafts.values() for cue in _fitted(_placed(own), last)]
    return _named(_lingering(sorted(placed, key=lambda cue: (cue.start, cue.end)), last))


def tokens_of(utterance: Utterance) -> tuple[Token, ...]:
    """The utterance's words in pieces that fit on a line, each character of every word in one of them."""
    found: list[Token] = []
    for word in utterance.words:
        for i, piece in enumerate(_pieces(word.start, word.end, clean(word.text), word.no_space)):
            before = found[-1].text if found else ""
            glued = i == 0 and piece.no_space and found and not may_divide(before, piece.text)
            if glued and columns(before + piece.text) <= _UNBROKEN:
                found[-1] = replace(found[-1], end=max(found[-1].end, piece.end), text=before + piece.text)
            else:
                found.append(piece)
    return tuple(found)


def _pieces(start: float, end: float, text: str, joined: bool) -> Iterator[Token]:
    """A word divided where a line may be broken, its time shared by width."""
    divided = [(part, joined if i == 0 else False) for i, part in enumerate(text.split(" ")) if part]
    found = [(piece, j > 0 or glued) for part, glued in divided for j, piece in enumerate(pieces(part, COLUMNS))]
    widths = [max(1, columns(piece)) for piece, _ in found]
    pace = (end - start) / max(1, sum(widths))
    for i, (piece, glued) in enumerate(found):
        first = start + pace * sum(widths[:i])
        yield Token(first, first + pace * widths[i], piece, glued)


def _passages(utterances: Sequence[Utterance]) -> Iterator[tuple[str, tuple[Token, ...]]]:
    """What each speaker says without a break; what is too short to be read alone goes with the next that follows it."""
    waiting: dict[str, tuple[Utterance, tuple[Token, ...]]] = {}
    for utterance in sorted(utterances, key=lambda utterance: utterance.start):
        tokens = tokens_of(utterance)
        before = waiting.pop(utterance.speaker, None)
        if before is not None:
            last, held = before
            if last.end <= utterance.start and (utterance.start - held[0].start) * 1000 < READABLE:
                tokens = (*held, *tokens)
            else:
                yield utterance.speaker, held
        if tokens:
            waiting[utterance.speaker] = utterance, tokens
    for speaker, (_, held) in waiting.items():
        yield speaker, held


def _cut(speaker: str, tokens: Sequence[Token], labelled: bool) -> Iterator[Cue]:
    """A passage in cues, each wide enough for the speaker's name."""
    label = f"{clean(speaker)}:" if labelled else ""
    while tokens:
        count = _fitting(label, tokens)
        shown = tuple(tokens[:count])
        start = milliseconds(shown[0].start)
        end = max(milliseconds(max(token.end for token in shown)), start + 1)
        yield Cue(start, min(end, start + LONGEST), speaker, shown, label)
        tokens = tokens[count:]


def _fitting(label: str, tokens: Sequence[Token]) -> int:
    """How many tokens one cue can show: at least one; up to the end of a sentence once a line is full."""
    count = 1
    while count < len(tokens):
        lines = _wrapped(label, tokens[: count + 1])
        too_long = (tokens[count].end - tokens[0].start) * 1000 > LONGEST
        sentence_ends = len(lines) > 1 and tokens[count - 1].text.endswith(_STOPS)
        if len(lines) > LINES or too_long or sentence_ends:
            break
        count += 1
    return count


def _wrapped(label: str, tokens: Sequence[Token]) -> tuple[str, ...]:
    """The tokens in lines as wide as they may be; only the name may make a wider one."""
    lines = [label]
    for token in tokens:
        glued = not lines[-1] or (token.no_space and lines[-1] != label)
        longer = f"{lines[-1]}{'' if glued else ' '}{token.text}"
        if lines[-1] and columns(longer) > COLUMNS:
            lines.append(token.text)
        else:
            lines[-1] = longer
    return tuple(lines)


def _placed(own: Sequence[Cue]) -> list[Cue]:
    """One speaker's cues one after the other, in the order of what they say; each can be read.

    Where they overlap, they share the time from the first one's start to the last one's end by the time they need.
    """
    placed: list[Cue] = []
    free = 0
    for group in _overlapping(own):
        span = max(cue.end for cue in group) - group[0].start
        share = min(1.0, span / sum(cue.needed for cue in group)) if len(group) > 1 else 1.0
        for i, cue in enumerate(group):
            start = max(cue.start, free)
            needed = max(READABLE, int(cue.needed * share))
            natural = min([cue.end, *(later.start for later in group[i + 1 : i + 2])])
            free = min(max(start + needed, natural), start + LONGEST)
            placed.append(replace(cue, start=start, end=free))
    return placed


def _overlapping(own: Sequence[Cue]) -> Iterator[list[Cue]]:
    """The cues in groups; only those of one group overlap."""
    group: list[Cue] = []
    for cue in own:
        if group and cue.start >= max(other.end for other in group):
            yield group
            group = []
        group.append(cue)
    if group:
        yield group


def _fitted(placed: Sequence[Cue], last: int) -> list[Cue]:
    """One speaker's cues inside the recording: those that run over its end begin earlier, down to equal shares."""
    if not placed:
        return []
    last = max(last, len(placed))
    least = min(READABLE, last // len(placed))
    fitted: list[Cue] = []
    limit = last
    for i in range(len(placed) - 1, -1, -1):
        end = min(placed[i].end, limit)
        limit = max(min(placed[i].start, end - least), least * i)
        fitted.append(replace(placed[i], start=limit, end=max(end, limit + 1)))
    return fitted[::-1]


def _lingering(placed: Sequence[Cue], last: int) -> list[Cue]:
    """Short cues held until anybody's next one, so that no two meet on the screen whose voices did not."""
    starts = [cue.start for cue in placed]
    found = []
    for cue in placed:
        following = starts[bisect_right(starts, cue.start) :][:1]
        found.append(replace(cue, end=max(cue.end, min([cue.start + SHORTEST, max(last, cue.end), *following]))))
    return found


def _named(placed: Sequence[Cue]) -> tuple[Cue, ...]:
    """The cues, the name left out where the same speaker's last cue has hardly gone."""
    found: list[Cue] = []
    for i, cue in enumerate(placed):
        before = placed[i - 1] if i else None
        goes_on = before is not None and before.speaker == cue.speaker and cue.start - before.end < NAMED_AGAIN
        found.append(replace(cue, label="") if goes_on else cue)
    return tuple(found)
