"""``transcribe RECORDING...``: recordings in, transcripts out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import Language, Model, RunOptions, WritingOptions, options
from pipeline.cli.printing import FORMATS, show, tell
from pipeline.core.errors import CrosstalkError, ResourceError, SettingsError, exit_code_of, printable

if TYPE_CHECKING:
    from pipeline.analytics.roles.request import RoleRequest
    from pipeline.config.schema import Config
    from pipeline.core.output_record import OutputRecord
    from pipeline.core.types import Transcript
    from pipeline.corrections import CorrectionsFile
    from pipeline.engine.artifact_cache import Cache
    from pipeline.engine.pipeline import Transcriber


@options(shared=RunOptions, writing=WritingOptions)
def run(
    recordings: Annotated[list[str], typer.Argument(help="Audio or video files; - reads one from stdin.")],
    shared: RunOptions,
    writing: WritingOptions,
    language: Language = None,
    model: Model = None,
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Folder of the transcripts.")] = Path(),
    format_: Annotated[str, typer.Option("--format", "-f", help=FORMATS)] = "txt,json",
    corrections: Annotated[Path | None, typer.Option(help="A file of corrections to apply.")] = None,
    rules: Annotated[Path | None, typer.Option(help="A YAML file with roles: of the speakers of a call.")] = None,
) -> None:
    """Transcribe recordings: who said what, also in overlapping speech."""
    from pipeline.analytics.roles.request import wanted_roles
    from pipeline.formats import files

    settings = shared.settings(language=language, model=model)
    names = files.parse_formats(format_)
    if corrections is not None and len(recordings) != 1:
        raise SettingsError("corrections are of one recording", where="--corrections", hint="give one recording")
    _ = writing.sound_use  # an unknown one ends the command before any work
    roles = wanted_roles(rules, settings.diarization.roles)
    delivery = Delivery(output_dir, names, writing, shared.quiet, shared.overwrite, corrections, roles)
    raise typer.Exit(_transcribe_all(recordings, settings, shared.cache(), delivery))


@dataclass(frozen=True, slots=True)
class Delivery:
    """The output of the transcripts: folder, formats, whether the terminal shows them, what they may replace.

    ``writing`` says how they are written. ``corrections`` are applied; None: those beside the recording.
    ``roles`` are those that are asked for.
    """

    folder: Path
    formats: tuple[str, ...]
    writing: WritingOptions
    quiet: bool
    overwrite: bool = False
    corrections: Path | None = None
    roles: RoleRequest | None = None

    def record(self, recording: str) -> OutputRecord:
        """The record of the folder, for the recording's transcripts; raises `OutputExists` before any work."""
        from pipeline.core.output_record import OutputRecord, source_of
        from pipeline.corrections.saved import refuse_loss
        from pipeline.formats.files import expected_paths

        source = "-" if recording == "-" else source_of(recording)
        record = OutputRecord(self.folder, source, overwrite=self.overwrite)
        record.check(expected_paths(_stem(recording), self.folder, self.formats, **self.writing.options()))
        if recording != "-" and not self.overwrite:
            refuse_loss(Path(recording), _stem(recording), self.folder)
        return record

    def corrections_of(self, recording: str) -> CorrectionsFile | None:
        """The corrections of a recording; raises `FormatError` and `InputError` before any work."""
        from pipeline.corrections.corrections_file import load
        from pipeline.corrections.saved import corrections_of

        if recording == "-":
            return load(self.corrections) if self.corrections else None
        return corrections_of(Path(recording), self.corrections)

    def with_roles(self, transcript: Transcript) -> Transcript:
        """The transcript with the roles that are asked for."""
        from pipeline.analytics.roles.assigning import with_roles

        return with_roles(transcript, self.roles) if self.roles else transcript

    def write(self, transcript: Transcript, recording: str, record: OutputRecord) -> tuple[Path, ...]:
        """Write the transcript in each format; returns the paths."""
        from pipeline.formats import files
        from pipeline.formats.sound import sound_maker

        path = None if recording == "-" else Path(recording)
        sound = sound_maker(path, transcript, self.writing.sound_use)
        stem = _stem(recording)
        return files.write(transcript, stem, self.folder, self.formats, record, sound, **self.writing.options())


def _transcribe_all(recordings: list[str], settings: Config, cache: Cache, delivery: Delivery) -> int:
    """Transcribe each recording, also after one has failed; returns the exit code."""
    from pipeline.cli.progress import listening
    from pipeline.corrections.saved import corrected
    from pipeline.engine.pipeline import Transcriber
    from pipeline.formats import files

    files.refuse_collisions([_stem(recording) for recording in recordings], delivery.formats)
    records = [delivery.record(recording) for recording in recordings]
    failures: list[bool] = []
    with listening(delivery.quiet) as listener:
        transcriber = Transcriber(settings, cache=cache, listener=listener)
        _ = transcriber.known_people  # a clip that cannot be used ends the command before any work
        if problem := transcriber.models.choice.problem:
            tell(printable(f"transcribe: warning: {problem}"))
        for recording, record in zip(recordings, records, strict=True):
            stem = _stem(recording)
            if recording != "-" and stem != Path(recording).stem:
                line = f"transcribe: {recording}: the name is too long, its results are named {stem}"
                tell(printable(line))
            try:
                corrections = delivery.corrections_of(recording)
                transcript = corrected(_transcribe(transcriber, recording), stem, delivery.folder, corrections)
                transcript = delivery.with_roles(transcript)
                paths = delivery.write(transcript, recording, record)
            except CrosstalkError as error:
                if len(recordings) == 1 or error.affects_all:
                    raise
                failures.append(isinstance(error, ResourceError))
                tell(f"transcribe: {error.line}")
            else:
                _show(transcript, stem, delivery, paths)
    return exit_code_of(failures, len(recordings))


def _transcribe(transcriber: Transcriber, recording: str) -> Transcript:
    return transcriber.stream(sys.stdin.buffer) if recording == "-" else transcriber(recording)


def _stem(recording: str) -> str:
    """The name of the results, without suffix; shortened where it is too long for their suffixes."""
    from pipeline.formats.files import shortened

    return "stdin" if recording == "-" else shortened(Path(recording).stem)


def _show(transcript: Transcript, stem: str, delivery: Delivery, paths: Sequence[Path]) -> None:
    """The readable transcript on stdout; warnings and the files that were written on stderr."""
    from pipeline import formats

    if not delivery.quiet:
        show(formats.dumps(transcript, "txt", stem, **delivery.writing.options()).decode())
    for notice in transcript.notices:
        tell(printable(f"transcribe: {stem}: warning: {notice.message}"))
    delivery.writing.tell_of_sound(transcript, delivery.formats)
    for path in () if delivery.quiet else paths:
        tell(printable(f"transcribe: wrote {path}"))
