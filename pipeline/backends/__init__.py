"""The models by name. A name stands for ``module:Class``, imported only when asked for; users may give their own."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline.backends.device import devices_for, first_device, least_used, only, placement
from pipeline.config import Config
from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.backends.gpu import Choice
    from pipeline.store import Store

__all__ = [
    "BACKENDS",
    "LAYOUTS",
    "Kind",
    "choose_device",
    "devices_for",
    "free_gpu_memory",
    "least_used",
    "load",
    "only",
    "placement",
    "target",
]

Kind = Literal["diarizer", "separator", "embedder", "recognizer", "rival"]

BACKENDS: dict[Kind, dict[str, str]] = {
    "diarizer": {
        "pyannote": "pipeline.backends.pyannote:PyannoteDiarizer",
        "replay": "pipeline.backends.replay:ReplayDiarizer",
    },
    "separator": {
        "mixture": "pipeline.backends.mixture:MixtureSeparator",
        "refined": "pipeline.backends.refined:RefinedSeparator",
        "exemplar": "pipeline.backends.exemplar:ExemplarSeparator",
        "speechbrain": "pipeline.backends.speechbrain:SpeechBrainSeparator",
        "replay": "pipeline.backends.replay:ReplaySeparator",
    },
    "embedder": {
        "resemblyzer": "pipeline.backends.resemblyzer:ResemblyzerEmbedder",
        "ecapa-voxceleb": "pipeline.backends.ecapa:EcapaEmbedder",
        "wespeaker-resnet34": "pipeline.backends.wespeaker:WeSpeakerEmbedder",
        "replay": "pipeline.backends.replay:ReplayEmbedder",
    },
    "recognizer": {
        "whisper": "pipeline.backends.whisper:WhisperRecognizer",
        "replay": "pipeline.backends.replay:ReplayRecognizer",
    },
    "rival": {"common": "pipeline.backends.common:CommonFlow"},
}

LAYOUTS = {
    "embedding_model.ckpt": "ecapa-voxceleb",
    "pytorch_model.bin": "wespeaker-resnet34",
    "model.safetensors": "resemblyzer",
}
"""An embedder's name is its model's too; in a user's own folder, one of these files tells whose weights it holds."""


def target(kind: Kind, name: str) -> tuple[str, str]:
    """Module and class behind a backend's name or a user's ``package.module:Class``; nothing is imported.

    An embedder may also be named by a folder with its weights, in the layout that its publisher gave it.
    """
    known = BACKENDS[kind].get(name) or (_behind(name) if kind == "embedder" else None)
    module, colon, attribute = (known or name).partition(":")
    if not colon:
        others = f"there are {', '.join(BACKENDS[kind])}, or give package.module:Class"
        hint = f"{others}, or a folder with {' or '.join(LAYOUTS)}" if kind == "embedder" else others
        raise SettingsError(f"no {kind} called {name!r}", hint=hint)
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        raise SettingsError(f"the {kind} {name!r} names a package that is not installed", hint="check its spelling")
    return module, attribute


def _behind(name: str) -> str | None:
    """The embedder for the weights in a folder; `None` for what is no such folder."""
    folder = Path(name).expanduser()
    kinds = [kind for file, kind in LAYOUTS.items() if name and (folder / file).is_file()]
    return BACKENDS["embedder"][kinds[0]] if kinds else None


def load(kind: Kind, name: str, config: Config, models: Store) -> Any:
    """The backend itself, made by its ``from_config(config, models)``; this is where heavy libraries are imported."""
    module, attribute = target(kind, name)
    if first_device(config.runtime).startswith("cuda"):
        from pipeline.backends.gpu import load_cublas

        load_cublas()
    try:
        made = getattr(importlib.import_module(module), attribute).from_config
    except (ModuleNotFoundError, AttributeError) as error:
        raise SettingsError(f"the {kind} {name!r} cannot be loaded: {error}") from error
    return made(config, models)


def choose_device(config: Config) -> Choice:
    """Where a run computes, tried out now: see `pipeline.backends.gpu.choose`."""
    from pipeline.backends.gpu import choose

    return choose(config)


def free_gpu_memory() -> None:
    """Give the GPU memory of models and tensors that nobody holds any more back to the driver, for other libraries."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()
