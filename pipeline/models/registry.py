"""The models by name: where each is declared, what it declares, and the loading of it.

A name is looked up as a module of this package with ``MODEL = TheClass`` (``nmf-refined`` of kind ``separator`` is
``separators/nmf_refined.py``), as ``package.module:Class``, and as an entry point of the group ``crosstalk.<kind>s``.
An embedder may also be named by a folder with its weights. No table lists the names: the package's files do.
"""

from __future__ import annotations

import dataclasses
import functools
import gc
import importlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline.config.schema import Config, as_mapping, read_options
from pipeline.core import code_version
from pipeline.core.errors import CrosstalkError, SettingsError
from pipeline.models.interfaces import PROTOCOLS, missing_methods
from pipeline.models.torch_runtime import devices_for, first_device, only, placement

if TYPE_CHECKING:
    from pipeline.models.cuda_libraries import Choice
    from pipeline.models.weights import Store

__all__ = [
    "KINDS",
    "Kind",
    "check",
    "check_options",
    "choose_device",
    "configured_names",
    "declaration",
    "devices_for",
    "effective_settings",
    "free_gpu_memory",
    "identity",
    "load",
    "locate",
    "names",
    "only",
    "options",
    "placement",
    "require",
    "required_model_names",
    "required_models",
    "uses_embedder",
    "weights",
]

Kind = Literal["diarizer", "embedder", "separator", "recognizer"]

KINDS: tuple[Kind, ...] = ("diarizer", "embedder", "separator", "recognizer")
"""The kinds of models, in the order in which a run needs them."""
SETTINGS: Mapping[Kind, tuple[str, str]] = {
    "diarizer": ("diarization.backend", "diarization"),
    "embedder": ("embedding.model", "embedding"),
    "separator": ("separation.backend", "separation"),
    "recognizer": ("recognition.backend", "recognition"),
}
"""By kind, the setting that names the model, and the section with its ``options``."""

_DECLARES = re.compile(r"^MODEL\b[^=\n]*=", re.MULTILINE)
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a model is declared: its canonical name, module and attribute; ``ships`` for one of this package."""

    name: str
    module: str
    attribute: str
    ships: bool = False


@functools.cache
def _shipped(kind: Kind) -> tuple[str, ...]:
    """The names of the models that this package declares, sorted, read from its files without importing them."""
    paths = sorted((_PACKAGE / f"{kind}s").glob("*.py"))
    return tuple(path.stem.replace("_", "-") for path in paths if _DECLARES.search(path.read_text(encoding="utf-8")))


def _entry_points(kind: Kind) -> importlib.metadata.EntryPoints:
    """The models of other distributions."""
    return importlib.metadata.entry_points(group=f"crosstalk.{kind}s")


def names(kind: Kind) -> tuple[str, ...]:
    """The names of all models of a kind: those of this package, then those of entry points. Nothing is imported."""
    return tuple(dict.fromkeys((*_shipped(kind), *sorted(_entry_points(kind).names))))


def locate(kind: Kind, name: str) -> tuple[str, str]:
    """The module and the attribute that declare a model; `SettingsError` for an unknown name.

    Only an embedder that is named by a folder has declarations imported, to compare their layouts.
    """
    place = _place(kind, name)
    return place.module, place.attribute


def _place(kind: Kind, name: str) -> _Place:
    if name in _shipped(kind):
        return _Place(name, f"pipeline.models.{kind}s.{name.replace('-', '_')}", "MODEL", ships=True)
    if kind == "embedder" and (owner := _owner_of_folder(name)):
        return _place(kind, owner)
    module, colon, attribute = name.partition(":")
    if not colon:
        point = next(iter(_entry_points(kind).select(name=name)), None)
        if point is None:
            raise SettingsError(f"no {kind} called {name!r}", hint=_alternatives(kind))
        module, _, attribute = point.value.partition(":")
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        raise SettingsError(f"the {kind} {name!r} names a package that is not installed", hint="check its spelling")
    return _Place(name, module, attribute)


def _alternatives(kind: Kind) -> str:
    hint = f"there are {', '.join(names(kind))}, or give package.module:Class"
    if kind != "embedder":
        return hint
    return f"{hint}, or a folder with {' or '.join(_layouts())}"


def _layouts() -> dict[str, str]:
    """The embedders of this package by the file by which a folder with their weights is recognized."""
    files = {name: getattr(declaration("embedder", name), "layout", "") for name in _shipped("embedder")}
    return {file: name for name, file in files.items() if file}


def _owner_of_folder(name: str) -> str | None:
    """The name of the embedder whose weights a folder holds; None for anything else.

    Of two that fit, the one with the more specific file name is chosen: ``model.safetensors`` is a common one.
    """
    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        return None
    fitting = [
        (file == "model.safetensors", file, owner) for file, owner in _layouts().items() if (folder / file).is_file()
    ]
    return min(fitting)[2] if fitting else None


def declaration(kind: Kind, name: str) -> Any:
    """The class that declares a model, imported; it has a ``from_config``."""
    place = _place(kind, name)
    try:
        model = getattr(importlib.import_module(place.module), place.attribute)
    except Exception as error:  # a module of the user's own may raise anything
        raise SettingsError(_failure(kind, name, error), hint="--debug shows where") from error
    if not callable(getattr(model, "from_config", None)):
        _refuse(kind, name, ["has no class method from_config(config, weights)"])
    return model


def load(kind: Kind, name: str, config: Config, store: Store) -> Any:
    """The model itself, made by its ``from_config(config, weights)``; heavy libraries are imported here."""
    if first_device(config.runtime).startswith("cuda"):
        from pipeline.models.cuda_libraries import load_cublas

        load_cublas()
    model = declaration(kind, name).from_config(config, store)
    _refuse(kind, name, list(missing_methods(model, PROTOCOLS[kind], unbound=False)))
    return model


def require(kind: Kind, name: str, config: Config, store: Store) -> None:
    """Raise `SettingsError` for a model that does not exist, and for a class of the user's own that lacks a method.

    Where such a class lacks a method, an object of it is made: that may be of another class, or have its methods from
    elsewhere. Models of this package are not loaded.
    """
    place = _place(kind, name)
    if place.ships:
        return
    if any(missing_methods(declaration(kind, name), PROTOCOLS[kind], unbound=True)):
        try:
            load(kind, name, config, store)
        except CrosstalkError:
            raise
        except Exception as error:  # a class of the user's own may raise anything
            raise SettingsError(_failure(kind, name, error), hint="--debug shows where") from error


def _failure(kind: Kind, name: str, error: Exception) -> str:
    text = next(iter(str(error).splitlines()), "")
    return f"the {kind} {name!r} cannot be loaded: {type(error).__name__}: {text}"


def _refuse(kind: Kind, name: str, missing: list[str]) -> None:
    if missing:
        hint = f"docs/extending.md says what a {PROTOCOLS[kind].__name__} must have"
        raise SettingsError(f"the {kind} {name!r} {' and '.join(missing)}", hint=hint)


def configured_names(config: Config) -> dict[Kind, str]:
    """The name of the model of each kind in the settings."""
    return {kind: str(_setting(config, dotted)) for kind, (dotted, _) in SETTINGS.items()}


def _setting(config: Config, dotted: str) -> Any:
    return functools.reduce(getattr, dotted.split("."), config)


def identity(kind: Kind, name: str) -> dict[str, Any]:
    """What identifies a model's code in a key, as plain data: its name, version and the versions of its requirements.

    A class that declares no version itself has instead the hash of its source and of all it imports from its own
    package, and the distributions that these import. An inherited version does not cover the subclass.
    """
    place, model = _place(kind, name), declaration(kind, name)
    version = vars(model).get("version")
    if version is None:
        packages = code_version.requirements(place.module)
        return {"name": place.name, "source": code_version.source_hash(place.module), "packages": packages}
    packages = {each: _installed_version(each) for each in sorted(getattr(model, "requires", ()))}
    return {"name": place.name, "version": version, "packages": packages}


@functools.cache
def _installed_version(distribution: str) -> str:
    """The version of a distribution, read once: that takes milliseconds. Empty where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def weights(kind: Kind, config: Config) -> dict[str, str]:
    """The weights of the configured model of a kind, by the part they play: names of the store, or folders."""
    name = configured_names(config)[kind]
    declared = getattr(declaration(kind, name), "weights", None)
    return _called(kind, name, declared, config) if callable(declared) else {}


def uses_embedder(kind: Kind, config: Config) -> bool:
    """Whether the configured diarizer or separator uses the configured embedder.

    Without a declaration, a diarizer does not, and a separator does: its sources are compared with embeddings.
    """
    name = configured_names(config)[kind]
    declared = getattr(declaration(kind, name), "uses_embedder", None)
    return bool(_called(kind, name, declared, config)) if callable(declared) else kind == "separator"


def _called(kind: Kind, name: str, declared: Any, *arguments: Any) -> Any:
    """What a method of a declaration returns; an error of the user's own class names the class."""
    try:
        return declared(*arguments)
    except CrosstalkError:
        raise
    except Exception as error:
        raise SettingsError(_failure(kind, name, error), hint="--debug shows where") from error


def required_models(config: Config) -> dict[str, str]:
    """All weights that these settings use, by the part they play.

    Where two models have different weights for a part of the same name, the later one's is prefixed with its kind.
    """
    parts: dict[str, str] = {}
    for kind in KINDS:
        if kind == "embedder" and not (uses_embedder("diarizer", config) or uses_embedder("separator", config)):
            continue
        for part, name in weights(kind, config).items():
            parts[part if parts.get(part, name) == name else f"{kind}.{part}"] = name
    return parts


def required_model_names(config: Config) -> tuple[str, ...]:
    """The names or folders of all weights that these settings use, each once."""
    return tuple(dict.fromkeys(required_models(config).values()))


def options(kind: Kind, config: Config) -> Any:
    """The options of the configured model, an instance of its ``Options``; None for a model without options.

    Raises `SettingsError` for options that the model does not have, or with a value that it does not accept.
    """
    section = SETTINGS[kind][1]
    given: Mapping[str, Any] = _setting(config, f"{section}.options")
    name = configured_names(config)[kind]
    declared = getattr(declaration(kind, name), "Options", None)
    if declared is not None:
        return read_options(declared, given, f"{section}.options")
    if given:
        raise SettingsError(f"{section}.options.{min(given)}: the {kind} {name!r} has no options")
    return None


def check_options(config: Config) -> None:
    """Raise `SettingsError` for options that a configured model does not have, or does not accept."""
    for kind in KINDS:
        options(kind, config)


def check(kind: Kind, config: Config, store: Store) -> None:
    """Raise `SettingsError` for settings that the configured model declares it cannot work with."""
    name = configured_names(config)[kind]
    declared = getattr(declaration(kind, name), "check", None)
    if callable(declared):
        _called(kind, name, declared, config, store)


def effective_settings(config: Config) -> dict[str, Any]:
    """Every setting as nested plain values, with the options of the models that are in force, defaults included."""
    settings = as_mapping(config)
    for kind in KINDS:
        in_force = options(kind, config)
        settings[SETTINGS[kind][1]]["options"] = {} if in_force is None else dataclasses.asdict(in_force)
    return settings


def choose_device(config: Config) -> Choice:
    """The device of a run, after a test computation on it: see `pipeline.models.cuda_libraries.choose`."""
    from pipeline.models.cuda_libraries import choose

    return choose(config)


def free_gpu_memory() -> None:
    """Return the GPU memory of models and tensors without references to the driver, for other libraries."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()
