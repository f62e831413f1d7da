"""``transcribe split RECORDING``: an audio file per speaker on the recording's clock, and Audacity's label track."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.printing import show, tell


def split(
    recording: Annotated[str, typer.Argument(help="An audio or video file.")],
    speakers: Annotated[int | None, typer.Option(help="How many people talk.")] = None,
    track: Annotated[int | None, typer.Option(help="Which audio track of the file, from 1.")] = None,
    preset: Annotated[str, typer.Option(help="default, accurate or fast.")] = "default",
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting.")] = None,
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Where the files go.")] = Path(),
    format_: Annotated[str, typer.Option("--format", "-f", help="wav, flac, mp3 or m4a.")] = "wav",
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no finished stages on disk.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that others wrote or changed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Write each speaker's voice: separated where people overlap, the recording where they talk alone, else silence."""
    from pipeline.cli.progress import listening, warn
    from pipeline.config.presets import resolve
    from pipeline.config.schema import parse_assignments
    from pipeline.core.errors import printable
    from pipeline.core.output_record import OutputRecord, source_of
    from pipeline.engine.artifact_cache import DiskCache, NoCache
    from pipeline.engine.pipeline import Transcriber
    from pipeline.formats import files

    kind = files.parse_audio_format(format_)
    stem = Path(recording).stem
    record = OutputRecord(output_dir, source_of(recording), overwrite=overwrite)
    files.check_stems(stem, output_dir, kind, record)
    given = {"diarization.speakers": speakers, "input.track": track}
    settings = resolve(preset, given, parse_assignments(set_ or []), config)
    with listening(quiet) as listener:
        cache = NoCache() if no_cache else DiskCache(listener=warn)
        transcriber = Transcriber(settings, cache=cache, listener=listener)
        if problem := transcriber.models.choice.problem:
            tell(printable(f"transcribe: warning: {problem}"))
        voices = transcriber.split(recording)
    for notice in voices.notices:
        tell(f"transcribe: warning: {notice.message}")
    for path in files.write_stems(voices.streams, voices.turns, voices.duration, stem, output_dir, kind, record):
        show(f"{path}\n")
