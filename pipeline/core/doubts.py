"""Doubtful passages of a transcript, ranked, with place and reason; and marks for them in the text.

Marks: ``[?words?]`` around words that may be wrong, ``(speaker?)`` before words that may be another speaker's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from pipeline.core.correction import Correction
from pipeline.core.timeline import MAX_WORDLESS, crop, gaps, union
from pipeline.core.types import ROUNDING, OverlapDecision, Span, Transcript, Utterance, Word, join_words

Kind = Literal["suspect", "words", "speaker", "overlap", "uncovered"]
"""``suspect``: words that may never have been spoken; ``words``: words with a low probability; ``speaker``: words that
may be another speaker's; ``overlap``: words from overlapping speech that was not separated; ``uncovered``:
speech without words."""
IMPROBABLE = 0.3
"""Word probability, 0 to 1, below which a word is doubtful. Chosen by hand; a higher value lists more correct words."""
TOSS_UP = 0.05
"""Margin of cosine similarities below which the speaker is doubtful (0: a tie). Chosen by hand; a higher value lists
more correct speakers."""
SHORT_OVERLAP = 1.0
"""Minimum duration in seconds of a listed overlap. Chosen by hand: a shorter one holds one or two words."""
WORDS_PER_SECOND = 2.0
"""Expected words per second of speech without words, for its weight. Chosen by hand; more ranks such speech higher."""
OPEN, CLOSE, WHO = "[?", "?]", "(speaker?)"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A passage to check: ``weight`` estimates the number of wrong words, ``text`` is the present text.

    ``utterance`` and ``words`` (first, and one after the last) are indices into the transcript, None for a passage that
    is not in one utterance.
    """

    start: float
    end: float
    kind: Kind
    weight: float
    reason: str
    speaker: str | None = None
    text: str = ""
    utterance: int | None = None
    words: tuple[int, int] | None = None


def find_doubts(transcript: Transcript) -> tuple[Doubt, ...]:
    """Everything doubtful that no person has checked, the most doubtful first."""
    found: list[Doubt] = []
    for i, utterance in enumerate(transcript.utterances):
        found += _of_utterance(i, utterance)
    found += _overlaps(transcript)
    if transcript.coverage is not None:
        found += _uncovered(transcript)
    checks = [each for each in transcript.corrections if each.operation == "check" and each.problem is None]
    if checks:
        found = [doubt for doubt in found if not _is_checked(doubt, transcript, checks)]
    return tuple(sorted(found, key=lambda doubt: (-doubt.weight, doubt.start)))


def with_marks(transcript: Transcript) -> Transcript:
    """The transcript with marks in the texts of doubtful words; nothing else is changed."""
    texts = [[word.text for word in utterance.words] for utterance in transcript.utterances]
    for doubt in sorted(find_doubts(transcript), key=lambda doubt: doubt.kind == "speaker"):
        if doubt.utterance is None or doubt.words is None:
            continue
        own, (first, after) = texts[doubt.utterance], doubt.words
        if doubt.kind == "speaker":
            own[first] = f"{WHO} {own[first]}"
        else:
            own[first] = OPEN + own[first]
            own[after - 1] += CLOSE
    utterances = tuple(
        replace(utterance, words=tuple(replace(w, text=t) for w, t in zip(utterance.words, own, strict=True)))
        for utterance, own in zip(transcript.utterances, texts, strict=True)
    )
    return replace(transcript, utterances=utterances)


def without_marks(text: str) -> str:
    """A text as it was before `with_marks`."""
    return text.replace(f"{WHO} ", "").replace(OPEN, "").replace(CLOSE, "")


def _is_checked(doubt: Doubt, transcript: Transcript, checks: Sequence[Correction]) -> bool:
    """Whether a person checked the line of the doubt; if it is of no single line, all lines that meet it."""
    items = [(doubt.speaker, doubt.start, doubt.end)]
    if doubt.speaker is None:
        lines = [line for line in transcript.utterances if line.start < doubt.end and doubt.start < line.end]
        items = [(line.speaker, line.start, line.end) for line in lines]
    return bool(items) and all(
        any(c.speaker == speaker and c.start <= start + ROUNDING and end <= c.end + ROUNDING for c in checks)
        for speaker, start, end in items
    )


def _of_utterance(index: int, utterance: Utterance) -> Iterator[Doubt]:
    words = utterance.words
    for reason, first, after in _runs(words, _why_wrong):
        run = words[first:after]
        suspect = any(word.suspect for word in run)
        weight = sum(1.0 if word.suspect or word.probability is None else 1.0 - word.probability for word in run)
        kind: Kind = "suspect" if suspect else "words"
        yield _doubt(kind, weight, reason, index, utterance, (first, after))
    for reason, first, after in _runs(words, _why_another):
        run = words[first:after]
        weight = sum(0.5 * (1.0 - max(0.0, word.margin or 0.0) / TOSS_UP) for word in run)
        yield _doubt("speaker", weight, reason, index, utterance, (first, after))


def _doubt(kind: Kind, weight: float, reason: str, index: int, utterance: Utterance, words: tuple[int, int]) -> Doubt:
    run = utterance.words[words[0] : words[1]]
    end = max(word.end for word in run)
    text = without_marks(join_words(run))
    return Doubt(run[0].start, end, kind, weight, reason, utterance.speaker, text, index, words)


def _why_wrong(word: Word) -> str:
    if word.suspect:
        return f"perhaps not spoken: {word.suspect}"
    return "the recogniser was unsure" if word.probability is not None and word.probability < IMPROBABLE else ""


def _why_another(word: Word) -> str:
    return "perhaps another speaker" if word.margin is not None and word.margin < TOSS_UP else ""


def _runs(words: Sequence[Word], why: Callable[[Word], str]) -> Iterator[tuple[str, int, int]]:
    """Runs of words with the same reason: the reason, the first, and one after the last."""
    for reason, group in groupby(range(len(words)), key=lambda i: why(words[i])):
        indices = list(group)
        if reason:
            yield reason, indices[0], indices[-1] + 1


def _overlaps(transcript: Transcript) -> Iterator[Doubt]:
    for region in transcript.overlaps:
        if region.decision == "mixture" and region.end - region.start >= SHORT_OVERLAP:
            names = " and ".join(region.speakers)
            weight = 0.3 * max(1, _words_in(region, transcript))
            reason = f"{names} talk at once and were not separated"
            yield Doubt(region.start, region.end, "overlap", weight, reason)


def _words_in(region: OverlapDecision, transcript: Transcript) -> int:
    return sum(
        region.start <= word.middle < region.end
        for utterance in transcript.utterances
        if utterance.start < region.end and region.start < utterance.end
        for word in utterance.words
    )


def _uncovered(transcript: Transcript) -> Iterator[Doubt]:
    words = union(Span(word.start, word.end) for word in transcript.words)
    for speech in union(turn.span for turn in transcript.turns):
        for gap in gaps(crop(words, speech), speech):
            if gap.duration > MAX_WORDLESS:
                reason = f"{gap.duration:.1f} s of speech without words"
                yield Doubt(gap.start, gap.end, "uncovered", gap.duration * WORDS_PER_SECOND, reason)
