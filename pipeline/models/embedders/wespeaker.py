"""WeSpeaker's ResNet34 as pyannote publishes it: a voice vector from 80 mel bands, by statistics over time.

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
from pipeline.models.embedders.base import SHORTEST, NetworkEmbedder
from pipeline.models.protocols import FrameEmbedder
from pipeline.models.torch_runtime import select_device
from pipeline.models.weights.safe_checkpoint import read_plain, read_tensors

if TYPE_CHECKING:
    from pipeline.models.weights import Store

CHECKPOINT: Final = "pytorch_model.bin"
FIXED: Final = {"sample_rate": RATE, "num_channels": 1, "dither": 0.0}
"""Settings that must be so: ours is 16 kHz mono, and dither would make every run another."""
WINDOWS: Final = ("hamming", "hanning", "povey", "blackman", "rectangular")
BOUNDS: Final = {"num_mel_bins": (8, 256), "frame_length": (5, 100), "frame_shift": (1, 100)}
"""Least and most that makes sense: bands, milliseconds, milliseconds."""


class WeSpeakerEmbedder(NetworkEmbedder, FrameEmbedder):
    """The network behind the protocol `FrameEmbedder`: what pyannote.audio's model gives, at unit length.

    Its residual layers hear a piece once; statistics over the frames of each person make his vector.
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
        """The residual layers' frames, one in 80 ms, shape (frames, 256 × bands / 8); none of a piece under 0.2 s."""
        heard: list[NDArray[np.float32]] = []
        for length, group in groupby(pieces, key=len):
            batch = torch.from_numpy(np.stack(list(group)))[:, None].to(self._device)
            if length < SHORTEST:
                heard += [np.zeros((0, self._model.resnet.stats_dim), np.float32)] * len(batch)
                continue
            with torch.inference_mode():
                heard += list(self._model.forward_frames(batch).flatten(1, 2).transpose(1, 2).cpu().numpy())
        return heard

    def voices(self, heard: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors by weighted mean and deviation, as pyannote.audio pools; its mask of a person is a row of weights."""
        vectors = np.full((len(weights), self._dimension), np.nan, np.float32)
        some = weights.any(axis=1)
        if some.any():
            frames, shares = (
                torch.from_numpy(x).to(self._device) for x in (heard.T[None, :, None], weights[None, some])
            )
            with torch.inference_mode():
                vectors[some] = self._model.forward_embedding(frames, shares)[0].cpu().numpy()
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


class Mono(nn.Module):
    """pyannote's model without the axis of channels: (batch, samples) to (batch, dimension)."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, waveforms: Tensor) -> Tensor:
        vectors: Tensor = self.model(waveforms[:, None])
        return vectors


def load_wespeaker(folder: Path) -> WeSpeakerResNet34:
    """The network of a folder with a checkpoint of pyannote's, in inference mode; `BadModel` for anything else.

    The checkpoint is a pickle: only its tensors, and plain texts and numbers, are read.
    """
    path, where = folder / CHECKPOINT, str(folder)
    if not path.is_file():
        raise MissingModel(f"there is no {CHECKPOINT}", where=where)
    kind = read_plain(path, "pyannote.audio", "architecture").get("class")
    if kind != "WeSpeakerResNet34":
        raise BadModel(f"this checkpoint of pyannote's is no WeSpeakerResNet34 but {kind}", where=where)
    weights = {name: torch.from_numpy(tensor) for name, tensor in read_tensors(path, "state_dict").items()}
    try:
        network = WeSpeakerResNet34(**_settings(read_plain(path, "hyper_parameters")))
        network.load_state_dict(weights)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadModel(f"this is no ResNet34 as pyannote publishes it: {reason}", where=where) from error
    return network.float().eval()


def _settings(told: Mapping[str, Any]) -> dict[str, Any]:
    """The checkpoint's settings of the mel bands, as pyannote itself would take them; ``ValueError`` for nonsense."""
    for name, must in FIXED.items():
        if told.get(name, must) != must:
            raise ValueError(f"its {name} is {told[name]!r}, not {must!r}")
    for name, (least, most) in BOUNDS.items():
        if not least <= told.get(name, least) <= most:
            raise ValueError(f"its {name} is {told[name]!r}")
    if told.get("window_type", WINDOWS[0]) not in WINDOWS:
        raise ValueError(f"its window_type is {told['window_type']!r}")
    return {name: told[name] for name in (*BOUNDS, "window_type", "use_energy") if name in told}
