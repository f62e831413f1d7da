"""Presets: named YAML files that hold only differences from the defaults, and the models each of them needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.config import schema as configuration
from pipeline.config.schema import Config
from pipeline.core.errors import SettingsError
from pipeline.core.text import read_settings


def preset_names() -> tuple[str, ...]:
    """Names of the presets in this package, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def load_preset(name: str) -> Config:
    """The settings of a preset; raises `SettingsError` for an unknown name."""
    path = _folder() / f"{name}.yaml"
    if name not in preset_names():
        raise SettingsError(f"no preset {name!r}", hint=f"there are {', '.join(preset_names())}")
    return configuration.read(path.read_text(encoding="utf-8"), where=f"preset {name}")


OPTIONS: Mapping[str, str] = {
    "speakers": "diarization.speakers",
    "min_speakers": "diarization.min_speakers",
    "max_speakers": "diarization.max_speakers",
    "language": "recognition.language",
    "model": "recognition.model",
    "channels": "diarization.channels",
    "roles": "diarization.roles",
    "track": "input.track",
    "device": "runtime.device",
    "threads": "runtime.threads",
    "offline": "runtime.offline",
    "names": "identification.names",
    "known": "identification.known",
    "gallery": "identification.gallery",
}
"""The settings that have an option of the command line and a parameter in Python, by its name."""


def named(**options: Any) -> dict[str, Any]:
    """Options by name (None or False = not given) as dotted settings."""
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    return {OPTIONS[name]: value for name, value in given.items()}


def resolve(
    preset: str = "default",
    given: Mapping[str, Any] | None = None,
    assignments: Mapping[str, Any] | None = None,
    file: Path | None = None,
) -> Config:
    """A preset, then a YAML file, then ``KEY=VALUE`` assignments, then ``given`` by dotted name (None = not given)."""
    config = load_preset(preset)
    if file:
        config = configuration.read(read_settings(file), where=str(file), base=config)
    config = configuration.assign(config, assignments or {})
    named = {key: value for key, value in (given or {}).items() if value is not None}
    return configuration.check(configuration.assign(config, named, where="command line"))


BASELINE = (
    "pyannote's own pipeline on the published segmentation model and Resemblyzer, Whisper over the whole mixture, each "
    "word to the speaker whose turns it overlaps most; the recognizer (or a whole published pipeline) is the first "
    "system's"
)
"""What `transcribe bench --baseline` compares with, as its help and its results say it."""


def baseline(config: Config) -> Config:
    """The settings of `BASELINE` beside a system of these settings."""
    fixed = {
        "diarization.backend": "pyannote",
        "diarization.method": "pyannote",
        "diarization.segmentation": "pyannote-segmentation",
        "embedding.model": "resemblyzer",
        "separation.backend": "passthrough",
        "separation.model": None,
        "recognition.backend": "whisper",
    }
    return configuration.assign(config, fixed)  # options of a model that is replaced are dropped


def _folder() -> Path:
    """``configs/`` inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parents[1] / "configs"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "configs"
