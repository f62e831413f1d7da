"""Subtitle cues: utterances divided at word times into readable units.

A cue has at most two lines of 42 columns and lasts at most 7 s (common limits in broadcasting). Every cue is shown long
enough to be read, and a short one for a second where no other one begins. Cues of different speakers overlap in time as
their utterances do, or never (``overlap=False``). Cues of one speaker never overlap: where a file gives a speaker
overlapping utterances, their cues follow each other and share the time. The speaker's name stands before their first
cue, after a pause and after a cue of another speaker.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.core.types import Transcript, Utterance
from pipeline.formats.line_breaking import columns, may_divide, pieces, shortened
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import milliseconds

COLUMNS = 42
"""Maximum width of a line in columns, a common limit in broadcasting; a larger value gives fewer cues."""
LINES = 2
"""Maximum number of lines of a cue, a common limit in broadcasting; a larger value gives fewer cues."""
LONGEST = 7000
"""Maximum duration of a cue in milliseconds, a common limit in broadcasting; a larger value gives fewer cues."""
READABLE = 800
"""Minimum duration of a cue in milliseconds where the recording is long enough.

Chosen by hand as the shortest time in which a cue can be read. A larger value delays the cues of fast dialogue."""
SHORTEST = 1000
"""Duration in milliseconds to which a short cue is prolonged while no other one begins, chosen by hand.

A larger value keeps short answers on the screen longer."""
PACE = 50
"""Reading time per column in milliseconds (20 columns a second), chosen by hand.

It divides the time between overlapping cues of one speaker; a larger value gives longer cues more of it."""
NAMED_AGAIN = 3000
"""Time without a cue in milliseconds after which the same speaker's name is shown again, chosen by hand."""
_UNBROKEN = COLUMNS // 2
"""Maximum width in columns of words without a space between them ("twenty-five") that stay on one line.

Chosen by hand; a larger value leaves more lines partly empty."""
_STOPS = (".", "?", "!", "。", "？", "！")
"""Ends of sentences, after which a full line ends its cue."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text before which a line may be broken, with its time in seconds.

    ``no_space``: no space stands before it.
    """

    start: float
    end: float
    text: str
    no_space: bool


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines of one speaker, shown from ``start`` to ``end`` in milliseconds; ``label`` stands before the text.

    ``with_other`` is a second speaker's cue that is shown as part of this one, each of them on one line.
    """

    start: int
    end: int
    speaker: str
    tokens: tuple[Token, ...]
    label: str = ""
    with_other: Cue | None = None

    @property
    def parts(self) -> tuple[Cue, ...]:
        """The cues of one speaker each that this one shows: itself, or two."""
        return (self,) if self.with_other is None else (replace(self, with_other=None), self.with_other)

    @property
    def lines(self) -> tuple[str, ...]:
        """The text with its label, in lines of at most `COLUMNS` columns."""
        if self.with_other is None:
            return _wrapped(self.label, self.tokens)
        return tuple(line for part in self.parts for line in _wrapped(dashed(part.label), part.tokens))

    @property
    def needed(self) -> int:
        """Reading time in milliseconds, at most as long as the speech, at least `READABLE`."""
        width = sum(columns(token.text) + 1 for part in self.parts for token in part.tokens)
        return max(READABLE, min(width * PACE, self.end - self.start, LONGEST))


def cues(transcript: Transcript, labelled: bool, overlap: bool = True) -> tuple[Cue, ...]:
    """The cues in order of start; ``labelled`` puts the speaker's name before the text, inside the line's width.

    ``overlap=False``: no two cues are shown at the same time. Short ones of two speakers that talk at once become one
    cue with a line for each; others follow each other and share the time.
    """
    drafts: dict[str, list[Cue]] = {}
    for speaker, tokens in _passages(transcript.utterances):
        drafts.setdefault(speaker, []).extend(_cut(speaker, tokens, label_of(speaker) if labelled else ""))
    end = milliseconds(transcript.duration)
    placed = [cue for speaker_cues in drafts.values() for cue in _fitted(_placed(speaker_cues), end)]
    ordered = sorted(placed, key=lambda cue: (cue.start, cue.end))
    if not overlap:
        ordered = _fitted(_placed(_paired(ordered)), end)
    return _with_labels(_prolonged(ordered, end))


def label_of(speaker: str) -> str:
    """The speaker's name and a colon, at most `COLUMNS` columns wide; the middle of a longer name is left out."""
    return f"{shortened(clean(speaker), COLUMNS - 1)}:"


def dashed(label: str) -> str:
    """A label behind the dash that begins each speaker's line in a cue of two speakers."""
    return f"- {label}" if label else "-"


def tokens_of(utterance: Utterance) -> tuple[Token, ...]:
    """The utterance's words in pieces that fit on a line; every character of every word is in one of them."""
    tokens: list[Token] = []
    for word in utterance.words:
        for i, piece in enumerate(_pieces(word.start, word.end, clean(word.text), word.no_space)):
            before = tokens[-1].text if tokens else ""
            glued = i == 0 and piece.no_space and tokens and not may_divide(before, piece.text)
            if glued and columns(before + piece.text) <= _UNBROKEN:
                tokens[-1] = replace(tokens[-1], end=max(tokens[-1].end, piece.end), text=before + piece.text)
            else:
                tokens.append(piece)
    return tuple(tokens)


def _pieces(start: float, end: float, text: str, no_space: bool) -> Iterator[Token]:
    """A word divided where a line may be broken, its time divided by width."""
    divided = [(part, no_space if i == 0 else False) for i, part in enumerate(text.split(" ")) if part]
    parts = [(piece, j > 0 or glued) for part, glued in divided for j, piece in enumerate(pieces(part, COLUMNS))]
    widths = [max(1, columns(piece)) for piece, _ in parts]
    pace = (end - start) / max(1, sum(widths))  # seconds per column
    for i, (piece, glued) in enumerate(parts):
        first = start + pace * sum(widths[:i])
        yield Token(first, first + pace * widths[i], piece, glued)


def _passages(utterances: Sequence[Utterance]) -> Iterator[tuple[str, tuple[Token, ...]]]:
    """Each speaker's utterances as tokens; one too short to be read alone is joined to the speaker's next one."""
    waiting: dict[str, tuple[Utterance, tuple[Token, ...]]] = {}
    for utterance in sorted(utterances, key=lambda utterance: utterance.start):
        tokens = tokens_of(utterance)
        before = waiting.pop(utterance.speaker, None)
        if before is not None:
            last, pending = before
            if last.end <= utterance.start and (utterance.start - pending[0].start) * 1000 < READABLE:
                tokens = (*pending, *tokens)
            else:
                yield utterance.speaker, pending
        if tokens:
            waiting[utterance.speaker] = utterance, tokens
    for speaker, (_, pending) in waiting.items():
        yield speaker, pending


def _cut(speaker: str, tokens: Sequence[Token], label: str) -> Iterator[Cue]:
    """A passage in cues, each with room for the label."""
    first = 0
    while first < len(tokens):
        count = _fitting(label, tokens, first)
        shown = tuple(tokens[first : first + count])
        start = milliseconds(shown[0].start)
        end = max(milliseconds(max(token.end for token in shown)), start + 1)
        yield Cue(start, min(end, start + LONGEST), speaker, shown, label)
        first += count


def _fitting(label: str, tokens: Sequence[Token], first: int) -> int:
    """The number of tokens from ``first`` that one cue can show: at least one.

    It ends where a third line would begin, after `LONGEST`, and after the end of a sentence once a line is full.
    """
    begin = tokens[first].start
    layouts = _layouts(label, (tokens[i] for i in range(first, len(tokens))))
    for i, lines in enumerate(layouts, start=first):
        if i == first:
            continue
        too_long = (tokens[i].end - begin) * 1000 > LONGEST
        sentence_ends = len(lines) > 1 and tokens[i - 1].text.endswith(_STOPS)
        if len(lines) > LINES or too_long or sentence_ends:
            return i - first
    return len(tokens) - first


def _wrapped(label: str, tokens: Sequence[Token]) -> tuple[str, ...]:
    """The label and the tokens in lines of at most `COLUMNS` columns."""
    lines = [label]
    for layout in _layouts(label, tokens):
        lines = layout
    return tuple(lines)


def _layouts(label: str, tokens: Iterable[Token]) -> Iterator[list[str]]:
    """The lines after each token: one list, to which the next token is added when the iteration goes on."""
    lines = [label]
    for token in tokens:
        glued = not lines[-1] or (token.no_space and lines[-1] != label)
        longer = f"{lines[-1]}{'' if glued else ' '}{token.text}"
        if lines[-1] and columns(longer) > COLUMNS:
            lines.append(token.text)
        else:
            lines[-1] = longer
        yield lines


def _paired(ordered: Sequence[Cue]) -> list[Cue]:
    """The cues, those of two speakers that overlap and have one line each joined to one cue of two lines."""
    paired: list[Cue] = []
    for cue in ordered:
        before = paired[-1] if paired else None
        if before is not None and _can_pair(before, cue):
            paired[-1] = replace(before, end=max(before.end, cue.end), with_other=cue)
        else:
            paired.append(cue)
    return paired


def _can_pair(one: Cue, two: Cue) -> bool:
    if one.with_other is not None or one.speaker == two.speaker or two.start >= one.end:
        return False
    if max(one.end, two.end) - one.start > LONGEST:
        return False
    return all(len(_wrapped(dashed(cue.label), cue.tokens)) == 1 for cue in (one, two))


def _placed(drafts: Sequence[Cue]) -> list[Cue]:
    """Cues one after the other, in the order of their text, each shown long enough to be read.

    Overlapping ones share the time from the first one's start to the last one's end by the time they need.
    """
    placed: list[Cue] = []
    free = 0
    for group in _overlapping(drafts):
        span = max(cue.end for cue in group) - group[0].start
        share = min(1.0, span / sum(cue.needed for cue in group)) if len(group) > 1 else 1.0
        for i, cue in enumerate(group):
            start = max(cue.start, free)
            needed = max(READABLE, int(cue.needed * share))
            natural = min([cue.end, *(later.start for later in group[i + 1 : i + 2])])
            free = min(max(start + needed, natural), start + LONGEST)
            placed.append(replace(cue, start=start, end=free))
    return placed


def _overlapping(cues: Sequence[Cue]) -> Iterator[list[Cue]]:
    """The cues in groups; only those of one group overlap."""
    group: list[Cue] = []
    end = 0
    for cue in cues:
        if group and cue.start >= end:
            yield group
            group = []
        end = max(end, cue.end) if group else cue.end
        group.append(cue)
    if group:
        yield group


def _fitted(placed: Sequence[Cue], end: int) -> list[Cue]:
    """Cues without overlap, inside the recording: those that run over its end begin earlier, down to equal shares."""
    if not placed:
        return []
    end = max(end, len(placed))
    minimum = min(READABLE, end // len(placed))
    fitted: list[Cue] = []
    limit = end
    for i in range(len(placed) - 1, -1, -1):
        last = min(placed[i].end, limit)
        limit = max(min(placed[i].start, last - minimum), minimum * i)
        fitted.append(replace(placed[i], start=limit, end=max(last, limit + 1)))
    return fitted[::-1]


def _prolonged(placed: Sequence[Cue], end: int) -> list[Cue]:
    """The cues, short ones prolonged until the next cue begins; no cues meet on the screen that did not before."""
    starts = [cue.start for cue in placed]
    prolonged = []
    for cue in placed:
        following = bisect_right(starts, cue.start)
        limits = [cue.start + SHORTEST, max(end, cue.end), *starts[following : following + 1]]
        prolonged.append(replace(cue, end=max(cue.end, min(limits))))
    return prolonged


def _with_labels(placed: Sequence[Cue]) -> tuple[Cue, ...]:
    """The cues without the label where the same speaker's last cue ended less than `NAMED_AGAIN` before."""
    result: list[Cue] = []
    for i, cue in enumerate(placed):
        before = placed[i - 1] if i else None
        alone = before is not None and before.with_other is cue.with_other is None
        goes_on = before is not None and before.speaker == cue.speaker and cue.start - before.end < NAMED_AGAIN
        result.append(replace(cue, label="") if alone and goes_on else cue)
    return tuple(result)
