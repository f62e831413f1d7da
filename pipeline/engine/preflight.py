"""Checks before any work: the models, their options, their weights and the device of the settings.

Nothing is loaded except declarations of models, and classes of the user's own that lack a method.
"""

from __future__ import annotations

import platform
from pathlib import Path

from pipeline.config.schema import Config
from pipeline.core.errors import MissingModel, SettingsError
from pipeline.engine import extensions
from pipeline.gallery.people import require_name
from pipeline.models import registry, torch_runtime
from pipeline.models.protocols import EmbedderCalibration
from pipeline.models.weights import Store
from pipeline.stages.identification.stage import not_measured


def require(config: Config, store: Store) -> None:
    """Raise what would end a run later: `SettingsError` (exit code 1), then `MissingModel` or `BadModel` (5)."""
    for kind, name in registry.configured_names(config).items():
        registry.require(kind, name, config, store)
    _require_device(config.runtime.device)
    _require_names(config)
    extensions.refinements(config)
    check_models(config, store)
    _require_weights(config, store)


def _require_names(config: Config) -> None:
    """Raise `SettingsError` for people, clips or an embedder that cannot give names."""
    if not config.identification.is_on:
        return
    for name, clip in config.identification.known.items():
        require_name(name, where=f"known: {name!r}")
        if not Path(clip).is_file():
            raise SettingsError(f"there is no recording of {name}", where=clip)
    calibration = getattr(registry.declaration("embedder", config.embedding.model), "calibration", None)
    if isinstance(calibration, EmbedderCalibration) and calibration.names is None:
        raise not_measured()


def check_models(config: Config, store: Store) -> None:
    """Raise `SettingsError` for options or other settings that a configured model declares it cannot work with."""
    registry.check_options(config)
    for kind in registry.KINDS:
        registry.check(kind, config, store)


def _require_weights(config: Config, store: Store) -> None:
    """Report all missing models in one error, with one command."""
    missing: list[MissingModel] = []
    names: list[str] = []
    for name in dict.fromkeys(extensions.required_models(config).values()):
        try:
            store.path(name)
        except MissingModel as error:
            missing.append(error)
            names.append(name)
    if len(missing) == 1:
        raise missing[0]
    if missing:
        hint = f"run: transcribe models pull {' '.join(names)}"
        raise MissingModel(f"the models {', '.join(names)} are not on this machine", hint=hint)


def _require_device(setting: str) -> None:
    """Raise `SettingsError` for a GPU that does not exist; whether it can compute is tested when a run begins."""
    for name in setting.split(","):
        kind, _, number = name.partition(":")
        if kind == "mps" and not _has_apple_gpu():
            raise SettingsError("this machine has no Apple GPU (mps) that torch can use", hint="use --device cpu")
        if kind == "cuda":
            count = torch_runtime.count_gpus()
            if count == 0:
                hint = "use --device cpu, and see transcribe doctor"
                raise SettingsError("no NVIDIA GPU can be used on this machine", hint=hint)
            if int(number or 0) >= count:
                last = "only cuda:0" if count == 1 else f"cuda:0 to cuda:{count - 1}"
                raise SettingsError(f"there is no device {name}", hint=f"this machine has {last}")


def _has_apple_gpu() -> bool:
    if platform.system() != "Darwin":
        return False  # without loading torch
    import torch

    return bool(torch.backends.mps.is_available())
