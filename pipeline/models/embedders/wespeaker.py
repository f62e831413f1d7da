"""WeSpeaker's ResNet34 as pyannote publishes it: an embedding from 80 mel bands, by statistics pooling over time.

Wang et al., "WeSpeaker: a research and production oriented speaker embedding learning toolkit", ICASSP 2023; the layout
is that of ``pyannote/wespeaker-voxceleb-resnet34-LM`` and of the folder ``embedding/`` in pyannote's pipelines.
"""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before pyannote: no telemetry, no socket

# isort: split
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio.models.embedding import WeSpeakerResNet34
from torch import Tensor, nn

from pipeline.config.schema import Config
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import BadModel, MissingModel
from pipeline.models.embedders.base import MIN_SAMPLES, NetworkEmbedder
from pipeline.models.protocols import FrameEmbedder
from pipeline.models.torch_runtime import select_device
from pipeline.models.weights.safe_checkpoint import read_plain, read_tensors

if TYPE_CHECKING:
    from pipeline.models.weights import Store

CHECKPOINT: Final = "pytorch_model.bin"
FIXED: Final = {"sample_rate": RATE, "num_channels": 1, "dither": 0.0}
"""Required settings: audio is 16 kHz mono, and dither would make results random."""
WINDOWS: Final = ("hamming", "hanning", "povey", "blackman", "rectangular")
BOUNDS: Final = {"num_mel_bins": (8, 256), "frame_length": (5, 100), "frame_shift": (1, 100)}
"""Minimum and maximum of numeric settings, chosen by hand: bands, milliseconds, milliseconds."""


class WeSpeakerEmbedder(NetworkEmbedder, FrameEmbedder):
    """The network behind `FrameEmbedder`: pyannote.audio's embedding at unit length.

    The residual layers process audio once; pooling their frames with a speaker's weights gives that speaker's embedding.
    """

    def __init__(self, model: WeSpeakerResNet34, device: torch.device, batch_size: int) -> None:
        super().__init__(Mono(model), model.dimension, device, batch_size)
        self._model = model

    @classmethod
    def from_config(cls, config: Config, models: Store) -> WeSpeakerEmbedder:
        """The network named by ``diarization.embedding``; raises `BadModel`, `MissingModel`."""
        model = load_wespeaker(models.path(config.diarization.embedding))
        return cls(model, select_device(config.runtime), config.runtime.batch_size)

    def forward_frames(self, pieces: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """The residual layers' output, one frame per 80 ms, shape (frames, 256 × bands / 8); no frames below 0.2 s."""
        features: list[NDArray[np.float32]] = []
        for length, group in groupby(pieces, key=len):
            batch = torch.from_numpy(np.stack(list(group)))[:, None].to(self._device)
            if length < MIN_SAMPLES:
                features += [np.zeros((0, self._model.resnet.stats_dim), np.float32)] * len(batch)
                continue
            with torch.inference_mode():
                features += list(self._model.forward_frames(batch).flatten(1, 2).transpose(1, 2).cpu().numpy())
        return features

    def voices(self, heard: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embeddings by weighted mean and deviation, as in pyannote.audio; a row of ``weights`` is a speaker's mask."""
        vectors = np.full((len(weights), self._dimension), np.nan, np.float32)
        valid = weights.any(axis=1)
        if valid.any():
            frames, shares = (
                torch.from_numpy(x).to(self._device) for x in (heard.T[None, :, None], weights[None, valid])
            )
            with torch.inference_mode():
                vectors[valid] = self._model.forward_embedding(frames, shares)[0].cpu().numpy()
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


class Mono(nn.Module):
    """pyannote's model without the channel axis: (batch, samples) to (batch, dimension)."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, waveforms: Tensor) -> Tensor:
        vectors: Tensor = self.model(waveforms[:, None])
        return vectors


def load_wespeaker(folder: Path) -> WeSpeakerResNet34:
    """The network of a folder with one of pyannote's checkpoints, in inference mode.

    The checkpoint is a pickle: only its tensors and plain values are read. Raises `MissingModel` or `BadModel`.
    """
    path, where = folder / CHECKPOINT, str(folder)
    if not path.is_file():
        raise MissingModel(f"{CHECKPOINT} is missing", where=where)
    kind = read_plain(path, "pyannote.audio", "architecture").get("class")
    if kind != "WeSpeakerResNet34":
        raise BadModel(f"the checkpoint's architecture is {str(kind)[:60]!r}, expected WeSpeakerResNet34", where=where)
    weights = {name: torch.from_numpy(tensor) for name, tensor in read_tensors(path, "state_dict").items()}
    try:
        network = WeSpeakerResNet34(**_settings(read_plain(path, "hyper_parameters")))
        network.load_state_dict(weights)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadModel(f"not a WeSpeakerResNet34 in pyannote's format: {reason}", where=where) from error
    return network.float().eval()


def _settings(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the mel bands among a checkpoint's hyperparameters; raises ``ValueError`` for invalid ones."""
    for name, required in FIXED.items():
        if parameters.get(name, required) != required:
            raise ValueError(f"{name} is {parameters[name]!r}, expected {required!r}")
    for name, (minimum, maximum) in BOUNDS.items():
        if not minimum <= parameters.get(name, minimum) <= maximum:
            raise ValueError(f"{name} is {parameters[name]!r}, expected {minimum} to {maximum}")
    if parameters.get("window_type", WINDOWS[0]) not in WINDOWS:
        raise ValueError(f"window_type is {parameters['window_type']!r}")
    return {name: parameters[name] for name in (*BOUNDS, "window_type", "use_energy") if name in parameters}
