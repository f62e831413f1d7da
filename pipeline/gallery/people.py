"""A person of the gallery: their name, their consent and their voice prints, as plain data.

A voice print is the embedding of a person's speech: a vector that a recording's speakers are compared with. Speech
cannot be restored from it, but it identifies a person: see docs/voice-prints.md.
"""

from __future__ import annotations

import base64
import binascii
import functools
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import SettingsError
from pipeline.core.identity import check_name

Band = Literal["wide", "narrow"]
"""``wide``: speech with energy above 4 kHz; ``narrow``: a telephone's."""
BANDS: tuple[Band, ...] = ("wide", "narrow")
"""The bands, the widest first."""
PURPOSE = "naming speakers in transcripts"
"""Purpose of a consent that names no other."""
UNIT = 1e-3
"""Largest difference of a vector's length from 1. Chosen by hand, above the rounding of float32."""


@dataclass(frozen=True, slots=True)
class VoicePrint:
    """One voice print: the embedding of a clip or of one speaker of a recording."""

    vector: str
    """The unit vector: float32, little-endian, base64."""
    band: Band
    """Band of the speech that it was computed from."""
    seconds: float
    """Seconds of that speech."""
    embedder: str
    """What computed it; voice prints of another embedder are not used."""
    source: str
    """Name of the recording file."""
    added: str
    """Date, ISO 8601."""

    def __post_init__(self) -> None:
        date.fromisoformat(self.added)
        if not abs(np.linalg.norm(self.array) - 1) <= UNIT:
            raise ValueError("the vector of a voice print has not the length 1")

    @property
    def array(self) -> NDArray[np.float32]:
        """The unit vector, shape (dimension,)."""
        return decoded_vector(self.vector)


def encoded_vector(vector: NDArray[np.float32]) -> str:
    """A vector as `VoicePrint.vector`."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")


@functools.lru_cache(maxsize=4096)
def decoded_vector(text: str) -> NDArray[np.float32]:
    """The vector of a text that `encoded_vector` returned; ``ValueError`` for any other."""
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    except (binascii.Error, ValueError) as error:
        raise ValueError("a vector is not base64 of float32") from error


@dataclass(frozen=True, slots=True)
class Consent:
    """The consent to keep a person's voice prints: who agreed, how and when, in the words of who added them."""

    text: str
    date: str
    """Date on which it was recorded, ISO 8601."""
    purpose: str = PURPOSE

    def __post_init__(self) -> None:
        date.fromisoformat(self.date)
        if not self.text.strip():
            raise ValueError("a consent says who agreed, how and when")
        (self.text + self.purpose).encode()  # UnicodeEncodeError, a ValueError, for bytes that are no text


@dataclass(frozen=True, slots=True)
class Person:
    """A person with their voice prints; ``consent`` is None only for people who are never stored."""

    name: str
    prints: tuple[VoicePrint, ...]
    consent: Consent | None = None
    expires: str | None = None
    """Last date on which the prints may be used, ISO 8601; None for no limit."""

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.expires is not None:
            date.fromisoformat(self.expires)

    def is_expired(self, today: date) -> bool:
        """Whether the prints may no longer be used."""
        return self.expires is not None and date.fromisoformat(self.expires) < today

    def prints_of(self, embedder: str) -> tuple[VoicePrint, ...]:
        """The prints that the embedder computed."""
        return tuple(each for each in self.prints if each.embedder == embedder)


def require_name(name: str, where: str = "") -> str:
    """`check_name`, for a name that a user gave; raises `SettingsError`."""
    try:
        return check_name(name)
    except ValueError as error:
        raise SettingsError(str(error), where=where) from error
