"""Speaker attribution of correctly recognized words, in all speech and in overlapped speech: Crosstalk's own scores."""

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
    """Correctly recognized words with the wrong speaker.

    ``right``: reference words that are hits of cpWER's alignment (correct word, correct speaker). ``misattributed``:
    reference words that are no hits, but for which another speaker of the hypothesis has the same word within the
    collar; each hypothesis word is used once, nearest in time first. The rate is
    misattributed / (right + misattributed).
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
    """Results for reference words in overlap: words whose middle lies where two or more reference speakers talk.

    ``right`` and ``misattributed`` are as in `AttributionErrors`; the other ``words`` are missing from the hypothesis.
    The rate, overlap word error, is 1 - right / words. Insertions are not counted: they have no reference time.
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
    """Both scores from cpWER's alignment and the reference turns.

    ``collar`` is the maximum distance in seconds between the middles of two words that count as the same word.
    """
    hits = [a for a, b in alignment.pairs if a and b and a.text == b.text]
    misses = [a for a, b in alignment.pairs if a and not (b and a.text == b.text)]
    unmatched = [b for a, b in alignment.pairs if b and not (a and a.text == b.text)]
    misattributed = _misattributed(misses, unmatched, dict(alignment.assignment), collar)
    in_overlap = _overlap_test(turns)
    overlap_hits, overlap_misattributed = sum(map(in_overlap, hits)), sum(map(in_overlap, misattributed))
    overlap_words = overlap_hits + sum(map(in_overlap, misses))
    return (
        AttributionErrors(len(hits), len(misattributed)),
        OverlapErrors(overlap_words, overlap_hits, overlap_misattributed),
    )


def _misattributed(
    misses: Sequence[Token], unmatched: Sequence[Token], partner: dict[str | None, str | None], collar: float
) -> list[Token]:
    """The misses that have an unmatched token of another speaker with the same text, paired by distance in time."""
    indices: dict[str, list[int]] = {}
    for j, token in enumerate(unmatched):
        indices.setdefault(token.text, []).append(j)
    candidates = sorted(
        (abs(token.middle - unmatched[j].middle), i, j)
        for i, token in enumerate(misses)
        for j in indices.get(token.text, ())
        if abs(token.middle - unmatched[j].middle) <= collar and unmatched[j].speaker != partner.get(token.speaker)
    )
    paired_misses: set[int] = set()
    paired_tokens: set[int] = set()
    for _, i, j in candidates:
        if i not in paired_misses and j not in paired_tokens:
            paired_misses.add(i)
            paired_tokens.add(j)
    return [misses[i] for i in sorted(paired_misses)]


def _overlap_test(turns: Iterable[Turn]) -> Callable[[Token], bool]:
    """A function that returns whether the middle of a token lies in overlapped speech."""
    regions = timeline.overlaps(turns)
    starts = [region.start for region in regions]

    def in_overlap(token: Token) -> bool:
        region = bisect_right(starts, token.middle) - 1
        return region >= 0 and token.middle < regions[region].end

    return in_overlap
