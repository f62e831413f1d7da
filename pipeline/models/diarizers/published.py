"""pyannote's published diarization pipelines, built from a local folder: ``config.yaml`` and checkpoints are data.

pyannote's own ``Pipeline.from_pretrained`` instantiates whatever class ``config.yaml`` names, and unpickles checkpoints
with their code. Here a known pipeline is built in code: from known settings, and from networks of known architectures
whose tensors are read by `pipeline.models.weights.safe_checkpoint`. Nothing is fetched.
"""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before pyannote: no telemetry, no socket

# isort: split
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
import yaml
from pyannote.audio.core.plda import PLDA
from pyannote.audio.pipelines import SpeakerDiarization

from pipeline.config.schema import load_plain
from pipeline.core.errors import BadModel, MissingModel, SettingsError
from pipeline.models.diarizers.segmentation import load_published_segmentation
from pipeline.models.embedders.wespeaker import CHECKPOINT, load_wespeaker
from pipeline.models.weights.specs import require_inside

DESCRIPTION: Final = "config.yaml"
LARGEST: Final = 1_000_000
"""Largest description that is read, in bytes."""
KINDS: Final = (
    "pyannote.audio.pipelines.SpeakerDiarization",
    "pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization",
)
"""The names of the one pipeline that is built."""
SECTIONS: Final = ("pipeline", "params", "version", "dependencies")
SETTINGS: Final = (
    "segmentation",
    "segmentation_step",
    "segmentation_batch_size",
    "embedding",
    "embedding_batch_size",
    "embedding_exclude_overlap",
    "plda",
    "clustering",
)
"""What may be set of the pipeline. Batch sizes are those of the run."""
PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "AgglomerativeClustering": ("method", "min_cluster_size", "threshold"),
    "VBxClustering": ("threshold", "Fa", "Fb"),
}
"""Each known clustering and its parameters."""
METHODS: Final = ("average", "centroid", "complete", "median", "single", "ward", "weighted")
FAILURES: Final = (TypeError, ValueError, KeyError, RuntimeError, AttributeError, ArithmeticError)
"""What pyannote's constructors raise for settings or numbers that do not go together."""


class NoPLDA(PLDA):  # type: ignore[misc]
    """Takes the place of a PLDA, which pyannote's constructor requires, where the clustering does not use one."""

    def __init__(self) -> None:
        pass


def load_published(folder: Path, device: torch.device, batch_size: int) -> SpeakerDiarization:
    """The pipeline of a folder; raises `MissingModel` for a missing file, `BadModel` for anything unknown."""
    description = read_description(folder)
    settings, parameters = _settings(description, folder), _parameters(description, folder)
    clustering = str(settings["clustering"])
    try:
        built = SpeakerDiarization(
            segmentation=load_published_segmentation(_checkpoint(folder, settings, "segmentation")),
            segmentation_step=_number(settings, "segmentation_step", 0.1, 0.01, 1.0),
            embedding=load_wespeaker(_checkpoint(folder, settings, "embedding").parent),
            embedding_exclude_overlap=settings.get("embedding_exclude_overlap") is True,
            plda=_plda(folder, settings) if clustering == "VBxClustering" else NoPLDA(),
            clustering=clustering,
            segmentation_batch_size=batch_size,
            embedding_batch_size=batch_size,
        )
        return built.instantiate(parameters).to(device)
    except FAILURES as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise BadModel(f"this pipeline cannot be built: {reason}", where=str(folder)) from error


def read_description(folder: Path) -> dict[str, Any]:
    """What ``config.yaml`` says, as plain data; `MissingModel` where there is none, `BadModel` for anything else."""
    path = folder / DESCRIPTION
    if not path.is_file():
        hint = "name a folder with a published pipeline's files"
        raise MissingModel(f"there is no {DESCRIPTION} of a pyannote pipeline", where=str(folder), hint=hint)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise BadModel("this is too large for a pipeline's description", where=str(path))
        return load_plain(content.decode(), str(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError, SettingsError) as error:
        reason = error.what if isinstance(error, SettingsError) else type(error).__name__
        raise BadModel(f"cannot be read as a pipeline's description: {reason}", where=str(path)) from error


def _settings(description: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The pipeline's own settings; `BadModel` for another pipeline, or a setting that could name code."""
    where = str(folder / DESCRIPTION)
    _require_known(description, SECTIONS, where)
    pipeline = _section(description, "pipeline", where)
    _require_known(pipeline, ("name", "params"), where)
    if pipeline.get("name") not in KINDS:
        raise BadModel(f"it names the pipeline {_quoted(pipeline.get('name'))}", where=where, hint=f"only {KINDS[0]}")
    settings = _section(pipeline, "params", where)
    _require_known(settings, SETTINGS, where)
    clustering = settings.get("clustering", "VBxClustering")
    if not isinstance(clustering, str) or clustering not in PARAMETERS:
        known = " and ".join(PARAMETERS)
        raise BadModel(f"it names the clustering {_quoted(clustering)}", where=where, hint=f"known are {known}")
    return {**settings, "clustering": clustering}


def _parameters(description: Mapping[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    """Thresholds and the like, for ``instantiate``; `BadModel` for unknown ones, and for values of another kind."""
    where = str(folder / DESCRIPTION)
    given = _section(description, "params", where)
    _require_known(given, ("segmentation", "clustering"), where)
    segmentation, clustering = (_section(given, name, where) for name in ("segmentation", "clustering"))
    _require_known(segmentation, ("threshold", "min_duration_off"), where)
    kind = _section(description["pipeline"], "params", where).get("clustering", "VBxClustering")
    _require_known(clustering, PARAMETERS[kind], where)
    for name, value in (*segmentation.items(), *clustering.items()):
        if name == "method" and value in METHODS:
            continue
        if type(value) not in (int, float) or not math.isfinite(value):
            raise BadModel(f"{name} is {_quoted(value)}", where=where)
    return {"segmentation": dict(segmentation), "clustering": dict(clustering)}


def _number(settings: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = settings.get(name, default)
    if type(value) not in (int, float) or not least <= value <= most:
        raise ValueError(f"{name} is {_quoted(value)}")
    return float(value)


def _checkpoint(folder: Path, settings: Mapping[str, Any], part: str) -> Path:
    """Where the weights of a part lie; the checkpoint's own name is always pyannote's."""
    place = _place(folder, settings, part)
    path = place if place.name == CHECKPOINT else place / CHECKPOINT
    if not path.is_file():
        raise MissingModel(f"the weights of the {part} are not there", where=str(path), hint="pull the pipeline again")
    return path


def _plda(folder: Path, settings: Mapping[str, Any]) -> PLDA:
    place = _place(folder, settings, "plda")
    files = place / "xvec_transform.npz", place / "plda.npz"
    for path in files:
        if not path.is_file():
            raise MissingModel("a file of the PLDA is not there", where=str(path), hint="pull the pipeline again")
    try:
        return PLDA(*files)  # numpy's archives: arrays of objects, which would be pickles, are refused by numpy
    except Exception as error:  # a damaged archive raises whatever zipfile, zlib or numpy's algebra raise
        raise BadModel("this is no PLDA as pyannote publishes it", where=str(place)) from error


def _place(folder: Path, settings: Mapping[str, Any], part: str) -> Path:
    """``$model/NAME`` is a place inside the folder; a repository of the hub lies where pulling puts it, in ``part``."""
    named = settings.get(part, f"$model/{part}")
    if not isinstance(named, str):
        raise BadModel(f"{part} is {_quoted(named)}", where=str(folder / DESCRIPTION), hint=f"write $model/{part}")
    if not named.startswith("$model/"):
        return folder / part
    inside = named.removeprefix("$model/")
    try:
        require_inside(inside)
    except ValueError as error:
        raise BadModel(f"{part} is {_quoted(named)}: outside of the folder", where=str(folder / DESCRIPTION)) from error
    return folder / inside


def _section(values: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    section = values.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise BadModel(f"{name} is {_quoted(section)}, not a section of settings", where=where)
    return section


def _require_known(section: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    for name in section:
        if name not in known:
            raise BadModel(f"it sets {_quoted(name)}", where=where, hint=f"known are {', '.join(known)}")


def _quoted(value: Any) -> str:
    """A value for a message; of anything but a text or a number only the type, which is short."""
    return repr(value)[:80] if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
