"""Every setting with its default and its constraint, and the strict reading of YAML.

Unknown keys, tags, and values of another type or out of range are a `SettingsError`. All sections but `Runtime` can
change a result; the runtime changes none on a CPU.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

import yaml

from pipeline.config.aliases import with_current_names
from pipeline.config.constraints import DEVICE, LANGUAGE, NAME, ROLES, Range
from pipeline.config.plain_yaml import PlainLoader, load_plain
from pipeline.config.whisper_models import model_name
from pipeline.core.errors import SettingsError
from pipeline.core.serialization import DataError, internal, overlay, setting, to_plain
from pipeline.core.types import Notice

Options = TypeVar("Options")

MAX_SPEAKERS = 1000
"""Upper limit of every number of speakers. Chosen by hand, to refuse typing errors; it changes no result."""
SPEAKERS = Range(1, MAX_SPEAKERS)
"""Constraint of every number of speakers."""


@dataclass(frozen=True, slots=True)
class InputConfig:
    """The part of a recording that is read."""

    track: int | None = setting(None, Range(1, 1000))
    """Audio track of the file, from 1; null takes the default track, or the first one with sound."""


@dataclass(frozen=True, slots=True)
class DiarizationConfig:
    """Who speaks when. The syntax of ``roles`` is that of `pipeline.config.channel_roles`."""

    backend: str = setting("pyannote", NAME)
    """Diarizer: a name in `pipeline.models.registry`, or `package.module:Class`."""
    pipeline: str | None = setting(None, NAME)
    """A published pyannote pipeline (name or folder) that replaces segmentation, embedding and method."""
    segmentation: str = setting("crosstalk-segmentation", NAME)
    """Model that finds who is active in each 5 s window: a name from `transcribe models list`, or a folder."""
    method: Literal["windowed", "pyannote"] = "windowed"
    """`windowed`: joint assignment of the speakers of all windows; `pyannote`: pyannote.audio's pipeline."""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """The diarizer's own settings, by name; see its documentation."""
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
    """Speaker embeddings, for diarization and to assign separated sources to speakers."""

    model: str = setting("campplus", NAME)
    """Speaker embedding model: a name from `transcribe models list`, a folder or `package.module:Class`."""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """The embedder's own settings, by name; see its documentation."""


@dataclass(frozen=True, slots=True)
class SeparationConfig:
    """Separation of overlapping speech."""

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
    """Speech recognition.

    A language is normalized to Whisper's code by `pipeline.config.languages`. With the strategy ``mixture`` each word
    of the mixture goes to the speaker of its turn; overlaps that the ledger accepts are transcribed from the separated
    streams.
    """

    backend: str = setting("whisper", NAME)
    """Recognizer: `whisper`, or `package.module:Class`."""
    model: str = setting("whisper-base", NAME)
    """Speech recognition model: `small`, `turbo` and the like, a name from `transcribe models list`, or a folder."""
    strategy: Literal["mixture", "streams"] = "mixture"
    """`mixture`: transcribe the mixture, and separated speech in accepted overlaps; `streams`: each speaker alone."""
    language: str | None = setting(None, LANGUAGE)
    """Language of the recording; null detects it once per recording."""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """The recognizer's own settings, by name: Whisper's are `beam_size`, `compute_type` and `prompt`."""


@dataclass(frozen=True, slots=True)
class AssemblyConfig:
    """Grouping of words into utterances."""

    pause: float = setting(1.0, Range(0, 3600))
    """Seconds of silence that end an utterance."""
    max_utterance: float = setting(30.0, Range(1, 86_400))
    """Seconds after which an utterance ends at the next full stop."""


@dataclass(frozen=True, slots=True)
class IdentificationConfig:
    """Names of speakers by their voice prints; none by default, and then no gallery is read.

    Limits that are null are the speaker embedding model's own.
    """

    names: bool = False
    """Compare the speakers with the people in the gallery."""
    gallery: str | None = setting(None, NAME)
    """Folder of the gallery; null is a folder in the user's data folder."""
    known: Mapping[str, str] = field(default_factory=dict, hash=False)
    """People to compare with in this run only: a recording of each, by name."""
    threshold: float | None = setting(None, Range(-1, 1))
    """Smallest similarity to a voice print that names a speaker."""
    narrow_threshold: float | None = setting(None, Range(-1, 1))
    """The same for speech or voice prints from a telephone."""
    margin: float | None = setting(None, Range(0, 2))
    """Smallest difference between the similarities of the best and the second best person."""
    min_seconds: float = setting(3.0, Range(0, 3600))
    """Seconds in which a speaker must speak alone to be named."""

    @property
    def is_on(self) -> bool:
        """Whether speakers are compared with anyone."""
        return self.names or bool(self.known)


@dataclass(frozen=True, slots=True)
class Runtime:
    """Device, threads and memory.

    On a CPU none of it changes a result. On a GPU, results differ from those of a CPU, and word times and embeddings
    differ in their last digits with the batch size: there, both belong to the key of a cached result.
    """

    device: str = setting("auto", DEVICE)
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`; in batches also a list such as `cuda:0,cuda:1`."""
    threads: int = setting(0, Range(0, 1024))
    """CPU threads; 0 takes all cores."""
    batch_size: int = setting(32, Range(1, 4096))
    """Windows that a model processes at once on a GPU. Higher values need more memory."""
    offline: bool = False
    """Never download a model."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of a run, by stage.

    ``notices`` is no setting: it holds a notice for each old spelling that was read, and is not compared.
    """

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
    identification: IdentificationConfig = field(default_factory=IdentificationConfig)
    """Names of speakers."""
    input: InputConfig = field(default_factory=InputConfig)
    """Audio that is read."""
    runtime: Runtime = field(default_factory=Runtime)
    """Device, threads and memory."""
    stages: tuple[str, ...] = ()
    """Extension stages that are switched on, in this order: names or `package.module:STAGE`."""
    stage_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Settings of the extension stages, by the stage's name."""
    notices: tuple[Notice, ...] = internal(())
    """Old spellings of settings that were read."""


def read(text: str, where: str, base: Config | None = None) -> Config:
    """``base`` (else the defaults) with the settings of a YAML text; raises `SettingsError`."""
    return _overlaid(base or Config(), load_plain(text, where), where)


def assign(config: Config, assignments: Mapping[str, Any], where: str = "settings") -> Config:
    """``config`` with dotted settings (``recognition.language``) replaced; raises `SettingsError`."""
    nested: Any = {}
    for dotted, value in assignments.items():
        for part in reversed(dotted.split(".")):
            value = {part: value}
        nested = _merged(nested, value)
    return _overlaid(config, nested, where)


def _merged(one: Any, other: Any) -> Any:
    """``other`` laid over ``one``, mapping by mapping."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return other
    return {**one, **{key: _merged(one.get(key), value) for key, value in other.items()}}


def parse_assignments(texts: Iterable[str], where: str = "--set") -> dict[str, Any]:
    """``KEY=VALUE`` texts as dotted settings; values are YAML. Raises `SettingsError`."""
    parsed: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"{text!r} is not KEY=VALUE", where=where, hint="for example recognition.language=de")
        try:
            parsed[key.strip()] = yaml.load(value, Loader=PlainLoader)
        except yaml.YAMLError as error:
            raise SettingsError(f"{value!r} is not a plain value", where=where) from error
    return parsed


def read_options(kind: type[Options], values: Mapping[str, Any], section: str) -> Options:
    """A model's own settings: the defaults of the dataclass ``kind`` with ``values`` laid over them.

    ``section`` is the dotted name of the values in errors. Raises `SettingsError` as `read` does.
    """
    try:
        return overlay(kind(), values, section)
    except DataError as error:
        raise SettingsError(error.line(quote=True), hint=error.hint) from error


def as_mapping(config: Config) -> dict[str, Any]:
    """Every setting as nested plain values."""
    plain: dict[str, Any] = to_plain(config)
    return plain


def as_yaml(config: Config) -> str:
    """Every setting as YAML, in the order of the classes above; `read` returns the same config."""
    return yaml.safe_dump(as_mapping(config), sort_keys=False)


def check(config: Config, where: str = "") -> Config:
    """The config with every value normalized; the only place for rules on more than one setting.

    Raises `SettingsError` for a value of another type or out of range, and for values that contradict each other.
    """
    config = _overlaid(config, as_mapping(config), where)
    bounds = config.diarization
    if bounds.speakers is not None and (bounds.min_speakers is not None or bounds.max_speakers is not None):
        raise SettingsError("give either speakers or min_speakers/max_speakers, not both", where=where)
    if bounds.min_speakers and bounds.max_speakers and bounds.min_speakers > bounds.max_speakers:
        message = f"min_speakers ({bounds.min_speakers}) is more than max_speakers ({bounds.max_speakers})"
        raise SettingsError(message, where=where)
    return _with_full_model_name(config)


def _with_full_model_name(config: Config) -> Config:
    """``config`` with Whisper's model by its name in the catalogue, so that equal models have equal cache keys."""
    section = config.recognition
    if section.backend != "whisper":
        return config
    return replace(config, recognition=replace(section, model=model_name(section.model)))


def _without_options_of_replaced_models(config: Config, values: Mapping[Any, Any]) -> Config:
    """``config`` without the options of each model that ``values`` replace by another one."""
    for section in dataclasses.fields(config):
        current, changes = getattr(config, section.name), values.get(section.name)
        chosen = "model" if section.name == "embedding" else "backend"
        if not hasattr(current, "options") or not isinstance(changes, Mapping):
            continue
        if changes.get(chosen, getattr(current, chosen)) != getattr(current, chosen):
            config = replace(config, **{section.name: replace(current, options={})})
    return config


def _overlaid(config: Config, values: Mapping[Any, Any], where: str) -> Config:
    """``config`` with nested ``values``, old spellings included, laid over it."""
    current, notices = with_current_names(values, where)
    try:
        changed = overlay(_without_options_of_replaced_models(config, current), current)
    except DataError as error:
        raise SettingsError(error.line(quote=True), where=where, hint=error.hint) from error
    return replace(changed, notices=tuple(dict.fromkeys((*config.notices, *notices))))
