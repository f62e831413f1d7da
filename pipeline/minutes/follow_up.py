"""Actions of earlier minutes, and where this recording speaks of them.

An action counts as mentioned where a sentence has two or more of its subject words close together, and these are rare
enough. Names of the speakers do not count: a person who is named may speak of anything. The words are no proof that the
action was done, nor that this task was meant; what is found is quoted, so that a person can judge.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.core.errors import FormatError
from pipeline.core.text import counted
from pipeline.formats.sanitize import clean
from pipeline.minutes.choosing import item
from pipeline.minutes.documents.json_ import HINT, read_minutes
from pipeline.minutes.places import is_pair, line_tokens, stems
from pipeline.minutes.talk import Sentence, Talk
from pipeline.minutes.titles import UNKNOWN_RARITY
from pipeline.minutes.types import Action, FollowUp, Item, Topic

MOST_BYTES, MOST_ACTIONS, MOST_LETTERS = 20_000_000, 500, 10_000
"""Most bytes of minutes, actions in them, and letters of an action: limits of time and memory. Chosen by hand, far
above the minutes of a day."""
NEAR = 8
"""Tokens of a sentence within which shared words are counted. 4, 6, 8, 12 and whole sentences were tried on the parts
train and tune: in whole sentences more of them are about something else."""
FEWEST = 2
"""Fewest words that are shared. With one word, most mentions were about something else; with three, half of the
mentions that people would accept are lost."""
LENGTH = 10.0
"""Rarity that is added to that of all words of the action, about four words; without it, short actions are found by
common words. 0, 5, 10 and 20 were tried on the parts train and tune."""
MENTIONED = 0.10
"""Least score of a mention. Chosen on the parts train and tune, so that in meetings of another kind fewer than one
action in a hundred counts as mentioned."""
CONCENTRATED = 0.5
"""Exponent of a word's rarity in this talk, the inverse frequency of its sentences. 0, 0.5 and 1 were tried on the
parts train and tune and are equal."""
LETTERS, SHARE, SLACK = 5, 0.003, 3
"""Where there is no table of rarity for the language: fewest letters of a word that counts, and the most sentences with
it, a share of all sentences plus a number. Chosen on the parts train and tune, read without the table, for as few wrong
mentions as with it."""


def read_previous(path: Path) -> tuple[FollowUp, ...]:
    """The actions of minutes in our JSON (``crosstalk-minutes/1``), their texts cleaned of invisible characters.

    Raises `FormatError` naming file and place, for another schema, damage and more than the limits above.
    """
    where = str(path)
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise FormatError("is larger than 20 MB, which no minutes are", where=where, hint=HINT)
    actions = read_minutes(path).actions
    if len(actions) > MOST_ACTIONS:
        raise FormatError(
            f"has {counted(len(actions), 'action')}, up to {MOST_ACTIONS} are read", where=where, hint=HINT
        )
    for number, each in enumerate(actions):
        length = max(len(text or "") for text in (each.text, each.speaker, each.who, each.due))
        if length > MOST_LETTERS or not clean(each.text):
            what = f"actions[{number}]: must have texts of 1 to {MOST_LETTERS} characters"
            raise FormatError(what, where=where, hint=HINT)
    return tuple(_follow_up(each) for each in actions)


def match_previous(
    talk: Talk, topics: Sequence[Topic], previous: Sequence[FollowUp], rarity: Mapping[str, float]
) -> tuple[FollowUp, ...]:
    """The earlier actions, in their order, each with the sentence that speaks of it, or none.

    ``rarity``: the table of the weights, or nothing for a language without one. Takes time proportional to the tokens
    of the talk, and to the occurrences of the actions' words.
    """
    index = _Index.of(talk)
    labels = [*talk.speakers, *(name for each in previous for name in (each.speaker, each.who) if name)]
    names = {stem for label in dict.fromkeys(labels) for _, stem, _ in stems(line_tokens(label))}
    return tuple(replace(each, mention=_mention(index, topics, each, names, rarity)) for each in previous)


def _follow_up(action: Action) -> FollowUp:
    who, due = (text and clean(text) for text in (action.who, action.due))
    return FollowUp(clean(action.text), clean(action.speaker), who, due)


@dataclass(frozen=True, slots=True)
class _Index:
    """The sentences of a talk without doubtful words, and by stem the numbers of the sentences that have it."""

    talk: Talk
    sentences: tuple[Sentence, ...]
    having: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, talk: Talk) -> _Index:
        lines = (number for number in range(len(talk.tokens)) if number not in talk.suspect)
        sentences = tuple(each for number in lines for each in talk.sentences(number))
        having: dict[str, list[int]] = defaultdict(list)
        for number, sentence in enumerate(sentences):
            for stem in dict.fromkeys(stem for _, stem, _ in stems(sentence.tokens)):
                having[stem].append(number)
        return cls(talk, sentences, having)

    def concentration(self, stem: str) -> float:
        """1 for a stem in one sentence, 0 for one in every sentence."""
        count = len(self.sentences) + 1
        return float((math.log(count / len(self.having[stem])) / math.log(count)) ** CONCENTRATED)


def _mention(
    index: _Index, topics: Sequence[Topic], action: FollowUp, names: Container[str], rarity: Mapping[str, float]
) -> Item | None:
    """The sentence with the best words of the action; of equal ones the first."""
    wanted = _wanted(index, action.text, names, rarity)
    whole = sum(wanted.values()) + LENGTH
    present = {stem: value * index.concentration(stem) for stem, value in wanted.items() if stem in index.having}
    shared = Counter(number for stem in present for number in index.having[stem])
    best: float = 0.0
    words: tuple[str, ...] = ()
    sentence: Sentence | None = None
    for number in sorted(number for number, count in shared.items() if count >= FEWEST):
        score, close = _closest(index.sentences[number], present)
        if score > best:
            best, words, sentence = score, close, index.sentences[number]
    if sentence is None or best / whole < MENTIONED:
        return None
    return item(index.talk.transcript, topics, sentence, ", ".join(words), best / whole)


def _wanted(index: _Index, text: str, names: Container[str], rarity: Mapping[str, float]) -> dict[str, float]:
    """The stems of an action's subject words, with the rarity of the words; without a table, all are equally rare."""
    weights: dict[str, float] = {}
    most = SHARE * len(index.sentences) + SLACK
    for _, stem, word in stems(line_tokens(text)):
        weight = rarity.get(word, UNKNOWN_RARITY)
        if not rarity and not is_pair(word) and (len(word) < LETTERS or len(index.having.get(stem, ())) > most):
            continue
        if weight > 0 and stem not in names:
            weights[stem] = max(weights.get(stem, 0.0), weight)
    return weights


def _closest(sentence: Sentence, wanted: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
    """The highest sum of weights of `FEWEST` or more words within `NEAR` tokens, and these words; 0 without any."""
    places = [each for each in stems(sentence.tokens) if each[1] in wanted]
    best: tuple[float, tuple[str, ...]] = (0.0, ())
    for first, (start, _, _) in enumerate(places):
        found: dict[str, str] = {}
        overlapping = 0
        for place, stem, word in places[first:]:
            if place >= start + NEAR:
                break
            if stem not in found:
                previous = next(reversed(found.values()), "")
                overlapping += is_pair(word) and previous[-1:] == word[0]
                found[stem] = word
        if len(found) - overlapping >= FEWEST:
            best = max(best, (sum(wanted[stem] for stem in found), tuple(found.values())), key=lambda each: each[0])
    return best
