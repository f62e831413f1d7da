"""Every setting with its default and its constraint, and the strict reading of YAML: unknown keys, tags and values out
of range are refused.

`Config` holds what can change a result; `Runtime` where it is computed, which on a CPU changes none.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
import os
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import yaml

from pipeline.config.constraints import DEVICE, LANGUAGE, NAME, ROLES, Range, constraint_of, setting
from pipeline.core.errors import SettingsError

Default = TypeVar("Default")

MOST_SPEAKERS = 1000
"""Upper limit of every number of speakers: more is a slip of the keyboard."""
SPEAKERS = Range(1, MOST_SPEAKERS)
MOVED = {
    "recognition.beam_size": "beam_size",
    "recognition.compute_type": "compute_type",
}
"""Settings that are now options of their section's model, by their earlier names."""


@dataclass(frozen=True, slots=True)
class InputConfig:
    """What of a recording is read. ``track`` counts its audio tracks from 1; None takes the default one.

    Where that is silent and another has sound, None takes the first with sound.
    """

    track: int | None = setting(None, Range(1, 1000))
    """Audio track of the file, from 1; null takes the default track, or the first one with sound."""


@dataclass(frozen=True, slots=True)
class DiarizationConfig:
    """Who speaks when. ``pipeline`` names a published pyannote pipeline and replaces the parts when given.

    ``channels`` selects processing per channel (``auto``: where each channel has its own speech); ``roles`` names the
    speakers on the channels: ``agent,customer`` or ``1=agent,2=diarize:2`` (see `pipeline.config.channel_roles`).
    """

    backend: str = setting("pyannote", NAME)
    """Diarizer: a name in `pipeline.models.registry`, or `package.module:Class`."""
    pipeline: str | None = setting(None, NAME)
    """A published pyannote pipeline (name or folder) that replaces segmentation, embedding and clustering."""
    segmentation: str = setting("crosstalk-segmentation", NAME)
    """Model that finds who is active in each 5 s window: a name from `transcribe models list`, or a folder."""
    embedding: str = setting("resemblyzer", NAME)
    """Speaker embedding model, also used to assign separated sources: a name, a folder or `package.module:Class`."""
    clustering: Literal["tracklets", "stock"] = "tracklets"
    """`tracklets`: the joint assignment of this project; `stock`: pyannote's own clustering."""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Settings of the diarizer's own, by name; see its documentation."""
    threshold: float = setting(0.5, Range(0, 1))
    """Speech probability above which a speaker counts as active. Higher values find less speech."""
    speakers: int | None = setting(None, SPEAKERS)
    """Number of speakers, when it is known; excludes `min_speakers` and `max_speakers`."""
    min_speakers: int | None = setting(None, SPEAKERS)
    """Lower bound on the number of speakers."""
    max_speakers: int | None = setting(None, SPEAKERS)
    """Upper bound on the number of speakers."""
    channels: Literal["auto", "split", "mix"] = "auto"
    """`split`: one speaker per channel; `mix`: one mono recording; `auto`: split where each has its own speech."""
    roles: str | None = setting(None, ROLES)
    """Names of the speakers on the channels, such as `agent,customer` or `1=agent,2=diarize:2`."""

    @property
    def speaker_bounds(self) -> tuple[int, int | None]:
        """Minimum and maximum number of speakers; the maximum is None without an upper bound."""
        if self.speakers is not None:
            return self.speakers, self.speakers
        return self.min_speakers or 1, self.max_speakers


@dataclass(frozen=True, slots=True)
class EmbeddingConfig:
    """Speaker embeddings."""

    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Settings of the embedder's own, by name; see its documentation."""


@dataclass(frozen=True, slots=True)
class SeparationConfig:
    """Overlapped speech taken apart, with ``context`` seconds on either side."""

    backend: str = setting("nmf-refined", NAME)
    """Separator: `nmf-refined`, `nmf`, `speechbrain`, `passthrough` (no separation), or `package.module:Class`."""
    model: str | None = setting(None, NAME)
    """Model of the separator: a name or a folder; null takes the default of the backend."""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Settings of the separator's own, by name; see its documentation."""
    context: float = setting(0.7, Range(0, 30))
    """Seconds of audio before and after an overlap that the separator gets as well."""


@dataclass(frozen=True, slots=True)
class RecognitionConfig:
    """Words. ``language`` None asks the model, once per recording.

    A language may be written in any way that `pipeline.config.languages` knows; here it is always Whisper's code.

    ``strategy`` says what the recogniser hears: ``passages`` (whole passages of the mixture, each word to the turn it
    lies in, and separated speech where the ledger decided for it) or ``streams`` (each speaker's stream alone).
    """

    backend: str = setting("whisper", NAME)
    """Recogniser: `whisper`, or `package.module:Class`."""
    model: str = setting("whisper-base", NAME)
    """Speech recognition model: a name from `transcribe models list`, or a folder."""
    strategy: Literal["passages", "streams"] = "passages"
    """`passages`: transcribe the mixture, and separated speech in accepted overlaps; `streams`: each speaker alone."""
    language: str | None = setting(None, LANGUAGE)
    """Language of the recording; null detects it once per recording."""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Settings of the recognizer's own, by name: Whisper's are `beam_size` and `compute_type`."""


@dataclass(frozen=True, slots=True)
class AssemblyConfig:
    """Words into utterances: a pause of ``pause`` seconds ends one, or a full stop after ``longest`` seconds."""

    pause: float = setting(1.0, Range(0, 3600))
    """Seconds of silence that end an utterance."""
    longest: float = setting(30.0, Range(1, 86_400))
    """Seconds after which an utterance ends at the next full stop."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where and how fast to compute. ``threads`` 0 takes all cores.

    On the CPU none of it changes a result. On a GPU results differ from the CPU's, and word times and voice vectors
    differ in their last digits from one batch size to another: there, both are part of what a result is kept under.
    """

    device: str = setting("auto", DEVICE)
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`; in batches also a list such as `cuda:0,cuda:1`."""
    threads: int = setting(0, Range(0, 1024))
    """CPU threads; 0 takes all cores."""
    batch_size: int = setting(32, Range(1, 4096))
    """Windows that a model processes at once on a GPU. Higher values need more memory."""
    offline: bool = False
    """Never fetch a model."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of a run, by stage."""

    diarization: DiarizationConfig = field(default_factory=DiarizationConfig)
    """Who speaks when."""
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    """Speaker embeddings."""
    separation: SeparationConfig = field(default_factory=SeparationConfig)
    """Overlapping speech."""
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)
    """Words."""
    assembly: AssemblyConfig = field(default_factory=AssemblyConfig)
    """Utterances."""
    input: InputConfig = field(default_factory=InputConfig)
    """Audio that is read."""
    runtime: Runtime = field(default_factory=Runtime)
    """Device, threads and memory."""
    stages: tuple[str, ...] = ()
    """Extension stages that are switched on, in this order: names or `package.module:STAGE`."""
    stage_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Settings of the extension stages, by the stage's name."""


def read(text: str, where: str, base: Config | None = None) -> Config:
    """``base`` (the defaults) with the settings of a YAML text laid over it; anything unknown raises SettingsError."""
    return _overlay(base or Config(), load_plain(text, where), where, ())


def load_plain(text: str, where: str) -> dict[Any, Any]:
    """A YAML mapping of plain data (an empty text is an empty one); tags and anything else raise SettingsError."""
    try:
        loaded = yaml.load(text, Loader=_PlainLoader)
    except yaml.YAMLError as error:
        raise SettingsError(f"not plain YAML: {_first_line(error)}", where=where) from error
    if loaded is None:
        loaded = {}
    if not isinstance(loaded, dict):
        raise SettingsError("settings are a YAML mapping of sections", where=where)
    return loaded


def assign(config: Config, assignments: Mapping[str, Any], where: str = "settings") -> Config:
    """``config`` with dotted settings (``recognition.options.beam_size``) replaced."""
    nested: Any = {}
    for dotted, value in assignments.items():
        for part in reversed(dotted.split(".")):
            value = {part: value}
        nested = _merged(nested, value)
    return _overlay(config, nested, where, ())


def _merged(one: Any, other: Any) -> Any:
    """``other`` laid over ``one``, mapping by mapping."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return other
    return {**one, **{key: _merged(one.get(key), value) for key, value in other.items()}}


def parse_assignments(texts: Iterable[str], where: str = "--set") -> dict[str, Any]:
    """``KEY=VALUE`` texts as dotted settings; values are read as YAML."""
    parsed: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"{text!r} is not KEY=VALUE", where=where, hint="for example recognition.language=en")
        try:
            parsed[key.strip()] = yaml.load(value, Loader=_PlainLoader)
        except yaml.YAMLError as error:
            raise SettingsError(f"{value!r} is not a plain value", where=where) from error
    return parsed


def read_options(kind: type[Default], values: Mapping[str, Any], section: str) -> Default:
    """A model's own settings: the defaults of the dataclass ``kind`` with ``values`` laid over them.

    ``section`` is the dotted name of the values in errors. Raises `SettingsError` as `read` does.
    """
    return _overlay(kind(), values, "", tuple(section.split(".")))


def as_mapping(config: Config) -> dict[str, Any]:
    """Every setting as nested plain values."""
    return dataclasses.asdict(config)


def as_yaml(config: Config) -> str:
    """Every setting as YAML, in the order of the classes above; `read` gives the same config back."""
    return yaml.safe_dump(as_mapping(config), sort_keys=False)


def check(config: Config, where: str = "") -> Config:
    """The config with every value normalised, or SettingsError: a value of another type or out of its range, or values
    that contradict each other. The one place for such rules."""
    config = _overlay(config, as_mapping(config), where, ())
    who = config.diarization
    if who.speakers is not None and (who.min_speakers is not None or who.max_speakers is not None):
        raise SettingsError("give either speakers or min_speakers/max_speakers, not both", where=where)
    if who.min_speakers and who.max_speakers and who.min_speakers > who.max_speakers:
        message = f"min_speakers ({who.min_speakers}) is more than max_speakers ({who.max_speakers})"
        raise SettingsError(message, where=where)
    return config


class _PlainLoader(yaml.SafeLoader):
    """Plain data only: any explicit tag (``!x``, ``!!python/...``) is refused, and ``no`` is Norwegian, not false."""

    yaml_implicit_resolvers = {  # noqa: RUF012 — yaml declares it so
        first: [(tag, rule) for tag, rule in rules if not (tag.endswith(":bool") and first not in "tTfF")]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def fetch_tag(self) -> None:
        raise yaml.YAMLError(f"tags are refused (line {self.line + 1})")


def _overlay(section: Default, values: Mapping[Any, Any], where: str, path: tuple[str, ...]) -> Default:
    """A dataclass with ``values`` laid over its fields, recursively and strictly."""
    kinds = typing.get_type_hints(type(section))
    fields = {each.name: each for each in dataclasses.fields(section)}  # type: ignore[arg-type]
    changes: dict[str, Any] = {}
    for key, value in values.items():
        dotted = ".".join((*path, str(key)))
        if dotted in MOVED:
            key, value, dotted = "options", {MOVED[dotted]: value}, ".".join((*path, "options"))
        if key not in kinds:
            close = difflib.get_close_matches(str(key), kinds, n=1)
            known = f"did you mean {close[0]}?" if close else f"known are {', '.join(kinds)}"
            raise SettingsError(f"unknown setting {dotted}", where=where, hint=known)
        current = getattr(section, key)
        if dataclasses.is_dataclass(current):
            if not isinstance(value, Mapping):
                raise SettingsError(f"{dotted} is a section of settings, not a value", where=where)
            changes[key] = _overlay(current, value, where, (*path, key))
        elif typing.get_origin(kinds[key]) is Mapping:
            base = changes.get(key, {} if key == "options" else current)
            changes[key] = _merged(base, _options(value, dotted, where))
        else:
            changes[key] = _constrained(_typed(value, kinds[key], dotted, where), fields[key], dotted, where)
    if "options" in kinds:
        before = {} if _selects_another_model(section, changes) else getattr(section, "options")  # noqa: B009
        changes["options"] = {**before, **changes.get("options", {})}
    return dataclasses.replace(section, **changes)  # type: ignore[type-var]


def _selects_another_model(section: Any, changes: Mapping[str, Any]) -> bool:
    """Whether the changes name another model, for which the options of the one before have no meaning."""
    return bool("backend" in changes and changes["backend"] != section.backend)


def _options(value: Any, dotted: str, where: str) -> dict[str, Any]:
    """A mapping of names to plain values; which of them exist is up to the model."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise SettingsError(f"{dotted} must be a mapping of names to values, not {_shown(value)}", where=where)
    return {key: _plain(each, f"{dotted}.{key}", where) for key, each in value.items()}


def _plain(value: Any, dotted: str, where: str) -> Any:
    """An option's value as plain data: null, a text, a finite number, true or false, or a list or mapping of them."""
    if isinstance(value, Mapping):
        return _options(value, dotted, where)
    if isinstance(value, list | tuple):
        return [_plain(each, dotted, where) for each in value]
    if value is None or isinstance(value, bool):
        return value
    for convert in (_whole, _finite, _text):
        if (converted := convert(value)) is not None:
            return converted
    raise SettingsError(f"{dotted} must be plain data, not {_shown(value)}", where=where)


def _constrained(value: Any, field: dataclasses.Field[Any], dotted: str, where: str) -> Any:
    """``value`` as the field's constraint gives it back; None is no value."""
    constraint = constraint_of(field)
    if value is None or constraint is None:
        return value
    try:
        return constraint(value)
    except SettingsError as error:
        raise SettingsError(f"{dotted}: {error.what}", where=where, hint=error.hint) from error
    except ValueError as error:
        raise SettingsError(f"{dotted} {error}", where=where) from error


def _typed(value: Any, kind: Any, dotted: str, where: str) -> Any:
    """``value`` as the annotated ``kind``; numpy's numbers pass as Python's, an int as a float, a path as a text."""
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    for option in options:
        if typing.get_origin(option) is Literal:
            if isinstance(value, str) and value in typing.get_args(option):
                return str(value)
        elif option in _CONVERSIONS:
            converted = _CONVERSIONS[option](value)
            if converted is not None:
                return converted
        elif typing.get_origin(option) is tuple:
            if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
                return tuple(value)
        elif type(value) is option:
            return value
    allowed = " or ".join(_describe(option) for option in options)
    raise SettingsError(f"{dotted} must be {allowed}, not {_shown(value)}", where=where)


def _whole(value: Any) -> int | None:
    """A whole number of Python or numpy, no truth value."""
    return None if isinstance(value, bool) or not isinstance(value, numbers.Integral) else int(value)


def _finite(value: Any) -> float | None:
    """A finite number of Python or numpy, no truth value."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str | None:
    return os.fsdecode(value) if isinstance(value, os.PathLike) else str(value) if isinstance(value, str) else None


_CONVERSIONS: Mapping[Any, Callable[[Any], Any]] = {int: _whole, float: _finite, str: _text}


def _shown(value: Any) -> str:
    """The value in an error, on one short line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _describe(option: Any) -> str:
    if typing.get_origin(option) is Literal:
        return " or ".join(repr(value) for value in typing.get_args(option))
    return "a list of texts" if typing.get_origin(option) is tuple else _DESCRIPTIONS[option]


_DESCRIPTIONS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a finite number",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
