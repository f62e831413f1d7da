"""Downmix of several channels to mono that keeps all speakers, also with silent and inverted channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Samples
from pipeline.core.types import Notice

Array = NDArray[np.float32]
MAX_CHANNELS = 8
"""Maximum number of channels that are returned besides the mix. Chosen by hand; more channels take more memory."""
_BLOCK = RATE // 10
"""Samples in a block of 0.1 s, the unit of level measurements. Chosen by hand."""
_PIECE = 600 * _BLOCK
"""Samples processed at once (one minute), to bound memory."""
_SILENT = 1e-3
"""RMS of a silent channel: -60 dBFS, or 40 dB below the loudest channel of a quieter recording. Chosen by hand; higher
values leave out quiet channels."""
_CANCELLED = 0.05
"""Share of the energy of independent channels below which a block is cancelled. Chosen by hand."""
_ALLOWED_BLOCKS = 4
"""Blocks (0.4 s) that may cancel by chance. Chosen by hand."""


@dataclass(frozen=True, slots=True)
class Mix:
    """The mono mix, the channels (a view of shape (channels, samples)) or ``None``, and notices."""

    samples: Samples
    channels: Array | None
    notices: tuple[Notice, ...] = ()


def downmix(audio: Array) -> Mix:
    """Mix ``audio``, shape (samples, channels) at 16 kHz, to mono.

    The mean of the channels that are not silent. If speech cancels in it, inverted channels are multiplied by -1; if
    only some speakers are inverted, channels get unequal weights, with which no speaker cancels.
    """
    if audio.shape[1] == 1:
        return Mix(audio[:, 0], None)
    if _identical(audio):
        return Mix(audio[:, 0].copy(), None)
    peaks = _peaks(audio)
    active = peaks >= min(_SILENT, 0.01 * float(peaks.max()))
    plain = active.astype(np.float32)
    signs = np.where(_correlations(audio) < -0.5, -1, 1).astype(np.float32)
    uneven = plain * np.linspace(1, 0.5, len(plain), dtype=np.float32)
    weights = min((plain, plain * signs, uneven), key=lambda weights: _cancelled(audio, weights))
    weights = weights / np.abs(weights).sum()
    samples = np.concatenate([_weighted(piece, weights) for piece in _pieces(audio)])
    notices = _notices(active, inverted=bool(weights.min() < 0 or np.ptp(np.abs(weights[active])) > 0))
    return Mix(samples, audio.T if audio.shape[1] <= MAX_CHANNELS else None, notices)


def _notices(active: NDArray[np.bool_], inverted: bool) -> tuple[Notice, ...]:
    notices = []
    if not active.all():
        silent = ", ".join(str(number + 1) for number in np.flatnonzero(~active))
        notices.append(Notice("silent_channels", f"silent channels (of {len(active)}): {silent}"))
    if inverted:
        message = "channels cancel each other (anti-phase); they were mixed so that no speaker is lost"
        notices.append(Notice("antiphase", message))
    return tuple(notices)


def _pieces(audio: Array) -> Iterator[Array]:
    return (audio[at : at + _PIECE] for at in range(0, len(audio), _PIECE))


def _weighted(piece: Array, weights: Array) -> Array:
    """Weighted sum of channels, added one by one: the last bit of a matrix product depends on memory alignment."""
    total: Array = piece[:, 0] * weights[0]
    for channel in range(1, len(weights)):
        total += piece[:, channel] * weights[channel]
    return total


def _blocks(audio: Array) -> Iterator[Array]:
    """Blocks of shape (blocks, samples, channels); the last one is padded with zeros."""
    for piece in _pieces(audio):
        piece = np.pad(piece, ((0, -len(piece) % _BLOCK), (0, 0)))
        yield piece.reshape(-1, _BLOCK, piece.shape[1])


def _identical(audio: Array) -> bool:
    """Whether all channels are identical: in every block their difference is 60 dB below their level."""
    for blocks in _blocks(audio):
        first = blocks[:, :, :1]
        difference = np.sqrt(np.mean((blocks - first) ** 2, axis=(1, 2)))
        if (difference > 1e-4 + 1e-3 * np.sqrt(np.mean(first**2, axis=(1, 2)))).any():
            return False
    return True


def _peaks(audio: Array) -> NDArray[np.float64]:
    """RMS of the loudest block of each channel; shape (channels,)."""
    loudest = [np.mean(blocks**2, axis=1).max(axis=0) for blocks in _blocks(audio)]
    return np.asarray(np.sqrt(np.max(loudest, axis=0)), np.float64)


def _correlations(audio: Array) -> NDArray[np.float64]:
    """Correlation of each channel with the loudest one; shape (channels,)."""
    products = np.asarray(np.sum([piece.T @ piece for piece in _pieces(audio)], axis=0, dtype=np.float64))
    energies = np.diag(products)
    loudest = int(energies.argmax())
    correlations: NDArray[np.float64] = products[loudest] / np.sqrt(np.maximum(energies * energies[loudest], 1e-20))
    return correlations


def _cancelled(audio: Array, weights: Array) -> int:
    """Number of blocks with sound that are cancelled in the mix, beyond `_ALLOWED_BLOCKS`."""
    count = 0
    for blocks in _blocks(audio):
        expected = np.mean(blocks**2, axis=1) @ weights**2
        remaining = np.mean((blocks @ weights) ** 2, axis=1)
        count += int(np.sum((expected > _SILENT**2) & (remaining < _CANCELLED * expected)))
    return max(0, count - _ALLOWED_BLOCKS)
