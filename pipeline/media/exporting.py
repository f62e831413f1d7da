"""Clips and stems as files that other programs open, written by pydub with the ffmpeg it finds or the one we bring."""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import imageio_ffmpeg
import numpy as np

from pipeline.audio import RATE, Samples
from pipeline.errors import ResourceError
from pipeline.files import write_atomically

with warnings.catch_warnings():
    # audioop's farewell in Python 3.11 and 3.12, pydub's regular expressions in 3.12, and its search for ffmpeg:
    # none is the caller's business, and the last is answered below.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    warnings.filterwarnings("ignore", "invalid escape sequence|.*is an invalid escape sequence")
    warnings.filterwarnings("ignore", "Couldn't find ff", RuntimeWarning)
    from pydub import AudioSegment, audio_segment
    from pydub.exceptions import CouldntEncodeError

Format = Literal["wav", "flac", "mp3", "m4a"]
_ENCODERS: dict[Format, tuple[str, str | None]] = {
    "wav": ("wav", None),
    "flac": ("flac", None),
    "mp3": ("mp3", None),
    "m4a": ("ipod", "aac"),
}
_lock = threading.Lock()


def export(samples: Samples, path: Path | str, format: Format = "wav", rate: int = RATE) -> None:
    """Write mono samples (float, -1 to 1) as 16-bit audio; the file is absent or whole.

    Raises ``ResourceError`` when the encoder fails, and what `pipeline.files.write_atomically` raises.
    """
    write_atomically(Path(path), encode(samples, format, rate))


def encode(samples: Samples, format: Format = "wav", rate: int = RATE) -> bytes:
    """Mono samples (float, -1 to 1) as a file of 16-bit audio; ``ResourceError`` when the encoder fails."""
    container, codec = _ENCODERS[format]
    pcm = (np.clip(np.nan_to_num(samples), -1, 1) * 32767).round().astype("<i2").tobytes()
    segment = AudioSegment(data=pcm, sample_width=2, frame_rate=rate, channels=1)
    encoded = io.BytesIO()
    with _private_workshop():
        try:
            segment.export(encoded, format=container, codec=codec)
        except CouldntEncodeError:
            raise ResourceError(f"ffmpeg could not write {format}", hint="choose wav") from None
    return encoded.getvalue()


@contextmanager
def _private_workshop() -> Iterator[None]:
    """Give pydub its ffmpeg, and for its temporary files (somebody's voice) a folder that goes on every exit."""
    with _lock, tempfile.TemporaryDirectory(prefix="crosstalk-") as folder:
        before = audio_segment.NamedTemporaryFile
        audio_segment.NamedTemporaryFile = partial(tempfile.NamedTemporaryFile, dir=folder)
        AudioSegment.converter = shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
        try:
            yield
        finally:
            audio_segment.NamedTemporaryFile = before
