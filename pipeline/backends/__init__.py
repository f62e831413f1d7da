"""The models by name. A name stands for ``module:Class``, imported only when asked for; users may give their own."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any, Literal

from pipeline.config import Config
from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.store import Store

Kind = Literal["diarizer", "separator", "embedder", "recognizer", "rival"]

BACKENDS: dict[Kind, dict[str, str]] = {
    "diarizer": {
        "pyannote": "pipeline.backends.pyannote:PyannoteDiarizer",
        "replay": "pipeline.backends.replay:ReplayDiarizer",
    },
    "separator": {
        "mixture": "pipeline.backends.mixture:MixtureSeparator",
        "exemplar": "pipeline.backends.exemplar:ExemplarSeparator",
        "speechbrain": "pipeline.backends.speechbrain:SpeechBrainSeparator",
        "replay": "pipeline.backends.replay:ReplaySeparator",
    },
    "embedder": {
        "resemblyzer": "pipeline.backends.resemblyzer:ResemblyzerEmbedder",
        "replay": "pipeline.backends.replay:ReplayEmbedder",
    },
    "recognizer": {
        "whisper": "pipeline.backends.whisper:WhisperRecognizer",
        "replay": "pipeline.backends.replay:ReplayRecognizer",
    },
    "rival": {"common": "pipeline.backends.common:CommonFlow"},
}


def target(kind: Kind, name: str) -> tuple[str, str]:
    """Module and class behind a backend's name or a user's ``package.module:Class``; nothing is imported."""
    module, colon, attribute = BACKENDS[kind].get(name, name).partition(":")
    if not colon:
        known = ", ".join(BACKENDS[kind])
        raise SettingsError(f"no {kind} called {name!r}", hint=f"there are {known}, or give package.module:Class")
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        raise SettingsError(f"the {kind} {name!r} names a package that is not installed", hint="check its spelling")
    return module, attribute


def load(kind: Kind, name: str, config: Config, models: Store) -> Any:
    """The backend itself, made by its ``from_config(config, models)``; this is where heavy libraries are imported."""
    module, attribute = target(kind, name)
    try:
        made = getattr(importlib.import_module(module), attribute).from_config
    except (ModuleNotFoundError, AttributeError) as error:
        raise SettingsError(f"the {kind} {name!r} cannot be loaded: {error}") from error
    return made(config, models)
