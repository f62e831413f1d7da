"""What is checked before the first second of work: classes, languages, models and the device that settings ask for.

Nothing is loaded here but what is small, or the user's own.
"""

from __future__ import annotations

import functools
import json
import platform
from collections.abc import Mapping
from pathlib import Path

from pipeline.config.presets import required_model_names
from pipeline.config.schema import Config
from pipeline.core.errors import MissingModel, SettingsError
from pipeline.engine import extensions
from pipeline.models import registry, torch_runtime
from pipeline.models.weights import Store

MULTILINGUAL = 51_865
"""Tokens of the smallest multilingual Whisper; English-only ones have one less."""


def backend_names(config: Config) -> Mapping[registry.Kind, str]:
    """The backend of each kind, by the name in the settings."""
    return {
        "diarizer": config.diarization.backend,
        "separator": config.separation.backend,
        "embedder": config.diarization.embedding,
        "recognizer": config.recognition.backend,
    }


def require(config: Config, store: Store) -> None:
    """Raise what would end a run later: `SettingsError` (exit code 1), then `MissingModel` or `BadModel` (5)."""
    for kind, name in backend_names(config).items():
        registry.require(kind, name, config, store)
    extensions.refinements(config)
    _require_device(config.runtime.device)
    require_language(config, store)
    if config.recognition.backend == "whisper":
        _require_compute_type(config)
    _require_models(config, store)


def _require_models(config: Config, store: Store) -> None:
    """All that is missing in one error, with one command."""
    missing: list[MissingModel] = []
    names: list[str] = []
    for name in required_model_names(config):
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


def require_language(config: Config, store: Store) -> None:
    """Raise `SettingsError` where Whisper's model does not know the language; of one not here, its name has to do."""
    model, language = config.recognition.model, config.recognition.language
    if config.recognition.backend != "whisper" or language is None:
        return
    vocabulary = read_vocabulary(store.path(model)) if store.status(model) == "here" else None
    english_only = len(vocabulary) < MULTILINGUAL if vocabulary else model.endswith(".en")
    if english_only and language != "en":
        hint = "choose another recognition.model (whisper-base knows 99 languages), or another preset"
        raise SettingsError(f"the model {model} knows English only, not {language}", hint=hint)
    if vocabulary and not english_only and f"<|{language}|>" not in vocabulary:
        hint = "choose another recognition.model, for example whisper-large-v3-turbo"
        raise SettingsError(f"the model {model} does not know the language {language}", hint=hint)


@functools.lru_cache(maxsize=4)
def read_vocabulary(folder: Path) -> frozenset[str] | None:
    """The tokens of a Whisper model in CTranslate2's format; None where the folder does not say."""
    try:
        if (folder / "vocabulary.json").is_file():
            return frozenset(json.loads((folder / "vocabulary.json").read_text(encoding="utf-8")))
        return frozenset((folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n"))
    except (OSError, ValueError, TypeError):
        return None


def _require_device(setting: str) -> None:
    """The GPUs that are named must be there; whether they compute is tried out when a run begins."""
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


def _require_compute_type(config: Config) -> None:
    """CTranslate2's type of arithmetic must be one that the device can do."""
    import ctranslate2

    kind, _, number = torch_runtime.first_device(config.runtime).partition(":")
    kind = "cuda" if kind == "cuda" else "cpu"
    known = ctranslate2.get_supported_compute_types(kind, int(number or 0)) | {"default", "auto"}
    wanted = config.recognition.compute_type
    if wanted not in known:
        message = f"recognition.compute_type: this machine's {kind} cannot compute in {wanted}"
        raise SettingsError(message, hint=f"it can in {', '.join(sorted(known))}")
