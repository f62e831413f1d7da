"""Options that several commands share, each declared once: a field of a dataclass, which the command receives whole."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from pipeline.cli.printing import tell
from pipeline.core.errors import SettingsError, printable
from pipeline.formats.base import Options

if TYPE_CHECKING:
    from pipeline.config.schema import Config
    from pipeline.core.types import Transcript
    from pipeline.engine.artifact_cache import Cache
    from pipeline.formats.sound import SoundUse


def options(**kinds: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each field of dataclasses; ``kinds`` names the parameters that get the instances."""
    fields = {name: dataclasses.fields(kind) for name, kind in kinds.items()}
    hints = {name: get_type_hints(kind, include_extras=True) for name, kind in kinds.items()}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapper(**values: Any) -> None:
            instances = {
                name: kind(**{field.name: values.pop(field.name) for field in fields[name]})
                for name, kind in kinds.items()
            }
            command(**instances, **values)

        own = inspect.signature(command, eval_str=True).parameters
        one = inspect.Parameter
        parameters = [parameter for name, parameter in own.items() if name not in kinds]
        parameters += [
            one(field.name, one.KEYWORD_ONLY, default=field.default, annotation=hints[name][field.name])
            for name in kinds
            for field in fields[name]
        ]
        del wrapper.__wrapped__  # typer reads the signature of the wrapper, not that of the command
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return wrapper

    return decorate


Language = Annotated[str | None, typer.Option(help="Such as en or German; detected by default.")]
Model = Annotated[str | None, typer.Option(help="Whisper model, such as small or turbo, or a folder with one.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:1.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads in total; 0 takes all cores.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never download anything.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that others wrote or changed.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
AllowIncomplete = Annotated[
    bool, typer.Option("--allow-incomplete", help="Write also what could not be covered or verified.")
]
PRESETS = "fast, default, better, accurate or published."
"""The names of the presets as help text, from small models to large ones."""


@dataclass(frozen=True, slots=True)
class SettingsOptions:
    """Options that choose settings."""

    preset: Annotated[str, typer.Option(help=PRESETS)] = "default"
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings.")] = None
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting.")] = None

    def settings(self, **given: Any) -> Config:
        """The settings of all options; ``given`` holds those with a separate option, by name."""
        from pipeline.config.presets import named
        from pipeline.config.schema import parse_assignments

        return resolve(self.preset, named(**given), parse_assignments(self.set_ or []), self.config)


@dataclass(frozen=True, slots=True)
class RunOptions(SettingsOptions):
    """Options of commands that process recordings."""

    speakers: Annotated[int | None, typer.Option(help="Number of speakers.")] = None
    min_speakers: Annotated[int | None, typer.Option(help="Minimum number of speakers.")] = None
    max_speakers: Annotated[int | None, typer.Option(help="Maximum number of speakers.")] = None
    channels: Annotated[str | None, typer.Option(help="Use of a file's channels: auto, split or mix.")] = None
    roles: Annotated[str | None, typer.Option(help="Roles of a call's speakers or channels: agent,customer.")] = None
    track: Annotated[int | None, typer.Option(help="Audio track of the file, from 1.")] = None
    device: Device = None
    threads: Threads = None
    names: Annotated[bool, typer.Option("--names", help="Name speakers by the gallery of voice prints.")] = False
    known: Annotated[str | None, typer.Option(help="Name speakers by clips: ana=ana.wav,bob=bob.flac.")] = None
    gallery: Annotated[Path | None, typer.Option(help="Folder of the gallery.", readable=False)] = None
    offline: Offline = False
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no finished stages on disk.")] = False
    overwrite: Overwrite = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no transcript.")] = False
    debug: Debug = False

    def settings(self, **given: Any) -> Config:
        from pipeline.config.presets import OPTIONS

        shared = {name: getattr(self, name) for name in OPTIONS if hasattr(self, name)}
        shared["known"] = parse_known(self.known) if self.known is not None else None
        shared["gallery"] = str(self.gallery) if self.gallery is not None else None
        if self.gallery is not None and not self.names:
            raise SettingsError("a gallery is read with --names only", where="--gallery", hint="add --names")
        return SettingsOptions.settings(self, **shared, **given)

    def cache(self) -> Cache:
        """The cache of finished stages; its warnings are printed."""
        from pipeline.cli.progress import warn
        from pipeline.engine.artifact_cache import DiskCache, NoCache

        return NoCache() if self.no_cache else DiskCache(listener=warn)


@dataclass(frozen=True, slots=True)
class SoundOptions:
    """Options of commands that write pages with sound."""

    audio: Annotated[str, typer.Option(help="Sound of an html page: embed, link or none.")] = "embed"

    def tell_of_sound(self, transcript: Transcript, names: Sequence[str]) -> None:
        """Say it where a format's sound is linked because of its size."""
        from pipeline import formats
        from pipeline.formats.sound import linked_because_of_size

        reason = linked_because_of_size(transcript, self.sound_use)
        if reason and any("sound" in formats.get(name).options for name in names):
            tell(f"transcribe: {reason}")

    @property
    def sound_use(self) -> SoundUse:
        """The use of the recording's sound; raises `SettingsError` for an unknown one."""
        from pipeline.formats.sound import parse_use

        return parse_use(self.audio)


@dataclass(frozen=True, slots=True)
class WritingOptions(SoundOptions):
    """Options of commands that write transcripts."""

    mark_doubts: Annotated[
        bool, typer.Option("--mark-doubts", help="Mark what to check, in txt, md and subtitles.")
    ] = False
    table: Annotated[bool, typer.Option("--table", help="The conversation as a table (docx).")] = False
    no_overlap_cues: Annotated[
        bool, typer.Option("--no-overlap-cues", help="Never two subtitles at the same time (srt, vtt).")
    ] = False
    no_speaker_names: Annotated[
        bool, typer.Option("--no-speaker-names", help="Subtitles without speaker names (srt, vtt, ass).")
    ] = False
    per_speaker: Annotated[
        bool, typer.Option("--per-speaker", help="Also write subtitles of each speaker (srt, vtt, ass).")
    ] = False

    def options(self) -> Options:
        """How the transcripts are written: the options that were given."""
        options = Options()
        if self.mark_doubts:
            options["mark_doubts"] = True
        if self.table:
            options["table"] = True
        if self.no_overlap_cues:
            options["overlap_cues"] = False
        if self.no_speaker_names:
            options["speaker_names"] = False
        if self.per_speaker:
            options["per_speaker"] = True
        return options


def parse_known(text: str) -> dict[str, str]:
    """Clips by name from ``ana=ana.wav,bob=bob.flac``; raises `SettingsError`."""
    clips: dict[str, str] = {}
    for item in text.split(","):
        name, equals, clip = (part.strip() for part in item.partition("="))
        if not (name and equals and clip) or name in clips:
            problem = f"{name} is given twice" if name in clips else f"{item.strip()!r} is not NAME=CLIP"
            raise SettingsError(problem, where="--known", hint="for example ana=ana.wav,bob=bob.flac")
        clips[name] = clip
    return clips


def resolve(
    preset: str,
    given: Mapping[str, Any] | None = None,
    assignments: Mapping[str, Any] | None = None,
    file: Path | None = None,
) -> Config:
    """`pipeline.config.presets.resolve`, with a warning on stderr for each old spelling of a setting."""
    from pipeline.config import presets

    config = presets.resolve(preset, given, assignments, file)
    for notice in config.notices:
        tell(printable(f"transcribe: warning: {notice.message}"))
    return config
