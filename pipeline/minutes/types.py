"""The minutes as values: frozen dataclasses whose texts are the words of utterances.

Times are seconds from the start of the recording. Utterances are numbered as in `Transcript.utterances`, words as in
`Utterance.words`, both from 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pipeline.core.correction import ITEM_KINDS
from pipeline.core.types import Notice, Transcript, Word, join_words

KINDS = ITEM_KINDS
"""The kinds of items: the arrays of the minutes that hold them."""


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """The words ``first_word`` to ``last_word`` (inclusive) of one utterance."""

    utterance: int
    """Number of the utterance."""
    first_word: int
    """Number of the first word in the utterance."""
    last_word: int
    """Number of the last word in the utterance; it belongs to the evidence."""

    def words(self, transcript: Transcript) -> tuple[Word, ...]:
        """The words."""
        return transcript.utterances[self.utterance].words[self.first_word : self.last_word + 1]

    def text(self, transcript: Transcript) -> str:
        """The words as running text."""
        return join_words(self.words(transcript))


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the minutes: words that were said, with their moment and speaker."""

    start: float
    """Start of the first word, in seconds."""
    end: float
    """End of the last word, in seconds."""
    speaker: str
    """Label of the speaker in the transcript."""
    text: str
    """The words of the evidence, unchanged."""
    evidence: tuple[Evidence, ...]
    """Where the words stand in the transcript; never empty."""
    topic: int
    """Number of the topic in which the item starts, from 0."""
    reason: str
    """Why the item was chosen: the words that were found (a cue), `model` for the trained model alone, or
    `added by a person`."""
    score: float
    """Score of the item among those of its kind; higher is surer. Scores of two recordings cannot be compared."""
    label: str | None = field(default=None, kw_only=True)
    """A few words of a language model about the item; they were not said. Null without one."""


@dataclass(frozen=True, slots=True)
class Action(Item):
    """Something that somebody undertook or was asked to do."""

    who: str | None = None
    """Who does it: the speaker's label, where they say it of themselves, or a name that is among the words."""
    due: str | None = None
    """Until when: words of the text; null where no time was said."""

    @classmethod
    def of(cls, item: Item, who: str | None, due: str | None) -> Action:
        """An item as an action."""
        return cls(**{each.name: getattr(item, each.name) for each in fields(item)}, who=who, due=due)


@dataclass(frozen=True, slots=True)
class Topic:
    """A part of the recording about one subject, titled by key phrases."""

    title: str
    """Key phrases as they were said, separated by commas; empty where none was found."""
    start: float
    """Start of the first utterance, in seconds."""
    end: float
    """Start of the next topic, or the end of the last utterance, in seconds."""
    first_utterance: int
    """Number of the first utterance."""
    last_utterance: int
    """Number of the last utterance; it belongs to the topic."""
    evidence: tuple[Evidence, ...] = ()
    """Where each phrase of the title was said."""
    label: str | None = None
    """A few words of a language model about the topic; they were not said. Null without one."""


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One line of an agenda, and where it was talked about."""

    text: str
    """The line as it was given."""
    topics: tuple[int, ...] = ()
    """Numbers of the topics that match it, in order of time; empty where it was not discussed."""
    score: float = 0.0
    """How well the best passage matches, 0 to 1."""
    mention: Item | None = None
    """The sentence with most of its words in that passage; null where it was not discussed."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An action of earlier minutes, and where it is mentioned in this recording."""

    text: str
    """The words of the action in the earlier minutes."""
    speaker: str
    """Label of the speaker of these words in the earlier minutes."""
    who: str | None = None
    """Who was to do it, from the earlier minutes."""
    due: str | None = None
    """Until when, from the earlier minutes."""
    mention: Item | None = None
    """The sentence that has most of its words; null where it is not mentioned."""


@dataclass(frozen=True, slots=True)
class DoubtfulName:
    """A speaker whom the voice prints did not name surely."""

    speaker: str
    """Label of the speaker."""
    candidates: tuple[str, ...]
    """Names that are near, the most similar first."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much one speaker talks."""

    speaker: str
    """Label of the speaker."""
    seconds: float
    """Length of their turns, in seconds."""
    share: float
    """Their part of the talk of all speakers, 0 to 1."""
    words: int
    """Number of their words."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the minutes cannot contain."""

    uncovered: float | None
    """Seconds of speech without a word; null where the transcript has no such count."""
    removed: int
    """Number of utterances that the transcript lists as removed."""
    suspect: int
    """Number of utterances with words that may be hallucinations: no item is taken from them."""
    names: tuple[DoubtfulName, ...] = ()
    """Speakers without a name for whom there are candidates."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes of one recording; items of each kind are in order of time."""

    duration: float
    """Length of the recording, in seconds."""
    language: str | None
    """Language of the transcript, ISO 639-1."""
    people: tuple[Share, ...]
    """Speakers in order of first appearance."""
    left_out: LeftOut
    """What the minutes cannot contain."""
    made_by: str
    """Name and version of the method."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """How the minutes were made: `max_items`, `only`, and with a language model its name, host and context."""
    date: str | None = None
    """Date of the meeting, ISO 8601; null where it is unknown."""
    topics: tuple[Topic, ...] = ()
    """Topics in order of time; they cover all utterances."""
    points: tuple[Item, ...] = ()
    """Key points."""
    decisions: tuple[Item, ...] = ()
    """Passages in which something is decided or agreed."""
    actions: tuple[Action, ...] = ()
    """Things that somebody undertook or was asked to do."""
    questions: tuple[Item, ...] = ()
    """Questions without an answer in what follows."""
    agenda: tuple[AgendaItem, ...] = ()
    """The lines of the agenda, in their order; empty without one."""
    previous: tuple[FollowUp, ...] = ()
    """The actions of earlier minutes, in their order; empty without any."""
    notices: tuple[Notice, ...] = ()
    """Warnings that belong to these minutes."""
