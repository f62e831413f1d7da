"""Every setting with its default, presets, and the strict reading of YAML: unknown keys and tags are refused.

`Config` holds what can change a result; `Runtime` where it is computed, which on a CPU changes none.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import yaml

from pipeline.errors import SettingsError
from pipeline.roles import parse_roles

Default = TypeVar("Default")

REFINING = "crosstalk-separation"
"""The model of the separator ``refined`` where none is named."""


@dataclass(frozen=True, slots=True)
class InputConfig:
    """What of a recording is read. ``track`` counts its audio tracks from 1; None takes the default one.

    Where that is silent and another has sound, None takes the first with sound.
    """

    track: int | None = None
    """Audio track of the file, from 1; null takes the default track, or the first one with sound."""


@dataclass(frozen=True, slots=True)
class DiarizationConfig:
    """Who speaks when. ``pipeline`` names a published pyannote pipeline and replaces the parts when given.

    ``channels`` says whether a stereo call's channels are heard each for itself (``auto``: where each has a voice of
    its own), and ``roles`` who sits on them: ``agent,customer`` or ``1=agent,2=diarize:2`` (see `pipeline.roles`).
    """

    backend: str = "pyannote"
    """Diarizer: a name in `pipeline.backends`, or `package.module:Class`."""
    pipeline: str | None = None
    """A published pyannote pipeline (name or folder) that replaces segmentation, embedding and clustering."""
    segmentation: str = "crosstalk-segmentation"
    """Model that finds who is active in each 5 s window: a name from `transcribe models list`, or a folder."""
    embedding: str = "resemblyzer"
    """Speaker embedding model, also used to assign separated sources: a name, a folder or `package.module:Class`."""
    clustering: Literal["tracklets", "stock"] = "tracklets"
    """`tracklets`: the joint assignment of this project; `stock`: pyannote's own clustering."""
    threshold: float = 0.5
    """Speech probability above which a speaker counts as active. Higher values find less speech."""
    speakers: int | None = None
    """Number of speakers, when it is known; excludes `min_speakers` and `max_speakers`."""
    min_speakers: int | None = None
    """Lower bound on the number of speakers."""
    max_speakers: int | None = None
    """Upper bound on the number of speakers."""
    channels: Literal["auto", "split", "mix"] = "auto"
    """`split`: one speaker per channel; `mix`: one mono recording; `auto`: split where each has its own speech."""
    roles: str | None = None
    """Names of the speakers on the channels, such as `agent,customer` or `1=agent,2=diarize:2`."""


@dataclass(frozen=True, slots=True)
class SeparationConfig:
    """Overlapped speech taken apart, with ``context`` seconds on either side."""

    backend: str = "refined"
    """Separator: `refined`, `exemplar`, `speechbrain`, `mixture` (no separation), or `package.module:Class`."""
    model: str | None = None
    """Model of the separator: a name or a folder; null takes the default of the backend."""
    context: float = 0.7
    """Seconds of audio before and after an overlap that the separator gets as well."""


@dataclass(frozen=True, slots=True)
class RecognitionConfig:
    """Words. ``language`` None asks the model, once per recording; ``beam_size`` 1 is greedy.

    ``strategy`` says what the recogniser hears: ``passages`` (whole passages of the mixture, each word to the turn it
    lies in, and separated speech where the ledger decided for it) or ``streams`` (each speaker's stream alone).
    """

    backend: str = "whisper"
    """Recogniser: `whisper`, or `package.module:Class`."""
    model: str = "whisper-base"
    """Speech recognition model: a name from `transcribe models list`, or a folder."""
    strategy: Literal["passages", "streams"] = "passages"
    """`passages`: transcribe the mixture, and separated speech in accepted overlaps; `streams`: each speaker alone."""
    language: str | None = None
    """Language of the recording; null detects it once per recording."""
    beam_size: int = 1
    """Hypotheses kept while decoding; 1 is greedy. Higher values take more time."""
    compute_type: str = "int8"
    """Number format of the recogniser's weights (CTranslate2)."""


@dataclass(frozen=True, slots=True)
class AssemblyConfig:
    """Words into utterances: a pause of ``pause`` seconds ends one, or a full stop after ``longest`` seconds."""

    pause: float = 1.0
    """Seconds of silence that end an utterance."""
    longest: float = 30.0
    """Seconds after which an utterance ends at the next full stop."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where and how fast to compute. ``threads`` 0 takes all cores.

    On the CPU none of it changes a result. On a GPU results differ from the CPU's, and word times and voice vectors
    differ in their last digits from one batch size to another: there, both are part of what a result is kept under.
    """

    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`; in batches also a list such as `cuda:0,cuda:1`."""
    threads: int = 0
    """CPU threads; 0 takes all cores."""
    batch_size: int = 32
    """Windows that a model processes at once on a GPU. Higher values need more memory."""
    offline: bool = False
    """Never fetch a model."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of a run, by stage."""

    diarization: DiarizationConfig = field(default_factory=DiarizationConfig)
    """Who speaks when."""
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
    """``config`` with dotted settings (``recognition.beam_size``) replaced."""
    for dotted, value in assignments.items():
        nested: Any = value
        for part in reversed(dotted.split(".")):
            nested = {part: nested}
        config = _overlay(config, nested, where, ())
    return config


def parse_assignments(texts: Iterable[str], where: str = "--set") -> dict[str, Any]:
    """``KEY=VALUE`` texts as dotted settings; values are read as YAML."""
    parsed: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"{text!r} is not KEY=VALUE", where=where, hint="for example recognition.beam_size=5")
        try:
            parsed[key.strip()] = yaml.load(value, Loader=_PlainLoader)
        except yaml.YAMLError as error:
            raise SettingsError(f"{value!r} is not a plain value", where=where) from error
    return parsed


def as_mapping(config: Config) -> dict[str, Any]:
    """Every setting as nested plain values."""
    return dataclasses.asdict(config)


def as_yaml(config: Config) -> str:
    """Every setting as YAML, in the order of the classes above; `read` gives the same config back."""
    return yaml.safe_dump(as_mapping(config), sort_keys=False)


def check(config: Config) -> Config:
    """The config itself, or SettingsError for values that make no sense together. The one place for such rules."""
    who = config.diarization
    if config.input.track is not None and config.input.track < 1:
        raise SettingsError(f"input.track must be at least 1, not {config.input.track}")
    counts = {"speakers": who.speakers, "min_speakers": who.min_speakers, "max_speakers": who.max_speakers}
    for name, value in counts.items():
        if value is not None and value < 1:
            raise SettingsError(f"diarization.{name} must be at least 1, not {value}")
    if who.speakers is not None and (who.min_speakers is not None or who.max_speakers is not None):
        raise SettingsError("give either speakers or min_speakers/max_speakers, not both")
    if who.min_speakers and who.max_speakers and who.min_speakers > who.max_speakers:
        raise SettingsError(f"min_speakers ({who.min_speakers}) is more than max_speakers ({who.max_speakers})")
    parse_roles(who.roles)
    for name, number, least in (
        ("separation.context", config.separation.context, 0.0),
        ("recognition.beam_size", config.recognition.beam_size, 1),
        ("assembly.pause", config.assembly.pause, 0.0),
        ("assembly.longest", config.assembly.longest, 1.0),
        ("runtime.threads", config.runtime.threads, 0),
        ("runtime.batch_size", config.runtime.batch_size, 1),
    ):
        if number < least:
            raise SettingsError(f"{name} must be at least {least}, not {number}")
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
    changes: dict[str, Any] = {}
    for key, value in values.items():
        dotted = ".".join((*path, str(key)))
        if key not in kinds:
            close = difflib.get_close_matches(str(key), kinds, n=1)
            known = f"did you mean {close[0]}?" if close else f"known are {', '.join(kinds)}"
            raise SettingsError(f"unknown setting {dotted}", where=where, hint=known)
        current = getattr(section, key)
        if dataclasses.is_dataclass(current):
            if not isinstance(value, Mapping):
                raise SettingsError(f"{dotted} is a section of settings, not a value", where=where)
            changes[key] = _overlay(current, value, where, (*path, key))
        else:
            changes[key] = _typed(value, kinds[key], dotted, where)
    return dataclasses.replace(section, **changes)  # type: ignore[type-var]


def _typed(value: Any, kind: Any, dotted: str, where: str) -> Any:
    """``value`` as the annotated ``kind``; an int passes as a float, nothing else is converted."""
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    for option in options:
        if typing.get_origin(option) is Literal:
            if value in typing.get_args(option):
                return value
        elif option is float and type(value) in (int, float):
            return float(value)
        elif type(value) is option:
            return value
    allowed = " or ".join(_describe(option) for option in options)
    raise SettingsError(f"{dotted} must be {allowed}, not {value!r}", where=where)


def _describe(option: Any) -> str:
    if typing.get_origin(option) is Literal:
        return " or ".join(repr(value) for value in typing.get_args(option))
    return {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "null"}[option]


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
