"""The default diarizer: pyannote's segmentation, embeddings computed once, and a joint assignment of all windows.

pyannote's own pipeline embeds every local speaker of every window and clusters these embeddings. Here the embedder
processes each moment once, clustering weights embeddings by their seconds of speech, and Viterbi decoding assigns the
local speakers of all windows by similarity and by continuity.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import torch

from pipeline.config.schema import Config
from pipeline.core import timeline
from pipeline.core.audio import RATE, Audio, to_sample
from pipeline.core.events import Progress
from pipeline.core.types import Notice, Turn
from pipeline.models import registry
from pipeline.models.diarizers.clustering import SpeakerEstimate, estimate_speakers
from pipeline.models.diarizers.embedding_pooling import (
    ClipEmbeddings,
    FrameFeatures,
    LocalEmbeddings,
    block_grid,
    clip_grid,
    pool_clips,
    pool_frames,
)
from pipeline.models.diarizers.local_segmentation import LocalSegmentation, window_continuity
from pipeline.models.diarizers.pyannet import FRAME_CENTER, FRAME_STEP, PyanNet
from pipeline.models.diarizers.reconstruction import binarize, measure_margins, reconstruct
from pipeline.models.diarizers.segmentation import STEP, cut_windows, load_segmentation, segment_parts
from pipeline.models.diarizers.speaker_assignment import assign_speakers, split_off_speakers
from pipeline.models.protocols import Diarization, Embedder, FrameEmbedder, SpeakerBounds
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    from pipeline.models.weights import Store

HOP, CLIP = 0.5, 1.6
"""Seconds between the starts of embedded clips, and their length, for embedders without frames: Resemblyzer was trained
on 1.6 s."""
CPU_BATCH = 8
"""Maximum windows per batch on a CPU; with more, activations leave the caches and it takes a fifth longer."""
SEGMENTATION_SHARE = 0.5
"""Share of the segmentation in the progress; an estimate of its share of the time."""
CLOSE, CLEAR = 0.5, 1.0
"""Log odds (see `SpeakerEstimate`) below which another number of speakers fits nearly as well, and above which much
worse. With Resemblyzer on 17 recordings of 30 s to 5 min, wrong counts had 0.17 to 0.75 and right ones 0.03 to 1.35.
They only choose the wording of a notice."""
CLIPS_AT_ONCE = 512
"""Clips embedded in one call: a step of the progress."""
BLOCK = 10.0
"""Seconds per block of frame features: the window length of pyannote's pipelines, which pool the same way."""


class WindowedDiarizer:
    """A segmentation network and an embedder behind the protocol `Diarizer`."""

    def __init__(
        self, network: PyanNet, device: torch.device, embedder: Embedder, threshold: float = 0.5, batch_size: int = 32
    ) -> None:
        self._network = network
        self._device = device
        self._embedder = embedder
        self._threshold = threshold
        self._batch_size = batch_size

    @classmethod
    def from_config(cls, config: Config, models: Store) -> WindowedDiarizer:
        """The models that the settings name; raises `BadModel`, `MissingModel`."""
        settings, runtime = config.diarization, config.runtime
        device = select_device(runtime)
        network = load_segmentation(settings.segmentation, models, device)
        embedder: Embedder = registry.load("embedder", config.embedding.model, config, models)
        return cls(network, device, embedder, settings.threshold, runtime.batch_size)

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization:
        """Turns with margins, of at most ``count.maximum`` speakers; with a notice for too few of them."""
        if not np.any(audio.samples):
            return Diarization(())
        local = self._segment(audio, progress)
        if not local.active.any():
            return Diarization(())
        embeddings = self._embed(audio, local, progress)
        estimate = estimate_speakers(embeddings, local.windows_per_frame, count, self._embedder.calibration)
        centroids = estimate.vectors  # (speakers, dimension)
        if len(centroids) == 0:  # all speech is too short or overlapped for an embedding: one speaker
            centroids = np.zeros((1, embeddings.vectors.shape[2]), np.float32)
        assignment, centroids = assign_speakers(embeddings, local.active, window_continuity(local), centroids)
        assignment, centroids = split_off_speakers(embeddings, local, assignment, centroids, count.minimum)
        margins = measure_margins(embeddings, assignment, centroids)
        activity = reconstruct(local, assignment, margins, len(centroids))
        turns = timeline.normalize(binarize(activity, local, audio.duration), audio.duration)
        longest = float(embeddings.seconds.max())
        return Diarization(timeline.relabel(turns), count_notices(turns, longest, count, estimate))

    def _segment(self, audio: Audio, progress: Progress) -> LocalSegmentation:
        windows = min(self._batch_size, CPU_BATCH) if self._device.type == "cpu" else self._batch_size
        parts = cut_windows(len(audio.samples), windows)
        batches = []
        # closing cancels what is queued
        with closing(segment_parts(self._network, audio.samples, parts, self._device)) as scores_of_parts:
            for part, batch in zip(parts, scores_of_parts, strict=True):
                batches.append(batch)
                progress(SEGMENTATION_SHARE * part.stop / RATE, audio.duration)
        scores = np.concatenate(batches)  # (windows, frames, locals)
        starts = np.rint(np.arange(len(scores)) * STEP / FRAME_STEP).astype(np.intp)
        return LocalSegmentation(scores, starts, FRAME_STEP, FRAME_CENTER, self._threshold)

    def _embed(self, audio: Audio, local: LocalSegmentation, progress: Progress) -> LocalEmbeddings:
        if isinstance(self._embedder, FrameEmbedder):
            return pool_frames(local, self._frame_features(audio, local, self._embedder, progress), self._embedder.pool)
        return pool_clips(local, self._embed_clips(audio, local, progress))

    def _frame_features(
        self, audio: Audio, local: LocalSegmentation, embedder: FrameEmbedder, progress: Progress
    ) -> Iterator[FrameFeatures]:
        spans = block_grid(local, audio.duration, BLOCK)
        for i in range(0, len(spans), self._batch_size):
            part = spans[i : i + self._batch_size]
            features = embedder.forward_frames(
                [audio.samples[to_sample(start) : to_sample(end)] for start, end in part]
            )
            progress(audio.duration * _share_done(i + len(part), len(spans)), audio.duration)
            yield from (
                FrameFeatures(start, end, frames, embedder.context)
                for (start, end), frames in zip(part, features, strict=True)
            )

    def _embed_clips(self, audio: Audio, local: LocalSegmentation, progress: Progress) -> ClipEmbeddings:
        spans = clip_grid(local, audio.duration, CLIP, HOP)
        vectors = [np.zeros((0, 1), np.float32)]
        for i in range(0, len(spans), CLIPS_AT_ONCE):
            cuts = [audio.samples[to_sample(start) : to_sample(end)] for start, end in spans[i : i + CLIPS_AT_ONCE]]
            vectors.append(self._embedder.embed(cuts))
            progress(audio.duration * _share_done(i + len(cuts), len(spans)), audio.duration)
        return ClipEmbeddings(spans, np.concatenate(vectors[1:] or vectors))


def _share_done(done: int, total: int) -> float:
    """The finished share of all work after ``done`` of ``total`` clips or blocks."""
    return SEGMENTATION_SHARE + (1 - SEGMENTATION_SHARE) * done / total


def count_notices(
    turns: tuple[Turn, ...], longest: float, bounds: SpeakerBounds, estimate: SpeakerEstimate | None = None
) -> tuple[Notice, ...]:
    """Notices on the number of speakers.

    There are fewer than asked for, or too little speech to count them, or (with ``estimate``) the number was estimated.
    """
    number = len({turn.speaker for turn in turns})
    speech = timeline.covered(turn.span for turn in turns)
    if 0 < number < bounds.minimum:
        text = f"at least {bounds.minimum} speakers were asked for, {number} found in {speech:.1f} s of speech"
        return (Notice("fewer_speakers", text),)
    if number and bounds.exact is None and longest < 1.0:
        return (Notice("too_short_to_count", f"{speech:.1f} s of speech are too little to count the speakers"),)
    if number and bounds.exact is None and estimate is not None:
        return (Notice("speaker_count_estimated", describe_count(number, estimate)),)
    return ()


def describe_count(number: int, estimate: SpeakerEstimate) -> str:
    """The estimated number of speakers, and how well the neighboring numbers would fit."""
    text = f"found {number} speaker{'' if number == 1 else 's'}; the number was not given"
    others = [(estimate.more, number + 1)] + [(estimate.fewer, number - 1)] * (number > 1)
    fits = [f"{other} would fit {_fit(by)} (by {by:.2f})" for by, other in sorted(others) if by < np.inf]
    return f"{text}; {', '.join(fits) or 'no other number is possible'}"


def _fit(by: float) -> str:
    return "nearly as well" if by < CLOSE else "less well" if by < CLEAR else "much worse"
