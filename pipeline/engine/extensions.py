"""Extension stages: found by name, with their settings from the configuration.

A name in ``stages`` is one of (1) a folder of `pipeline.stages` whose stage refines a value, (2) an entry point of the
group ``crosstalk.stages``, (3) ``package.module:STAGE``. ``stage_options`` holds their settings by the stage's name.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pipeline.stages
from pipeline.config.schema import Config, read_options
from pipeline.core.errors import SettingsError
from pipeline.core.stage import Stage
from pipeline.core.types import Transcript
from pipeline.media import Decoded
from pipeline.models import registry
from pipeline.models.protocols import Diarization
from pipeline.stages.recognition.result import Recognition
from pipeline.stages.separation.result import Separation

GROUP = "crosstalk.stages"
"""Group of entry points by which an installed package offers its stages."""
REFINABLE: tuple[type, ...] = (Decoded, Diarization, Separation, Recognition, Transcript)
"""Types of the values that an extension stage can refine, in the order in which the pipeline makes them."""
RESERVED = ("decode", "channels", "diarization", "separation", "recognition", "assembly", "identification")
"""Names of the pipeline's own steps, which no extension stage may have."""


@dataclass(frozen=True, slots=True)
class ConfiguredStage:
    """A stage with its settings for one run; ``settings`` is None for a stage without any."""

    stage: Stage[Any]
    settings: Any = None


def of_pipeline(stage: Stage[Any], config: Config) -> ConfiguredStage:
    """One of the pipeline's own stages, with the section of the configuration that has the type of its settings."""
    sections = (getattr(config, field.name) for field in dataclasses.fields(config))
    return ConfiguredStage(stage, next((section for section in sections if type(section) is stage.settings), None))


def refinements(config: Config) -> tuple[ConfiguredStage, ...]:
    """The extension stages that ``config.stages`` switches on, in that order; raises `SettingsError`."""
    stages = [locate(name) for name in config.stages]
    names = [stage.name for stage in stages]
    for stage in stages:
        if names.count(stage.name) > 1:
            raise SettingsError(f"stages: the stage {stage.name} is listed twice")
    for name in config.stage_options:
        if name not in names:
            hint = f"stages lists {', '.join(names)}" if names else "stages lists no stage"
            raise SettingsError(f"stage_options.{name}: no stage of this name is switched on", hint=hint)
    return tuple(ConfiguredStage(stage, _settings(stage, config)) for stage in stages)


def use_embedder(config: Config) -> bool:
    """Whether identification or an extension stage that is switched on uses the embedder."""
    return config.identification.is_on or any("embedder" in each.stage.uses for each in refinements(config))


def required_models(config: Config) -> dict[str, str]:
    """All weights of a run by the part they play, those that only extension stages use included."""
    weights = registry.required_models(config)
    return registry.weights("embedder", config) | weights if use_embedder(config) else weights


def _settings(stage: Stage[Any], config: Config) -> Any:
    options = config.stage_options.get(stage.name, {})
    if not isinstance(options, Mapping):
        raise SettingsError(f"stage_options.{stage.name} must be a mapping of names to values")
    if stage.settings is None:
        if options:
            raise SettingsError(f"stage_options.{stage.name}: the stage {stage.name} has no options")
        return None
    return read_options(stage.settings, options, f"stage_options.{stage.name}")


def locate(name: str) -> Stage[Any]:
    """The extension stage of a name; its module is imported. Raises `SettingsError`."""
    stage = _load(name)
    if not isinstance(stage, Stage):
        raise SettingsError(f"the stage {name!r} is {type(stage).__name__}, not a pipeline.core.stage.Stage")
    if stage.refines not in REFINABLE:
        types = ", ".join(kind.__name__ for kind in REFINABLE)
        raise SettingsError(f"the stage {name!r} must refine one of {types}", hint="declare it with refines=...")
    if stage.name in RESERVED:
        raise SettingsError(f"the stage {name!r} has the name of one of the pipeline's own steps", hint="rename it")
    if stage.settings is not None and not dataclasses.is_dataclass(stage.settings):
        raise SettingsError(f"the settings of the stage {name!r} must be a dataclass")
    return stage


def _load(name: str) -> Any:
    entry_points = {point.name: point.value for point in importlib.metadata.entry_points(group=GROUP)}
    shipped = _shipped()
    place = f"pipeline.stages.{name}.stage:STAGE" if name in shipped else entry_points.get(name, name)
    module, colon, attribute = place.partition(":")
    if not (module and colon and attribute):
        known = ", ".join((*shipped, *entry_points))
        hint = f"known are {known}; or give package.module:STAGE" if known else "give package.module:STAGE"
        raise SettingsError(f"stages: no stage is called {name!r}", hint=hint)
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:  # the module may be a user's own, and raise anything
        text = next(iter(str(error).splitlines()), "")
        message = f"the stage {name!r} cannot be loaded: {type(error).__name__}: {text}"
        raise SettingsError(message, hint="--debug shows where") from error


def _shipped() -> tuple[str, ...]:
    """Names of the extension stages in `pipeline.stages`, read from the files: nothing is imported."""
    folder = Path(pipeline.stages.__file__).parent
    files = sorted(folder.glob("*/stage.py"))
    return tuple(f.parent.name for f in files if "refines=" in f.read_text(encoding="utf-8"))
