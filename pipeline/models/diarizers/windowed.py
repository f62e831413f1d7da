"""Who speaks when, our way: pyannote's segmentation, voices taken once on a grid, all windows named together.

The stock flow embeds every local speaker of every window and clusters those vectors; here the voice encoder hears each
moment once, clustering weighs vectors by how much speech is behind them, and one search names the local speakers of
all windows by voice and by continuity, so that what belongs together in time (a tracklet) stays together.
"""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before pyannote: no telemetry, no socket

# isort: split
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio import Inference, Model

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
    clip_grid,
    piece_grid,
    pool_clips,
    pool_frames,
)
from pipeline.models.diarizers.local_segmentation import LocalSegmentation, window_continuity
from pipeline.models.diarizers.reconstruction import binarize, measure_margins, reconstruct
from pipeline.models.diarizers.segmentation import WINDOW, load_segmentation
from pipeline.models.diarizers.speaker_assignment import assign_speakers
from pipeline.models.protocols import Diarization, Embedder, FrameEmbedder, SpeakerBounds
from pipeline.models.torch_runtime import select_device, single_threaded_pool

if TYPE_CHECKING:
    from pipeline.models.weights import Store

Scores = Generator[NDArray[np.float32], None, None]

STEP = 1.0
"""Seconds between segmentation windows; half of that costs twice the time for 0.2 points of DER."""
HOP, CLIP = 0.5, 1.6
"""Seconds between the clips whose voice is taken, and their length: what the default encoder was trained on."""
CPU_BATCH = 8
"""Windows that a CPU segments at once, at most: with more, layers leave its caches, and it takes a fifth longer."""
SEGMENTATION_SHARE = 0.7
"""The segmentation's part of the work, for the progress."""
CLOSE, CLEAR = 0.5, 1.0
"""Log odds, in `People`'s unit, below which another number of speakers fits nearly as well, and from which much worse.
On seventeen recordings of 30 s to 5 min wrong numbers had 0.17 to 0.75, right ones 0.03 to 1.35. They only choose the
words of a notice."""
CLIPS_AT_ONCE = 512
PIECE = 10.0
"""Seconds that a trunk hears in one go: as long as the windows of pyannote's pipelines, that pool from such trunks."""


class WindowedDiarizer:
    """A segmentation network and a voice encoder behind the protocol `Diarizer`."""

    def __init__(self, network: Model, embedder: Embedder, threshold: float = 0.5, batch_size: int = 32) -> None:
        batch = min(batch_size, CPU_BATCH) if network.device.type == "cpu" else batch_size
        self._inference = Inference(network, duration=WINDOW, step=STEP, skip_aggregation=True, batch_size=batch)
        self._field = network.receptive_field
        self._embedder = embedder
        self._threshold = threshold
        self._batch_size = batch_size

    @classmethod
    def from_config(cls, config: Config, models: Store) -> WindowedDiarizer:
        """The models that the settings name; raises `BadModel`, `MissingModel`."""
        settings, runtime = config.diarization, config.runtime
        network = load_segmentation(settings.segmentation, models, select_device(runtime))
        embedder: Embedder = registry.load("embedder", config.embedding.model, config, models)
        return cls(network, embedder, settings.threshold, runtime.batch_size)

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization:
        """Turns with margins, of at most ``count.most`` speakers; a notice says when they are fewer than asked for."""
        if not np.any(audio.samples):
            return Diarization(())
        local = self._segment(audio, progress)
        if not local.active.any():
            return Diarization(())
        voices = self._voices(audio, local, progress)
        people = estimate_speakers(voices, local.windows_per_frame, count, self._embedder.calibration)
        centroids = people.vectors
        if len(centroids) == 0:  # all too short or overlapped to have a voice: one speaker
            centroids = np.zeros((1, voices.vectors.shape[2]), np.float32)
        owners, centroids = assign_speakers(voices, local.active, window_continuity(local), centroids)
        margins = measure_margins(voices, owners, centroids)
        activity = reconstruct(local, owners, margins, len(centroids))
        turns = timeline.normalize(binarize(activity, local, audio.duration), audio.duration)
        return Diarization(timeline.relabel(turns), count_notices(turns, float(voices.seconds.max()), count, people))

    def _segment(self, audio: Audio, progress: Progress) -> LocalSegmentation:
        with warnings.catch_warnings():  # samples are read-only, and nothing here writes to them
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            waveform = torch.from_numpy(audio.samples)[None]
        parts = cut_windows(waveform.shape[1], self._inference.batch_size)
        found = []
        with closing(self._in_threads(waveform, parts)) as scored:  # a run that is stopped leaves no part to be done
            for part, heard in zip(parts, scored, strict=True):
                found.append(heard)
                progress(SEGMENTATION_SHARE * part.stop / RATE, audio.duration)
        scores = np.concatenate(found).astype(np.float32, copy=False)
        starts = np.rint(np.arange(len(scores)) * STEP / self._field.step).astype(np.intp)
        middle = self._field.start + self._field.duration / 2  # a frame stands for what lies around its field's middle
        return LocalSegmentation(scores, starts, self._field.step, middle, self._threshold)

    def _in_threads(self, waveform: torch.Tensor, parts: Sequence[slice]) -> Scores:
        """The scores of each part; layers are too small for cores to share, so each core has parts of its own."""
        with single_threaded_pool(self._inference.device) as pool:
            files = ({"waveform": waveform[:, part], "sample_rate": RATE} for part in parts)
            yield from pool.map(lambda file: self._inference(file).data, files)

    def _voices(self, audio: Audio, local: LocalSegmentation, progress: Progress) -> LocalEmbeddings:
        if isinstance(self._embedder, FrameEmbedder):
            return pool_frames(local, self._hear(audio, local, self._embedder, progress), self._embedder.voices)
        return pool_clips(local, self._listen(audio, local, progress))

    def _hear(
        self, audio: Audio, local: LocalSegmentation, embedder: FrameEmbedder, progress: Progress
    ) -> Iterator[FrameFeatures]:
        spans = piece_grid(local, audio.duration, PIECE)
        for i in range(0, len(spans), self._batch_size):
            part = spans[i : i + self._batch_size]
            found = embedder.forward_frames([audio.samples[to_sample(start) : to_sample(end)] for start, end in part])
            yield from (FrameFeatures(start, end, frames) for (start, end), frames in zip(part, found, strict=True))
            progress(audio.duration * _listened(i + len(part), len(spans)), audio.duration)

    def _listen(self, audio: Audio, local: LocalSegmentation, progress: Progress) -> ClipEmbeddings:
        spans = clip_grid(local, audio.duration, CLIP, HOP)
        found = [np.zeros((0, 1), np.float32)]
        for i in range(0, len(spans), CLIPS_AT_ONCE):
            cuts = [audio.samples[to_sample(start) : to_sample(end)] for start, end in spans[i : i + CLIPS_AT_ONCE]]
            found.append(self._embedder.embed(cuts))
            progress(audio.duration * _listened(i + len(cuts), len(spans)), audio.duration)
        return ClipEmbeddings(spans, np.concatenate(found[1:] or found))


def _listened(done: int, whole: int) -> float:
    """The share of all work that is done when so many clips or pieces are."""
    return SEGMENTATION_SHARE + (1 - SEGMENTATION_SHARE) * done / whole


def cut_windows(samples: int, windows: int) -> list[slice]:
    """Samples in parts of so many windows; a part overlaps the next by what a window is longer than a step."""
    step, reach = to_sample(STEP), to_sample(WINDOW - STEP)
    whole = max(1, (samples - reach) // step)
    firsts = range(0, whole, windows)
    ends = [first * step + reach for first in firsts[1:]] + [samples]
    return [slice(first * step, end) for first, end in zip(firsts, ends, strict=True)]


def count_notices(
    turns: tuple[Turn, ...], longest: float, count: SpeakerBounds, people: SpeakerEstimate | None = None
) -> tuple[Notice, ...]:
    """What to know about the number of speakers: fewer than asked for, too little speech to count them, or, with the
    scores of ``people``, how sure an estimated number is."""
    found = len({turn.speaker for turn in turns})
    speech = timeline.covered(turn.span for turn in turns)
    if 0 < found < count.minimum:
        told = f"{count.minimum} speakers were asked for, {found} told apart in {speech:.1f} s of speech"
        return (Notice("fewer_speakers", told),)
    if found and count.exact is None and longest < 1.0:
        return (Notice("too_short_to_count", f"{speech:.1f} s of speech are too little to count the speakers"),)
    if found and count.exact is None and people is not None:
        return (Notice("speaker_count_estimated", describe_count(found, people)),)
    return ()


def describe_count(found: int, people: SpeakerEstimate) -> str:
    """How sure the number of speakers is, and which other numbers would fit next best."""
    text = f"found {found} speaker{'' if found == 1 else 's'}; the number was not given"
    others = [(people.more, found + 1)] + [(people.fewer, found - 1)] * (found > 1)
    fits = [f"{other} would fit {_fit(slack)} (by {slack:.2f})" for slack, other in sorted(others) if slack < np.inf]
    return f"{text}; {', '.join(fits) or 'no other number is possible'}"


def _fit(slack: float) -> str:
    return "nearly as well" if slack < CLOSE else "less well" if slack < CLEAR else "much worse"
