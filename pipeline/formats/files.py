"""Transcripts into files: ``<stem>.<format>`` in a folder, each absent or whole."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

from pipeline import formats, media
from pipeline.core.atomic_write import NAME_BYTES
from pipeline.core.audio import Stream
from pipeline.core.errors import SettingsError
from pipeline.core.output_record import OutputRecord
from pipeline.core.types import Transcript, Turn
from pipeline.formats.sanitize import distinct

LONGEST_SUFFIX = 16
"""Bytes that the longest suffix of a result takes (``.analytics.json`` has 15)."""


def parse_formats(text: str) -> tuple[str, ...]:
    """A comma list of formats; SettingsError names the first that does not exist."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in formats.names():
            raise SettingsError(f"no format {name!r}", where="--format", hint=f"there are {', '.join(formats.names())}")
    if not names:
        raise SettingsError("names no format", where="--format", hint=f"there are {', '.join(formats.names())}")
    return names


def shortened(stem: str, room: int = NAME_BYTES - LONGEST_SUFFIX) -> str:
    """``stem`` when it leaves room for the suffixes of results, else its beginning and a hash of all of it.

    ``room`` is in bytes. The same stem gives the same name; what was shortened ends in ``~`` and eight digits.
    """
    whole = os.fsencode(stem)
    if len(whole) <= room:
        return stem
    kept = whole[: room - 9].decode("utf-8", "ignore") if _is_text(stem) else os.fsdecode(whole[: room - 9])
    return f"{kept}~{hashlib.sha256(whole).hexdigest()[:8]}"


def _is_text(stem: str) -> bool:
    """Whether the name is UTF-8, so that it must not be cut within a character."""
    return not any(0xDC80 <= ord(c) <= 0xDCFF for c in stem)


def output_paths(stem: str, folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """Where the formats of one recording go."""
    return tuple(folder / f"{stem}{formats.suffix(name)}" for name in names)


def refuse_collisions(stems: Sequence[str], names: Sequence[str]) -> None:
    """Two recordings whose transcripts would have the same name would overwrite each other's."""
    files = [path.name for stem in stems for path in output_paths(stem, Path(), names)]
    twice = next((file for file, count in Counter(files).items() if count > 1), None)
    if twice is not None:
        raise SettingsError(
            f"two recordings would both be written to {twice!r}",
            hint="transcribe them into different folders with --output-dir",
        )


def write(
    transcript: Transcript,
    stem: str,
    folder: Path,
    names: Sequence[str],
    record: OutputRecord,
    mark_doubts: bool = False,
) -> tuple[Path, ...]:
    """The transcript in every format; the paths written. `OutputExists` when one of them must not be replaced."""
    paths = output_paths(stem, folder, names)
    record.check(paths)
    for path, name in zip(paths, names, strict=True):
        record.write(path, _encoded(formats.dumps(transcript, name, stem, mark_doubts)))
    return paths


def _encoded(text: str) -> bytes:
    """UTF-8; a name that is not UTF-8 keeps its bytes."""
    return text.encode("utf-8", "surrogateescape")


AudioFormat = Literal["wav", "flac", "mp3", "m4a"]


def parse_audio_format(text: str) -> AudioFormat:
    """A format that speakers' voices can be written in; SettingsError for any other."""
    for name in get_args(AudioFormat):
        if text == name:
            return name  # type: ignore[no-any-return]
    known = ", ".join(get_args(AudioFormat))
    raise SettingsError(f"no audio format {text!r}", where="--format", hint=f"there are {known}")


def voice_paths(speakers: Iterable[str], stem: str, folder: Path, kind: AudioFormat) -> tuple[Path, ...]:
    """Where each speaker's voice goes: ``STEM.SPEAKER.FORMAT``."""
    return tuple(folder / f"{stem}.{name.replace('/', '_')}.{kind}" for name in distinct(speakers).values())


def check_voices(stem: str, folder: Path, kind: AudioFormat, record: OutputRecord) -> None:
    """What `write_voices` may replace, before anybody knows who speaks: the labels, and the usual speakers' files."""
    usual = re.compile(rf"{re.escape(stem)}\.(SPEAKER_|CHANNEL_)\d+\.{kind}")
    there = sorted(path for path in folder.iterdir() if usual.fullmatch(path.name)) if folder.is_dir() else []
    record.check([*output_paths(stem, folder, ["labels"]), *there])


def write_stems(
    streams: Sequence[Stream],
    turns: Sequence[Turn],
    duration: float,
    stem: str,
    folder: Path,
    kind: AudioFormat,
    record: OutputRecord,
) -> Iterator[Path]:
    """``STEM.SPEAKER.FORMAT`` each, on the recording's clock, and a label track for Audacity; yields the paths."""
    paths = voice_paths((stream.speaker for stream in streams), stem, folder, kind)
    (labels,) = output_paths(stem, folder, ["labels"])
    record.check([*paths, labels])
    for stream, path in zip(streams, paths, strict=True):
        record.write(path, media.encode_stem(stream, duration, kind))
        yield path
    record.write(labels, _encoded(formats.dumps(Transcript(duration, turns=tuple(turns)), "labels", stem)))
    yield labels
