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
"""Settings that must be so: ours is 16 kHz mono, and dither would make every run another."""
WINDOWS: Final = ("hamming", "hanning", "povey", "blackman", "rectangular")
BOUNDS: Final = {"num_mel_bins": (8, 256), "frame_length": (5, 100), "frame_shift": (1, 100)}
"""Least and most that makes sense: bands, milliseconds, milliseconds."""


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
