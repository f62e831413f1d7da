"""The spans of the recording to mute for a plan: padded to the words beside them, and over speech without words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.core.timeline import MAX_WORDLESS, MIN_WORD, gaps, intersection
from pipeline.core.types import Span, Transcript, Word
from pipeline.redaction.types import Doubt, Plan, Redaction

MIN_PADDING: Final = 0.15
"""Seconds that are muted on each side of the words, also where another word stands there. Chosen by hand, half of
`timeline.BOUNDARY`; more cuts into words that are not redacted, less leaves the edges of sounds."""
MAX_PADDING: Final = 0.5
"""Seconds that are muted on each side of the words where the same speaker has no other word. Chosen by hand above
`timeline.BOUNDARY`, by which word times are uncertain; more mutes more of the pauses, and of other speakers."""
NEAR: Final = 5.0
"""Seconds from a redaction within which speech without words may belong to it. Chosen by hand; a number is spoken in
groups with pauses of up to two seconds."""
_TOUCHING: Final = MIN_WORD
"""Seconds between a muted span and speech without words that count as no gap: no word fits in."""


@dataclass(frozen=True, slots=True)
class MutedSpan:
    """A span of the recording that is muted, for the redactions with these numbers in the plan."""

    start: float
    end: float
    redactions: tuple[int, ...]

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


def muted_spans(transcript: Transcript, plan: Plan) -> tuple[MutedSpan, ...]:
    """The spans to mute, sorted, those that meet merged; they lie inside the recording."""
    silent = wordless(transcript)
    spans = []
    for number, redaction in enumerate(plan.redactions):
        padded = _over_wordless(_padded(transcript, redaction, plan), silent)
        start, end = max(0.0, padded.start), min(transcript.duration, padded.end)
        if start < end:
            spans.append(MutedSpan(start, end, (number,)))
    return _merged(spans)


def wordless(transcript: Transcript) -> tuple[Span, ...]:
    """Speech without words: the parts of turns outside all words."""
    if not transcript.duration:
        return ()
    words = (Span(word.start, word.end) for word in transcript.words)
    silence = gaps(words, Span(0.0, transcript.duration))
    return intersection((turn.span for turn in transcript.turns), silence)


def unchecked(transcript: Transcript) -> tuple[Span, ...]:
    """Speech without words that is too long for a pause: what was said there is in no text, so in no plan."""
    return tuple(span for span in wordless(transcript) if span.duration > MAX_WORDLESS)


def wordless_doubts(transcript: Transcript, plan: Plan) -> tuple[Doubt, ...]:
    """Long speech without words near a redaction: the rest of a number may be in it."""
    doubts = []
    for span in unchecked(transcript):
        near = [r for r in plan.redactions if r.start - NEAR < span.end and span.start < r.end + NEAR]
        if near:
            reason = f"speech without words within {NEAR:g} s of it"
            doubts.append(Doubt(near[0].kind, span.start, span.end, reason))
    return tuple(doubts)


def _padded(transcript: Transcript, redaction: Redaction, plan: Plan) -> Span:
    """The span of a redaction, up to the words of its speakers beside it, within the two paddings."""
    covered = [transcript.utterances[line].words[word] for line, word in redaction.words]
    if not covered:
        return Span(redaction.start, redaction.end)
    first, last = min(word.start for word in covered), max(word.end for word in covered)
    before, after = _neighbours(transcript, redaction, plan, (first, last))
    left = max(before, first - MAX_PADDING)
    right = min(after, last + MAX_PADDING)
    return Span(
        max(0.0, min(redaction.start, left, first - MIN_PADDING)), max(redaction.end, right, last + MIN_PADDING)
    )


def _neighbours(
    transcript: Transcript, redaction: Redaction, plan: Plan, covered: tuple[float, float]
) -> tuple[float, float]:
    """The end of the word before the covered ones, and the start of the word after them, of the same speakers."""
    planned = {place for each in plan.redactions for place in each.words}
    speakers = {transcript.utterances[line].speaker for line, _ in redaction.words}
    others = [
        word
        for i, line in enumerate(transcript.utterances)
        if line.speaker in speakers and line.start < covered[1] + MAX_PADDING and line.end > covered[0] - MAX_PADDING
        for j, word in enumerate(line.words)
        if (i, j) not in planned
    ]
    before = max((word.end for word in others if word.middle < covered[0]), default=0.0)
    after = min((word.start for word in others if word.middle > covered[1]), default=transcript.duration)
    return before, after


def _over_wordless(span: Span, silent: Sequence[Span]) -> Span:
    """The span with the speech without words that touches it, on each side up to `MAX_WORDLESS` seconds."""
    start, end = span.start, span.end
    for gap in silent[max(0, bisect_left(silent, span) - 1) :]:
        if gap.start - _TOUCHING > span.end:
            break
        if gap.end + _TOUCHING >= span.start:
            start = min(start, max(gap.start, span.start - MAX_WORDLESS))
            end = max(end, min(gap.end, span.end + MAX_WORDLESS))
    return Span(start, end)


def _merged(spans: Sequence[MutedSpan]) -> tuple[MutedSpan, ...]:
    merged: list[MutedSpan] = []
    for span in sorted(spans, key=lambda each: each.start):
        if merged and span.start <= merged[-1].end:
            last = merged[-1]
            merged[-1] = MutedSpan(last.start, max(last.end, span.end), (*last.redactions, *span.redactions))
        else:
            merged.append(span)
    assert all(one.end < two.start for one, two in pairwise(merged))
    return tuple(merged)


def cut_words(transcript: Transcript, plan: Plan, span: Span) -> tuple[tuple[str, Word], ...]:
    """Speaker and word for each word outside the plan whose sound a muted span covers, at least in part."""
    planned = {place for each in plan.redactions for place in each.words}
    return tuple(
        (line.speaker, word)
        for i, line in enumerate(transcript.utterances)
        for j, word in enumerate(line.words)
        if (i, j) not in planned and word.start < span.end and span.start < word.end
    )
