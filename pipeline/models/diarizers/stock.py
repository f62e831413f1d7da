"""pyannote.audio's own pipeline behind the protocol `Diarizer`: assembled from single models, or a published one."""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before pyannote: no telemetry, no socket

# isort: split
import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio import Model, Pipeline
from pyannote.audio.pipelines import SpeakerDiarization
from torch import Tensor

from pipeline.config.schema import Config
from pipeline.core import timeline
from pipeline.core.audio import RATE, Audio
from pipeline.core.errors import BackendError
from pipeline.core.events import Progress
from pipeline.core.types import Turn
from pipeline.models.diarizers.published import NoPLDA
from pipeline.models.diarizers.windowed import count_notices
from pipeline.models.protocols import Diarization, Embedder, SpeakerBounds

STOCK_PARAMETERS = {"method": "centroid", "min_cluster_size": 12}
"""pyannote's published parameters; the threshold is the embedder's (`EmbedderCalibration.linkage`)."""
SHARES = {"segmentation": (0.0, 0.3), "embeddings": (0.3, 0.7)}
"""Start and share of pyannote's steps in the progress; estimates of their time."""


class StockDiarizer:
    """A pyannote pipeline behind the protocol `Diarizer`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization:
        """Turns of at most ``count.maximum`` speakers; with a notice if there are fewer than the minimum."""
        if not np.any(audio.samples):
            return limit_speakers((), {}, count)
        output = self._run(audio, count, progress)
        annotation = output.speaker_diarization
        turns = [
            Turn(max(0.0, segment.start), segment.end, str(label))
            for segment, _, label in annotation.itertracks(yield_label=True)
            if segment.end > max(0.0, segment.start)
        ]
        centroids = output.speaker_embeddings
        vectors = {} if centroids is None else dict(zip(map(str, annotation.labels()), centroids, strict=True))
        progress(audio.duration, audio.duration)
        return limit_speakers(timeline.normalize(turns, audio.duration), vectors, count)

    def _run(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Any:
        file = {"waveform": torch.from_numpy(audio.samples.copy())[None], "sample_rate": audio.rate}

        def hook(step: str, artifact: Any, file: Any = None, total: int = 0, completed: int = 0) -> None:
            if step in SHARES and total:
                start, share = SHARES[step]
                progress(audio.duration * (start + share * min(1.0, completed / total)), audio.duration)

        bounds = {"min_speakers": count.minimum, "max_speakers": count.maximum}
        with _quiet():
            try:
                return self._pipeline(file, hook=hook, **bounds)
            except ValueError:  # clustering refuses more speakers than embeddings; `limit_speakers` keeps the bound
                pass
            try:
                return self._pipeline(file, hook=hook)
            except ValueError as error:
                raise BackendError(f"pyannote's pipeline failed: {error}") from error


class EmbedderModel(Model):  # type: ignore[misc]
    """Adapter of an `Embedder` to pyannote's embedding model: waveforms and masks to vectors."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(sample_rate=RATE)
        self._embedder = embedder
        self.dimension = embedder.embed([np.ones(RATE, np.float32)]).shape[1]

    def forward(self, waveforms: Tensor, weights: Tensor | None = None) -> Tensor:
        """(batch, 1, samples), optional masks (batch, frames) to (batch, dimension); NaN for too little speech."""
        clips = waveforms[:, 0].cpu().numpy()
        if weights is None:
            return torch.from_numpy(self._embedder.embed(list(clips)))
        samples = clips.shape[1]
        nearest = np.arange(samples) * weights.shape[1] // samples
        masks = weights.cpu().numpy()[:, nearest] > 0.5
        return torch.from_numpy(self._embedder.embed([clip[mask] for clip, mask in zip(clips, masks, strict=True)]))


def assemble(network: Model, embedder: Embedder, config: Config) -> SpeakerDiarization:
    """pyannote's pipeline from a segmentation network and an embedder, with pyannote's published parameters."""
    pipeline = SpeakerDiarization(
        segmentation=network,
        embedding=EmbedderModel(embedder),
        plda=NoPLDA(),
        clustering="AgglomerativeClustering",
        segmentation_batch_size=config.runtime.batch_size,
        embedding_batch_size=config.runtime.batch_size,
    )
    return pipeline.instantiate(
        {
            "segmentation": {"threshold": config.diarization.threshold, "min_duration_off": 0.0},
            "clustering": {**STOCK_PARAMETERS, "threshold": embedder.calibration.linkage},
        }
    )


def limit_speakers(turns: tuple[Turn, ...], vectors: Mapping[str, NDArray[Any]], count: SpeakerBounds) -> Diarization:
    """Turns of at most ``count.maximum`` speakers, relabeled by appearance; with a notice for too few of them.

    While there are too many, the speaker with least speech is merged into the most similar one by ``vectors`` (label ->
    embedding), or without these into the one with most speech.
    """
    duration = max((turn.end for turn in turns), default=0.0)
    while len(groups := timeline.by_speaker(turns)) > (count.maximum or len(groups)):
        speech = {label: timeline.covered(turn.span for turn in group) for label, group in groups.items()}
        least = min(speech, key=lambda label: (speech[label], label))
        others = [label for label in speech if label != least]
        target = max(others, key=lambda label: (_cosine(vectors.get(least), vectors.get(label)), speech[label], label))
        merged = (Turn(t.start, t.end, target if t.speaker == least else t.speaker, t.margin) for t in turns)
        turns = timeline.normalize(merged, duration)
    return Diarization(timeline.relabel(turns), count_notices(turns, np.inf, count))


def _cosine(one: NDArray[Any] | None, other: NDArray[Any] | None) -> float:
    if one is None or other is None:
        return 0.0
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norms if norms > 0 else 0.0


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # `count_notices` reports the first; short audio and silent masks cause the others
        warnings.filterwarnings("ignore", message=r"(?s).*The detected number of speakers")
        warnings.filterwarnings("ignore", message=r"Mean of empty slice|invalid value encountered|Degrees of freedom")
        with redirect_stdout(io.StringIO()):  # pyannote prints
            yield
