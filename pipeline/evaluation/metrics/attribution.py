"""Two scores of our own: do the right words reach the right speaker, everywhere and where people talk at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.core import timeline
from pipeline.core.types import Turn
from pipeline.evaluation.metrics.normalization import Token
from pipeline.evaluation.metrics.wer import SpeakerAlignment


@dataclass(frozen=True, slots=True)
class AttributionErrors:
    """Words right, speaker wrong.

    Of the reference's words, ``right`` are hits of cpWER's alignment: right word, right speaker. ``misattributed`` are
    those which it misses although another speaker of the hypothesis says the same word within the collar, each such
    word used once, the nearest in time first. The rate is misattributed / (right + misattributed).
    """

    right: int = 0
    misattributed: int = 0

    @property
    def error_rate(self) -> float | None:
        recognized = self.right + self.misattributed
        return self.misattributed / recognized if recognized else None

    def __add__(self, other: AttributionErrors) -> AttributionErrors:
        return AttributionErrors(self.right + other.right, self.misattributed + other.misattributed)


@dataclass(frozen=True, slots=True)
class OverlapErrors:
    """What becomes of words spoken in overlap: those whose middle lies where two or more of the reference talk.

    Of these ``words``, ``right`` reached the right speaker and ``misattributed`` another (`AttributionErrors`); others
    are nowhere. The rate, overlap word error, is 1 - right / words. Insertions have no reference time: not counted.
    """

    words: int = 0
    right: int = 0
    misattributed: int = 0

    @property
    def error_rate(self) -> float | None:
        return 1 - self.right / self.words if self.words else None

    def __add__(self, other: OverlapErrors) -> OverlapErrors:
        return OverlapErrors(
            self.words + other.words, self.right + other.right, self.misattributed + other.misattributed
        )


def attribution_errors(
    alignment: SpeakerAlignment, turns: Iterable[Turn], collar: float
) -> tuple[AttributionErrors, OverlapErrors]:
    """Both scores from cpWER's alignment, the reference's turns, and ``collar`` seconds between words' middles."""
    right = [a for a, b in alignment.pairs if a and b and a.text == b.text]
    missed = [a for a, b in alignment.pairs if a and not (b and a.text == b.text)]
    spare = [b for a, b in alignment.pairs if b and not (a and a.text == b.text)]
    moved = _elsewhere(missed, spare, dict(alignment.assignment), collar)
    inside = _overlapped(turns)
    in_right, in_moved = sum(map(inside, right)), sum(map(inside, moved))
    words = in_right + sum(map(inside, missed))
    return AttributionErrors(len(right), len(moved)), OverlapErrors(words, in_right, in_moved)


def _elsewhere(
    missed: Sequence[Token], spare: Sequence[Token], partner: dict[str | None, str | None], collar: float
) -> list[Token]:
    """The missed tokens that another speaker's spare token says, paired by nearness."""
    places: dict[str, list[int]] = {}
    for j, token in enumerate(spare):
        places.setdefault(token.text, []).append(j)
    candidates = sorted(
        (abs(token.middle - spare[j].middle), i, j)
        for i, token in enumerate(missed)
        for j in places.get(token.text, ())
        if abs(token.middle - spare[j].middle) <= collar and spare[j].speaker != partner.get(token.speaker)
    )
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in candidates:
        if i not in taken and j not in used:
            taken[i] = j
            used.add(j)
    return [missed[i] for i in sorted(taken)]


def _overlapped(turns: Iterable[Turn]) -> Callable[[Token], bool]:
    regions = timeline.overlaps(turns)
    starts = [region.start for region in regions]

    def inside(token: Token) -> bool:
        region = bisect_right(starts, token.middle) - 1
        return region >= 0 and token.middle < regions[region].end

    return inside
