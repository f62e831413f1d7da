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

from pipeline.config.plain_yaml import load_plain
from pipeline.core.errors import BadModel, MissingModel, SettingsError
from pipeline.models.diarizers.pyannote_segmentation import load_published_segmentation
from pipeline.models.embedders.wespeaker import CHECKPOINT, load_wespeaker
from pipeline.models.weights.specs import require_inside

DESCRIPTION: Final = "config.yaml"
LARGEST: Final = 1_000_000
"""Largest description that is read, in bytes."""
KINDS: Final = (
    "pyannote.audio.pipelines.SpeakerDiarization",
    "pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization",
)
"""The accepted names of the one pipeline that can be built."""
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
"""Accepted settings of the pipeline. Batch sizes are replaced by those of the run."""
PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "AgglomerativeClustering": ("method", "min_cluster_size", "threshold"),
    "VBxClustering": ("threshold", "Fa", "Fb"),
}
"""Accepted clusterings -> their parameters."""
METHODS: Final = ("average", "centroid", "complete", "median", "single", "ward", "weighted")
FAILURES: Final = (TypeError, ValueError, KeyError, RuntimeError, AttributeError, ArithmeticError)
"""Exceptions of pyannote's constructors for inconsistent settings."""


class NoPLDA(PLDA):  # type: ignore[misc]
    """No-op PLDA: pyannote's constructor requires one even for a clustering that does not use it."""

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
    """Read ``config.yaml`` as plain data; raises `MissingModel` without the file, `BadModel` for an invalid one."""
    path = folder / DESCRIPTION
    if not path.is_file():
        hint = "name a folder with a published pipeline's files"
        raise MissingModel(f"there is no {DESCRIPTION} of a pyannote pipeline", where=str(folder), hint=hint)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise BadModel(f"larger than {LARGEST} bytes", where=str(path))
        return load_plain(content.decode(), str(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError, SettingsError) as error:
        reason = error.what if isinstance(error, SettingsError) else type(error).__name__
        raise BadModel(f"cannot be read as a pipeline's description: {reason}", where=str(path)) from error


def _settings(description: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The pipeline's settings; raises `BadModel` for another pipeline or an unknown setting."""
    where = str(folder / DESCRIPTION)
    _require_known(description, SECTIONS, where)
    pipeline = _section(description, "pipeline", where)
    _require_known(pipeline, ("name", "params"), where)
    if pipeline.get("name") not in KINDS:
        name = _quoted(pipeline.get("name"))
        raise BadModel(f"unsupported pipeline {name}", where=where, hint=f"supported: {KINDS[0]}")
    settings = _section(pipeline, "params", where)
    _require_known(settings, SETTINGS, where)
    clustering = settings.get("clustering", "VBxClustering")
    if not isinstance(clustering, str) or clustering not in PARAMETERS:
        known = " and ".join(PARAMETERS)
        raise BadModel(f"unsupported clustering {_quoted(clustering)}", where=where, hint=f"supported: {known}")
    return {**settings, "clustering": clustering}


def _parameters(description: Mapping[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    """Parameters for ``instantiate``; raises `BadModel` for unknown ones and for values that are no numbers."""
    where = str(folder / DESCRIPTION)
    parameters = _section(description, "params", where)
    _require_known(parameters, ("segmentation", "clustering"), where)
    segmentation, clustering = (_section(parameters, name, where) for name in ("segmentation", "clustering"))
    _require_known(segmentation, ("threshold", "min_duration_off"), where)
    kind = _section(description["pipeline"], "params", where).get("clustering", "VBxClustering")
    _require_known(clustering, PARAMETERS[kind], where)
    for name, value in (*segmentation.items(), *clustering.items()):
        if name == "method" and value in METHODS:
            continue
        if type(value) not in (int, float) or not math.isfinite(value):
            raise BadModel(f"{name} is {_quoted(value)}", where=where)
    return {"segmentation": dict(segmentation), "clustering": dict(clustering)}


def _number(settings: Mapping[str, Any], name: str, default: float, minimum: float, maximum: float) -> float:
    value = settings.get(name, default)
    if type(value) not in (int, float) or not minimum <= value <= maximum:
        raise ValueError(f"{name} is {_quoted(value)}")
    return float(value)


def _checkpoint(folder: Path, settings: Mapping[str, Any], part: str) -> Path:
    """Path of a part's weights; the file always has pyannote's name."""
    place = _place(folder, settings, part)
    path = place if place.name == CHECKPOINT else place / CHECKPOINT
    if not path.is_file():
        raise MissingModel(f"the weights of the {part} are missing", where=str(path), hint="pull the pipeline again")
    return path


def _plda(folder: Path, settings: Mapping[str, Any]) -> PLDA:
    place = _place(folder, settings, "plda")
    files = place / "xvec_transform.npz", place / "plda.npz"
    for path in files:
        if not path.is_file():
            raise MissingModel("a file of the PLDA is missing", where=str(path), hint="pull the pipeline again")
    try:
        with files[0].open("rb") as transform, files[1].open("rb") as plda:  # pyannote would leave them open
            return PLDA(transform, plda)  # numpy refuses pickled object arrays in its archives
    except Exception as error:  # a damaged archive raises whatever zipfile, zlib or numpy's algebra raise
        raise BadModel("not a PLDA in pyannote's format", where=str(place)) from error


def _place(folder: Path, settings: Mapping[str, Any], part: str) -> Path:
    """Folder or file of a part: ``$model/NAME`` is inside the folder; a hub repository is pulled into ``part``."""
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
        raise BadModel(f"{name} must be a mapping, got {_quoted(section)}", where=where)
    return section


def _require_known(section: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    for name in section:
        if name not in known:
            raise BadModel(f"unknown setting {_quoted(name)}", where=where, hint=f"known: {', '.join(known)}")


def _quoted(value: Any) -> str:
    """A value for a message, shortened; only the type for anything but a string, number or boolean."""
    return repr(value)[:80] if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
