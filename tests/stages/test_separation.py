"""Separation: streams are the mixture outside overlaps, and no separator, however bad, loses speech."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from time import sleep

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.config.schema import SeparationConfig
from pipeline.core.audio import RATE, Audio, Clip, Samples, to_sample
from pipeline.core.errors import CannotSeparate, OutOfMemory
from pipeline.core.events import Progress, no_progress
from pipeline.core.timeline import by_speaker, overlaps, union
from pipeline.core.types import Span, Turn, Word
from pipeline.models.protocols import (
    BatchSeparator,
    Diarization,
    Embedder,
    EmbedderCalibration,
    Mixture,
    ParallelSeparator,
    Separator,
)
from pipeline.models.separators.passthrough import PassthroughSeparator
from pipeline.models.synthetic import SyntheticEmbedder, SyntheticSeparator, synthesize
from pipeline.stages.channels.tracks import Track
from pipeline.stages.separation import stage
from pipeline.stages.separation.result import Separation
from tests.strategies import turns as some_turns

CONFIG = SeparationConfig(backend="fake")
EMBEDDER = SyntheticEmbedder()
TALK = (Word(0.5, 2.0, "a1"), Word(2.0, 3.0, "a2"), Word(2.4, 3.4, "b3"), Word(3.4, 5.0, "b4"), Word(6.0, 7.0, "c5"))
TURNS = (Turn(0.5, 3.0, "a"), Turn(2.4, 5.0, "b"), Turn(6.0, 7.0, "c"))
AUDIO = Audio(synthesize(TALK, 8.0))
Sources = NDArray[np.float32]


class Fake:
    """A separator that returns a function of the perfect sources."""

    def __init__(self, change: Callable[[Sources], object]) -> None:
        self._change = change

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> Sources:
        return self._change(SyntheticSeparator().separate(mixture, solo))  # type: ignore[return-value]


class Threaded(Fake, ParallelSeparator):
    """A separator with its own threads."""

    def executor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(3)


class Batched(Fake, BatchSeparator):
    """A separator that gets three mixtures in one call; ``calls`` has the number of them in each."""

    mixtures_at_once = 3

    def __init__(self, change: Callable[[Sources], object]) -> None:
        super().__init__(change)
        self.calls: list[int] = []

    def separate_batch(self, mixtures: Sequence[Mixture]) -> list[Sources | CannotSeparate]:
        self.calls.append(len(mixtures))
        return [self._declined(mixture) or self.separate(*mixture) for mixture in mixtures]

    def _declined(self, mixture: Mixture) -> CannotSeparate | None:
        return None


def separate(
    audio: Audio,
    turns: Sequence[Turn],
    separator: Separator,
    embedder: Embedder | None,
    config: SeparationConfig,
    progress: Progress = no_progress,
) -> Separation:
    """The separation of a recording with one track."""
    return stage.separate([Track(audio)], Diarization(tuple(turns)), separator, embedder, config, progress)


def run(separator: Separator, audio: Audio = AUDIO, turns: Sequence[Turn] = TURNS) -> Separation:
    return separate(audio, turns, separator, EMBEDDER, CONFIG)


def sound(separation: Separation) -> dict[str, list[tuple[float, str, bytes]]]:
    return {s.speaker: [(c.start, c.origin, c.samples.tobytes()) for c in s.clips] for s in separation.streams}


def clips(separation: Separation, speaker: str) -> tuple[Clip, ...]:
    return next(stream.clips for stream in separation.streams if stream.speaker == speaker)


def test_sources_of_a_good_separator_are_accepted_and_assigned_to_their_speakers() -> None:
    result = run(SyntheticSeparator())
    (region,) = result.regions
    assert (region.start, region.end, region.decision) == (2.4, 3.0, "separated")
    assert [c.origin for c in clips(result, "a")] == ["mixture", "separated"]
    assert [c.origin for c in clips(result, "b")] == ["separated", "mixture"]
    for speaker, word in (("a", TALK[1]), ("b", TALK[2])):
        clip = next(c for c in clips(result, speaker) if c.origin == "separated")
        alone = Audio(synthesize([word], 8.0)).crop(clip.span)
        middle = slice(RATE // 10, -RATE // 10)
        np.testing.assert_allclose(clip.samples[middle], alone[middle], atol=0.01)
        np.testing.assert_array_equal(clip.samples * 32768, np.rint(clip.samples * 32768))


HOSTILE: dict[str, Callable[[Sources], object]] = {
    "nan": lambda s: s * np.nan,
    "one nan": lambda s: np.where(np.arange(s.shape[1]) == 7, np.nan, s),
    "infinite": lambda s: s + np.inf,
    "silence": lambda s: s * 0,
    "one silent": lambda s: s * np.array([[0], [1]], np.float32),
    "identical": lambda s: np.tile(s.sum(axis=0), (2, 1)),
    "opposite": lambda s: np.stack([s.sum(axis=0), -s.sum(axis=0)]),
    "one voice twice": lambda s: np.stack([s[0], s[0]]),
    "noise": lambda s: np.random.default_rng(0).normal(size=s.shape),
    "too few": lambda s: s[:1],
    "none": lambda s: s[:0],
    "too short": lambda s: s[:, :-1],
    "too long": lambda s: np.pad(s, ((0, 0), (0, 1))),
    "flat": lambda s: s[0],
    "words": lambda s: "sources",
    "nothing": lambda s: None,
    "raises": lambda s: 1 // 0,
}


@pytest.mark.promise(14)
@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_sources_leave_the_mixture_with_a_reason(name: str) -> None:
    result = run(Fake(HOSTILE[name]))
    assert sound(result) == sound(run(PassthroughSeparator()))
    assert {clip.origin for stream in result.streams for clip in stream.clips} == {"mixture"}
    (region,) = result.regions
    assert region.decision == "mixture"
    assert len(region.reason) > 10


HARMLESS: dict[str, Callable[[Sources], object]] = {
    "swapped": lambda s: s[::-1],
    "louder": lambda s: s * 1000,
    "much quieter": lambda s: s * 1e-4,
    "upside down": lambda s: s * np.array([[1], [-1]], np.float32),
    "with a third of nobody": lambda s: np.concatenate([1e-3 * s[:1] + 1e-3 * s[1:], s]),
}


@pytest.mark.promise(14)
@pytest.mark.parametrize("name", list(HARMLESS))
def test_order_level_and_sign_have_no_effect(name: str) -> None:
    expected, result = run(SyntheticSeparator()), run(Fake(HARMLESS[name]))
    assert [r.decision for r in result.regions] == ["separated"]
    for speaker in "abc":
        for one, other in zip(clips(expected, speaker), clips(result, speaker), strict=True):
            np.testing.assert_allclose(one.samples, other.samples, atol=1e-3)


@given(st.permutations([0, 1, 2]))
def test_any_order_of_sources_gives_the_same_bytes(order: list[int]) -> None:
    talk = (*TALK, Word(2.5, 2.9, "c7"))
    turns = (*TURNS, Turn(2.5, 2.9, "c"))
    audio = Audio(synthesize(talk, 8.0))
    shuffled = run(Fake(lambda s: s[order]), audio, turns)
    assert sound(shuffled) == sound(run(SyntheticSeparator(), audio, turns))
    assert shuffled.regions == run(SyntheticSeparator(), audio, turns).regions


@given(some_turns())
def test_streams_cover_the_turns_and_are_the_mixture_outside_overlaps(turns: tuple[Turn, ...]) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, to_sample(12.0)).astype(np.float32)
    audio = Audio(samples)
    unseparated = separate(audio, turns, PassthroughSeparator(), None, CONFIG)
    halves = separate(audio, turns, Fake(lambda s: s), None, CONFIG)
    overlap_spans = union(overlap.span for overlap in overlaps(turns))
    for result in (unseparated, halves):
        assert [s.speaker for s in result.streams] == list(by_speaker(turns))
        for stream in result.streams:
            speaker_turns = by_speaker(turns)[stream.speaker]
            length = sum(len(clip.samples) for clip in stream.clips)
            assert length == sum(len(audio.crop(span)) for span in union(turn.span for turn in speaker_turns))
            for clip in stream.clips:
                first = to_sample(clip.start)
                if clip.origin == "mixture":
                    np.testing.assert_array_equal(clip.samples, samples[first : first + len(clip.samples)])
                else:
                    assert any(span.start - 1e-4 <= clip.start < span.end for span in overlap_spans)


@pytest.mark.slow
@given(some_turns())
def test_threads_of_a_separator_change_no_sample_and_no_region(turns: tuple[Turn, ...]) -> None:
    audio = Audio(np.random.default_rng(0).normal(0, 0.1, to_sample(12.0)).astype(np.float32))
    one, many = (separate(audio, turns, made(_unlike), EMBEDDER, CONFIG) for made in (Fake, Threaded))
    assert sound(one) == sound(many)
    assert one.regions == many.regions


MANY = tuple(
    Turn(start + shift, start + shift + 2.0, who) for start in range(0, 40, 8) for shift, who in ((0, "a"), (1, "b"))
)
"""Five overlap regions."""


def test_batches_of_regions_change_no_sample_and_no_region() -> None:
    audio = Audio(np.random.default_rng(0).normal(0, 0.1, to_sample(40.0)).astype(np.float32))
    batched = Batched(_unlike)
    one, many = (separate(audio, MANY, made, EMBEDDER, CONFIG) for made in (Fake(_unlike), batched))
    assert batched.calls == [3, 2]
    assert sound(one) == sound(many)
    assert one.regions == many.regions
    assert len(one.regions) == 5


def test_a_region_that_a_batch_declines_leaves_the_others() -> None:
    class Picky(Batched):
        def _declined(self, mixture: Mixture) -> CannotSeparate | None:
            return CannotSeparate("too little solo speech") if self.calls == [3, 2] else None

    audio = Audio(np.random.default_rng(0).normal(0, 0.1, to_sample(40.0)).astype(np.float32))
    result = separate(audio, MANY, Picky(_unlike), None, CONFIG)
    reasons = ["too little solo speech" in region.reason for region in result.regions]
    assert reasons == [False] * 3 + [True] * 2
    assert result.notices == ()


@pytest.mark.parametrize("number", [2, 4])
def test_a_batch_of_the_wrong_size_is_a_failure_of_the_separator(number: int) -> None:
    class Wrong(Batched):
        def separate_batch(self, mixtures: Sequence[Mixture]) -> list[Sources | CannotSeparate]:
            return [np.zeros((2, 1), np.float32)] * number

    audio = Audio(np.full(to_sample(40.0), 0.1, np.float32))
    result = separate(audio, MANY[:6], Wrong(_unlike), None, CONFIG)
    assert [notice.code for notice in result.notices] == ["separator_failed"]
    assert f"{number} results for 3 mixtures" in result.notices[0].message


def _unlike(sources: Sources) -> Sources:
    """Sources that differ by region; short ones take the longest, so that threads finish in another order."""
    sleep(0.002 / (1 + sources.shape[1] / RATE))
    return sources * np.array([[1.0], *[[0.5]] * (len(sources) - 1)], np.float32)


@given(some_turns())
def test_the_ledger_holds_every_overlap_once(turns: tuple[Turn, ...]) -> None:
    audio = Audio(np.full(to_sample(12.0), 0.1, np.float32))
    regions = separate(audio, turns, PassthroughSeparator(), None, CONFIG).regions
    for overlap in overlaps(turns):
        (region,) = [r for r in regions if r.start <= overlap.start and overlap.end <= r.end]
        assert set(overlap.speakers) <= set(region.speakers)
    assert all(one.end < other.start for one, other in pairwise(regions))


@given(st.permutations(["anna", "bert", "carl"]))
def test_renaming_the_speakers_changes_no_sample(names: list[str]) -> None:
    given_names = dict(zip("abc", names, strict=True))
    renamed = tuple(replace(turn, speaker=given_names[turn.speaker]) for turn in TURNS)
    result, expected = sound(run(SyntheticSeparator(), turns=renamed)), sound(run(SyntheticSeparator()))
    assert result == {given_names[speaker]: clips for speaker, clips in expected.items()}


def test_only_overlaps_and_their_context_reach_the_separator() -> None:
    lengths: list[int] = []

    def note(sources: Sources) -> Sources:
        lengths.append(sources.shape[1])
        return sources

    run(Fake(note))
    assert lengths == [to_sample(0.6 + 2 * CONFIG.context)]


class Strict(SyntheticEmbedder):
    """Requires more than is possible: the margin of perfect sources is 1."""

    calibration = EmbedderCalibration(margin=1.5)


def test_the_embedders_margin_is_required_at_a_handover_and_inside_anothers_speech() -> None:
    handover = separate(AUDIO, TURNS, SyntheticSeparator(), Strict(), CONFIG)
    talk = (Word(0.5, 5.0, "a1"), Word(2.4, 3.4, "b3"), Word(6.0, 7.0, "b4"))
    turns = (Turn(0.5, 5.0, "a"), Turn(2.4, 3.4, "b"), Turn(6.0, 7.0, "b"))
    inside = separate(Audio(synthesize(talk, 8.0)), turns, SyntheticSeparator(), Strict(), CONFIG)
    assert [region.decision for region in (*handover.regions, *inside.regions)] == ["mixture", "mixture"]
    assert [r.reason.rpartition(" ")[2] for r in (*handover.regions, *inside.regions)] == ["1.5", "1.5"]


def test_a_machine_out_of_memory_is_not_the_separators_fault() -> None:
    def burst(sources: Sources) -> Sources:
        raise OutOfMemory("no memory left")

    for made in (Fake, Threaded, Batched):
        with pytest.raises(OutOfMemory):
            run(made(burst))


def test_separated_speech_that_runs_over_full_scale_is_clipped() -> None:
    loud = Audio(np.clip(AUDIO.samples * 20, -1, 1))
    for stream in run(SyntheticSeparator(), loud).streams:
        assert all(np.abs(clip.samples).max() <= 1 for clip in stream.clips)


def test_progress_counts_regions() -> None:
    seen: list[tuple[float, float]] = []
    separate(AUDIO, TURNS, SyntheticSeparator(), EMBEDDER, CONFIG, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]


def test_without_overlaps_the_separator_is_not_called() -> None:
    result = run(Fake(HOSTILE["raises"]), turns=TURNS[::2])
    assert result.regions == ()
    assert [clip.span for clip in clips(result, "a")] == [Span(0.5, 3.0)]


FAULTS = (
    "nan",
    "one nan",
    "infinite",
    "too few",
    "none",
    "too short",
    "too long",
    "flat",
    "words",
    "nothing",
    "raises",
)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("kind", [Fake, Threaded, Batched])
def test_a_failing_separator_is_reported_in_a_notice(name: str, kind: type[Fake]) -> None:
    result = run(kind(HOSTILE[name]))
    assert [notice.code for notice in result.notices] == ["separator_failed"]
    assert "1 of 1" in result.notices[0].message
    assert "\n" not in result.notices[0].message


def test_rejected_sources_and_declined_mixtures_are_no_failure() -> None:
    def decline(sources: Sources) -> Sources:
        raise CannotSeparate("too little solo speech")

    assert run(Fake(HOSTILE["noise"])).notices == ()
    result = run(Fake(decline))
    assert (result.notices, result.regions[0].decision) == ((), "mixture")
    short = replace(TURNS[1], start=2.9)
    assert run(Fake(HOSTILE["raises"]), turns=(TURNS[0], short)).notices == ()


def test_only_subclasses_are_threaded() -> None:
    class Swimming(Fake):
        def executor(self) -> object:
            raise AssertionError("this is another kind of pool")

    assert [region.decision for region in run(Swimming(lambda sources: sources)).regions] == ["separated"]


def test_enrollment_speech_cannot_be_changed_by_a_separator() -> None:
    class Greedy(Fake):
        def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> Sources:
            for samples in solo.values():
                samples *= 0
            return super().separate(mixture, solo)

    assert [notice.code for notice in run(Greedy(lambda sources: sources)).notices] == ["separator_failed"]
