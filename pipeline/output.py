"""Transcripts into files: ``<stem>.<format>`` in a folder, each absent or whole."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from pipeline import formats, media
from pipeline.audio import Samples, Stream, index
from pipeline.errors import SettingsError
from pipeline.files import NAME_BYTES, make_folder, write_atomically
from pipeline.formats.inert import distinct
from pipeline.values import Transcript, Turn

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


def targets(stem: str, folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """Where the formats of one recording go."""
    return tuple(folder / f"{stem}{formats.suffix(name)}" for name in names)


def refuse_collisions(stems: Sequence[str], names: Sequence[str]) -> None:
    """Two recordings whose transcripts would have the same name would overwrite each other's."""
    files = [path.name for stem in stems for path in targets(stem, Path(), names)]
    twice = next((file for file, count in Counter(files).items() if count > 1), None)
    if twice is not None:
        raise SettingsError(
            f"two recordings would both be written to {twice!r}",
            hint="transcribe them into different folders with --output-dir",
        )


def write(transcript: Transcript, stem: str, folder: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """The transcript in every format; the paths written."""
    make_folder(folder)
    paths = targets(stem, folder, names)
    for path, name in zip(paths, names, strict=True):
        text = formats.dumps(transcript, name, stem)
        write_atomically(path, text.encode("utf-8", "surrogateescape"))
    return paths


AudioFormat = Literal["wav", "flac", "mp3", "m4a"]


def parse_audio_format(text: str) -> AudioFormat:
    """A format that speakers' voices can be written in; SettingsError for any other."""
    for name in get_args(AudioFormat):
        if text == name:
            return name  # type: ignore[no-any-return]
    known = ", ".join(get_args(AudioFormat))
    raise SettingsError(f"no audio format {text!r}", where="--format", hint=f"there are {known}")


def write_voices(
    streams: Sequence[Stream], turns: Sequence[Turn], duration: float, stem: str, folder: Path, kind: AudioFormat
) -> Iterator[Path]:
    """``STEM.SPEAKER.FORMAT`` each, on the recording's clock, and a label track for Audacity; yields the paths."""
    make_folder(folder)
    names = distinct(stream.speaker for stream in streams)
    for stream in streams:
        path = folder / f"{stem}.{names[stream.speaker].replace('/', '_')}.{kind}"
        media.export(_laid_out(stream, duration), path, kind)
        yield path
    path = folder / f"{stem}{formats.suffix('labels')}"
    labels = formats.dumps(Transcript(duration, turns=tuple(turns)), "labels", stem)
    write_atomically(path, labels.encode("utf-8", "surrogateescape"))
    yield path


def _laid_out(stream: Stream, duration: float) -> Samples:
    """The stream from the recording's beginning to its end, silence between its clips."""
    samples = np.zeros(index(duration), np.float32)
    for clip in stream.clips:
        first = index(clip.start)
        own = clip.samples[: max(0, len(samples) - first)]
        samples[first : first + len(own)] = own
    return samples
