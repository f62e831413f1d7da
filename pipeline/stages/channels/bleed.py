"""What two channels have in common: blocks in which one is only the echo of the other, or both hold the same sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Samples

BLOCK = 0.2
"""Seconds that are judged at once; correlation looks at twice as much around them."""
LAG = 0.25
"""An echo comes at most so many seconds before or after."""
QUIET_DB = -50.0
"""Below this a channel is silent (dB full scale; 45 dB under its loudest block where that is quieter still)."""
NOTHING_DB = -90.0
"""Below this there is no sound, whatever else the channel holds."""
ECHO_DB = 6.0
"""An echo is at least so much quieter than what it repeats."""
ALIKE_DB = 10.0
"""One sound in two channels alike differs by less."""
SURE, LIKELY, FAR_DB = 0.6, 0.3, 25.0
"""Correlation that makes an echo: `SURE` at `ECHO_DB`, `LIKELY` from `FAR_DB` below the other on, linear between."""
SAME = 0.4
"""Correlation from which two channels hold the same sound."""
_STEP = 2  # correlation is measured at 8 kHz
_ROWS = 512

Flag = NDArray[np.bool_]
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class BleedMask:
    """Per channel and block (shape: channels × blocks): sound at all, only an echo, the same as another channel."""

    active: Flag
    echo: Flag
    shared: Flag


def detect_bleed(channels: Array) -> BleedMask:
    """Judge every block of the channels (channels × samples at 16 kHz)."""
    levels = np.stack([_levels(channel) for channel in channels])
    floor = np.clip(levels.max(axis=1, keepdims=True) - 45.0, NOTHING_DB, QUIET_DB)
    active = levels > floor
    echo, shared = np.zeros_like(active), np.zeros_like(active)
    for one in range(len(channels)):
        for other in range(one + 1, len(channels)):
            both = active[one] & active[other]
            alike = _correlation(channels[one], channels[other], both)
            louder = levels[one] - levels[other]
            echo[one] |= both & _is_echo(-louder, alike)
            echo[other] |= both & _is_echo(louder, alike)
            same = both & (np.abs(louder) < ALIKE_DB) & (alike >= SAME)
            shared[one] |= same
            shared[other] |= same
    return BleedMask(active, echo, shared)


def mute(channel: Samples, echo: Flag) -> Samples:
    """The channel with its echo blocks silenced; the edges pass over 10 ms."""
    gain = np.repeat(np.where(echo, np.float32(0), np.float32(1)), _size())[: len(channel)]
    ramp = RATE // 100
    for edge in (int(place) for place in np.flatnonzero(np.diff(gain))):
        first = max(0, edge + 1 - ramp // 2)
        piece = gain[first : first + ramp]
        piece[:] = np.linspace(gain[edge], gain[edge + 1], len(piece), dtype=np.float32)
    return np.asarray(channel * gain, np.float32)


def _is_echo(below: NDArray[np.float64], alike: NDArray[np.float64]) -> Flag:
    need = np.interp(below, [ECHO_DB, FAR_DB], [SURE, LIKELY])
    return np.asarray((below >= ECHO_DB) & (alike >= need))


def _levels(channel: Samples) -> NDArray[np.float64]:
    """Power of every block in dB full scale."""
    size = _size()
    rows = np.pad(channel, (0, -len(channel) % size)).reshape(-1, size)
    return np.asarray(10 * np.log10(np.mean(rows.astype(np.float64) ** 2, axis=1) + 1e-12))


def _correlation(one: Samples, other: Samples, where: Flag) -> NDArray[np.float64]:
    """The largest normalised correlation of the two around each block of ``where``, at any lag; 0 elsewhere."""
    found = np.zeros(len(where))
    half, lags = _size() // _STEP // 2, int(LAG * RATE) // _STEP
    width = 4 * half
    near, wide = _padded(one, half), _padded(other, half + lags)
    blocks = np.flatnonzero(where)
    for rows in np.split(blocks, range(_ROWS, len(blocks), _ROWS)):
        starts = rows * 2 * half
        short = near[starts[:, None] + np.arange(width)]
        long = wide[starts[:, None] + np.arange(width + 2 * lags)]
        found[rows] = _peaks(short, long)
    return found


def _peaks(short: Array, long: Array) -> NDArray[np.float64]:
    """Row by row: the largest |correlation| of ``short`` with any equally long piece of ``long``."""
    size = 1 << (long.shape[1] - 1).bit_length()
    product = np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size))
    lags = long.shape[1] - short.shape[1] + 1
    crossed = np.abs(np.fft.irfft(product, size)[:, :lags])
    sums = np.cumsum(np.pad(long.astype(np.float64) ** 2, ((0, 0), (1, 0))), axis=1)
    own = (short.astype(np.float64) ** 2).sum(axis=1, keepdims=True)
    energies = own * (sums[:, short.shape[1] :] - sums[:, : -short.shape[1]])
    loud = energies > 1e-3 * energies.max(axis=1, keepdims=True)
    peaks = np.where(loud, crossed / np.sqrt(np.maximum(energies, 1e-12)), 0.0)
    return np.asarray(peaks.max(axis=1), np.float64)


def _padded(channel: Samples, before: int) -> Array:
    """At 8 kHz, with silence before and after for windows that reach over the ends."""
    even = channel[: len(channel) // _STEP * _STEP].reshape(-1, _STEP).mean(axis=1)
    return np.pad(even, (before, before + 3 * _size()))


def _size() -> int:
    return round(BLOCK * RATE)
