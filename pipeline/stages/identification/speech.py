"""The embeddings of a speaker's single-speaker speech: of all of it, and of its telephone band.

A telephone cuts speech above 3.4 kHz, and an embedder then gives other vectors. So there are two embeddings, of the
whole band and of a telephone's, and only equal bands are compared.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Audio, Samples, to_sample
from pipeline.core.timeline import BOUNDARY
from pipeline.core.types import Span
from pipeline.gallery.people import BANDS, Band, decoded_vector
from pipeline.models.protocols import Embedder, NameCalibration

SPEECH_VERSION: Final = 1
"""Version of the choice and preparation of speech, raised when its vectors change: voice prints of another one are not
compared."""
MAX_SPEECH: Final = 20.0
"""Seconds of speech of which an embedding is computed, the longest spans first. Chosen by hand; more takes time."""
MIN_SPAN: Final = 1.0
"""Shortest span in seconds that is used where there are longer ones. Chosen by hand; shorter ones hold more of other
speakers at their edges."""
PIECE: Final = 10.0
"""Longest piece in seconds of which one vector is computed; the mean of the vectors counts. Chosen by hand."""
TELEPHONE: Final = (300.0, 3400.0)
"""Band of a telephone in Hz (ITU-T G.712)."""
HIGH: Final = 4500.0
"""Frequency in Hz above which only wide-band speech has energy."""
NARROW_DB: Final = -45.0
"""Energy above `HIGH` relative to all of it, in dB, below which speech is a telephone's. Chosen by hand: telephone
recordings that were resampled are below −60, the recordings of this project's tests above −35."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerVoice:
    """The embeddings of one speaker in a recording."""

    seconds: float
    """Seconds of speech that they were computed from."""
    vectors: dict[Band, NDArray[np.float32]]
    """Unit vectors by band, shape (dimension,); empty where there is too little speech."""


def common_band(one: Container[Band], other: Container[Band]) -> Band | None:
    """The widest band that both have; None without one."""
    return next((band for band in BANDS if band in one and band in other), None)


def embed_speaker(audio: Audio, spans: Sequence[Span], embedder: Embedder, both_bands: bool) -> SpeakerVoice:
    """The embeddings of a speaker who is alone in the spans; of the telephone's band only where there is no other, or
    with ``both_bands``."""
    pieces = _pieces(audio, _longest(spans))
    seconds = sum(map(len, pieces)) / RATE
    if not pieces:
        return SpeakerVoice(0.0, {})
    vectors: dict[Band, NDArray[np.float32]] = {}
    if not is_narrow(np.concatenate(pieces)):
        vectors["wide"] = _mean(embedder.embed(pieces), pieces)
    if both_bands or not vectors:
        mean = _mean(embedder.embed([telephone_band(piece) for piece in pieces]), pieces)
        vectors["narrow"] = _centred(mean, embedder.calibration.names)
    return SpeakerVoice(seconds, {band: vector for band, vector in vectors.items() if np.isfinite(vector).all()})


def _centred(vector: NDArray[np.float32], limits: NameCalibration | None) -> NDArray[np.float32]:
    """The unit vector less the mean of the telephone's band, as a unit vector."""
    if limits is None or limits.telephone_mean is None:
        return vector
    centred = vector - decoded_vector(limits.telephone_mean)
    return np.asarray(centred / np.linalg.norm(centred), np.float32)


def is_narrow(samples: Samples) -> bool:
    """Whether the speech has the band of a telephone."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    high = power[round(HIGH / RATE * len(samples)) :].sum()
    return bool(high <= 10 ** (NARROW_DB / 10) * power.sum())


def telephone_band(samples: Samples) -> Samples:
    """The samples without frequencies outside `TELEPHONE`."""
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(frequencies < TELEPHONE[0]) | (frequencies > TELEPHONE[1])] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def _longest(spans: Sequence[Span]) -> list[Span]:
    """The longest spans, less their uncertain edges, up to `MAX_SPEECH`; those under `MIN_SPAN` only without others."""
    inner = [Span(s.start + BOUNDARY / 2, s.end - BOUNDARY / 2) for s in spans if s.duration > 2 * BOUNDARY]
    chosen: list[Span] = []
    remaining = MAX_SPEECH
    for span in sorted(inner, key=lambda span: (-span.duration, span.start)):
        if remaining < BOUNDARY or (chosen and span.duration < MIN_SPAN):
            break
        chosen.append(Span(span.start, min(span.end, span.start + remaining)))
        remaining -= chosen[-1].duration
    return chosen


def _pieces(audio: Audio, spans: Sequence[Span]) -> list[Samples]:
    """The spans' samples in pieces of up to `PIECE` seconds, equally long within a span."""
    pieces: list[Samples] = []
    for span in spans:
        samples = audio.crop(span)
        count = -(-len(samples) // to_sample(PIECE))
        pieces += [piece for piece in np.array_split(samples, count) if len(piece)] if count else []
    return pieces


def _mean(vectors: NDArray[np.float32], pieces: Sequence[Samples]) -> NDArray[np.float32]:
    """The mean of the pieces' vectors by length, as a unit vector; NaN where no piece has one."""
    valid = np.isfinite(vectors).all(axis=1)
    lengths = np.array([len(piece) for piece in pieces], np.float64)
    mean = (lengths[valid, None] * vectors[valid]).sum(axis=0)
    unit: NDArray[np.float32] = (mean / np.linalg.norm(mean) if mean.any() else np.full_like(mean, np.nan)).astype("f4")
    return unit
