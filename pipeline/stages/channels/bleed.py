"""Bleed between channels: blocks in which one channel holds only another's sound, or two hold the same sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Samples

BLOCK = 0.2
"""Length of a block in seconds; correlation covers twice as much around it. Chosen by hand; shorter blocks follow short
bleed more closely and are less certain."""
LAG = 0.25
"""Longest delay of bleed in seconds, in either direction. Chosen by hand; more finds later echoes and costs time."""
QUIET_DB = -50.0
"""Level in dB full scale below which a channel is silent; `DYNAMIC_RANGE_DB` below its loudest block where that is
lower. Chosen by hand; a higher level takes more for silence."""
DYNAMIC_RANGE_DB = 45.0
"""Decibels below a channel's loudest block at which silence begins in a quiet channel. Chosen by hand; less takes more
for silence."""
NOTHING_DB = -90.0
"""Level in dB full scale below which there is no sound, whatever else the channel holds. Chosen by hand; a higher level
takes very quiet channels for silence."""
BLEED_DB = 6.0
"""Smallest distance in dB of bleed below the channel that it comes from. Chosen by hand; less mutes louder bleed, and
speech of two people that happens to correlate."""
SIMILAR_DB = 10.0
"""Largest difference in level, in dB, of the same sound on two channels. Chosen by hand; more takes more recordings
for one room with two microphones."""
SURE, LIKELY, FAR_DB = 0.6, 0.3, 25.0
"""Correlation from which sound is bleed: `SURE` at `BLEED_DB` below the other channel, `LIKELY` from `FAR_DB` on,
linear between. Chosen by hand; lower values mute more."""
SAME = 0.4
"""Correlation from which two channels hold the same sound. Chosen by hand; less takes more recordings for one room with
two microphones."""
_STEP = 2
"""Samples averaged to one before correlation: 8 kHz. Chosen by hand; more is faster and coarser."""
_ROWS = 512
"""Blocks that are correlated at once. Chosen by hand; more needs more memory."""

Mask = NDArray[np.bool_]
"""Shape (channels, blocks), or (blocks,) for one channel."""
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class BleedMask:
    """Properties of each block of each channel, as masks of shape (channels, blocks)."""

    active: Mask
    """The channel has sound."""
    bleed: Mask
    """The sound is only another channel's."""
    shared: Mask
    """Another channel has the same sound at about the same level."""


def detect_bleed(channels: Array) -> BleedMask:
    """Classify every block of the channels, shape (channels, samples), at 16 kHz."""
    levels = np.stack([_levels(channel) for channel in channels])  # (channels, blocks), dB full scale
    threshold = np.clip(levels.max(axis=1, keepdims=True) - DYNAMIC_RANGE_DB, NOTHING_DB, QUIET_DB)
    active = levels > threshold
    bleed, shared = np.zeros_like(active), np.zeros_like(active)
    for one in range(len(channels)):
        for other in range(one + 1, len(channels)):
            both = active[one] & active[other]
            correlation = _correlation(channels[one], channels[other], both)
            louder = levels[one] - levels[other]
            bleed[one] |= both & _is_bleed(-louder, correlation)
            bleed[other] |= both & _is_bleed(louder, correlation)
            same = both & (np.abs(louder) < SIMILAR_DB) & (correlation >= SAME)
            shared[one] |= same
            shared[other] |= same
    return BleedMask(active, bleed, shared)


def mute(channel: Samples, bleed: Mask) -> Samples:
    """The channel with its blocks of bleed silenced, with fades of 10 ms."""
    gain = np.repeat(np.where(bleed, np.float32(0), np.float32(1)), _size())[: len(channel)]
    ramp = RATE // 100
    for edge in (int(position) for position in np.flatnonzero(np.diff(gain))):
        first = max(0, edge + 1 - ramp // 2)
        fade = gain[first : first + ramp]
        fade[:] = np.linspace(gain[edge], gain[edge + 1], len(fade), dtype=np.float32)
    return np.asarray(channel * gain, np.float32)


def _is_bleed(below: NDArray[np.float64], correlation: NDArray[np.float64]) -> Mask:
    """Whether blocks ``below`` dB under another channel's are bleed from it."""
    required = np.interp(below, [BLEED_DB, FAR_DB], [SURE, LIKELY])
    return np.asarray((below >= BLEED_DB) & (correlation >= required))


def _levels(channel: Samples) -> NDArray[np.float64]:
    """Power of every block in dB full scale."""
    size = _size()
    rows = np.pad(channel, (0, -len(channel) % size)).reshape(-1, size)  # (blocks, samples)
    return np.asarray(10 * np.log10(np.mean(rows.astype(np.float64) ** 2, axis=1) + 1e-12))


def _correlation(one: Samples, other: Samples, blocks: Mask) -> NDArray[np.float64]:
    """The largest normalized correlation around each of the ``blocks`` at any lag up to `LAG`; 0 for other blocks."""
    correlation = np.zeros(len(blocks))
    half, lags = _size() // _STEP // 2, int(LAG * RATE) // _STEP
    width = 4 * half
    near, wide = _padded(one, half), _padded(other, half + lags)
    numbers = np.flatnonzero(blocks)
    for rows in np.split(numbers, range(_ROWS, len(numbers), _ROWS)):
        starts = rows * 2 * half
        short = near[starts[:, None] + np.arange(width)]  # (rows, width)
        long = wide[starts[:, None] + np.arange(width + 2 * lags)]  # (rows, width + 2 lags)
        correlation[rows] = _peaks(short, long)
    return correlation


def _peaks(short: Array, long: Array) -> NDArray[np.float64]:
    """For each row, the largest |correlation| of ``short`` with any equally long part of ``long``."""
    size = 1 << (long.shape[1] - 1).bit_length()
    product = np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size))
    lags = long.shape[1] - short.shape[1] + 1
    crossed = np.abs(np.fft.irfft(product, size)[:, :lags])  # (rows, lags)
    sums = np.cumsum(np.pad(long.astype(np.float64) ** 2, ((0, 0), (1, 0))), axis=1)
    short_energy = (short.astype(np.float64) ** 2).sum(axis=1, keepdims=True)
    energies = short_energy * (sums[:, short.shape[1] :] - sums[:, : -short.shape[1]])  # (rows, lags)
    loud = energies > 1e-3 * energies.max(axis=1, keepdims=True)
    peaks = np.where(loud, crossed / np.sqrt(np.maximum(energies, 1e-12)), 0.0)
    return np.asarray(peaks.max(axis=1), np.float64)


def _padded(channel: Samples, before: int) -> Array:
    """The channel at 8 kHz, with silence before and after for spans that reach beyond its ends."""
    averaged = channel[: len(channel) // _STEP * _STEP].reshape(-1, _STEP).mean(axis=1)
    return np.pad(averaged, (before, before + 3 * _size()))


def _size() -> int:
    """Samples in a block."""
    return round(BLOCK * RATE)
