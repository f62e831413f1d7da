"""``transcribe RECORDING...``: recordings in, transcripts out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.printing import FORMATS, show, tell
from pipeline.core.errors import CrosstalkError, ResourceError, exit_code_of, printable

if TYPE_CHECKING:
    from pipeline.config.schema import Config
    from pipeline.core.output_record import OutputRecord
    from pipeline.core.types import Transcript
    from pipeline.engine.pipeline import Transcriber


def run(
    recordings: Annotated[list[str], typer.Argument(help="Audio or video files; - reads one from stdin.")],
    speakers: Annotated[int | None, typer.Option(help="How many people talk.")] = None,
    min_speakers: Annotated[int | None, typer.Option(help="At least so many people.")] = None,
    max_speakers: Annotated[int | None, typer.Option(help="At most so many people.")] = None,
    language: Annotated[str | None, typer.Option(help="Such as en or German; detected by default.")] = None,
    channels: Annotated[str | None, typer.Option(help="auto, split or mix: a stereo call's channels.")] = None,
    roles: Annotated[str | None, typer.Option(help="Who is on the channels: agent,customer.")] = None,
    track: Annotated[int | None, typer.Option(help="Which audio track of the file, from 1.")] = None,
    preset: Annotated[str, typer.Option(help="default, accurate or fast.")] = "default",
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting.")] = None,
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Where the transcripts go.")] = Path(),
    format_: Annotated[str, typer.Option("--format", "-f", help=FORMATS)] = "txt,json",
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:1.")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; 0 takes all cores.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never fetch anything.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no finished stages on disk.")] = False,
    mark_doubts: Annotated[bool, typer.Option("--mark-doubts", help="Mark what to check (txt, md, srt, vtt).")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that others wrote or changed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no transcript.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Transcribe recordings: who said what, also when they talk at once."""
    from pipeline.config.presets import named, resolve
    from pipeline.config.schema import parse_assignments
    from pipeline.formats import files

    given = named(
        speakers=speakers, min_speakers=min_speakers, max_speakers=max_speakers, language=language, channels=channels,
        roles=roles, device=device, threads=threads, offline=offline, track=track,
    )  # fmt: skip
    settings = resolve(preset, given, parse_assignments(set_ or []), config)
    delivery = Delivery(output_dir, files.parse_formats(format_), quiet, overwrite, mark_doubts)
    raise typer.Exit(_transcribe_all(recordings, settings, not no_cache, delivery))


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the transcripts go, in which formats, whether the terminal shows them too, and what they may replace."""

    folder: Path
    formats: tuple[str, ...]
    quiet: bool
    overwrite: bool = False
    mark_doubts: bool = False

    def record(self, recording: str) -> OutputRecord:
        """The right to write the recording's transcripts; raises `OutputExists` before any work."""
        from pipeline.core.output_record import OutputRecord, source_of
        from pipeline.formats.files import output_paths

        source = "-" if recording == "-" else source_of(recording)
        record = OutputRecord(self.folder, source, overwrite=self.overwrite)
        record.check(output_paths(_stem(recording), self.folder, self.formats))
        return record


def _transcribe_all(recordings: list[str], settings: Config, keep: bool, delivery: Delivery) -> int:
    """The exit code; of several recordings, one that fails stops none of the others."""
    from pipeline.cli.progress import listening, warn
    from pipeline.engine.artifact_cache import DiskCache, NoCache
    from pipeline.engine.pipeline import Transcriber
    from pipeline.formats import files

    files.refuse_collisions([_stem(recording) for recording in recordings], delivery.formats)
    records = [delivery.record(recording) for recording in recordings]
    cache = DiskCache(listener=warn) if keep else NoCache()
    failures: list[bool] = []
    with listening(delivery.quiet) as listener:
        transcriber = Transcriber(settings, cache=cache, listener=listener)
        if problem := transcriber.models.choice.problem:
            tell(printable(f"transcribe: warning: {problem}"))
        for recording, record in zip(recordings, records, strict=True):
            stem = _stem(recording)
            if recording != "-" and stem != Path(recording).stem:
                line = f"transcribe: {recording}: too long a name: its results are named {stem}"
                tell(printable(line))
            try:
                transcript = _transcribe(transcriber, recording)
                paths = files.write(transcript, stem, delivery.folder, delivery.formats, record, delivery.mark_doubts)
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
    """What the results are called; a name too long for their suffixes is shortened."""
    from pipeline.formats.files import shortened

    return "stdin" if recording == "-" else shortened(Path(recording).stem)


def _show(transcript: Transcript, stem: str, delivery: Delivery, paths: Sequence[Path]) -> None:
    """The readable transcript on stdout; warnings and the files that were written on stderr."""
    from pipeline import formats

    if not delivery.quiet:
        show(formats.dumps(transcript, "txt", stem, delivery.mark_doubts).decode())
    for notice in transcript.notices:
        tell(printable(f"transcribe: {stem}: warning: {notice.message}"))
    for path in () if delivery.quiet else paths:
        tell(printable(f"transcribe: wrote {path}"))
