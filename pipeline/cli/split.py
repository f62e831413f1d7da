"""``transcribe split RECORDING``: an audio file per speaker, as long as the recording, and a label track."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import RunOptions, options
from pipeline.cli.printing import show, tell


@options(shared=RunOptions)
def split(
    recording: Annotated[str, typer.Argument(help="An audio or video file.")],
    shared: RunOptions,
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Folder of the audio files.")] = Path(),
    format_: Annotated[str, typer.Option("--format", "-f", help="wav, flac, mp3 or m4a.")] = "wav",
) -> None:
    """Write each speaker's stream: separated in overlaps, the recording where they speak alone, else silence."""
    from pipeline.cli.progress import listening
    from pipeline.core.errors import printable
    from pipeline.core.output_record import OutputRecord, source_of
    from pipeline.engine.pipeline import Transcriber
    from pipeline.formats import files

    kind = files.parse_audio_format(format_)
    stem = Path(recording).stem
    record = OutputRecord(output_dir, source_of(recording), overwrite=shared.overwrite)
    files.check_stems(stem, output_dir, kind, record)
    settings = shared.settings()
    with listening(shared.quiet) as listener:
        transcriber = Transcriber(settings, cache=shared.cache(), listener=listener)
        if problem := transcriber.models.choice.problem:
            tell(printable(f"transcribe: warning: {problem}"))
        stems = transcriber.split(recording)
    for notice in stems.notices:
        tell(f"transcribe: warning: {notice.message}")
    for path in files.write_stems(stems.streams, stems.turns, stems.duration, stem, output_dir, kind, record):
        show(f"{path}\n")
