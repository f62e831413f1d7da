"""The recording with muted spans, as the bytes of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from numpy.typing import NDArray

from pipeline import media
from pipeline.core.audio import RATE
from pipeline.core.errors import CannotRedact
from pipeline.core.events import no_progress
from pipeline.core.types import Span, Transcript
from pipeline.redaction.settings import Cover

if TYPE_CHECKING:
    from pipeline.media import Decoded
    from pipeline.media.encoder import Format

FADE: Final = 0.01
"""Seconds of the fades outside a muted span, and of those of the tone in it. Chosen by hand; shorter ones click."""
TONE: Final = 1000.0
"""Frequency of the tone in Hz, that of broadcasters."""
LEVEL: Final = 0.05
"""Amplitude of the tone (-26 dBFS). Chosen by hand below the level of speech."""
FORMATS: Final = ("wav", "flac", "mp3")
"""Formats that hold exactly the samples that they are given. Other recordings are written as FLAC: AAC fills its last
frame, so that the length would change."""
OTHER_FORMAT: Final = "flac"
"""Format of the redacted recording where that of the recording is not in `FORMATS`."""


MP3_EDGE: Final = 0.04
"""Seconds at each edge of a span in which MP3 may leave remains of the sound beside it. Measured with noise at full
level: 0.02 s; the padding of words is longer."""
MP3_ERROR: Final = 0.006
"""Largest difference of a sample from its cover within a span of an MP3 file. Measured: 0.004 with a tone."""


@dataclass(frozen=True, slots=True, eq=False)
class RedactedSound:
    """The redacted recording: the bytes of a file with their SHA-256, and the samples that a decoder reads from it."""

    content: bytes
    suffix: str
    decoded: Decoded

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def decoded_recording(recording: Path, transcript: Transcript) -> Decoded:
    """The recording of a transcript; raises `CannotRedact` where it is another one, or not certain to be that one."""
    provenance = transcript.provenance
    track = (provenance.settings.get("input") or {}).get("track") if provenance else None
    if provenance is None or not provenance.sha256:
        hint = "transcribe it, and redact that transcript"
        raise CannotRedact("the transcript does not say of which recording it is", where=str(recording), hint=hint)
    _, decode = media.open_input(recording, None, track if isinstance(track, int) else None)
    decoded = decode(no_progress)
    if decoded.sha256 != provenance.sha256:
        hint = "give the recording with --audio, or --audio none to redact the texts alone"
        raise CannotRedact(
            "is not the recording of the transcript: its content differs", where=str(recording), hint=hint
        )
    if abs(decoded.duration - transcript.duration) > 1e-3 + 1 / RATE:
        what = f"lasts {decoded.duration:.3f} s, the transcript {transcript.duration:.3f} s"
        raise CannotRedact(what, where=str(recording), hint="transcribe it again, and redact that transcript")
    return decoded


def redacted_sound(decoded: Decoded, spans: Sequence[Span], cover: Cover, suffix: str) -> RedactedSound:
    """The recording with every channel muted in the spans; ``suffix`` is that of the recording's file.

    The file is decoded again; raises `CannotRedact` where it has another length or sound in a span.
    """
    audio = decoded.audio
    channels = audio.samples[None] if audio.channels is None else audio.channels
    format_ = file_format(suffix, len(channels))
    content = media.encode_channels(muted(channels, spans, cover), format_)
    _, decode = media.open_input(content)
    written = decode(no_progress)
    if len(written.audio.samples) != len(audio.samples):
        raise CannotRedact(f"{format_} changes the length of the recording", hint="convert the recording to WAV")
    _require_muted(written, spans, cover, format_)
    return RedactedSound(content, f".{format_}", written)


def file_format(suffix: str, channels: int) -> Format:
    """The format of the redacted recording."""
    name = suffix.removeprefix(".").lower()
    fits = name in FORMATS and (name != "mp3" or channels <= 2)
    return cast("Format", name if fits else OTHER_FORMAT)


def muted(channels: NDArray[np.float32], spans: Sequence[Span], cover: Cover) -> NDArray[np.float32]:
    """A copy of channels, shape (channels, samples), with silence or a tone in the spans and fades outside them."""
    result = np.array(channels, np.float32)
    fade = round(FADE * RATE)
    for span in spans:
        first, last = _samples_of(span, result.shape[1])
        before, after = max(0, first - fade), min(result.shape[1], last + fade)
        result[:, before:first] *= np.linspace(1, 0, first - before, dtype=np.float32)
        result[:, last:after] *= np.linspace(0, 1, after - last, dtype=np.float32)
        result[:, first:last] = _tone(last - first) if cover == "tone" else 0
    return result


def _samples_of(span: Span, length: int) -> tuple[int, int]:
    """The first sample of a span and the one after its last: none of it is left out by rounding."""
    return max(0, int(np.floor(span.start * RATE))), min(length, int(np.ceil(span.end * RATE)))


def _tone(length: int) -> NDArray[np.float32]:
    fade = min(round(FADE * RATE), length // 2)
    tone = LEVEL * np.sin(2 * np.pi * TONE / RATE * np.arange(length))
    if fade:
        tone[:fade] *= np.linspace(0, 1, fade)
        tone[-fade:] *= np.linspace(1, 0, fade)
    return np.asarray(tone, np.float32)


def _require_muted(written: Decoded, spans: Sequence[Span], cover: Cover, format_: Format) -> None:
    """Raise `CannotRedact` where a span of the written file holds anything but its cover, in any channel."""
    margin, tolerance = (round(MP3_EDGE * RATE), MP3_ERROR) if format_ == "mp3" else (0, 2 / 32768)
    audio = written.audio
    channels = audio.samples[None] if audio.channels is None else audio.channels
    for span in spans:
        first, last = _samples_of(span, channels.shape[1])
        wanted = _tone(last - first) if cover == "tone" else np.zeros(last - first, np.float32)
        error = np.abs(channels[:, first:last] - wanted)
        if error[:, margin : error.shape[1] - margin].max(initial=0) > tolerance:
            raise CannotRedact(f"the sound from {span.start:.2f} s on is not muted in the file that was made")
