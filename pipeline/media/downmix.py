"""Several channels into one, so that every voice survives: silent, inverted and single channels do not hide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Samples
from pipeline.core.types import Notice

Array = NDArray[np.float32]
KEPT_CHANNELS = 8
_BLOCK = RATE // 10
_PIECE = 600 * _BLOCK
_SILENT = 1e-3  # -60 dBFS, or 40 dB under the loudest channel of a recording that is quieter
_CANCELLED = 0.05  # of the energy that independent channels would keep
_SPARED = 4  # blocks (0.4 s) that may cancel by chance


@dataclass(frozen=True, slots=True)
class Mix:
    """The mono mix, the channels worth keeping (channels × samples, a view) or ``None``, and what is to be said."""

    samples: Samples
    channels: Array | None
    notices: tuple[Notice, ...] = ()


def downmix(tape: Array) -> Mix:
    """Mix ``tape`` (samples × channels, 16 kHz) to mono.

    The mean of the channels that are not silent; if voices cancel in it, with inverted channels turned over, or, when
    some voices are inverted and some are not, with unequal weights, in which neither can cancel.
    """
    if tape.shape[1] == 1:
        return Mix(tape[:, 0], None)
    if _identical(tape):
        return Mix(tape[:, 0].copy(), None)
    peaks = _peaks(tape)
    active = peaks >= min(_SILENT, 0.01 * float(peaks.max()))
    plain = active.astype(np.float32)
    signs = np.where(_correlations(tape) < -0.5, -1, 1).astype(np.float32)
    uneven = plain * np.linspace(1, 0.5, len(plain), dtype=np.float32)
    weights = min((plain, plain * signs, uneven), key=lambda weights: _cancelled(tape, weights))
    weights = weights / np.abs(weights).sum()
    samples = np.concatenate([_weighted(piece, weights) for piece in _pieces(tape)])
    notices = _notices(active, inverted=bool(weights.min() < 0 or np.ptp(np.abs(weights[active])) > 0))
    return Mix(samples, tape.T if tape.shape[1] <= KEPT_CHANNELS else None, notices)


def _notices(active: NDArray[np.bool_], inverted: bool) -> tuple[Notice, ...]:
    notices = []
    if not active.all():
        silent = ", ".join(str(number + 1) for number in np.flatnonzero(~active))
        notices.append(Notice("silent_channels", f"of {len(active)} channels these are silent: {silent}"))
    if inverted:
        message = "channels cancel each other (anti-phase); they were mixed so that no voice is lost"
        notices.append(Notice("antiphase", message))
    return tuple(notices)


def _pieces(tape: Array) -> Iterator[Array]:
    return (tape[at : at + _PIECE] for at in range(0, len(tape), _PIECE))


def _weighted(piece: Array, weights: Array) -> Array:
    """The weighted sum of channels, added one by one: a matrix product's last bit depends on where memory lies."""
    total: Array = piece[:, 0] * weights[0]
    for channel in range(1, len(weights)):
        total += piece[:, channel] * weights[channel]
    return total


def _blocks(tape: Array) -> Iterator[Array]:
    """Blocks × samples × channels, the last one filled up with zeros."""
    for piece in _pieces(tape):
        piece = np.pad(piece, ((0, -len(piece) % _BLOCK), (0, 0)))
        yield piece.reshape(-1, _BLOCK, piece.shape[1])


def _identical(tape: Array) -> bool:
    """Whether all channels are one: they differ by 60 dB less than they hold, everywhere."""
    for blocks in _blocks(tape):
        first = blocks[:, :, :1]
        rest = np.sqrt(np.mean((blocks - first) ** 2, axis=(1, 2)))
        if (rest > 1e-4 + 1e-3 * np.sqrt(np.mean(first**2, axis=(1, 2)))).any():
            return False
    return True


def _peaks(tape: Array) -> NDArray[np.float64]:
    """The loudest block of each channel (RMS)."""
    loudest = [np.mean(blocks**2, axis=1).max(axis=0) for blocks in _blocks(tape)]
    return np.asarray(np.sqrt(np.max(loudest, axis=0)), np.float64)


def _correlations(tape: Array) -> NDArray[np.float64]:
    """The correlation of each channel with the loudest one."""
    products = np.asarray(np.sum([piece.T @ piece for piece in _pieces(tape)], axis=0, dtype=np.float64))
    energies = np.diag(products)
    loudest = int(energies.argmax())
    correlations: NDArray[np.float64] = products[loudest] / np.sqrt(np.maximum(energies * energies[loudest], 1e-20))
    return correlations


def _cancelled(tape: Array, weights: Array) -> int:
    """How many blocks with sound lose it in the mix, beyond what chance allows."""
    count = 0
    for blocks in _blocks(tape):
        expected = np.mean(blocks**2, axis=1) @ weights**2
        kept = np.mean((blocks @ weights) ** 2, axis=1)
        count += int(np.sum((expected > _SILENT**2) & (kept < _CANCELLED * expected)))
    return max(0, count - _SPARED)
