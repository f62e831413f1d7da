"""pyannote.audio's segmentation network for pyannote's own pipelines, built in code from weights read as plain data."""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before pyannote: no telemetry, no socket

# isort: split
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.segmentation import PyanNet

from pipeline.core.audio import RATE
from pipeline.core.errors import BadModel
from pipeline.models.diarizers.pyannet import WINDOW
from pipeline.models.diarizers.segmentation import load_segmentation
from pipeline.models.weights.safe_checkpoint import read_plain, read_record, read_tensors

if TYPE_CHECKING:
    from pipeline.models.weights import Store

SECTIONS: Final = ("sincnet", "lstm", "linear")
"""The parts of a PyanNet that a checkpoint has settings for."""
LARGEST: Final = {"stride": 100, "hidden_size": 1024, "num_layers": 12, "sample_rate": RATE, "dropout": 1.0}
"""Maximum of each numeric setting, chosen by hand: bounds the memory that a file can request."""
SWITCHES: Final = ("bidirectional", "monolithic", "batch_first")
MAX_WINDOW: Final = 60.0
"""Maximum window of a published network, in seconds; chosen by hand."""
MAX_CLASSES: Final = 8
"""Maximum number of local speakers of a published network; chosen by hand."""


def load_pyannote_segmentation(name: str, models: Store) -> PyanNet:
    """pyannote's network with the weights called ``name`` in the store; raises `BadModel`, `MissingModel`."""
    settings = {
        "sincnet": {"stride": 10},
        "lstm": {"hidden_size": 128, "num_layers": 4, "bidirectional": True, "monolithic": True},
        "linear": {"hidden_size": 128, "num_layers": 2},
    }
    specifications = Specifications(
        problem=Problem.MULTI_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=WINDOW,
        classes=["speaker#1", "speaker#2", "speaker#3"],
        permutation_invariant=True,
    )
    weights = load_segmentation(name, models, torch.device("cpu")).state_dict()
    return _build(settings, specifications, weights).eval()


def load_published_segmentation(path: Path) -> PyanNet:
    """The PyanNet of a checkpoint as pyannote.audio writes it, in inference mode.

    The checkpoint is a pickle: only its tensors and plain values are read. Raises `BadModel` for anything else.
    """
    kind = read_plain(path, "pyannote.audio", "architecture").get("class")
    if kind != "PyanNet":
        raise BadModel(f"the checkpoint's architecture is {str(kind)[:60]!r}, expected PyanNet", where=str(path))
    weights = {name: torch.from_numpy(tensor) for name, tensor in read_tensors(path, "state_dict").items()}
    try:
        settings = {part: _checked(read_plain(path, "hyper_parameters", part)) for part in SECTIONS}
        network = _build(settings, _specifications(read_record(path, "pyannote.audio", "specifications")), weights)
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise BadModel(f"not a PyanNet in pyannote's format: {reason}", where=str(path)) from error
    return network.float().eval()


def _build(settings: Mapping[str, Any], specifications: Specifications, weights: Mapping[str, torch.Tensor]) -> PyanNet:
    network = PyanNet(**settings, sample_rate=RATE)
    network.specifications = specifications
    network.build()
    network.load_state_dict(weights)
    return network


def _checked(section: Mapping[str, Any]) -> dict[str, Any]:
    """A part's settings; raises ``ValueError`` for an unknown one or a number out of bounds."""
    for name, value in section.items():
        allowed = name in LARGEST and type(value) in (int, float) and 0 <= value <= LARGEST[name]
        if not allowed and not (name in SWITCHES and type(value) is bool):
            raise ValueError(f"{name} is {value!r}")
    if section.get("sample_rate", RATE) != RATE:
        raise ValueError(f"sample_rate is {section['sample_rate']!r}, expected {RATE}")
    return dict(section)


def _specifications(fields: Mapping[str, Any]) -> Specifications:
    """The network's output specification, from the checkpoint; raises ``ValueError`` for an unsupported one."""
    classes, duration, powerset = fields["classes"], fields["duration"], fields.get("powerset_max_classes")
    if type(duration) not in (int, float) or not 0 < duration <= MAX_WINDOW:
        raise ValueError(f"duration is {duration!r}, expected 0 to {MAX_WINDOW:g} s")
    if not isinstance(classes, list) or not 1 <= len(classes) <= MAX_CLASSES:
        raise ValueError(f"classes must be a list of 1 to {MAX_CLASSES} local speakers")
    if powerset is not None and (type(powerset) is not int or not 1 <= powerset <= len(classes)):
        raise ValueError(f"powerset_max_classes is {powerset!r}")
    if Resolution(fields["resolution"]) is not Resolution.FRAME:
        raise ValueError("resolution must be one output per frame")
    problem = Problem(fields["problem"])
    if problem is not (Problem.MULTI_LABEL_CLASSIFICATION if powerset is None else Problem.MONO_LABEL_CLASSIFICATION):
        raise ValueError(f"problem is {problem.name}")
    warm_up = fields.get("warm_up") or [0.0, 0.0]
    return Specifications(
        problem=problem,
        resolution=Resolution.FRAME,
        duration=float(duration),
        warm_up=(float(warm_up[0]), float(warm_up[1])),
        classes=[str(name) for name in classes],
        powerset_max_classes=powerset,
        permutation_invariant=fields.get("permutation_invariant") is True,
    )
