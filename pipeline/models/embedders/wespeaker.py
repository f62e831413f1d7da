"""The network of `pipeline.models.embedders.wespeaker_resnet34`, read from a folder as pyannote publishes it."""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before pyannote: no telemetry, no socket

# isort: split
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from pyannote.audio.models.embedding import WeSpeakerResNet34
from torch import Tensor, nn

from pipeline.core.audio import RATE
from pipeline.core.errors import BadModel, MissingModel
from pipeline.models.weights.safe_checkpoint import read_plain, read_tensors

CHECKPOINT: Final = "pytorch_model.bin"
FIXED: Final = {"sample_rate": RATE, "num_channels": 1, "dither": 0.0}
"""Required settings: audio is 16 kHz mono, and dither would make results random."""
WINDOWS: Final = ("hamming", "hanning", "povey", "blackman", "rectangular")
BOUNDS: Final = {"num_mel_bins": (8, 256), "frame_length": (5, 100), "frame_shift": (1, 100)}
"""Minimum and maximum of numeric settings, chosen by hand: bands, milliseconds, milliseconds."""


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
