"""Assembly of the transcript: the words of all tracks merged by time; every word once, in the text or in the ledger."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from pipeline.config.schema import AssemblyConfig
from pipeline.core.events import Progress
from pipeline.core.stage import Stage, StageModels
from pipeline.core.timeline import (
    MAX_WORDLESS,
    MIN_WORD,
    MidpointIndex,
    by_speaker,
    covered,
    crop,
    gaps,
    overlaps,
    union,
)
from pipeline.core.types import (
    Coverage,
    Notice,
    Overlap,
    OverlapDecision,
    Span,
    SpeakerEvidence,
    Transcript,
    Turn,
    Utterance,
    Word,
    join_words,
)
from pipeline.media import Decoded
from pipeline.models.protocols import Diarization
from pipeline.stages.assembly.acoustics import find_pauses, prepare, with_loudness
from pipeline.stages.assembly.duplicates import remove_cross_stream_duplicates
from pipeline.stages.assembly.hallucinations import flag_hallucinations
from pipeline.stages.channels.tracks import Tracks
from pipeline.stages.recognition.result import Recognition
from pipeline.stages.separation.result import Separation

CHANNELS = "channels"
"""Separator in the ledger where speakers have their own channels."""
CHANNELS_WITH_BLEED = "channels with echo"
"""Separator in the ledger where speakers have their own channels and one channel is audible on another."""


def assemble(
    spoken: Sequence[Utterance],
    diarization: Diarization,
    regions: Iterable[OverlapDecision],
    duration: float,
    config: AssemblyConfig,
    has_bleed: bool = False,
) -> tuple[tuple[Utterance, ...], tuple[OverlapDecision, ...]]:
    """Utterances sorted by start, and the ledger with the texts and the removed duplicates of each region.

    ``regions`` are the overlaps within tracks; those between tracks are added. ``has_bleed``: speech of one track can
    be audible on another, so that duplicates are looked for between tracks too.
    """
    lines = {line.speaker: _orderly(line.words, duration) for line in spoken}
    overlapping = overlaps(diarization.turns)
    audible_twice = [o for o in overlapping if has_bleed or not _is_between_tracks(o, diarization)]
    lines_left, duplicates = remove_cross_stream_duplicates(lines, audible_twice)
    between = (_entry_between(o, has_bleed) for o in overlapping if _is_between_tracks(o, diarization))
    ledger = sorted((*regions, *between), key=lambda region: (region.start, region.end))
    turns = by_speaker(diarization.turns)
    words_of = {speaker: _with_margins(words, turns.get(speaker, ())) for speaker, words in lines_left.items()}
    utterances = sorted(
        (flag_hallucinations(u) for speaker, words in words_of.items() for u in _utterances(speaker, words, config)),
        key=_by_time,
    )
    return tuple(utterances), _ledger(ledger, words_of, duplicates)


def _is_between_tracks(overlap: Overlap, diarization: Diarization) -> bool:
    return len({diarization.track_of(speaker) for speaker in overlap.speakers}) > 1


def _entry_between(overlap: Overlap, has_bleed: bool) -> OverlapDecision:
    """The ledger's entry of an overlap between tracks: it needs no separation, and the words of all speakers stay."""
    evidence = tuple(map(SpeakerEvidence, overlap.speakers))
    separator = CHANNELS_WITH_BLEED if has_bleed else CHANNELS
    return OverlapDecision(
        overlap.start, overlap.end, evidence, separator, "separated", "each speaker has their own channel"
    )


def collect_removed(
    removed: Sequence[Utterance], duration: float, config: AssemblyConfig
) -> tuple[tuple[Utterance, ...], tuple[Notice, ...]]:
    """The suspect words as utterances sorted by start, and a notice that counts them by reason."""
    unsorted: list[Utterance] = []
    for line in removed:
        words = [replace(word, end=min(word.end, duration)) for word in line.words if word.start < duration]
        unsorted += _utterances(line.speaker, words, config)
    utterances = tuple(sorted(unsorted, key=_by_time))
    reasons = Counter(word.suspect for utterance in utterances for word in utterance.words)
    if not reasons:
        return (), ()
    counts = ", ".join(f"{reason}: {count}" for reason, count in sorted(reasons.items(), key=lambda pair: str(pair[0])))
    message = f"probably hallucinated words are not in the text ({counts}); the JSON lists them as removed"
    return utterances, (Notice("hallucinations_removed", message),)


def measure_coverage(
    turns: Sequence[Turn], utterances: Sequence[Utterance], duration: float, decoded: float
) -> Coverage:
    """Seconds of the recording, of speech, and of speech without words (only spans over `MAX_WORDLESS`)."""
    speech = union(turn.span for turn in turns)
    words = union(Span(word.start, word.end) for utterance in utterances for word in utterance.words)
    silent = [gap for span in speech for gap in gaps(crop(words, span), span)]
    uncovered = sum((gap.duration for gap in silent if gap.duration > MAX_WORDLESS), 0.0)
    total = covered(speech)
    return Coverage(duration, decoded, total, total - uncovered, uncovered)


def _orderly(words: Iterable[Word], duration: float) -> tuple[Word, ...]:
    """One speaker's words sorted, inside the recording, none overlapping the next: the earlier one is shortened."""
    ordered: list[Word] = []
    for word in sorted(words, key=lambda w: (w.start, w.end)):
        start = max(word.start, ordered[-1].start + MIN_WORD) if ordered else word.start
        end = min(max(word.end, start + MIN_WORD), duration)
        if ordered and ordered[-1].end > start:
            ordered[-1] = replace(ordered[-1], end=start)
        if end - start < MIN_WORD / 2:
            start = max(end - MIN_WORD, ordered[-1].end if ordered else 0.0)
        if start < end:
            ordered.append(word if (start, end) == (word.start, word.end) else replace(word, start=start, end=end))
        elif ordered:
            ordered[-1] = _merged(ordered[-1], word)
    return tuple(ordered)


def _merged(last: Word, word: Word) -> Word:
    """Both words in the time of the last: no word is lost when the recording ends before they do."""
    return replace(last, text=join_words((last, word)))


def _with_margins(words: Sequence[Word], turns: Sequence[Turn]) -> tuple[Word, ...]:
    """The speaker's words, each with the margin of the speaker's turn that it lies in."""
    with_margins: list[Word] = []
    position = 0
    for word in words:
        while position < len(turns) - 1 and turns[position].end <= word.middle:
            position += 1
        inside = bool(turns) and turns[position].start <= word.middle < turns[position].end
        margin = turns[position].margin if inside else word.margin
        with_margins.append(word if margin == word.margin else replace(word, margin=margin))
    return tuple(with_margins)


def _utterances(speaker: str, words: Sequence[Word], config: AssemblyConfig) -> Iterable[Utterance]:
    """Utterances that end at pauses, and at the end of a sentence once they are long."""
    current: list[Word] = []
    for word in words:
        if current and (_is_pause(current[-1], word, config) or _is_full(current, config)):
            yield Utterance(speaker, tuple(current))
            current = []
        current.append(word)
    if current:
        yield Utterance(speaker, tuple(current))


def _by_time(utterance: Utterance) -> tuple[float, float, str]:
    return utterance.start, utterance.end, utterance.speaker


def _is_pause(last: Word, word: Word, config: AssemblyConfig) -> bool:
    return not word.no_space and word.start - last.end > config.pause


def _is_full(words: Sequence[Word], config: AssemblyConfig) -> bool:
    duration = words[-1].end - words[0].start
    return duration > config.max_utterance and words[-1].text.endswith((".", "?", "!", "。", "？", "！"))


def _ledger(
    regions: Sequence[OverlapDecision],
    words: Mapping[str, Sequence[Word]],
    duplicates: Sequence[tuple[Span, Utterance]],
) -> tuple[OverlapDecision, ...]:
    """The regions, sorted by start, with each speaker's text, and each removed duplicate in the nearest region."""
    numbers = nearest_regions(regions, [span for span, _ in duplicates])
    removed: dict[int, list[Utterance]] = {}
    for number, (_, utterance) in zip(numbers, duplicates, strict=True):
        removed.setdefault(number, []).append(utterance)
    index = {speaker: MidpointIndex(words_of_speaker) for speaker, words_of_speaker in words.items()}
    return tuple(
        replace(
            region,
            evidence=tuple(_with_text(evidence, region, index) for evidence in region.evidence),
            leaked=(*region.leaked, *removed.get(number, ())),
        )
        for number, region in enumerate(regions)
    )


def _with_text(
    evidence: SpeakerEvidence, region: OverlapDecision, index: Mapping[str, MidpointIndex[Word]]
) -> SpeakerEvidence:
    words = index[evidence.speaker].between(region.start, region.end) if evidence.speaker in index else ()
    return replace(evidence, text=join_words(tuple(words)))


def nearest_regions(regions: Sequence[OverlapDecision], spans: Sequence[Span]) -> list[int]:
    """The number of the region nearest to each span, the first of those equally near; regions are sorted by start."""
    assert regions or not spans, "a duplicate lies in an overlap, and every overlap has its region"
    latest = list(accumulate((region.end for region in regions), max))
    return [_nearest_to(span, regions, latest) for span in spans]


def _nearest_to(span: Span, regions: Sequence[OverlapDecision], latest: Sequence[float]) -> int:
    """Of the regions that begin before the span ends, the first that reaches it or else the last to end; after them
    the next. ``latest`` is the latest end so far."""
    after = bisect_right(regions, span.end, key=lambda region: region.start)
    reaching = bisect_left(latest, span.start, hi=after)
    if reaching < after:
        return reaching
    if not after:
        return 0
    before = bisect_left(latest, latest[after - 1], hi=after)
    is_later_nearer = after < len(regions) and regions[after].start - span.end < span.start - latest[before]
    return after if is_later_nearer else before


def _run(
    recording: Decoded,
    tracks: Tracks,
    diarization: Diarization,
    separation: Separation,
    recognition: Recognition,
    models: StageModels,
    settings: AssemblyConfig,
    progress: Progress,
) -> Transcript:
    """The transcript, without its provenance."""
    duration, turns = recording.duration, diarization.turns
    utterances, ledger = assemble(
        recognition.spoken, diarization, separation.regions, duration, settings, tracks.has_bleed
    )
    removed, removals = collect_removed(recognition.removed, duration, settings)
    coverage = measure_coverage(turns, utterances, duration, recording.decoded)
    measured = with_loudness(turns, diarization, tracks.tracks)
    of_stages = (*recording.notices, *diarization.notices, *separation.notices, *recognition.notices)
    return Transcript(
        duration=duration,
        utterances=utterances,
        turns=measured,
        overlaps=ledger,
        language=recognition.language if utterances else None,
        complete=recording.complete,
        coverage=coverage,
        notices=(*of_stages, *removals, *_coverage_notices(coverage)),
        removed=removed,
        pauses=find_pauses(measured, tracks.tracks, duration),
    )


def _coverage_notices(coverage: Coverage) -> tuple[Notice, ...]:
    if coverage.uncovered <= 0:
        return ()
    message = f"no words recognized in {coverage.uncovered:.1f} s of speech (retried once)"
    return (Notice("uncovered_speech", message),)


STAGE = Stage(name="assembly", version=3, run=_run, settings=AssemblyConfig, prepare=prepare)
