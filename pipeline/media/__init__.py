"""Decoding of recordings (PyAV), and encoding of clips and stems (pydub, PyAV).

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
    from pipeline.media.encoder import encode, encode_channels, encode_stem, export
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
    "encode_channels",
    "encode_stem",
    "export",
    "open_input",
    "prestart",
]
DECODER_VERSION = 1
"""Version of the decoder's results. Raise it when the same file gives other samples: cached stages are then redone."""
_MODULES = {
    "decode": "isolated_decoder",
    "decode_stream": "isolated_decoder",
    "prestart": "isolated_decoder",
    "decode_in_process": "decoder",
    "encode": "encoder",
    "encode_channels": "encoder",
    "encode_stem": "encoder",
    "export": "encoder",
    "open_input": "inputs",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on recordings. A recording beyond a limit is refused, before decoding if its header states the value.

    Rates are in Hz. One hour of one channel takes 230 MB while decoding; the mono mix of several channels takes 230 MB
    an hour more.
    """

    max_hours: float = 24.0
    max_channel_hours: float = 48.0
    max_channels: int = 64
    min_rate: int = 1_000
    max_rate: int = 768_000


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What to read from a file: the audio ``track`` (from 1; None: the default track, or the first with sound).

    ``suffix``: suffix of the file name if it is one of headerless recordings, see `pipeline.media.headerless`.
    """

    track: int | None = None
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded recording: 16 kHz audio on the time line of the file, and notices about its defects.

    ``sha256``: digest of the file. ``complete``: false if the file is truncated or partly unreadable. ``decoded``:
    seconds decoded from packets; the rest of ``duration`` is silence in place of gaps and damage. ``source``: number of
    the audio track, and the coding assumed for a headerless file. ``recorded``: when it was made, by its tags.
    """

    audio: Audio
    sha256: str
    complete: bool
    notices: tuple[Notice, ...]
    decoded: float
    source: str = "1"
    recorded: str | None = None

    @property
    def duration(self) -> float:
        return self.audio.duration


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
