"""What a model must be to take a place in the pipeline: its declarations, and one call with arrays in and values out.

A model is a class: it declares its version, options, requirements and weights (see `Model`), and its ``from_config``
makes the object of its protocol (`Diarizer`, `Embedder`, `Separator`, `Recognizer`). `pipeline.models.registry` finds
it by name. The declarations are read long before anything is computed, so a module that declares a model imports heavy
libraries inside its functions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.config.schema import Config
from pipeline.core.audio import Audio, Samples
from pipeline.core.errors import CannotSeparate
from pipeline.core.events import Progress
from pipeline.core.types import Notice, Turn, Word

if TYPE_CHECKING:
    from pipeline.models.weights import Store

WINDOWS_AT_ONCE = 8
"""Windows passed to a recognizer in one call where it declares no other number.

Chosen by hand. More windows use a large batch better, but make the steps of the progress bar longer.
"""
MAX_SECONDS = 30.0
"""Longest window in seconds of a recognizer that declares no other length.

Whisper's encoder works on 30 s. A longer window gives more context, and needs a recognizer that can use it.
"""


class Model:
    """The declarations of a model, with their defaults; a class of the user's own may have them without inheriting.

    ``version`` has no default: a class without it is identified by a hash of its source code.
    """

    version: ClassVar[int]
    """The number of the model's results, raised by hand whenever they change: it is part of every cache key."""
    Options: ClassVar[type[Any] | None] = None
    """A frozen dataclass of the model's own settings, read strictly from ``<section>.options``; None for no options."""
    requires: ClassVar[tuple[str, ...]] = ()
    """Distributions whose installed version can change a result; it is part of every cache key."""

    @classmethod
    def weights(cls, config: Config) -> Mapping[str, str]:
        """The model's weights by the part they play: names of the store, or folders.

        They are checked before any work, fetched by ``transcribe models pull``, hashed into cache keys and listed in
        the transcript's provenance.
        """
        return {}

    @classmethod
    def check(cls, config: Config, weights: Store) -> None:
        """Raise `SettingsError` for settings that the model cannot work with; called before any work."""


class DiarizerModel(Model):
    """The declarations of a diarizer."""

    @classmethod
    def uses_embedder(cls, config: Config) -> bool:
        """Whether it loads the configured embedder; False unless overridden."""
        return False


class SeparatorModel(Model):
    """The declarations of a separator."""

    @classmethod
    def uses_embedder(cls, config: Config) -> bool:
        """Whether separated sources are compared with the speakers' embeddings; True unless overridden."""
        return True


class EmbedderModel(Model):
    """The declarations of an embedder."""

    layout: ClassVar[str] = ""
    """The file by which a folder with this embedder's weights is recognized; empty when it is only used by name."""

    @classmethod
    def weights(cls, config: Config) -> Mapping[str, str]:
        """The weights that the settings name: the embedder's name is its model's too."""
        return {"embedding": config.embedding.model}


@dataclass(frozen=True, slots=True)
class SpeakerBounds:
    """The number of speakers: from ``minimum`` to ``maximum``, both included; ``maximum`` None sets no upper bound."""

    minimum: int = 1
    maximum: int | None = None

    @property
    def exact(self) -> int | None:
        """The number of speakers where the bounds are equal, else None."""
        return self.minimum if self.minimum == self.maximum else None


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who speaks when: the turns (no two turns of one speaker overlap; turns of different speakers may), and notices
    about them."""

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

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization:
        """The turns of the recording; ``progress`` counts seconds of audio."""
        ...


@dataclass(frozen=True, slots=True)
class NameCalibration:
    """Cosine similarities from which an embedder's vectors name a person, by band, and the margin over the next one."""

    wide: float
    """Smallest similarity to a voice print of speech with energy above 4 kHz."""
    narrow: float
    """Smallest similarity where both are limited to a telephone's band."""
    margin: float
    """Smallest difference to the similarity of the second best person."""
    telephone_mean: str | None = None
    """Mean of the vectors of many speakers' speech in a telephone's band, float32 as base64: it is taken off each such
    vector, because the missing band makes them all similar. None takes nothing off."""

    def of(self, band: str) -> float:
        """The smallest similarity in a band."""
        return self.wide if band == "wide" else self.narrow


@dataclass(frozen=True, slots=True)
class EmbedderCalibration:
    """Two-covariance calibration of an embedder: variances of squared distances between unit vectors (2 − 2 cos).

    The embedding of d seconds of a speaker lies at a squared distance of ``within_per_second / d + within_floor`` from
    the speaker's mean; the means of two speakers lie ``between`` further apart. The defaults suit Resemblyzer.
    """

    within_per_second: float = 0.5
    within_floor: float = 0.04
    between: float = 0.7
    margin: float = 0.09
    """Minimum by which separated sources must be nearer, in mean cosine, to the embeddings of their speakers than
    to any other speaker's."""
    linkage: float = 0.5
    """Distance, not squared, at which pyannote's centroid linkage stops merging clusters."""
    names: NameCalibration | None = None
    """Limits for names; None for an embedder that was not measured for it, which then names no one."""


class Embedder(Protocol):
    """Maps speech to vectors that discriminate speakers."""

    @property
    def calibration(self) -> EmbedderCalibration:
        """The distribution of its vectors' distances. It has no default: measure it for a new embedder."""
        ...

    def embed(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        """Unit vectors, shape (clips, dimension), of clips at 16 kHz; a row of NaN for a clip that is too short."""
        ...


class FrameEmbedder(ABC):
    """The base class of embedders that compute frames once, from which the embedding of any speaker can be pooled.

    Only subclasses are used in this way, whatever other methods an embedder has.
    """

    context: ClassVar[float] = 0.0
    """Seconds of audio around its middle that a frame describes; 0 for the frame alone. A frame counts less for a
    speaker who does not speak alone in all of it."""

    @abstractmethod
    def forward_frames(self, pieces: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """The frames of each piece at 16 kHz, spread evenly over its duration: shape (frames, width)."""

    @abstractmethod
    def pool(self, features: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit vectors, shape (speakers, dimension), pooled from ``features``, shape (frames, width).

        ``weights[i, t]``: activity of speaker i at frame t, 0 to 1. A speaker without activity gets a row of NaN.
        """


class Separator(Protocol):
    """Separates a mixture into sources."""

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> NDArray[np.float32]:
        """Sources, shape (any number, len(mixture)), 16 kHz, in any order and at any level.

        ``solo`` holds single-speaker speech from the same recording for each speaker of the mixture. The arrays are
        read-only. `CannotSeparate` declines a mixture: the recording goes on, and the mixture is used.
        """
        ...


class ParallelSeparator(ABC):
    """The base class of separators that separate several mixtures at once, in threads that they provide.

    Only subclasses are called in this way, whatever other methods a separator has.
    """

    @abstractmethod
    def executor(self) -> AbstractContextManager[Executor]:
        """The threads in which `separate` may be called concurrently."""


Mixture: TypeAlias = tuple[Samples, Mapping[str, Samples]]
"""A mixture and the single-speaker speech of its speakers, as `Separator.separate` gets them."""


class BatchSeparator(ABC):
    """The base class of separators that separate several mixtures in one call.

    Only subclasses are called in this way, whatever other methods a separator has.
    """

    @property
    @abstractmethod
    def mixtures_at_once(self) -> int:
        """The number of mixtures to pass in one call; 1 where more are not faster."""

    @abstractmethod
    def separate_batch(self, mixtures: Sequence[Mixture]) -> Sequence[NDArray[np.float32] | CannotSeparate]:
        """What `Separator.separate` returns or raises for each mixture, in order."""


class Recognizer(Protocol):
    """Transcribes speech.

    A recognizer may also have ``max_seconds``, its longest window, and ``windows_at_once``, the number of windows to
    pass in one call; see `max_seconds` and `windows_at_once` for their defaults.
    """

    def detect_language(self, samples: Samples) -> str:
        """The language spoken, ISO 639-1, in up to 30 s of audio at 16 kHz."""
        ...

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        """The words of each window (up to ``max_seconds`` long), with times from its start.

        ``fallback`` asks for decoding that cannot loop, which is used where the first pass gave a loop or no words.
        A word that the recognizer itself rejects has a reason in ``suspect``: it is left out of the text, and listed in
        `Transcript.removed`.
        """
        ...


def windows_at_once(recognizer: Recognizer) -> int:
    """The number of windows to pass in one call: the recognizer's ``windows_at_once``, else `WINDOWS_AT_ONCE`."""
    return int(getattr(recognizer, "windows_at_once", WINDOWS_AT_ONCE))


def max_seconds(recognizer: Recognizer) -> float:
    """The longest window in seconds: the recognizer's ``max_seconds``, else `MAX_SECONDS`."""
    return float(getattr(recognizer, "max_seconds", MAX_SECONDS))
