"""pyannote's segmentation network, built in code from its weights: which of three local speakers talk, and when."""

from __future__ import annotations

import pipeline.backends.privacy  # noqa: F401 — before pyannote: no telemetry, no socket

# isort: split
from typing import TYPE_CHECKING

import torch
from pyannote.audio import Model
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.segmentation import PyanNet
from safetensors.torch import load_file

from pipeline.audio import RATE
from pipeline.errors import BadModel

if TYPE_CHECKING:
    from pipeline.store import Store

WINDOW = 5.0
"""Seconds that the network sees at once."""


def load_segmentation(name: str, models: Store, device: torch.device) -> Model:
    """The network with the weights called ``name`` in the store; raises `BadModel`, `MissingModel`."""
    network = PyanNet(
        sincnet={"stride": 10},
        lstm={"hidden_size": 128, "num_layers": 4, "bidirectional": True, "monolithic": True},
        linear={"hidden_size": 128, "num_layers": 2},
        sample_rate=RATE,
    )
    network.specifications = Specifications(
        problem=Problem.MULTI_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=WINDOW,
        classes=["speaker#1", "speaker#2", "speaker#3"],
        permutation_invariant=True,
    )
    network.build()
    try:
        network.load_state_dict(load_file(models.path(name) / "model.safetensors"))
    except RuntimeError as error:
        raise BadModel("these are not the weights of pyannote's segmentation", where=name) from error
    return network.to(device).eval()
