"""Telephone recordings without a header. Some suffixes determine the coding; for others there is a hint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Coding:
    """A headerless coding: FFmpeg's demultiplexer, its sample rate in Hz, and its title. Always mono."""

    format: str
    rate: int
    title: str

    @property
    def options(self) -> dict[str, str]:
        return {} if self.format in ("g722", "gsm") else {"sample_rate": str(self.rate), "ch_layout": "mono"}

    @property
    def description(self) -> str:
        return f"{self.title}, {self.rate} Hz, one channel"


_MULAW, _ALAW = Coding("mulaw", 8_000, "mu-law"), Coding("alaw", 8_000, "A-law")
_G722, _GSM = Coding("g722", 16_000, "G.722 (64 kbit/s)"), Coding("gsm", 8_000, "GSM full rate")
_ASTERISK_RATES = (12, 16, 24, 32, 44, 48, 96, 192)

CODINGS: Mapping[str, Coding] = MappingProxyType(
    {
        "ulaw": _MULAW, "ul": _MULAW, "mulaw": _MULAW, "alaw": _ALAW, "al": _ALAW, "g722": _G722, "gsm": _GSM,
        "sln": Coding("s16le", 8_000, "16-bit PCM"),
        **{f"sln{k}": Coding("s16le", 44_100 if k == 44 else k * 1000, "16-bit PCM") for k in _ASTERISK_RATES},
    }
)  # fmt: skip
"""Codings by suffix as in Asterisk and SoX; used if the bytes are not a known container."""

_FFMPEG = "convert it first, for example: ffmpeg -f {format} -ar {rate} -ac 1 -i IN.{suffix} OUT.wav"
_PCM = _FFMPEG + " (mulaw or alaw in place of s16le, and the rate and channels it was recorded with)"
_HINTS = {
    "raw": _PCM.format(format="s16le", rate=8000, suffix="raw"),
    "pcm": _PCM.format(format="s16le", rate=8000, suffix="pcm"),
    "slin": _PCM.format(format="s16le", rate=8000, suffix="slin"),
    "vox": "convert it first, for example: sox -t vox -r 8000 IN.vox OUT.wav",
    "g729": "convert it first, for example: ffmpeg -f g729 -i IN.g729 OUT.wav",
    "g723": "convert it first, for example: ffmpeg -f g723_1 -i IN.g723 OUT.wav",
    "g726": "convert it first, for example: ffmpeg -f g726 -code_size 4 -i IN.g726 OUT.wav",
}


def suffix_of(name: str) -> str:
    """The suffix of a file name if it is one of headerless recordings, else empty."""
    suffix = name.rpartition(".")[2].lower()
    return suffix if suffix in CODINGS or suffix in _HINTS else ""


def hint_for(suffix: str) -> str:
    """How to convert a headerless recording with this suffix; empty if there is no hint."""
    return _HINTS.get(suffix, "")
