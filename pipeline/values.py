"""The values that flow through the pipeline: frozen, small, standard library only.

Times are float seconds on the recording's own clock; spans are half-open, ``start < end``; rounding belongs to
the writers. What can be derived is a property, never a field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Origin = Literal["mixture", "separated"]
Status = Literal["ok", "no_speech"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open piece ``[start, end)`` of the recording, in seconds; raises ``ValueError`` when it is empty."""

    start: float
    end: float

    def __post_init__(self) -> None:
        _require_span(self.start, self.end)

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """One speaker holding the floor from ``start`` to ``end`` seconds.

    ``margin`` says how sure the speaker is: cosine similarity to the own voice minus that to the next nearest one
    (0 = a toss-up); ``None`` when the diarizer does not tell.
    """

    start: float
    end: float
    speaker: str
    margin: float | None = field(default=None, compare=False)

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
    """A maximal region in which the same two or more speakers talk at once; ``speakers`` is sorted."""

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
    """A time of a reference in which nothing is to be scored, on one ``channel`` or (None) on all."""

    start: float
    end: float
    channel: str | None = None

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Word:
    """A recognised word with its evidence.

    ``text`` has no surrounding space; ``joined`` says that nothing stands between it and the word before ("-five",
    Chinese characters). ``probability`` is the recogniser's own (0 to 1). ``origin`` tells whether it was heard in the
    mixture or in separated speech. ``margin`` is its turn's, see `Turn`. ``suspect`` holds the reason why the word
    may be none (a loop, a stock phrase), else ``None``.
    """

    start: float
    end: float
    text: str
    probability: float | None = None
    joined: bool = False
    origin: Origin = "mixture"
    margin: float | None = None
    suspect: str | None = None

    def __post_init__(self) -> None:
        _require_span(self.start, self.end)

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker said in one go: at least one word, in order of time; span and text are derived."""

    speaker: str
    words: tuple[Word, ...]

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
        return spell(self.words)


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker's part in the ledger entry of an overlap: the evidence of his separated source, and his words.

    ``similarity`` is the cosine of the source to the speaker's own voice, ``rival`` that to the nearest other;
    ``energy_db`` is the source's energy relative to the mixture. ``None`` where it was not measured.
    """

    speaker: str
    text: str = ""
    similarity: float | None = None
    rival: float | None = None
    energy_db: float | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """An entry of the overlap ledger: what was tried where people talk at once, what was decided, and why.

    ``leaked`` holds the words removed because another stream says the same at the same time.
    """

    start: float
    end: float
    voices: tuple[Voice, ...]
    separator: str
    decision: Origin
    reason: str
    leaked: tuple[Utterance, ...] = ()

    def __post_init__(self) -> None:
        _require_span(self.start, self.end)

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(voice.speaker for voice in self.voices)


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning that belongs to the result: a stable ``code`` for machines, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Where the seconds of a recording went. All in seconds; nothing is lost silently.

    ``duration`` by the file's own clock; ``decoded`` samples that came out of it; ``speech`` the union of the turns;
    ``with_words`` the part of the speech near words; ``uncovered`` stretches of speech of over 3 s without a word.
    """

    duration: float
    decoded: float
    speech: float
    with_words: float
    uncovered: float


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a transcript: enough to make it again, and nothing that changes from run to run.

    ``sha256`` is the recording's; ``settings`` are those that can change a result; ``models`` maps a part
    ("segmentation") to an identity with its hash; ``versions`` maps a package to its version.
    """

    source: str
    sha256: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transcript:
    """Who said what in one recording: the pipeline's result, and the one type that every format converts.

    ``complete`` is false when only a part of the file could be read. ``language`` is an ISO 639-1 code, ``None``
    without speech. Utterances are sorted by start; an overlap shows as utterances that overlap in time.
    """

    duration: float
    utterances: tuple[Utterance, ...] = ()
    turns: tuple[Turn, ...] = ()
    overlaps: tuple[Region, ...] = ()
    language: str | None = None
    complete: bool = True
    coverage: Coverage | None = None
    warnings: tuple[Notice, ...] = ()
    provenance: Provenance | None = None

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


def spell(words: tuple[Word, ...]) -> str:
    """The words as running text: one space before each word that is not ``joined`` to the one before."""
    return "".join(word.text if word.joined else f" {word.text}" for word in words).strip()


def _require_span(start: float, end: float) -> None:
    if not (0 <= start < end < float("inf")):
        raise ValueError(f"a span needs 0 <= start < end < inf, in seconds; got {start!r} to {end!r}")
