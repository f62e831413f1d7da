"""Who speaks when, by pyannote.audio's own pipeline: from our parts, or a published one.

``diarization.clustering: tracklets`` (the default) uses the same models in
`pipeline.models.diarizers.windowed`.
"""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before pyannote: no telemetry, no socket

# isort: split
import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

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
from pipeline.models import registry
from pipeline.models.diarizers.published import NoPLDA, load_published
from pipeline.models.diarizers.segmentation import load_segmentation
from pipeline.models.diarizers.windowed import WindowedDiarizer, count_notices
from pipeline.models.protocols import Diarization, Diarizer, Embedder, SpeakerBounds
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    from pipeline.models.weights import Store

STOCK_PARAMETERS = {"method": "centroid", "min_cluster_size": 12}
"""pyannote's own; its threshold belongs to the embedder (`EmbedderCalibration.linkage`)."""
SHARES = {"segmentation": (0.0, 0.3), "embeddings": (0.3, 0.7)}
"""Where pyannote's steps begin in the progress of the whole, and their share of it."""


class PyannoteDiarizer:
    """A pyannote pipeline behind the protocol `Diarizer`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @classmethod
    def from_config(cls, config: Config, models: Store) -> Diarizer:
        """What ``diarization`` describes: a published pipeline, the stock flow, or tracklets.

        Raises `BadModel`, `MissingModel`.
        """
        settings, device = config.diarization, select_device(config.runtime)
        if settings.pipeline is not None:
            return cls(load_published(models.path(settings.pipeline), device, config.runtime.batch_size))
        if settings.clustering == "tracklets":
            return WindowedDiarizer.from_config(config, models)
        network = load_segmentation(settings.segmentation, models, device)
        embedder: Embedder = registry.load("embedder", settings.embedding, config, models)
        return cls(assemble(network, embedder, config).to(device))

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization:
        """Turns with at most ``count.most`` speakers; a notice says when they are fewer than asked for."""
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
        voices = {} if centroids is None else dict(zip(map(str, annotation.labels()), centroids, strict=True))
        progress(audio.duration, audio.duration)
        return limit_speakers(timeline.normalize(turns, audio.duration), voices, count)

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
            except ValueError:  # clustering refuses more speakers than it has embeddings; `enforce` keeps the bound
                pass
            try:
                return self._pipeline(file, hook=hook)
            except ValueError as error:
                raise BackendError(f"pyannote's pipeline failed: {error}") from error


class EmbedderModel(Model):  # type: ignore[misc]
    """An `Embedder` as pyannote's pipeline wants its embedding model: waveforms and masks in, vectors out."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(sample_rate=RATE)
        self._embedder = embedder
        self.dimension = embedder.embed([np.ones(RATE, np.float32)]).shape[1]

    def forward(self, waveforms: Tensor, weights: Tensor | None = None) -> Tensor:
        """(batch, 1, samples), optional masks (batch, frames) to (batch, dimension); NaN where too little is left."""
        clips = waveforms[:, 0].cpu().numpy()
        if weights is None:
            return torch.from_numpy(self._embedder.embed(list(clips)))
        samples = clips.shape[1]
        nearest = np.arange(samples) * weights.shape[1] // samples
        masks = weights.cpu().numpy()[:, nearest] > 0.5
        return torch.from_numpy(self._embedder.embed([clip[mask] for clip, mask in zip(clips, masks, strict=True)]))


def assemble(network: Model, embedder: Embedder, config: Config) -> SpeakerDiarization:
    """pyannote's pipeline from a segmentation network and a voice encoder, as pyannote would make it."""
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


def limit_speakers(turns: tuple[Turn, ...], voices: Mapping[str, NDArray[Any]], count: SpeakerBounds) -> Diarization:
    """Turns of at most ``count.most`` speakers named by appearance; a notice when there are fewer than ``least``.

    A speaker too many (the one who says least) goes to the nearest of the ``voices``, label to vector, or where there
    is none to the one who says most.
    """
    duration = max((turn.end for turn in turns), default=0.0)
    while len(groups := timeline.by_speaker(turns)) > (count.maximum or len(groups)):
        spoken = {label: timeline.covered(turn.span for turn in own) for label, own in groups.items()}
        loser = min(spoken, key=lambda label: (spoken[label], label))
        others = [label for label in spoken if label != loser]
        heir = max(others, key=lambda label: (_cosine(voices.get(loser), voices.get(label)), spoken[label], label))
        moved = (Turn(t.start, t.end, heir if t.speaker == loser else t.speaker, t.margin) for t in turns)
        turns = timeline.normalize(moved, duration)
    return Diarization(timeline.relabel(turns), count_notices(turns, np.inf, count))


def _cosine(one: NDArray[Any] | None, other: NDArray[Any] | None) -> float:
    if one is None or other is None:
        return 0.0
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norms if norms > 0 else 0.0


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # said better by our own notice; short audio and silent masks make the rest
        warnings.filterwarnings("ignore", message=r"(?s).*The detected number of speakers")
        warnings.filterwarnings("ignore", message=r"Mean of empty slice|invalid value encountered|Degrees of freedom")
        with redirect_stdout(io.StringIO()):  # pyannote prints
            yield
