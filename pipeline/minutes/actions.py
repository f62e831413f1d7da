"""Actions: what somebody undertakes or is asked to do, found by cues; who does it, and until when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.core.types import Transcript, Word, join_words
from pipeline.minutes.choosing import distance, item
from pipeline.minutes.cues import DUE, PROMISE, REQUEST, TASK, spoken
from pipeline.minutes.features import is_content
from pipeline.minutes.talk import Sentence, Talk, tokens_of
from pipeline.minutes.types import Action, Item, Topic

VALUES = ((PROMISE, 2.0), (REQUEST, 2.0), (TASK, 1.5))
"""What each cue adds to the score. Chosen by hand: the data has few passages about actions."""
DATED = 1.0
"""What a time by which something is done adds to the score. Chosen by hand."""
LATE, CLOSING = 1.0, 0.85
"""What is added in the closing part of the recording, and where that begins, as a share: most tasks are given there.
Chosen by hand."""
PASSAGE = 0.25
"""Weight of the decision model's score. Chosen by hand: tasks follow decisions."""
LEAST = 4
"""Fewest tokens of a sentence. Chosen by hand."""
_EDGES = re.compile(r"^\W+|\W+$")


def actions(
    talk: Talk, topics: Sequence[Topic], passages: NDArray[np.float64], rarity: Mapping[str, float], most: int
) -> list[Action]:
    """Up to ``most`` actions, best first; ``passages``: the decision model's score of each utterance."""
    ranked = sorted(_candidates(talk, passages), key=lambda found: (-found[0], found[1].evidence))
    names = _names(talk, rarity)
    chosen: list[Action] = []
    apart = max(1, distance(len(talk.tokens)) // 4)
    for score, sentence, cue, undertaken in ranked:
        line = sentence.evidence.utterance
        if len(chosen) >= most:
            break
        if any(abs(each.evidence[0].utterance - line) < apart for each in chosen):
            continue
        chosen.append(_action(item(talk.transcript, topics, sentence, cue, score), talk.transcript, names, undertaken))
    return chosen


def as_action(plain: Item, talk: Talk, rarity: Mapping[str, float]) -> Action:
    """An item that was found otherwise as an action: who does it and until when, by the same cues."""
    words = [each.words(talk.transcript) for each in plain.evidence]
    undertaken = any(PROMISE.search(spoken(tokens_of(each))) for each in words)
    return _action(plain, talk.transcript, _names(talk, rarity), undertaken)


def _action(plain: Item, transcript: Transcript, names: frozenset[str], undertaken: bool) -> Action:
    words = [each.words(transcript) for each in plain.evidence]
    who = plain.speaker if undertaken else next(filter(None, (addressed(each, names) for each in words)), None)
    due = next(filter(None, map(due_words, words)), None)
    return Action.of(plain, who, due)


def _candidates(talk: Talk, passages: NDArray[np.float64]) -> Iterator[tuple[float, Sentence, str, bool]]:
    """Sentences with a cue: score, sentence, cue, and whether the speaker undertakes it."""
    for line in range(len(talk.tokens)):
        if line in talk.suspect or len(talk.tokens[line]) < LEAST:
            continue
        for sentence in talk.sentences(line):
            text = spoken(sentence.tokens)
            found = [(value, match[0], cue is PROMISE) for cue, value in VALUES if (match := cue.search(text))]
            if not found or len(sentence.tokens) < LEAST:
                continue
            late = LATE if line >= CLOSING * len(talk.tokens) else 0.0
            dated = DATED if DUE.search(text) else 0.0
            score = max(found)[0] + 0.5 * (len(found) - 1) + dated + late + PASSAGE * float(passages[line])
            yield score, sentence, found[0][1], found[0][2]


def _names(talk: Talk, rarity: Mapping[str, float]) -> frozenset[str]:
    """Words of the speakers' names, except labels that are no names, and words that are frequent everywhere."""
    words = {word for name in talk.speakers for word in re.findall(r"[^\W\d_]{3,}", name)}
    return frozenset(word.lower() for word in words if word.istitle() and is_content(word.lower(), rarity))


def addressed(words: Sequence[Word], names: frozenset[str]) -> str | None:
    """The first word that is a speaker's name, as it was said."""
    plain = (_EDGES.sub("", word.text) for word in words)
    return next((word for word in plain if word[:1].isupper() and word.lower() in names), None)


def due_words(words: Sequence[Word]) -> str | None:
    """The words that say until when."""
    text, places = "", []
    for number, word in enumerate(words):
        for token in tokens_of((word,)):
            text += (" " if text else "") + token
            places.append((len(text), number))
    match = DUE.search(text)
    if not match:
        return None
    numbers = [number for end, number in places if match.start() < end <= match.end()]
    return _EDGES.sub("", join_words(tuple(words[numbers[0] : numbers[-1] + 1]))) or None
