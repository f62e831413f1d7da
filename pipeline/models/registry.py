"""The models by name. A name stands for ``module:Class``, imported only when asked for; users may give their own."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline.config.schema import Config
from pipeline.core.errors import CrosstalkError, SettingsError
from pipeline.models.protocols import Diarizer, Embedder, Recognizer, Separator
from pipeline.models.torch_runtime import devices_for, first_device, least_used, only, placement

if TYPE_CHECKING:
    from pipeline.models.cuda_libraries import Choice
    from pipeline.models.weights import Store

__all__ = [
    "LAYOUTS",
    "MODELS",
    "Kind",
    "choose_device",
    "devices_for",
    "free_gpu_memory",
    "least_used",
    "load",
    "locate",
    "only",
    "placement",
    "require",
]

Kind = Literal["diarizer", "separator", "embedder", "recognizer", "rival"]

MODELS: dict[Kind, dict[str, str]] = {
    "diarizer": {
        "pyannote": "pipeline.models.diarizers.pyannote:PyannoteDiarizer",
        "replay": "pipeline.models.synthetic:SyntheticDiarizer",
    },
    "separator": {
        "mixture": "pipeline.models.separators.passthrough:PassthroughSeparator",
        "refined": "pipeline.models.separators.nmf_refined:NmfRefinedSeparator",
        "exemplar": "pipeline.models.separators.nmf:NmfSeparator",
        "speechbrain": "pipeline.models.separators.speechbrain:SpeechBrainSeparator",
        "replay": "pipeline.models.synthetic:SyntheticSeparator",
    },
    "embedder": {
        "resemblyzer": "pipeline.models.embedders.resemblyzer:ResemblyzerEmbedder",
        "ecapa-voxceleb": "pipeline.models.embedders.ecapa:EcapaEmbedder",
        "wespeaker-resnet34": "pipeline.models.embedders.wespeaker:WeSpeakerEmbedder",
        "replay": "pipeline.models.synthetic:SyntheticEmbedder",
    },
    "recognizer": {
        "whisper": "pipeline.models.recognizers.whisper:WhisperRecognizer",
        "replay": "pipeline.models.synthetic:SyntheticRecognizer",
    },
    "rival": {"common": "pipeline.evaluation.benchmark.baseline_system:BaselineSystem"},
}

PROTOCOLS: Mapping[Kind, type] = {
    "diarizer": Diarizer,
    "separator": Separator,
    "embedder": Embedder,
    "recognizer": Recognizer,
}
"""What the classes of each kind must be able to do."""

LAYOUTS = {
    "embedding_model.ckpt": "ecapa-voxceleb",
    "pytorch_model.bin": "wespeaker-resnet34",
    "model.safetensors": "resemblyzer",
}
"""An embedder's name is its model's too; in a user's own folder, one of these files tells whose weights it holds."""


def locate(kind: Kind, name: str) -> tuple[str, str]:
    """Module and class behind a backend's name or a user's ``package.module:Class``; nothing is imported.

    An embedder may also be named by a folder with its weights, in the layout that its publisher gave it.
    """
    known = MODELS[kind].get(name) or (_behind(name) if kind == "embedder" else None)
    module, colon, attribute = (known or name).partition(":")
    if not colon:
        others = f"there are {', '.join(MODELS[kind])}, or give package.module:Class"
        hint = f"{others}, or a folder with {' or '.join(LAYOUTS)}" if kind == "embedder" else others
        raise SettingsError(f"no {kind} called {name!r}", hint=hint)
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        raise SettingsError(f"the {kind} {name!r} names a package that is not installed", hint="check its spelling")
    return module, attribute


def _behind(name: str) -> str | None:
    """The embedder for the weights in a folder; `None` for what is no such folder."""
    folder = Path(name).expanduser()
    kinds = [kind for file, kind in LAYOUTS.items() if name and (folder / file).is_file()]
    return MODELS["embedder"][kinds[0]] if kinds else None


def load(kind: Kind, name: str, config: Config, models: Store) -> Any:
    """The backend itself, made by its ``from_config(config, models)``; this is where heavy libraries are imported."""
    if first_device(config.runtime).startswith("cuda"):
        from pipeline.models.cuda_libraries import load_cublas

        load_cublas()
    made = _class(kind, name).from_config(config, models)
    if kind in PROTOCOLS:
        _refuse(kind, name, list(_lacks(made, PROTOCOLS[kind], unbound=False)))
    return made


def require(kind: Kind, name: str, config: Config, models: Store) -> None:
    """Raise `SettingsError` for a backend that is not there, or for a class of the user's own that cannot do what its
    kind must. Such a class is imported; a backend that ships is not. Where the class lacks something, an object of it
    is made: that may be of another class, or have its methods from elsewhere.
    """
    locate(kind, name)
    if name in MODELS[kind] or _behind(name) is not None:
        return
    if any(_lacks(_class(kind, name), PROTOCOLS[kind], unbound=True)):
        try:
            load(kind, name, config, models)
        except CrosstalkError:
            raise
        except Exception as error:  # whatever the user's own class raises
            raise SettingsError(_failed(kind, name, error), hint="--debug shows where") from error


def _failed(kind: Kind, name: str, error: Exception) -> str:
    text = next(iter(str(error).splitlines()), "")
    return f"the {kind} {name!r} cannot be loaded: {type(error).__name__}: {text}"


def _class(kind: Kind, name: str) -> Any:
    """The class of a backend, imported; it has a ``from_config``."""
    module, attribute = locate(kind, name)
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever the user's own module raises
        raise SettingsError(_failed(kind, name, error), hint="--debug shows where") from error
    if not callable(getattr(found, "from_config", None)):
        _refuse(kind, name, ["has no class method from_config(config, models)"])
    return found


def _refuse(kind: Kind, name: str, lacks: list[str]) -> None:
    if lacks:
        hint = f"docs/extending.md says what a {PROTOCOLS[kind].__name__} must have"
        raise SettingsError(f"the {kind} {name!r} {' and '.join(lacks)}", hint=hint)


def _lacks(thing: Any, protocol: type, unbound: bool) -> Iterator[str]:
    """What a class (``unbound``) or an object lacks of a protocol: methods, or parameters of them."""
    for name, declared in vars(protocol).items():
        if name.startswith("_") or not inspect.isfunction(declared):
            continue
        parameters = list(inspect.signature(declared).parameters.values())[1:]
        method = getattr(thing, name, None)
        if not callable(method):
            yield f"has no method {name}({', '.join(each.name for each in parameters)})"
        elif not _takes(method, parameters, unbound and inspect.isfunction(method)):
            yield f"has a method {name} that does not take ({', '.join(each.name for each in parameters)})"


def _takes(method: Any, parameters: list[inspect.Parameter], unbound: bool) -> bool:
    """Whether a method can be called as the pipeline does: optional parameters by name, the others by place."""
    by_place = [None for each in parameters if each.default is each.empty]
    by_name = {each.name: None for each in parameters if each.default is not each.empty}
    try:
        inspect.signature(method).bind(*[None] * unbound, *by_place, **by_name)
    except (TypeError, ValueError):
        return False
    return True


def choose_device(config: Config) -> Choice:
    """Where a run computes, tried out now: see `pipeline.models.cuda_libraries.choose`."""
    from pipeline.models.cuda_libraries import choose

    return choose(config)


def identity(kind: Kind, name: str) -> dict[str, Any]:
    """The model's name and version, or the hash of its source where it has no version."""
    from pipeline.engine.code_version import source_hash

    module, attribute = locate(kind, name)
    version = getattr(getattr(importlib.import_module(module), attribute), "version", None)
    if version is None and name not in MODELS[kind]:
        return {"name": name, "source": source_hash(module)}
    return {"name": name, "version": version or 1}


def weights(kind: Kind, config: Config) -> dict[str, str]:
    """The weights of the configured model of a kind, by the part they play."""
    from pipeline.config.presets import required_models

    parts = {
        "diarizer": ("pipeline", "segmentation", "embedding"),
        "embedder": ("embedding",),
        "separator": ("separation",),
        "recognizer": ("recognition",),
    }[kind]
    return {part: name for part, name in required_models(config).items() if part in parts}


def free_gpu_memory() -> None:
    """Give the GPU memory of models and tensors that nobody holds any more back to the driver, for other libraries."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()
