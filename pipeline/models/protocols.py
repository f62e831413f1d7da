"""What a model must be to take a place in the pipeline: one call each, arrays in, values out.

A backend is any class with ``from_config(config: Config, models: Store)`` that makes such an object; it is found by
a name of `pipeline.models.registry` or given as ``package.module:Class``. What identifies a model (settings, hashes
of its weights, source code) is read without loading it, so an object here needs no more than its one call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import Audio, Samples
from pipeline.core.events import Progress
from pipeline.core.types import Notice, Turn, Word

WINDOWS_AT_ONCE = 8
"""Windows handed to a recogniser in one call where it asks for no other number: a step of the progress bar."""


@dataclass(frozen=True, slots=True)
class SpeakerBounds:
    """How many people there are: ``least`` to ``most``; equal when the number is given, ``most`` None when open."""

    minimum: int = 1
    maximum: int | None = None

    @property
    def exact(self) -> int | None:
        return self.minimum if self.minimum == self.maximum else None


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who speaks when: turns (a speaker never overlaps himself; speakers may), and what is to be said of them."""

    turns: tuple[Turn, ...]
    notices: tuple[Notice, ...] = ()
    tracks: Mapping[str, int] = field(default_factory=dict)
    """Number of the track that each speaker was recorded on; speakers that are not listed are on track 0."""

    def track_of(self, speaker: str) -> int:
        """Number of the track that the speaker was recorded on."""
        return self.tracks.get(speaker, 0)

    def turns_on(self, track: int) -> tuple[Turn, ...]:
        """The turns of the speakers on one track."""
        return tuple(turn for turn in self.turns if self.track_of(turn.speaker) == track)


class Diarizer(Protocol):
    """Finds who speaks when."""

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization: ...


@dataclass(frozen=True, slots=True)
class EmbedderCalibration:
    """How far apart an embedder's unit vectors lie: squared distances, 2 − 2 cos. The defaults suit Resemblyzer.

    One voice, heard for d seconds, strays by ``noise / d + drift``; two people's lie ``between`` apart on top of that.
    """

    within_per_second: float = 0.5
    within_floor: float = 0.04
    between: float = 0.7
    margin: float = 0.09
    """How much nearer, in mean cosine, separated sources must be to their own speakers' voices than to any other's."""
    linkage: float = 0.5
    """Distance, not squared, at which pyannote's own clustering by centroids parts people."""


class Embedder(Protocol):
    """Turns speech into a vector that tells voices apart."""

    @property
    def calibration(self) -> EmbedderCalibration:
        """How far apart its vectors lie; an embedder of one's own has to be measured, there is no default."""
        ...

    def embed(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        """Unit vectors, shape (clips, dimension), of clips at 16 kHz; a row of NaN for a clip that is too short."""
        ...


class FrameEmbedder(ABC):
    """The base class of embedders whose trunk computes frames once, from which the head pools any speaker's vector.

    Only what inherits from it is used so, whatever other methods an embedder has.
    """

    @abstractmethod
    def forward_frames(self, pieces: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """What the trunk makes of each piece, evenly spread over its time: shape (frames, width); 16 kHz."""

    @abstractmethod
    def voices(self, heard: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit vectors, shape (people, dimension); ``weights``, shape (people, frames), say from 0 to 1 how far each
        frame is whose. A row of NaN for nothing."""


def windows_at_once(recognizer: Recognizer) -> int:
    """How many windows to hand over in one call: what the recogniser says of itself, else `WINDOWS_AT_ONCE`."""
    return int(getattr(recognizer, "windows_at_once", WINDOWS_AT_ONCE))


class Separator(Protocol):
    """Takes a mixture apart."""

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> NDArray[np.float32]:
        """Sources, shape (any number, len(mixture)), 16 kHz, in any order and at any level.

        ``solo`` holds, for each person who talks in the mixture, speech of theirs alone from the same recording. The
        arrays are read-only. Raises `CannotSeparate` for a mixture that it declines: that is no failure.
        """
        ...


class ParallelSeparator(ABC):
    """The base class of separators that separate several mixtures at once, in threads of their own making.

    Only what inherits from it is called so, whatever other methods a separator has.
    """

    @abstractmethod
    def pool(self) -> AbstractContextManager[Executor]:
        """The threads in which `separate` may be called side by side."""


class Recognizer(Protocol):
    """Writes down what is said."""

    def detect_language(self, samples: Samples) -> str:
        """The language spoken, ISO 639-1, of at most 30 s at 16 kHz."""
        ...

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        """The words of each window (at most 30 s), times from its start; ``rescue`` asks for the careful way.

        A word that the recogniser itself does not believe has a reason in ``suspect``: it is left out of the text, and
        listed in `Transcript.removed`.
        """
        ...
