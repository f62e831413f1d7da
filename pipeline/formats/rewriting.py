"""The files of a transcript written again after a person changed it: the JSON, and the other formats beside it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from pipeline import formats
from pipeline.core.atomic_write import write_atomically
from pipeline.core.doubts import OPEN
from pipeline.core.output_record import OutputRecord, source_of_result
from pipeline.core.types import Transcript
from pipeline.formats import files
from pipeline.formats.base import Options
from pipeline.formats.sound import sound_beside


def rewrite(path: Path, transcript: Transcript, overwrite: bool) -> Iterator[Path]:
    """Write the JSON file ``path`` and those of other formats that were written with it; yields what was written.

    Doubts stay marked where they were; a page plays the recording if it is beside it. A JSON file that was edited by
    hand stays safe from later runs. Raises `OutputExists`, before anything is written, for a file of another format
    that somebody changed. Files of speakers who have another name now are removed.
    """
    path = path.resolve() if path.is_symlink() else path
    stem, folder = formats.stem(path, "json"), path.parent
    before = formats.load(path, "json")
    record = OutputRecord(folder, source_of_result(path), overwrite=overwrite)
    others = {other: kind for kind in formats.built_in() for other in files.output_paths(stem, folder, [kind])}
    others = {p: kind for p, kind in others.items() if p != path and p.is_file() and record.has_written(p)}
    singles = files.speaker_paths(before.speakers, stem, folder, set(others.values()))
    singles = {p: kind for p, kind in singles.items() if p.is_file() and record.has_written(p)}
    divided = {kind for kind, _ in singles.values()}
    record.check([*others, *singles, *files.speaker_paths(transcript.speakers, stem, folder, divided)])
    content = formats.dumps(transcript, "json", stem)
    if record.is_unchanged(path):
        record.write(path, content)
    else:  # edits by hand were read and are kept: no later run may replace the file
        write_atomically(path, content)
    yield path
    sound = sound_beside(path, transcript)
    for other, kind in others.items():
        options = _options_of(other.read_bytes(), before, kind, stem)
        options["per_speaker"] = kind in divided
        for written in files.write(transcript, stem, folder, [kind], record, sound, **options):
            singles.pop(written, None)
            yield written
    for single in singles:  # of a speaker with another name now
        single.unlink()


def _options_of(content: bytes, transcript: Transcript, name: str, stem: str) -> Options:
    """The options with which a file was written from the transcript: those that give its content.

    Where none do, because the transcript was changed since, marks of doubts are looked for in the content.
    """
    choices: tuple[Options, ...] = (
        {"mark_doubts": True},
        {"overlap_cues": False},
        {"speaker_names": False},
        {"table": True},
    )
    taken = [choice for choice in choices if choice.keys() <= set(formats.get(name).options)]
    for count in range(len(taken) + 1):
        for chosen in combinations(taken, count):
            options = Options()
            for choice in chosen:
                options.update(choice)
            if formats.dumps(transcript, name, stem, **options) == content:
                return options
    return Options(mark_doubts=OPEN.encode() in content)
