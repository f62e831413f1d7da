"""Source separation: one stream per speaker, with separated speech where two or more speak at once.

Only overlaps are separated, with some context for the separator; elsewhere a stream is the mixture, sample for sample.
Each overlap region ends in a decision with its reason: use the separated sources, or keep the mixture.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.config.schema import SeparationConfig
from pipeline.core.audio import Audio, Samples, Sources, rescale_to_mixture, to_sample
from pipeline.core.errors import BackendError, CannotSeparate, ResourceError, is_gpu_out_of_memory
from pipeline.core.events import Progress, no_progress
from pipeline.core.stage import Stage, StageModels
from pipeline.core.timeline import BOUNDARY, ROUNDING, IntervalIndex, overlaps, single_speaker, union
from pipeline.core.types import Notice, Overlap, OverlapDecision, Span, SpeakerEvidence, Turn
from pipeline.models.protocols import (
    BatchSeparator,
    Diarization,
    Embedder,
    Mixture,
    ParallelSeparator,
    Separator,
)
from pipeline.stages.channels.tracks import Track, Tracks
from pipeline.stages.separation.codec import SeparationCodec
from pipeline.stages.separation.overlap_region import OverlapRegion, extract
from pipeline.stages.separation.result import Separation
from pipeline.stages.separation.source_assignment import MARGIN, Decision, Evidence, assign_sources, decide
from pipeline.stages.separation.streams import SeparatedSegment, build_streams

ENROLLMENT: Final = 60.0
"""Seconds of single-speaker speech that a separator gets of each speaker, the nearest in time first, and of which their
embedding is computed, the longest spans first. Chosen by hand; less makes embeddings vary more, and NMF's sources worse
(docs/experiments/separation.md). All regions in a period of that length share the speech, so that a separator
prepares a speaker once for all of them: separation of 19 s of overlap took 2.9 instead of 4.7 core-seconds."""
CACHE_SIZE: Final = 16
"""Enrollment speech kept for the next regions of its period, 4 MB each. Chosen by hand; less cuts it more often."""

Embeddings = Mapping[str, NDArray[np.float32]]
"""A unit vector per speaker, shape (dimension,)."""
Job: TypeAlias = "tuple[_TrackInput, list[Overlap]]"
"""A track, and the overlaps that make one region."""
Output: TypeAlias = "tuple[OverlapRegion, Sources | Failure]"
"""A region, and the separator's sources or the reason for their absence."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a region has no sources; ``at_fault`` when the separator failed, rather than declined."""

    reason: str
    at_fault: bool = True


def separate(
    tracks: Sequence[Track],
    diarization: Diarization,
    separator: Separator,
    embedder: Embedder | None,
    config: SeparationConfig,
    progress: Progress = no_progress,
) -> Separation:
    """Streams of all speakers, and the decision for every overlap region within a track.

    Regions in which the separator fails keep the mixture, and a notice counts them. Raises `ResourceError` when the
    machine, not the separator, is at fault.
    """
    inputs = [_TrackInput(n, track.audio, diarization.turns_on(n), config.context) for n, track in enumerate(tracks)]
    jobs = [(track, group) for track in inputs for group in _groups(overlaps(track.turns))]
    embeddings = _embeddings(inputs, embedder) if jobs else {}
    regions: list[OverlapDecision] = []
    segments: dict[str, list[SeparatedSegment]] = {}
    failures: list[Failure] = []
    parts = _parts(jobs, separator)
    with _mapping(separator) as map_parts:
        results = map_parts(lambda part: _separate_part(part, separator), parts)
        for part, outputs in zip(parts, results, strict=True):
            failures += [output for _, output in outputs if isinstance(output, Failure) and output.at_fault]
            decided = _decide(outputs, embeddings, embedder)
            for (_, group), (region, _), (sources, decision) in zip(part, outputs, decided, strict=True):
                regions.append(_ledger_entry(region, decision, config.backend))
                if decision.decision == "separated":
                    for speaker, source in zip(region.speakers, sources, strict=True):
                        segments.setdefault(speaker, []).extend(_segments(source, region.span, group))
                progress(len(regions), len(jobs))
    streams = [stream for track in inputs for stream in build_streams(track.audio, track.turns, segments, track.number)]
    by_label = tuple(sorted(streams, key=lambda stream: stream.speaker))
    return Separation(by_label, tuple(regions), _failure_notice(failures, len(regions)))


class _TrackInput:
    """One track with its turns: makes the separator's input for a group of overlaps.

    The regions of one period of `ENROLLMENT` seconds, counted from the first turn, share the speakers' speech.
    """

    def __init__(self, number: int, audio: Audio, turns: Sequence[Turn], context: float) -> None:
        self.number, self.audio, self.turns = number, audio, turns
        self.single_speaker = _single_speaker(turns)
        self._context = context
        self._first = min((turn.start for turn in turns), default=0.0)
        self._index = IntervalIndex(turns)
        self._enrollment = lru_cache(CACHE_SIZE)(
            lambda speaker, period: nearest_speech(audio, self.single_speaker.get(speaker, ()), period)
        )

    def region(self, group: Sequence[Overlap]) -> tuple[OverlapRegion, dict[str, Samples]]:
        """The region of the overlaps, and the single-speaker speech of its speakers."""
        near = self._index.meeting(group[0].start - self._context, group[-1].end + self._context)
        region = extract(self.audio, near, group, self._context)
        period = _period(region.span, self._first)
        return region, {speaker: self._enrollment(speaker, period) for speaker in region.speakers}


def _single_speaker(turns: Sequence[Turn]) -> dict[str, list[Span]]:
    """Each speaker's single-speaker spans of at least `BOUNDARY` seconds."""
    return {
        speaker: [span for span in spans if span.duration > BOUNDARY - ROUNDING]
        for speaker, spans in single_speaker(turns).items()
    }


def _failure_notice(failures: Sequence[Failure], regions: int) -> tuple[Notice, ...]:
    if not failures:
        return ()
    reason = next(iter(failures[0].reason.splitlines()), "")
    message = f"the separator failed in {len(failures)} of {regions} overlap regions, which keep the mixture: {reason}"
    return (Notice("separator_failed", message),)


def _parts(jobs: Sequence[Job], separator: Separator) -> list[Sequence[Job]]:
    """The jobs in parts that the separator gets in one call."""
    size = separator.mixtures_at_once if isinstance(separator, BatchSeparator) else 1
    return [jobs[first : first + size] for first in range(0, len(jobs), size)]


@contextmanager
def _mapping(separator: Separator) -> Iterator[Callable[..., Iterator[list[Output]]]]:
    """A function like `map`, which uses the separator's own threads where it has any."""
    if isinstance(separator, ParallelSeparator):
        with separator.executor() as executor:
            yield executor.map
    else:
        yield map


def _groups(items: Iterable[Overlap]) -> Iterator[list[Overlap]]:
    """Overlaps with at most `BOUNDARY` seconds between them, which make one region."""
    group: list[Overlap] = []
    for overlap in items:
        if group and overlap.start > group[-1].end + BOUNDARY + ROUNDING:
            yield group
            group = []
        group.append(overlap)
    if group:
        yield group


def _segments(source: Samples, region: Span, group: Sequence[Overlap]) -> Iterator[SeparatedSegment]:
    """The source inside the overlaps: between them, only one speaker is active in the mixture."""
    first = to_sample(region.start)
    for span in union(overlap.span for overlap in group):
        yield SeparatedSegment(span, source[to_sample(span.start) - first : to_sample(span.end) - first])


def _separate_part(part: Sequence[Job], separator: Separator) -> list[Output]:
    """The regions of a part with the separator's sources, or the reason for their absence."""
    prepared = [track.region(group) for track, group in part]
    # A region shorter than BOUNDARY holds no word.
    is_short = [len(region.mixture[region.inside]) < to_sample(BOUNDARY) for region, _ in prepared]
    mixtures = [
        (region.mixture, speech) for (region, speech), short in zip(prepared, is_short, strict=True) if not short
    ]
    returned = iter(_call(separator, mixtures))
    return [
        (region, Failure(f"shorter than {BOUNDARY} s", at_fault=False) if short else _checked(next(returned), region))
        for (region, _), short in zip(prepared, is_short, strict=True)
    ]


def _call(separator: Separator, mixtures: Sequence[Mixture]) -> Sequence[Any]:
    """What the separator returns for each mixture, or the exception that it raised."""
    try:
        if isinstance(separator, BatchSeparator):
            outputs = separator.separate_batch(mixtures) if mixtures else []
            if len(outputs) != len(mixtures):
                raise BackendError(f"the separator returned {len(outputs)} results for {len(mixtures)} mixtures")
            return outputs
        return [separator.separate(*mixture) for mixture in mixtures]
    except (ResourceError, MemoryError):
        raise
    except Exception as error:  # an own separator can raise anything, which must not cost the transcript
        if is_gpu_out_of_memory(error):
            raise  # the stage is run again with less memory
        return [error] * len(mixtures)


def _checked(output: Any, region: OverlapRegion) -> Sources | Failure:
    """The output as sources over the region with its context, or what is wrong with it."""
    if isinstance(output, CannotSeparate):
        return Failure(f"nothing was separated: {output}", at_fault=False)
    try:
        if isinstance(output, Exception):
            raise output
        sources = np.asarray(output, np.float32)
    except Exception as error:
        return Failure(f"nothing was separated: {error if str(error) else type(error).__name__}")
    problem = _problem(sources, region)
    # Sums of floats depend on their order: sorted by samples, so that the separator's order has no effect.
    return Failure(problem) if problem else sources[sorted(range(len(sources)), key=lambda row: sources[row].tobytes())]


def _decide(
    outputs: Sequence[Output], embeddings: Embeddings, embedder: Embedder | None
) -> Iterator[tuple[Sources, Decision]]:
    """For each region one source per speaker, shape (speakers, samples of the region), and the decision on them.

    The sources of all regions are embedded in one call.
    """
    silent = np.zeros((0, 0), np.float32)
    scaled = [silent if isinstance(o, Failure) else rescale_to_mixture(o, region.mixture) for region, o in outputs]
    clips = [sources[:, region.inside] for sources, (region, _) in zip(scaled, outputs, strict=True)]
    similarities = _similarities(clips, [region.speakers for region, _ in outputs], embeddings, embedder)
    required = embedder.calibration.margin if embedder else MARGIN
    for (region, output), sources, similarity in zip(outputs, scaled, similarities, strict=True):
        if isinstance(output, Failure):
            yield silent, Decision("mixture", output.reason, (Evidence(),) * len(region.speakers))
        else:
            rows = assign_sources(sources, region.single_speaker_mask, similarity)
            chosen = rescale_to_mixture(output[rows], region.mixture)[:, region.inside]
            mixture = region.mixture[region.inside]
            yield chosen, decide(chosen, mixture, similarity[rows], region.speakers, required)


def _problem(output: Sources, region: OverlapRegion) -> str | None:
    """A defect of a separator's output that does not depend on its sound."""
    if output.ndim != 2 or output.shape[1] != len(region.mixture):
        return f"the separator returned an array of shape {output.shape}"
    if len(output) < len(region.speakers):
        return f"the separator returned {len(output)} sources for {len(region.speakers)} speakers"
    if not np.isfinite(output).all():
        return "the separator returned NaN or infinity"
    return None


def _ledger_entry(region: OverlapRegion, decision: Decision, separator: str) -> OverlapDecision:
    evidence = tuple(
        SpeakerEvidence(speaker, similarity=item.similarity, nearest_other=item.nearest_other, energy_db=item.energy_db)
        for speaker, item in zip(region.speakers, decision.evidence, strict=True)
    )
    return OverlapDecision(region.span.start, region.span.end, evidence, separator, decision.decision, decision.reason)


def _similarities(
    clips: Sequence[Sources], speakers: Sequence[Sequence[str]], embeddings: Embeddings, embedder: Embedder | None
) -> Iterator[NDArray[np.float64]]:
    """For each region the cosine of each source to each speaker's embedding, shape (sources, speakers).

    NaN where either is unknown. ``clips`` are the regions' sources, each of shape (sources, samples).
    """
    rows = [source for sources in clips for source in sources]
    if embedder is None or not embeddings or not rows:
        yield from (np.full((len(sources), len(names)), np.nan) for sources, names in zip(clips, speakers, strict=True))
        return
    vectors = np.asarray(embedder.embed(rows), np.float64)  # (sources of all regions, dimension)
    unknown = np.full(vectors.shape[1], np.nan)
    parts = np.split(vectors, np.cumsum([len(sources) for sources in clips])[:-1])
    for part, names in zip(parts, speakers, strict=True):
        yield np.asarray(part @ np.stack([embeddings.get(name, unknown) for name in names]).T, np.float64)


def _embeddings(tracks: Iterable[_TrackInput], embedder: Embedder | None) -> Embeddings:
    """Each speaker's embedding from their longest single-speaker spans; speakers without any have none."""
    speech = {
        speaker: _collect(track.audio, sorted(spans, key=lambda span: -span.duration), ENROLLMENT)
        for track in tracks
        for speaker, spans in track.single_speaker.items()
        if spans
    }
    if embedder is None or not speech:
        return {}
    return dict(zip(speech, embedder.embed(list(speech.values())), strict=True))


def _period(region: Span, first: float) -> Span:
    """The period of `ENROLLMENT` seconds, counted from ``first``, in which the region begins."""
    start = first + round(region.start - first, 6) // ENROLLMENT * ENROLLMENT
    return Span(start, start + ENROLLMENT)


def nearest_speech(audio: Audio, spans: Sequence[Span], period: Span) -> Samples:
    """Up to `ENROLLMENT` seconds of sorted, disjoint spans, those nearest to the period first; read-only."""

    def distance(span: Span) -> tuple[float, Span]:
        return max(span.start - period.end, period.start - span.end), span

    after = bisect_left(spans, True, key=lambda span: span.start - period.end > period.start - span.end)
    earlier, later = (map(spans.__getitem__, row) for row in (range(after - 1, -1, -1), range(after, len(spans))))
    samples = _collect(audio, merge(earlier, later, key=distance), ENROLLMENT)
    samples.setflags(write=False)  # regions share it
    return samples


def _collect(audio: Audio, spans: Iterable[Span], seconds: float) -> Samples:
    """Samples of the spans, one after the other, up to a number of seconds."""
    parts: list[Samples] = []
    remaining = to_sample(seconds)
    for span in spans:
        if remaining <= 0:
            break
        parts.append(audio.crop(span)[:remaining])
        remaining -= len(parts[-1])
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _prepare() -> None:
    import scipy.optimize  # noqa: F401 — assigns sources


def _run(
    tracks: Tracks, diarization: Diarization, models: StageModels, settings: SeparationConfig, progress: Progress
) -> Separation:
    return separate(tracks.tracks, diarization, models.separator, models.embedder, settings, progress)


STAGE = Stage(
    name="separation",
    version=2,
    run=_run,
    uses=("separator", "embedder"),
    settings=SeparationConfig,
    codec=SeparationCodec(),
    prepare=_prepare,
)
