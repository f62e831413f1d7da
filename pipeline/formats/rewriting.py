"""The files of a transcript written again after a person changed it: the JSON, and the other formats beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline import formats
from pipeline.core.atomic_write import write_atomically
from pipeline.core.doubts import OPEN
from pipeline.core.output_record import OutputRecord, source_of_result
from pipeline.core.types import Transcript
from pipeline.formats.base import Options
from pipeline.formats.files import output_paths
from pipeline.formats.sound import sound_beside


def rewrite(path: Path, transcript: Transcript, overwrite: bool) -> Iterator[Path]:
    """Write the JSON file ``path`` and those of other formats that were written with it; yields what was written.

    Doubts stay marked where they were; a page plays the recording if it is beside it. A JSON file that was edited by
    hand stays safe from later runs. Raises `OutputExists`, before anything is written, for a file of another format
    that somebody changed.
    """
    path = path.resolve() if path.is_symlink() else path
    stem, folder = formats.stem(path, "json"), path.parent
    record = OutputRecord(folder, source_of_result(path), overwrite=overwrite)
    others = {other: kind for kind in formats.built_in() for other in output_paths(stem, folder, [kind])}
    others = {p: kind for p, kind in others.items() if p != path and p.is_file() and record.has_written(p)}
    record.check(others)
    content = formats.dumps(transcript, "json", stem)
    if record.is_unchanged(path):
        record.write(path, content)
    else:  # edits by hand were read and are kept: no later run may replace the file
        write_atomically(path, content)
    yield path
    for other, kind in others.items():
        options = Options(mark_doubts=OPEN.encode() in other.read_bytes())
        if "sound" in formats.get(kind).options:
            options["sound"] = sound_beside(path, transcript)(other)
        record.write(other, formats.dumps(transcript, kind, stem, **options))
        yield other
