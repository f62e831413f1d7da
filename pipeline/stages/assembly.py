"""Stage four, the transcript: everybody's words merged by time; every word once, here or in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.config import AssemblyConfig
from pipeline.stages.channels import SEPARATOR
from pipeline.stages.leakage import without_leaks
from pipeline.stages.suspicion import mark_suspects
from pipeline.timeline import by_speaker, gaps, intersection, overlaps, total, union
from pipeline.values import Coverage, Overlap, Region, Span, Turn, Utterance, Voice, Word, spell

SHORTEST = 0.02
"""A word lasts at least so many seconds; crowded words share what time there is."""
NEAR_WORDS = 3.0
"""Speech at most so far from a word counts as covered; beyond, the recogniser lost something, in seconds."""


def assemble(
    spoken: Sequence[Utterance],
    turns: Sequence[Turn],
    regions: Sequence[Region],
    duration: float,
    config: AssemblyConfig,
) -> tuple[tuple[Utterance, ...], tuple[Region, ...]]:
    """Utterances sorted by start, and the ledger with both texts and the leaked words of each region."""
    lines = {line.speaker: _orderly(line.words, duration) for line in spoken}
    kept, leaked = without_leaks(lines, _one_microphone(turns, regions))
    sure = {speaker: _with_margins(words, turns, speaker) for speaker, words in kept.items()}
    utterances = sorted(
        (mark_suspects(u) for speaker, words in sure.items() for u in _utterances(speaker, words, config)),
        key=lambda utterance: (utterance.start, utterance.end, utterance.speaker),
    )
    return tuple(utterances), _ledger(regions, sure, leaked)


def measure_coverage(
    turns: Sequence[Turn], utterances: Sequence[Utterance], duration: float, decoded: float
) -> Coverage:
    """Where the recording's seconds went; ``uncovered`` is speech over `NEAR_WORDS` seconds without a word."""
    speech = union(turn.span for turn in turns)
    words = [Span(word.start, word.end) for utterance in utterances for word in utterance.words]
    silent = [gap for span in speech for gap in gaps(intersection(words, [span]), span)]
    uncovered = sum((gap.duration for gap in silent if gap.duration > NEAR_WORDS), 0.0)
    spoken = total(speech)
    return Coverage(duration, decoded, spoken, spoken - uncovered, uncovered)


def _one_microphone(turns: Sequence[Turn], regions: Sequence[Region]) -> tuple[Overlap, ...]:
    """The overlaps in which words can leak: two people with a channel each may well say "bye" together."""
    apart = {(region.start, region.end) for region in regions if region.separator == SEPARATOR}
    return tuple(overlap for overlap in overlaps(turns) if (overlap.start, overlap.end) not in apart)


def _orderly(words: Iterable[Word], duration: float) -> tuple[Word, ...]:
    """One speaker's words sorted, inside the recording, none overlapping the next: the earlier gives way."""
    ordered: list[Word] = []
    for word in sorted(words, key=lambda w: (w.start, w.end)):
        start = max(word.start, ordered[-1].start + SHORTEST) if ordered else word.start
        end = min(max(word.end, start + SHORTEST), duration)
        if ordered and ordered[-1].end > start:
            ordered[-1] = replace(ordered[-1], end=start)
        if end - start < SHORTEST / 2:
            start = max(end - SHORTEST, ordered[-1].end if ordered else 0.0)
        if start < end:
            ordered.append(replace(word, start=start, end=end))
        elif ordered:
            ordered[-1] = _squeezed(ordered[-1], word)
    return tuple(ordered)


def _squeezed(last: Word, word: Word) -> Word:
    """Two words in the time of the last: nothing is lost when the recording ends before they do."""
    return replace(last, text=spell((last, word)))


def _with_margins(words: Sequence[Word], turns: Sequence[Turn], speaker: str) -> tuple[Word, ...]:
    """The words, each with the margin of the speaker's turn it lies in."""
    mine = by_speaker(turns).get(speaker, ())
    sure: list[Word] = []
    position = 0
    for word in words:
        while position < len(mine) - 1 and mine[position].end <= word.middle:
            position += 1
        inside = bool(mine) and mine[position].start <= word.middle < mine[position].end
        sure.append(replace(word, margin=mine[position].margin) if inside else word)
    return tuple(sure)


def _utterances(speaker: str, words: Sequence[Word], config: AssemblyConfig) -> Iterable[Utterance]:
    """Cut at pauses, and at the end of a sentence once an utterance is longer than a breath's paragraph."""
    held: list[Word] = []
    for word in words:
        if held and (_pauses(held[-1], word, config) or _is_full(held, config)):
            yield Utterance(speaker, tuple(held))
            held = []
        held.append(word)
    if held:
        yield Utterance(speaker, tuple(held))


def _pauses(last: Word, word: Word, config: AssemblyConfig) -> bool:
    return not word.joined and word.start - last.end > config.pause


def _is_full(held: Sequence[Word], config: AssemblyConfig) -> bool:
    return held[-1].end - held[0].start > config.longest and held[-1].text.endswith((".", "?", "!", "。", "？", "！"))


def _ledger(
    regions: Sequence[Region], words: Mapping[str, Sequence[Word]], leaked: Sequence[tuple[Span, Utterance]]
) -> tuple[Region, ...]:
    """The regions with what each voice says in them, and the leaked words next to where they were found."""
    entries = list(regions)
    for span, utterance in leaked:
        nearest = min(range(len(entries)), key=lambda i: _distance(entries[i], span))
        entries[nearest] = replace(entries[nearest], leaked=(*entries[nearest].leaked, utterance))
    return tuple(replace(entry, voices=tuple(_heard(v, entry, words) for v in entry.voices)) for entry in entries)


def _heard(voice: Voice, region: Region, words: Mapping[str, Sequence[Word]]) -> Voice:
    inside = tuple(w for w in words.get(voice.speaker, ()) if region.start <= w.middle < region.end)
    return replace(voice, text=spell(inside))


def _distance(region: Region, span: Span) -> float:
    return max(0.0, region.start - span.end, span.start - region.end)
