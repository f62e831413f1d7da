"""All computation but the models' costs n log n: operations on times are counted; results as of plain algorithms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analytics.measures.interactions import overlap_events
from pipeline.config.schema import AssemblyConfig, SeparationConfig
from pipeline.core import timeline
from pipeline.core.audio import RATE, Audio, Clip, Stream
from pipeline.core.text import letters
from pipeline.core.timeline import BOUNDARY, MAX_WORDLESS
from pipeline.core.types import OverlapDecision, Span, Transcript, Turn, Utterance, Word, join_words
from pipeline.models.protocols import Diarization
from pipeline.stages.assembly import stage as assembly
from pipeline.stages.assembly.duplicates import remove_cross_stream_duplicates
from pipeline.stages.channels.tracks import Track
from pipeline.stages.recognition import clips, merge
from pipeline.stages.recognition import stage as recognition
from pipeline.stages.recognition.merge import is_inside, merge_hypotheses
from pipeline.stages.recognition.plan import Chunk
from pipeline.stages.recognition.transcribe_clips import plausible
from pipeline.stages.recognition.windows import PAUSE, WINDOW, pack
from pipeline.stages.separation.stage import ENROLLMENT, nearest_speech, separate
from pipeline.stages.separation.streams import SeparatedSegment, build_streams
from tests.stages.meetings import Time, converse, ledger, spoken
from tests.strategies import rows_of_spans

Meeting = tuple[tuple[Turn, ...], dict[str, list[Word]], float]


def do_assemble(meeting: Meeting) -> None:
    turns, words, duration = meeting
    assembly.assemble(spoken(words), Diarization(turns), ledger(turns), duration, AssemblyConfig())


def do_cover(meeting: Meeting) -> None:
    turns, words, duration = meeting
    assembly.measure_coverage(turns, spoken(words), duration, duration)


def do_merge(meeting: Meeting) -> None:
    _, words, duration = meeting
    background = {speaker: tuple(Span(t, t + 3.0) for t in range(2, int(duration) - 10, 9)) for speaker in words}
    merge_hypotheses(
        words,
        {speaker: [replace(w) for w in line] for speaker, line in words.items()},
        background,
    )


def do_attribute(meeting: Meeting) -> None:
    turns, words, _ = meeting
    everything = sorted((word for line in words.values() for word in line), key=lambda word: word.start)
    chunks = tuple(Chunk(Span(line[0].start, line[-1].end)) for line in _chunks(everything, 40))
    plan = recognition.TrackPlan(0, Audio(np.zeros(1, np.float32)), turns, chunks, {})
    recognition.attribute(plan, [list(c) for c in _chunks(everything, 40)], [], plausible)


def do_normalize(meeting: Meeting) -> None:
    timeline.normalize(meeting[0], meeting[2], gap=0.5)


def do_find_overlap_events(meeting: Meeting) -> None:
    turns, words, duration = meeting
    overlap_events(Transcript(duration, tuple(sorted(spoken(words), key=lambda line: line.start)), turns))


def do_pack(meeting: Meeting) -> None:
    pack((n, _silence(turn)) for n, turn in enumerate(meeting[0]))


def do_pad(meeting: Meeting) -> None:
    turns, _, duration = meeting
    silences = timeline.gaps((turn.span for turn in turns), Span(0, duration))
    for turn in turns:
        clips.with_padding(_silence(turn), Audio(np.zeros(1, np.float32)), silences)


def do_build_streams(meeting: Meeting) -> None:
    segments: dict[str, list[SeparatedSegment]] = {}
    for region in ledger(meeting[0]):
        for item in region.evidence:
            samples = np.zeros(0, np.float32)
            segments.setdefault(item.speaker, []).append(SeparatedSegment(Span(region.start, region.end), samples))
    build_streams(Audio(np.zeros(0, np.float32)), meeting[0], segments)


def do_separate(meeting: Meeting) -> None:
    class Nothing:
        def separate(self, mixture: Any, solo: Any) -> Any:
            return np.zeros((0, 0), np.float32)

    silence = np.broadcast_to(np.float32(0), (int(meeting[2]) * RATE,))
    separate([Track(Audio(silence))], Diarization(meeting[0]), Nothing(), None, SeparationConfig())


def do_context(meeting: Meeting) -> None:
    turns, _, duration = meeting
    for speaker, line in timeline.by_speaker(turns).items():
        spans = tuple(Span(t, t + 0.5) for t in range(2, int(duration) - 10, 9))
        clips.with_context(Stream(speaker, tuple(_silence(turn) for turn in line)), spans)


WORK: Mapping[str, Callable[[Meeting], None]] = {
    name.removeprefix("do_"): work for name, work in dict(globals()).items() if name.startswith("do_")
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(WORK))
def test_four_times_the_meeting_is_little_more_than_four_times_the_work(name: str) -> None:
    counts = []
    for minutes in (15, 60):
        meeting = converse(minutes)
        Time.count = 0
        WORK[name](meeting)
        counts.append(Time.count)
    assert counts[0] > 500
    assert counts[1] / counts[0] < 5.5


def _chunks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[i : i + size] for i in range(0, len(items), size)]


def _silence(turn: Turn) -> Clip:
    length = int(float(turn.end) - float(turn.start) * 1) + 1
    return Clip(np.broadcast_to(np.float32(0), (min(length, 6) * RATE // 2,)), turn.start)


# The results are those of the plain algorithms.


@given(st.integers(0, 10_000), st.sampled_from([0.3, 1.0, 3.0]))
def test_coverage_is_that_of_the_plain_algorithm(seed: int, minutes: float) -> None:
    turns, words, duration = converse(minutes, seed, float)
    lines = [Utterance(speaker, tuple(line[:: 1 + seed % 9])) for speaker, line in words.items()]
    speech = timeline.union(turn.span for turn in turns)
    spans = [Span(word.start, word.end) for line in lines for word in line.words]
    silent = [gap for span in speech for gap in timeline.gaps(timeline.intersection(spans, [span]), span)]
    expected = sum((gap.duration for gap in silent if gap.duration > MAX_WORDLESS), 0.0)
    assert assembly.measure_coverage(turns, lines, duration, duration).uncovered == expected


@given(rows_of_spans(8), rows_of_spans(8))
def test_a_removed_word_goes_to_the_region_nearest_to_it(places: Sequence[Span], spans: Sequence[Span]) -> None:
    if not places:
        return
    regions = [OverlapDecision(place.start, place.end, (), "x", "mixture", "x") for place in places]

    def distance(number: int, span: Span) -> float:
        return max(0.0, regions[number].start - span.end, span.start - regions[number].end)

    plain = [min(range(len(regions)), key=lambda number: distance(number, span)) for span in spans]
    assert assembly.nearest_regions(regions, spans) == plain


def plain_words_near(words: Sequence[Word], low: float, high: float) -> list[Word]:
    return [word for word in words if low - BOUNDARY <= word.middle < high + BOUNDARY]


@given(st.integers(0, 10_000))
def test_words_near_a_region_are_found_in_their_order(seed: int) -> None:
    turns, words, _ = converse(1.0, seed, float)
    for line in words.values():
        mixed = sorted(line, key=lambda word: word.text)
        index = timeline.MidpointIndex(mixed)
        for turn in turns:
            assert index.between(turn.start - BOUNDARY, turn.end + BOUNDARY) == plain_words_near(
                mixed, turn.start, turn.end
            )


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=20), st.integers(0, 70), st.integers(1, 20))
def test_overlapping_items_that_meet_a_span(rows: list[tuple[int, int]], start: int, length: int) -> None:
    spans = [Span(first, first + more) for first, more in rows]
    plain = [s for s in sorted(spans, key=lambda s: s.start) if s.start < start + length and start < s.end]
    assert list(timeline.IntervalIndex(spans).meeting(start, start + length)) == plain


@given(st.lists(st.integers(0, 20), max_size=20), st.integers(-1, 20), st.integers(0, 25))
def test_the_first_maximum_above_a_limit(values: list[int], limit: int, start: int) -> None:
    plain = next((n for n, value in enumerate(values) if n >= start and value > limit), None)
    assert timeline.MaximumTree(values).first_above(limit, start) == plain


@given(st.integers(0, 10_000))
def test_merging_is_that_of_the_plain_algorithm(seed: int) -> None:
    _, words, duration = converse(0.7, seed, float)
    streams = {s: [replace(w, start=w.start + 0.05, end=w.end + 0.06) for w in line] for s, line in words.items()}
    background = {s: tuple(Span(t, t + 3.0) for t in range(2 + n, int(duration), 7)) for n, s in enumerate(words)}
    assert merge_hypotheses(words, streams, background) == plain_merge(words, streams, background)


def plain_merge(
    mixture: Mapping[str, Sequence[Word]],
    streams: Mapping[str, Sequence[Word]],
    background: Mapping[str, Sequence[Span]],
) -> dict[str, list[Word]]:
    def equal(one: Word, other: Word) -> bool:
        near = abs(one.middle - other.middle) <= timeline.BOUNDARY
        return near and letters(one.text) == letters(other.text)

    def is_repeated(word: Word, hypothesis: Sequence[Word], others: Sequence[Word]) -> bool:
        def nearest(other: Word) -> Word:
            return min((one for one in hypothesis if equal(one, other)), key=lambda one: abs(one.middle - other.middle))

        return any(equal(word, other) and nearest(other) is word for other in others)

    merged: dict[str, list[Word]] = {}
    for speaker in sorted({*mixture, *streams}):
        spans = background.get(speaker, ())
        outside = [word for word in mixture.get(speaker, ()) if not is_inside(word, spans)]
        hypothesis = streams.get(speaker, ())
        inside = [word for word in hypothesis if is_inside(word, spans)]
        merged[speaker] = outside + [
            w for w in inside if not (merge._is_at_edge(w, spans) and is_repeated(w, hypothesis, outside))
        ]
    everything = [word for line in merged.values() for word in line]
    hypothesis = [word for line in mixture.values() for word in line]
    for speaker, line in mixture.items():
        spans = background.get(speaker, ())
        inside_words = timeline.IntervalIndex(word for word in merged[speaker] if is_inside(word, spans))
        at_edges = [word for word in line if is_inside(word, spans) and merge._is_at_edge(word, spans)]
        merged[speaker] += [
            merge._shortened(w, inside_words, spans) for w in at_edges if not is_repeated(w, hypothesis, everything)
        ]
    return {speaker: sorted(line, key=lambda word: (word.start, word.end)) for speaker, line in merged.items()}


@given(st.integers(0, 10_000))
def test_packing_is_first_fit(seed: int) -> None:
    turns, _, _ = converse(4.0, seed, float)
    clips = [_silence(turn) for turn in turns]
    windows: list[list[tuple[int, float]]] = []
    for number, clip in enumerate(clips):
        for window in windows:
            last, last_offset = clips[window[-1][0]], window[-1][1]
            pause = PAUSE if clip.start < last.end - 0.5 / RATE else min(PAUSE, max(0.0, clip.start - last.end))
            offset = last_offset + (last.end - last.start) + pause
            if offset + (clip.end - clip.start) <= WINDOW + timeline.ROUNDING:
                window.append((number, offset))
                break
        else:
            windows.append([(number, 0.0)])
    packed = pack(enumerate(clips))
    assert [list(zip(window.numbers, window.offsets, strict=True)) for window in packed] == windows


@given(rows_of_spans(8), st.floats(0, 30), st.floats(0.1, 5))
def test_the_nearest_speech_comes_first(spans: Sequence[Span], start: float, length: float) -> None:
    near = Span(start, start + length)
    audio = Audio(np.arange(120 * 100, dtype=np.float32), rate=100)
    plain = sorted(spans, key=lambda s: (max(s.start - near.end, near.start - s.end), s))
    samples = np.concatenate([np.zeros(0, np.float32), *(audio.crop(span) for span in plain)])
    assert np.array_equal(nearest_speech(audio, spans, near), samples[: int(ENROLLMENT * RATE)])


@given(st.integers(0, 10_000))
def test_ledger_texts_and_duplicates_are_those_of_the_plain_algorithm(seed: int) -> None:
    turns, words, duration = converse(1.0, seed, float)
    regions = ledger(turns)
    utterances, entries = assembly.assemble(spoken(words), Diarization(turns), regions, duration, AssemblyConfig())
    line = {s: [w for u in utterances if u.speaker == s for w in u.words] for s in words}
    for entry in entries:
        for entry_evidence in entry.evidence:
            inside = tuple(w for w in line[entry_evidence.speaker] if entry.start <= w.middle < entry.end)
            assert entry_evidence.text == join_words(inside)
    lines = {s: assembly._orderly(line, duration) for s, line in words.items()}
    _, duplicates = remove_cross_stream_duplicates(lines, timeline.overlaps(turns))
    assert sum(len(entry.leaked) for entry in entries) == len(duplicates)
