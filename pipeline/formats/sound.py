"""The recording for a format that plays it: encoded into the file, linked, or missing for a reason."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, cast, get_args
from urllib.parse import quote

import numpy as np

from pipeline import media
from pipeline.core.atomic_write import is_file
from pipeline.core.audio import RATE, Samples
from pipeline.core.choices import one_of
from pipeline.core.errors import CrosstalkError
from pipeline.core.events import no_progress
from pipeline.core.types import Transcript
from pipeline.formats.base import PEAK_SECONDS, Sound

SoundUse = Literal["embed", "link", "none"]
"""Whether the sound is put into the file, linked from it, or left out."""
BITS: Final = 32_000
"""Bits per second of embedded sound (AAC, mono, 16 kHz). Chosen by hand: speech is clear; an hour takes 14 MB."""
MAX_EMBEDDED: Final = 100_000_000
"""Largest embedded sound in bytes; a larger one is linked. Chosen by hand (7 hours): browsers open more slowly."""


def parse_use(text: str) -> SoundUse:
    """A use of the sound; raises `SettingsError` for any other text."""
    return cast(SoundUse, one_of(text, get_args(SoundUse), "use of the sound", "--audio"))


def linked_because_of_size(transcript: Transcript, use: SoundUse) -> str:
    """Why the sound of the transcript is linked although it was to be embedded; empty where it is not."""
    size = transcript.duration * BITS / 8  # bytes
    if use != "embed" or size <= MAX_EMBEDDED:
        return ""
    return f"the sound would take {size / 1e6:.0f} MB and is linked, not embedded: keep the recording where it is"


def make_sound(page: Path, *, recording: Path | None, transcript: Transcript, use: SoundUse = "embed") -> Sound:
    """The sound of a transcript for the file ``page``; one that cannot be had is missing, with the reason.

    It is the track that was transcribed. A link is to the whole file, of which browsers play the first track.
    """
    if use == "none":
        return Sound(missing="the sound was left out")
    if recording is None:
        return Sound(missing="the recording is not in a file")
    if not is_file(recording):
        return Sound(missing=f"the recording {recording.name} is not there")
    try:
        _, decode = media.open_input(recording, None, _track_of(transcript))
        decoded = decode(no_progress)
    except CrosstalkError as error:
        return Sound(missing=f"the recording cannot be read: {error.what}")
    if transcript.provenance and decoded.sha256 != transcript.provenance.sha256:
        return Sound(missing=f"{recording.name} is not the recording of the transcript: its content differs")
    samples = decoded.audio.samples
    if use == "embed" and not linked_because_of_size(transcript, use):
        return Sound(media.encode(samples, "m4a", bits=BITS), "audio/mp4", peaks=peaks(samples))
    return Sound(link=_address(recording, page), peaks=peaks(samples))


def _track_of(transcript: Transcript) -> int | None:
    """The audio track that was transcribed, from 1; None for the default one."""
    settings = transcript.provenance.settings if transcript.provenance else {}
    number = settings.get("input", {}).get("track")
    return number if isinstance(number, int) else None


def recording_beside(path: Path, transcript: Transcript) -> Path | None:
    """Where the recording of the transcript file ``path`` is expected: in its folder, with the recording's name."""
    source = transcript.provenance.source if transcript.provenance else ""
    return path.parent / Path(source).name if source else None


def sound_maker(recording: Path | None, transcript: Transcript, use: SoundUse) -> Callable[[Path], Sound]:
    """`make_sound` for any file that is written of the transcript."""
    return functools.partial(make_sound, recording=recording, transcript=transcript, use=use)


def peaks(samples: Samples) -> bytes:
    """The largest magnitude in each `PEAK_SECONDS`, 0 to 255; ``samples``: shape (samples,), float, -1 to 1."""
    size = round(PEAK_SECONDS * RATE)
    padded = np.zeros(-(-len(samples) // size) * size, np.float32)  # shape (values * size,)
    padded[: len(samples)] = np.abs(np.nan_to_num(samples))
    loudest = np.minimum(padded.reshape(-1, size).max(axis=1, initial=0), 1)  # shape (values,)
    return bytes((loudest * 255).round().astype(np.uint8))


def _address(recording: Path, page: Path) -> str:
    """The address of the recording, relative to the page."""
    path = os.path.relpath(recording.absolute(), page.absolute().parent)
    return quote(Path(path).as_posix().encode(errors="surrogateescape"))
