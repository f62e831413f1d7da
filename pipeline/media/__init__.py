"""Recordings in and out: any file safely and completely decoded (PyAV), clips and stems exported (pydub, PyAV).

`decode` and `decode_stream` work in a separate process, `decode_in_process` in this one. PyAV and pydub are loaded
when first used; importing this module loads neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipeline.core.audio import Audio
from pipeline.core.types import Notice

if TYPE_CHECKING:
    from pipeline.media.decoder import decode_in_process
    from pipeline.media.encoder import encode, encode_stem, export
    from pipeline.media.inputs import open_input
    from pipeline.media.isolated_decoder import decode, decode_stream, prestart

__all__ = [
    "DECODER_VERSION",
    "Decoded",
    "Limits",
    "ReadOptions",
    "decode",
    "decode_in_process",
    "decode_stream",
    "encode",
    "encode_stem",
    "export",
    "open_input",
    "prestart",
]
DECODER_VERSION = 1
"""Version of the decoder's results. Raise it when the same file gives other samples: cached stages are then redone."""
_HOMES = {
    "decode": "isolated_decoder",
    "decode_stream": "isolated_decoder",
    "prestart": "isolated_decoder",
    "decode_in_process": "decoder",
    "encode": "encoder",
    "encode_stem": "encoder",
    "export": "encoder",
    "open_input": "inputs",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a recording may cost; beyond it is refused, before decoding where the file tells.

    A channel-hour takes 230 MB while decoding, and the mono mix of several channels 230 MB an hour more.
    """

    max_hours: float = 24.0
    max_channel_hours: float = 48.0
    max_channels: int = 64
    min_rate: int = 1_000
    max_rate: int = 768_000


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What of a file is read: the audio ``track`` (from 1; None: the default one, or the first with sound).

    ``suffix`` is that of the file's name when headerless recordings have it, see `pipeline.media.headerless`.
    """

    track: int | None = None
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A recording as decoded: 16 kHz audio on the file's own clock, and everything that was not as it should be.

    ``sha256`` is that of the file's bytes; ``complete`` is false when the file was cut short, or a part of it could not
    be read. ``decoded`` seconds came out of its packets; what they lack of ``duration`` is silence in ``audio``, in
    place of holes and damage. ``source`` says which of several ways to read these bytes was taken: the number of the
    audio track, and the coding that was assumed for a headerless file.
    """

    audio: Audio
    sha256: str
    complete: bool
    notices: tuple[Notice, ...]
    decoded: float
    source: str = "1"

    @property
    def duration(self) -> float:
        return self.audio.duration


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
