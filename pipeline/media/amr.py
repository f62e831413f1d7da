"""AMR packets divided into frames. Comfort noise (DTX) is intended silence; FFmpeg's decoders do not accept it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from av.packet import Packet

FRAME = 0.02
"""Length of a frame in seconds (3GPP TS 26.101 and 26.201)."""
_SIZES = {  # bytes of a frame with its header, by type (RFC 4867)
    "amr_nb": (13, 14, 16, 18, 20, 21, 27, 32, 6, 7, 6, 6, 1, 1, 1, 1),
    "amr_wb": (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 6, 1, 1, 1, 1, 1),
}
_SILENT = {"amr_nb": frozenset((8, 9, 10, 11, 15)), "amr_wb": frozenset((9, 15))}
"""Frame types with comfort noise (SID) or without data (NO_DATA)."""
_CODEC_NAMES = {"amrnb": "amr_nb", "amrwb": "amr_wb", "libopencore_amrnb": "amr_nb", "libopencore_amrwb": "amr_wb"}


def canonical(codec: str) -> str:
    """The name of the codec in the tables above; empty for other codecs."""
    name = _CODEC_NAMES.get(codec, codec)
    return name if name in _SIZES else ""


def frames_of(packet: Packet[Any], codec: str) -> Iterator[tuple[Packet[Any], bool]]:
    """The frames of a packet as separate packets, each with a flag for silence."""
    data = bytes(packet)
    ends = list(_ends(data, codec))
    if len(ends) < 2:
        yield packet, bool(data) and data[0] >> 3 & 15 in _SILENT[codec]
        return
    for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        frame: Packet[Any] = Packet(data[start:end])
        frame.stream, frame.time_base = packet.stream, packet.time_base
        length = round(FRAME / packet.time_base) if packet.time_base else 0
        frame.duration = length
        frame.pts = None if packet.pts is None else packet.pts + number * length
        yield frame, data[start] >> 3 & 15 in _SILENT[codec]


def _ends(data: bytes, codec: str) -> Iterator[int]:
    """End of each frame in bytes; the last frame may be truncated."""
    at = 0
    while at < len(data):
        at += _SIZES[codec][data[at] >> 3 & 15]
        yield min(at, len(data))
