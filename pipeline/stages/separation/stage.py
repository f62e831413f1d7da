"""Stage two, both voices: a stream per speaker, taken apart where two or more talk at once.

Only overlaps are touched, with some context for the separator; elsewhere a stream is the mixture, sample for sample.
Each region ends in a decision with its reason: use the separated sources, or keep the mixture.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.config.schema import SeparationConfig
from pipeline.core.audio import Audio, Samples, Sources, Stream, rescale_to_mixture, to_sample
from pipeline.core.errors import CannotSeparate, ResourceError, is_gpu_out_of_memory
from pipeline.core.events import Progress, no_progress
from pipeline.core.timeline import ROUNDING, IntervalIndex, overlaps, single_speaker, union
from pipeline.core.types import Notice, Overlap, OverlapDecision, Span, SpeakerEvidence, Turn
from pipeline.models.protocols import Diarization, Embedder, ParallelSeparator, Separator
from pipeline.stages.channels.tracks import Track
from pipeline.stages.separation.overlap_region import OverlapRegion, extract
from pipeline.stages.separation.source_assignment import MARGIN, Decision, Evidence, assign_sources, decide
from pipeline.stages.separation.streams import SeparatedSegment, build_streams

NEAR: Final = 0.3
"""Overlaps at most so many seconds apart are one region."""
SHORTEST: Final = 0.2
"""A region under so many seconds is left alone: it holds no word, and no voice can be told in it."""
SOLO: Final = 60.0
"""Seconds of solo speech that teach a separator a voice, the nearest in time first."""
STRETCH: Final = 60.0
"""Regions in one stretch of so many seconds share that speech: a voice is learned once for all of them."""
PURE: Final = 0.3
"""Solo spans under so many seconds are mostly the edges of others' turns."""
HANDED_OVER: Final = 0.5
"""Part of the margin that is enough where one hands the floor to the other: what either says goes on outside the
region, where it is heard well."""
RECENT: Final = 16
"""Pieces of solo speech kept for the next regions of their stretch; 4 MB each."""
VOICE: Final = 30.0
"""Seconds of solo speech that make a speaker's voice vector, the longest spans first."""


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """One stream per speaker, the ledger's entry of every overlap region, and what the separator did wrong."""

    streams: tuple[Stream, ...]
    regions: tuple[OverlapDecision, ...]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no sources; ``at_fault`` when the separator failed, not when there was nothing to separate."""

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
    """Streams of all speakers and the ledger of the overlaps on every track.

    A separator that fails or gives nonsense leaves the mixture: ledger and a notice say so. Raises `ResourceError`
    when the machine, not the separator, is at fault.
    """
    works = [
        _TrackWork(number, t.audio, diarization.turns_on(number), config.context) for number, t in enumerate(tracks)
    ]
    jobs = [(work, group) for work in works for group in _grouped(overlaps(work.turns))]
    voices = _voices(works, embedder) if jobs else {}
    regions: list[OverlapDecision] = []
    pieces: dict[str, list[SeparatedSegment]] = {}
    failures: list[Failure] = []
    with _side_by_side(separator) as each:
        for (_, group), (scene, found) in zip(
            jobs, each(lambda job: job[0].attempt(job[1], separator), jobs), strict=True
        ):
            sources, verdict = _decide(scene, found, voices, embedder)
            failures += [found] if isinstance(found, Failure) and found.at_fault else []
            regions.append(_entry(scene, verdict, config.backend))
            if verdict.decision == "separated":
                for speaker, source in zip(scene.speakers, sources, strict=True):
                    pieces.setdefault(speaker, []).extend(_pieces(source, scene.span, group))
            progress(len(regions), len(jobs))
    streams = [stream for work in works for stream in build_streams(work.audio, work.turns, pieces, work.track)]
    by_label = tuple(sorted(streams, key=lambda stream: stream.speaker))
    return Separation(by_label, tuple(regions), _failed(failures, len(regions)))


class _TrackWork:
    """One track with its turns: what separates a group of its overlaps.

    Regions of one stretch share each speaker's solo speech.
    """

    def __init__(self, track: int, audio: Audio, turns: Sequence[Turn], context: float) -> None:
        self.track, self.audio, self.turns = track, audio, turns
        self.alone = _solo(turns)
        self._context = context
        self._first = min((turn.start for turn in turns), default=0.0)
        self._index = IntervalIndex(turns)
        self._solo_speech = lru_cache(RECENT)(lambda name, stretch: _nearest(audio, self.alone.get(name, ()), stretch))

    def attempt(self, group: Sequence[Overlap], separator: Separator) -> tuple[OverlapRegion, Sources | Failure]:
        """The region of the overlaps, and the separator's sources or why there are none."""
        near = self._index.meeting(group[0].start - self._context, group[-1].end + self._context)
        scene = extract(self.audio, near, group, self._context)
        stretch = _stretch(scene.span, self._first)
        return scene, _take_apart(scene, {s: self._solo_speech(s, stretch) for s in scene.speakers}, separator)


def _solo(turns: Sequence[Turn]) -> dict[str, list[Span]]:
    """Each speaker's single-speaker spans of at least `PURE` seconds."""
    return {
        speaker: [span for span in spans if span.duration > PURE - ROUNDING]
        for speaker, spans in single_speaker(turns).items()
    }


def _failed(failures: Sequence[Failure], regions: int) -> tuple[Notice, ...]:
    if not failures:
        return ()
    reason = next(iter(failures[0].reason.splitlines()), "")
    message = f"the separator failed in {len(failures)} of {regions} overlap regions, which keep the mixture: {reason}"
    return (Notice("separator_failed", message),)


@contextmanager
def _side_by_side(separator: Separator) -> Iterator[Callable[..., Iterator[tuple[OverlapRegion, Sources | Failure]]]]:
    """What maps a function over groups of overlaps: in the separator's own threads where it has any."""
    if isinstance(separator, ParallelSeparator):
        with separator.executor() as pool:
            yield pool.map
    else:
        yield map


def _grouped(found: Iterable[Overlap]) -> Iterator[list[Overlap]]:
    """Overlaps that lie close together: one region."""
    group: list[Overlap] = []
    for overlap in found:
        if group and overlap.start > group[-1].end + NEAR + ROUNDING:
            yield group
            group = []
        group.append(overlap)
    if group:
        yield group


def _pieces(source: Samples, region: Span, group: Sequence[Overlap]) -> Iterator[SeparatedSegment]:
    """The source where really two or more talk: between close overlaps the mixture is one speaker's already."""
    first = to_sample(region.start)
    for span in union(overlap.span for overlap in group):
        yield SeparatedSegment(span, source[to_sample(span.start) - first : to_sample(span.end) - first])


def _take_apart(scene: OverlapRegion, speech: Mapping[str, Samples], separator: Separator) -> Sources | Failure:
    """The separator's sources over the window, or why there are none."""
    if len(scene.mixture[scene.inside]) < to_sample(SHORTEST):
        return Failure(f"shorter than {SHORTEST} s", at_fault=False)
    try:
        found = np.asarray(separator.separate(scene.mixture, speech), np.float32)
    except (ResourceError, MemoryError):
        raise
    except CannotSeparate as error:
        return Failure(f"nothing was separated: {error}", at_fault=False)
    except Exception as error:  # a separator may be anybody's code, and its fault must not cost the transcript
        if is_gpu_out_of_memory(error):
            raise  # the stage is run again with less memory
        return Failure(f"nothing was separated: {error if str(error) else type(error).__name__}")
    problem = _problem(found, scene)
    return Failure(problem) if problem else found


def _decide(
    scene: OverlapRegion, found: Sources | Failure, voices: Mapping[str, NDArray[np.float32]], embedder: Embedder | None
) -> tuple[Sources, Decision]:
    """One source per speaker over the region, and what to think of them."""
    if isinstance(found, Failure):
        return _nothing(scene, found.reason)
    # Sums of floats depend on their order: one that follows from the sounds alone makes the separator's mean nothing.
    found = found[sorted(range(len(found)), key=[row.tobytes() for row in found].__getitem__)]
    sources = rescale_to_mixture(found, scene.mixture)
    similarity = _similarity(sources[:, scene.inside], scene.speakers, voices, embedder)
    rows = assign_sources(sources, scene.single_speaker_mask, similarity)
    own = rescale_to_mixture(found[rows], scene.mixture)[:, scene.inside]
    margin = embedder.calibration.margin if embedder else MARGIN
    least = margin * (HANDED_OVER if scene.is_handover else 1)
    return own, decide(own, scene.mixture[scene.inside], similarity[rows], scene.speakers, least)


def _problem(found: Sources, scene: OverlapRegion) -> str | None:
    """What is wrong with a separator's answer whatever it sounds like."""
    if found.ndim != 2 or found.shape[1] != len(scene.mixture):
        return f"the separator gave an array of shape {found.shape}"
    if len(found) < len(scene.speakers):
        return f"the separator gave {len(found)} sources for {len(scene.speakers)} speakers"
    if not np.isfinite(found).all():
        return "the separator gave values that are not finite"
    return None


def _nothing(scene: OverlapRegion, reason: str) -> tuple[Sources, Decision]:
    blank = np.zeros((len(scene.speakers), 0), np.float32)
    return blank, Decision("mixture", reason, (Evidence(),) * len(scene.speakers))


def _entry(scene: OverlapRegion, verdict: Decision, separator: str) -> OverlapDecision:
    voices = tuple(
        SpeakerEvidence(speaker, similarity=one.similarity, nearest_other=one.nearest_other, energy_db=one.energy_db)
        for speaker, one in zip(scene.speakers, verdict.evidence, strict=True)
    )
    return OverlapDecision(scene.span.start, scene.span.end, voices, separator, verdict.decision, verdict.reason)


def _similarity(
    sources: Sources,
    speakers: Sequence[str],
    voices: Mapping[str, NDArray[np.float32]],
    embedder: Embedder | None,
) -> NDArray[np.float64]:
    """Cosine of each source to each speaker's voice, shape (sources, speakers); NaN where either is unknown."""
    if embedder is None or not voices:
        return np.full((len(sources), len(speakers)), np.nan)
    vectors = np.asarray(embedder.embed(list(sources)), np.float64)
    unknown = np.full(vectors.shape[1], np.nan)
    return np.asarray(vectors @ np.stack([voices.get(speaker, unknown) for speaker in speakers]).T, np.float64)


def _voices(works: Iterable[_TrackWork], embedder: Embedder | None) -> dict[str, NDArray[np.float32]]:
    """Each speaker's voice vector from his longest solo spans; who never talks alone has none."""
    speech = {
        speaker: _collect(work.audio, sorted(spans, key=lambda span: -span.duration), VOICE)
        for work in works
        for speaker, spans in work.alone.items()
        if spans
    }
    if embedder is None or not speech:
        return {}
    return dict(zip(speech, embedder.embed(list(speech.values())), strict=True))


def _stretch(region: Span, first: float) -> Span:
    """The stretch of the recording, counted from the first turn, in which the region begins."""
    start = first + round(region.start - first, 6) // STRETCH * STRETCH
    return Span(start, start + STRETCH)


def _nearest(audio: Audio, spans: Sequence[Span], near: Span) -> Samples:
    """Up to `SOLO` seconds of the spans, which are in order and do not overlap, those nearest to ``near`` first."""

    def distance(span: Span) -> tuple[float, Span]:
        return max(span.start - near.end, near.start - span.end), span

    after = bisect_left(spans, True, key=lambda span: span.start - near.end > near.start - span.end)
    earlier, later = (map(spans.__getitem__, row) for row in (range(after - 1, -1, -1), range(after, len(spans))))
    samples = _collect(audio, merge(earlier, later, key=distance), SOLO)
    samples.setflags(write=False)  # the regions of a stretch share it
    return samples


def _collect(audio: Audio, spans: Iterable[Span], seconds: float) -> Samples:
    pieces: list[Samples] = []
    left = to_sample(seconds)
    for span in spans:
        if left <= 0:
            break
        pieces.append(audio.crop(span)[:left])
        left -= len(pieces[-1])
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
