"""Encoding of clips and stems: pydub assembles, PyAV encodes. No external program is needed."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, cast

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.core.atomic_write import write_atomically
from pipeline.core.audio import RATE, Clip, Samples, Stream, to_sample
from pipeline.core.errors import ResourceError

with warnings.catch_warnings():
    # audioop's deprecation in Python 3.11 and 3.12, pydub's regular expressions in 3.12, and its search for an ffmpeg
    # program, which is not used here. None of them concerns the caller.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    warnings.filterwarnings("ignore", "invalid escape sequence|.*is an invalid escape sequence")
    warnings.filterwarnings("ignore", "Couldn't find ff", RuntimeWarning)
    from pydub import AudioSegment

Format = Literal["wav", "flac", "mp3", "m4a"]
FADE: Final = 10
"""Length of fades between speech and silence in milliseconds. Chosen by hand; shorter fades click, longer fades reach
into the first and last sounds."""
BLOCK: Final = 65_536
"""Samples encoded at once, to bound memory. Chosen by hand."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """FFmpeg's names of container and codec of a format, and bits per second of a lossy codec."""

    container: str
    codec: str
    bits: int | None = None


ENCODINGS: Final[dict[Format, Encoding]] = {
    "wav": Encoding("wav", "pcm_s16le"),
    "flac": Encoding("flac", "flac"),
    "mp3": Encoding("mp3", "libmp3lame", 64_000),
    "m4a": Encoding("ipod", "aac", 64_000),
}
LAYOUTS: Final = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")
"""FFmpeg's name of the layout of 1, 2, … channels: what WAV and FLAC can hold."""


def export(samples: Samples, path: Path | str, format: Format = "wav", rate: int = RATE) -> None:
    """Write mono samples (float, -1 to 1) as 16-bit audio; the file is written completely or not at all.

    Raises ``ResourceError`` if the encoder fails, and the errors of `pipeline.core.atomic_write.write_atomically`.
    """
    write_atomically(Path(path), encode(samples, format, rate))


def encode(samples: Samples, format: Format = "wav", rate: int = RATE, bits: int | None = None) -> bytes:
    """A file of 16-bit audio from mono samples (float, -1 to 1); raises ``ResourceError`` if the encoder fails.

    ``bits``: bits per second of a lossy format; by default those of `ENCODINGS`.
    """
    return _encoded(_pcm(samples), format, rate, bits)


def encode_channels(channels: NDArray[np.float32], format: Format = "wav", rate: int = RATE) -> bytes:
    """A file of 16-bit audio from up to 8 channels, shape (channels, samples); raises ``ResourceError`` as `encode`.

    It has the samples that are given and no tags but the encoder's name. AAC alone fills its last frame with silence.
    """
    return _encoded(_pcm(channels.T), format, rate)


def encode_stem(stream: Stream, duration: float, format: Format = "wav") -> bytes:
    """The stem of a speaker as an audio file with the length of the recording, with silence between clips.

    Speech fades in and out next to silence. Raises the errors of `encode`.
    """
    return _encoded(np.frombuffer(b"".join(_assembled(stream, to_sample(duration))), "<i2"), format, RATE)


def missing_encoders() -> str:
    """Formats that this PyAV cannot write, separated by commas."""
    return ", ".join(name for name, encoding in ENCODINGS.items() if not _can_encode(encoding.codec))


def _can_encode(codec: str) -> bool:
    try:
        av.codec.Codec(codec, "w")
    except ValueError:
        return False
    return True


def _assembled(stream: Stream, length: int) -> Iterator[bytes]:
    """``length`` samples of the stem as 16-bit PCM, in pieces."""
    done = 0
    for clips in _groups(stream.clips):
        first = to_sample(clips[0].start)
        passage = _overlay(clips, first).raw_data[2 * max(0, done - first) : 2 * max(0, length - first)]
        first = max(first, done)
        if passage:
            yield bytes(2 * (first - done))
            yield passage
            done = first + len(passage) // 2
    yield bytes(2 * (length - done))


def _groups(clips: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Clips in order of time, grouped if they touch or overlap: there is no silence inside a group."""
    ordered = sorted((clip for clip in clips if len(clip.samples)), key=lambda clip: clip.start)
    passage = ordered[:1]
    for clip in ordered[1:]:
        if to_sample(clip.start) > max(_last(other) for other in passage):
            yield passage
            passage = []
        passage.append(clip)
    if passage:
        yield passage


def _last(clip: Clip) -> int:
    return to_sample(clip.start) + len(clip.samples)


def _overlay(clips: Sequence[Clip], first: int) -> AudioSegment:
    """The clips of a group at their times, with a fade at both ends of the group."""
    length = max(_last(clip) for clip in clips) - first
    passage = _segment(np.zeros(length, np.int16))
    for clip in clips:
        # A sample is a sixteenth of a millisecond, pydub's unit: the position is exact.
        passage = passage.overlay(_segment(_pcm(clip.samples)), position=(to_sample(clip.start) - first) * 1000 / RATE)
    fade = min(FADE, len(passage) // 2)
    return passage.fade_in(fade).fade_out(fade) if fade else passage


def _segment(pcm: NDArray[np.int16]) -> AudioSegment:
    return AudioSegment(data=pcm.astype("<i2").tobytes(), sample_width=2, frame_rate=RATE, channels=1)


def _pcm(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    scaled: NDArray[np.int16] = (np.clip(np.nan_to_num(samples), -1, 1) * 32767).round().astype(np.int16)
    return scaled


def _encoded(pcm: NDArray[np.int16], format: Format, rate: int, bits: int | None = None) -> bytes:
    file = io.BytesIO()
    encoding = replace(ENCODINGS[format], bits=bits or ENCODINGS[format].bits)
    pcm = pcm if len(pcm) else np.zeros((1, *pcm.shape[1:]), np.int16)  # players do not open a file without samples
    try:
        _encode(pcm, file, encoding, rate)
    except (av.FFmpegError, ValueError) as error:  # ValueError: this FFmpeg lacks the codec
        raise ResourceError(f"{format} cannot be encoded: {error}", hint="choose wav") from error
    return file.getvalue()


def _encode(pcm: NDArray[np.int16], file: io.BytesIO, encoding: Encoding, rate: int) -> None:
    """Encode samples, shape (samples,) or (samples, channels)."""
    layout = LAYOUTS[pcm.shape[1] - 1] if pcm.ndim == 2 else "mono"
    with av.open(file, "w", format=encoding.container) as container:
        track = cast(av.AudioStream, container.add_stream(encoding.codec, rate=rate, layout=layout))
        if encoding.bits:
            track.bit_rate = encoding.bits
        for first in range(0, len(pcm), BLOCK):
            block = np.ascontiguousarray(pcm[first : first + BLOCK]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout=layout)
            frame.sample_rate, frame.pts = rate, first
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
