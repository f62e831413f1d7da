"""Speaker attribution of correctly recognized words, in all speech and in overlapped speech: Crosstalk's own scores."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pipeline.core import timeline
from pipeline.core.types import Turn
from pipeline.evaluation.metrics.normalization import Token
from pipeline.evaluation.metrics.wer import Pair, SpeakerAlignment


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
    pairs, active = alignment.pairs, active_speakers(turns)
    hits = sum(map(is_hit, pairs))
    misattributed = counterparts(alignment, collar)
    in_overlap = {i for i, (token, _) in enumerate(pairs) if token and len(active(token)) > 1}
    return (
        AttributionErrors(hits, len(misattributed)),
        OverlapErrors(
            len(in_overlap), sum(is_hit(pairs[i]) for i in in_overlap), len(in_overlap & misattributed.keys())
        ),
    )


def is_hit(pair: Pair) -> bool:
    """Whether both sides of a pair have the same word."""
    reference, hypothesis = pair
    return reference is not None and hypothesis is not None and reference.text == hypothesis.text


def counterparts(alignment: SpeakerAlignment, collar: float) -> dict[int, int]:
    """The misattributed reference words, each with the same word of another hypothesis speaker.

    Both are positions in ``alignment.pairs``: of the pair with the reference word, and of that with the other word.
    """
    partner = dict(alignment.assignment)
    errors = {i: pair for i, pair in enumerate(alignment.pairs) if not is_hit(pair)}
    misses = {i: reference for i, (reference, _) in errors.items() if reference}
    unmatched = {j: hypothesis for j, (_, hypothesis) in errors.items() if hypothesis}
    return nearest(misses, unmatched, collar, lambda miss, other: other.speaker != partner.get(miss.speaker))


def nearest(
    misses: Mapping[int, Token],
    candidates: Mapping[int, Token],
    collar: float,
    may_pair: Callable[[Token, Token], bool] = lambda miss, candidate: True,
) -> dict[int, int]:
    """Keys of misses and of candidates with the same text, paired one to one: nearest in time first.

    ``collar`` is the maximum distance of their middles in seconds.
    """
    keys: dict[str, list[int]] = {}
    for j, token in candidates.items():
        keys.setdefault(token.text, []).append(j)
    ranked = sorted(
        (abs(token.middle - candidates[j].middle), i, j)
        for i, token in misses.items()
        for j in keys.get(token.text, ())
        if abs(token.middle - candidates[j].middle) <= collar and may_pair(token, candidates[j])
    )
    paired: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in ranked:
        if i not in paired and j not in used:
            paired[i] = j
            used.add(j)
    return paired


def active_speakers(turns: Iterable[Turn]) -> Callable[[Token], frozenset[str]]:
    """A function that returns the speakers whose turns hold the middle of a token."""
    segments = [*timeline.active_segments(turns)]
    starts = [span.start for span, _ in segments]

    def active(token: Token) -> frozenset[str]:
        place = bisect_right(starts, token.middle) - 1
        return segments[place][1] if place >= 0 and token.middle < segments[place][0].end else frozenset()

    return active
