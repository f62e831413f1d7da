"""Parts of a transcript with the model's answer, and gaps: where the minutes are made without the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.core.types import Notice
from pipeline.formats.timestamps import whole_seconds
from pipeline.minutes.llm.answers import ChunkAnswer
from pipeline.minutes.llm.asking import Session
from pipeline.minutes.llm.choosing import Group
from pipeline.minutes.llm.segments import Chunk, Position, Segment

NOTICE = "minutes_llm"
"""Code of the notice about a language model that failed, one for each kind of failure."""
MOST_SPANS = 8
"""Most time spans that a notice lists. Chosen by hand; the others are counted."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A span of words for which the model gave nothing."""

    first: Position
    """First utterance and word."""
    end: Position | None
    """The first utterance and word after it; null at the end of the transcript."""
    seconds: tuple[float, float]
    """Its time, for people."""
    what: str
    """What failed."""
    kind: str = ""
    """The kind of items or `topics` that is concerned; empty for all."""

    def holds(self, utterance: int, word: int) -> bool:
        """Whether a word lies in the gap."""
        return self.first <= (utterance, word) and (self.end is None or (utterance, word) < self.end)


@dataclass(frozen=True, slots=True)
class Part:
    """A chunk with the model's answer, or with the gap that is there in its place."""

    chunk: Chunk
    answer: ChunkAnswer | None
    gap: Gap | None


def asked(session: Session, chunks: Sequence[Chunk], step: Callable[[], None]) -> list[Part]:
    """Ask about the chunks in order; ``step`` is called after each. The parts cover the whole transcript."""
    found: list[tuple[Chunk, ChunkAnswer | str]] = []
    for chunk in chunks:
        found += session.about_chunk(chunk)
        step()
    return [_part(number, found) for number in range(len(found))]


def gap_of_group(group: Group, kind: str) -> Gap:
    """The gap that candidates leave among which the model did not choose."""
    first, last = group.candidates[0].segment, group.candidates[-1].segment
    end = (last.evidence.utterance, last.evidence.last_word + 1)
    return Gap(first.position, end, (first.start, last.end), group.what, kind)


def gaps_of(parts: Iterable[Part]) -> list[Gap]:
    """The gaps among the parts."""
    return [part.gap for part in parts if part.gap]


def is_in(gaps: Iterable[Gap], utterance: int, word: int) -> bool:
    """Whether a word lies in one of the gaps."""
    return any(gap.holds(utterance, word) for gap in gaps)


def notices(host: str, gaps: Iterable[Gap]) -> list[Notice]:
    """One notice for each kind of failure, with the time spans that were made without the model."""
    found: dict[str, list[Gap]] = {}
    for gap in gaps:
        found.setdefault(gap.what, []).append(gap)
    return [Notice(NOTICE, _message(host, what, _merged(each))) for what, each in found.items()]


def _part(number: int, found: Sequence[tuple[Chunk, ChunkAnswer | str]]) -> Part:
    chunk, answer = found[number]
    if not isinstance(answer, str):
        return Part(chunk, answer, None)
    first = chunk.segments[0]
    follows = found[number + 1][0].segments[0].position if number + 1 < len(found) else None
    return Part(chunk, None, Gap(first.position, follows, (first.start, _latest(chunk.segments)), answer))


def _latest(segments: Sequence[Segment]) -> float:
    return max(each.end for each in segments)


def _merged(gaps: Sequence[Gap]) -> list[Gap]:
    """Gaps of which one begins where another ends, as one."""
    found: list[Gap] = []
    for gap in gaps:
        if found and (found[-1].kind, found[-1].end) == (gap.kind, gap.first):
            before = found.pop()
            seconds = (before.seconds[0], max(before.seconds[1], gap.seconds[1]))
            gap = Gap(before.first, gap.end, seconds, gap.what, gap.kind)
        found.append(gap)
    return found


def _message(host: str, what: str, gaps: Sequence[Gap]) -> str:
    spans = [f"{each.kind} {' to '.join(map(whole_seconds, each.seconds))}".strip() for each in gaps[:MOST_SPANS]]
    more = [f"{len(gaps) - MOST_SPANS} more"] if len(gaps) > MOST_SPANS else []
    return f"the language model at {host} {what}; made without it: {', '.join(spans + more)}"
