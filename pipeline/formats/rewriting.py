"""The files of a transcript written again after a person changed it: the JSON, and the other formats beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pipeline import formats
from pipeline.core.atomic_write import write_atomically
from pipeline.core.output_record import OutputRecord, source_of_result
from pipeline.core.types import Transcript
from pipeline.formats import files
from pipeline.formats.base import Options

REWRITABLE = "rewritable"
"""Option in the record of a file: whether it follows from the transcript and the other options."""


def rewrite(
    path: Path, transcript: Transcript, speakers: Sequence[str], overwrite: bool, leave: Callable[[Path], None]
) -> Iterator[Path]:
    """Write the JSON file ``path`` and those of other formats that were written with it; yields what was written.

    ``speakers`` are those that the files have now; files of a speaker with another name now are removed. All files are
    written with the same options, and a page keeps its sound. A JSON file that was edited by hand stays safe from later
    runs. ``leave`` is called with files that cannot be made from the transcript alone (their option `REWRITABLE` is
    false) and stay as they are. Raises `OutputExists`, before anything is written, for a file of another format that
    somebody changed.
    """
    path = path.resolve() if path.is_symlink() else path
    stem, folder = formats.stem(path, "json"), path.parent
    record = OutputRecord(folder, source_of_result(path), overwrite=overwrite)
    others = {other: kind for kind in formats.built_in() for other in files.output_paths(stem, folder, [kind])}
    others = {p: kind for p, kind in others.items() if p != path and p.is_file() and record.has_written(p)}
    for kept in [p for p in others if not record.options_of(p).get(REWRITABLE, True)]:
        del others[kept]
        leave(kept)
    singles = files.speaker_paths(speakers, stem, folder, set(others.values()))
    singles = {p: kind for p, kind in singles.items() if p.is_file() and record.has_written(p)}
    divided = {kind for kind, _ in singles.values()}
    record.check([*others, *singles, *files.speaker_paths(transcript.speakers, stem, folder, divided)])
    content = formats.dumps(transcript, "json", stem)
    if record.is_unchanged(path):
        record.write(path, content)
    else:  # edits by hand were read and are kept: no later run may replace the file
        write_atomically(path, content)
    yield path
    for other, kind in others.items():
        options = Options(**record.options_of(other))  # type: ignore[typeddict-item]
        sound_in = formats.get(kind).sound_in
        if sound_in is not None:
            options["sound"] = sound_in(other.read_bytes())
        for written in files.write(transcript, stem, folder, [kind], record, **options):
            singles.pop(written, None)
            yield written
    for single in singles:  # of a speaker with another name now
        single.unlink()
