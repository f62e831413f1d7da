"""The values of the pipeline: frozen dataclasses, standard library only.

Times are float seconds from the start of the recording; spans are half-open, ``start < end``; writers round. Derived
values are properties, never fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal

from pipeline.core.correction import Correction
from pipeline.core.identity import Identity
from pipeline.core.pause import Pause
from pipeline.core.role import RoleDecision

ROUNDING: Final = 1e-6
"""Tolerance in seconds for times that differ by floating-point rounding only. Chosen by hand, far below a sample; a
larger value would accept turns that do overlap."""
Origin = Literal["mixture", "separated"]
"""Audio that words were recognized in."""
WordOrigin = Literal["mixture", "separated", "corrected"]
"""Where a word comes from: recognized in the mixture or in a separated source, or written by a person."""
Status = Literal["ok", "no_speech"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The half-open interval ``[start, end)`` of the recording, in seconds; raises ``ValueError`` when it is empty."""

    start: float
    end: float

    def __post_init__(self) -> None:
        _require_span(self.start, self.end)

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """One speaker active from ``start`` to ``end`` seconds.

    ``margin`` is the confidence in the speaker: cosine similarity to their embedding minus that to the nearest other
    speaker's (0 = a tie); ``None`` where the diarizer computes none.
    """

    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""
    speaker: str
    """Speaker label."""
    margin: float | None = field(default=None, compare=False)
    """Cosine similarity to this speaker minus that to the nearest other speaker; 0 is a tie."""
    loudness: float | None = field(default=None, compare=False)
    """Loudness in LUFS (ITU-R BS.1770) while the speaker is alone; null where that is under 0.4 s, or not measured."""

    def __post_init__(self) -> None:
        _require_span(self.start, self.end)

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True, order=True)
class Overlap:
    """A maximal region in which the same two or more speakers are active; ``speakers`` is sorted."""

    start: float
    end: float
    speakers: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_span(self.start, self.end)

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True, order=True)
class Unscored:
    """A span of a reference that is not scored, on one ``channel`` or (None) on all."""

    start: float
    end: float
    channel: str | None = None

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Word:
    """A recognized word with its evidence."""

    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""
    text: str
    """The word, without surrounding spaces."""
    probability: float | None = None
    """The recognizer's probability, 0 to 1."""
    no_space: bool = False
    """True when no space stands between this word and the one before ("-five", Chinese characters)."""
    origin: WordOrigin = "mixture"
    """Audio that the word was recognized in, the `mixture` or a `separated` source; `corrected`: a person wrote it."""
    margin: float | None = None
    """The `margin` of the speaker's turn that the word lies in."""
    suspect: str | None = None
    """Why the word may be a hallucination (a loop, a stock phrase); absent otherwise."""

    def __post_init__(self) -> None:
        _require_span(self.start, self.end)

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Utterance:
    """Consecutive words of one speaker, at least one, in order of time; span and text are derived."""

    speaker: str
    """Speaker label."""
    words: tuple[Word, ...]
    """The words in order of time; at least one."""

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("an utterance has at least one word")

    @property
    def start(self) -> float:
        return self.words[0].start

    @property
    def end(self) -> float:
        return max(word.end for word in self.words)

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def text(self) -> str:
        return join_words(self.words)


@dataclass(frozen=True, slots=True)
class SpeakerEvidence:
    """One speaker in the ledger entry of an overlap: the evidence of their separated source, and their words.

    Measurements are ``None`` where they were not made.
    """

    speaker: str
    """Speaker label."""
    text: str = ""
    """The speaker's words in the region."""
    similarity: float | None = None
    """Cosine similarity of the separated source to this speaker's single-speaker speech."""
    nearest_other: float | None = None
    """Cosine similarity of the separated source to the nearest other speaker."""
    energy_db: float | None = None
    """Energy of the separated source relative to the mixture, in dB; below −15 dB it counts as silent."""


@dataclass(frozen=True, slots=True)
class OverlapDecision:
    """An entry of the overlap ledger: the decision on one region of overlapping speech, its evidence and reason."""

    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""
    evidence: tuple[SpeakerEvidence, ...]
    """Evidence and words of each speaker in the region."""
    separator: str
    """Separator that was tried; `channels` where each speaker has their own channel."""
    decision: Origin
    """Where the words come from: `separated` sources or the `mixture`."""
    reason: str
    """Why: see the list of reasons."""
    leaked: tuple[Utterance, ...] = ()
    """Words removed because another speaker's stream has the same words at the same time."""

    def __post_init__(self) -> None:
        _require_span(self.start, self.end)

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(item.speaker for item in self.evidence)


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning that belongs to the result."""

    code: str
    """Stable identifier, for programs: see the list of codes."""
    message: str
    """One sentence, for people."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Seconds of the recording that were decoded, contain speech, and were transcribed."""

    duration: float
    """Length of the recording by its own clock, in seconds."""
    decoded: float
    """Seconds of samples that were decoded."""
    speech: float
    """Seconds in which at least one speaker is active."""
    with_words: float
    """Seconds of that speech near a recognized word."""
    uncovered: float
    """Seconds of speech in passages of over 3 s without a word."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Recording, settings, models and versions of a transcript; equal for equal runs."""

    source: str
    """Name of the recording file."""
    sha256: str
    """Hash of the recording file."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Every setting that can change the result."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Model and hash of its weights, by the part it plays."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Versions of the packages that can change the result."""
    stages: Mapping[str, int] = field(default_factory=dict)
    """Versions of the stages that made the result, by name."""
    recorded: str | None = None
    """When the recording was made, by the tags of its file, ISO 8601; null where they do not say."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of one recording: the pipeline's result, and the type that every format converts.

    Overlapping speech appears as turns and utterances that overlap in time.

    Invariants, checked here (``ValueError``): turns are sorted, and one speaker's never overlap (they may touch);
    utterances and the words of each are sorted by start; turns, words and overlaps lie inside the recording. One
    speaker's *utterances* may overlap, because manual annotations do; the pipeline makes no overlapping words of one
    speaker. Rows of one speaker that overlap become turns by `timeline.joined`.
    """

    duration: float
    """Length of the recording by its own clock, in seconds."""
    utterances: tuple[Utterance, ...] = ()
    """The text: utterances sorted by start; those of different speakers may overlap."""
    turns: tuple[Turn, ...] = ()
    """Who speaks when, with or without recognized words."""
    overlaps: tuple[OverlapDecision, ...] = ()
    """The overlap ledger: one entry for each region with two or more speakers."""
    language: str | None = None
    """ISO 639-1 code; null without speech."""
    complete: bool = True
    """False when only a part of the file could be read."""
    coverage: Coverage | None = None
    """Seconds decoded, spoken and transcribed."""
    notices: tuple[Notice, ...] = ()
    """Notices about this recording."""
    provenance: Provenance | None = None
    """What produced this transcript."""
    removed: tuple[Utterance, ...] = ()
    """Probable hallucinations, with the reason in `suspect`; they are in no text."""
    identities: tuple[Identity, ...] = ()
    """The identity ledger: one entry for each speaker who was compared with people, or named by hand."""
    corrections: tuple[Correction, ...] = ()
    """The correction ledger: what people changed, in order, with the present labels."""
    roles: tuple[RoleDecision, ...] = ()
    """The role ledger: the role of each speaker of a call, with the present labels; empty without roles."""
    pauses: tuple[Pause, ...] = ()
    """Spans of 3 s or more without speech, and what is audible in them; empty where the audio was not measured."""

    def __post_init__(self) -> None:
        if not 0 <= self.duration < float("inf"):
            raise ValueError(f"a duration is 0 or more seconds, not {self.duration!r}")
        if any(two < one for one, two in pairwise(self.turns)):
            raise ValueError("turns are sorted by start, end and speaker")
        if any(two.start < one.start for one, two in pairwise(self.utterances)):
            raise ValueError("utterances are sorted by start")
        if any(two.start < one.start for line in self.utterances for one, two in pairwise(line.words)):
            raise ValueError("the words of an utterance are sorted by start")
        _require_disjoint(self.turns)
        if any(two.start < one.end - ROUNDING for one, two in pairwise(self.pauses)):
            raise ValueError("pauses are sorted and do not overlap")
        ends = [item.end for items in (self.turns, self.utterances, self.overlaps, self.pauses) for item in items]
        if max(ends, default=0.0) > self.duration + ROUNDING:
            raise ValueError(f"an item ends at {max(ends)} s, after the recording ({self.duration} s)")

    @property
    def status(self) -> Status:
        return "ok" if self.utterances else "no_speech"

    @property
    def speakers(self) -> tuple[str, ...]:
        """Labels in order of first appearance, in turns or utterances."""
        starts = sorted(
            [(t.start, t.speaker) for t in self.turns] + [(u.start, u.speaker) for u in self.utterances],
        )
        return tuple(dict.fromkeys(speaker for _, speaker in starts))

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for utterance in self.utterances for word in utterance.words)


def join_words(words: tuple[Word, ...]) -> str:
    """The words as running text: one space before each word without ``no_space``."""
    return "".join(word.text if word.no_space else f" {word.text}" for word in words).strip()


def _require_disjoint(turns: tuple[Turn, ...]) -> None:
    """``ValueError`` where one speaker's turns overlap; ``turns`` are sorted."""
    ends: dict[str, float] = {}
    for turn in turns:
        if turn.start < ends.get(turn.speaker, 0.0) - ROUNDING:
            raise ValueError(f"turns of {turn.speaker} overlap at {turn.start} s")
        ends[turn.speaker] = turn.end


def _require_span(start: float, end: float) -> None:
    if not (0 <= start < end < float("inf")):
        raise ValueError(f"a span needs 0 <= start < end < inf, in seconds; got {start!r} to {end!r}")
