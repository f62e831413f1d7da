"""Open questions: questions without an answer in what follows.

A question counts as open where a reply says so ("I don't know", "we have to check"), or where no other speaker says
more than a few words in the next utterances.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.minutes.choosing import distance, item
from pipeline.minutes.cues import UNKNOWN, spoken
from pipeline.minutes.talk import Sentence, Talk
from pipeline.minutes.types import Item, Topic

LEAST = 6
"""Fewest tokens of a question, its mark included. Chosen by hand: shorter ones ask to repeat something."""
REPLIES = 4
"""Utterances after the question in which a reply is looked for. Chosen by hand."""
ANSWER = 6
"""Fewest tokens of an answer. Chosen by hand: shorter replies are assent, or end a question of procedure."""


def questions(talk: Talk, topics: Sequence[Topic], most: int) -> list[Item]:
    """Up to ``most`` open questions: first those that a reply calls open, then the longest."""
    found = [each for line in range(len(talk.tokens)) for each in _open(talk, line)]
    ranked = sorted(found, key=lambda each: (-each[0], each[1].evidence))
    chosen: list[Item] = []
    apart = max(1, distance(len(talk.tokens)) // 2)
    for score, sentence, reason in ranked:
        line = sentence.evidence.utterance
        if len(chosen) < most and all(abs(each.evidence[0].utterance - line) >= apart for each in chosen):
            chosen.append(item(talk.transcript, topics, sentence, reason, score))
    return chosen


def _open(talk: Talk, line: int) -> list[tuple[float, Sentence, str]]:
    """The questions of an utterance that are open, with score and reason; only its last sentences can be."""
    if line in talk.suspect or "?" not in talk.tokens[line]:
        return []
    asked = [s for s in talk.sentences(line)[-2:] if s.tokens and s.tokens[-1] == "?" and len(s.tokens) >= LEAST]
    following = range(line + 1, min(len(talk.tokens), line + 1 + REPLIES))
    replies = [n for n in following if talk.speakers[n] != talk.speakers[line]]
    doubts = [match[0] for n in replies if (match := UNKNOWN.search(spoken(talk.tokens[n])))]
    if doubts:
        return [(1 + len(each.tokens) / 100, each, doubts[0]) for each in asked]
    if any(len(talk.tokens[n]) >= ANSWER for n in replies):
        return []
    return [(len(each.tokens) / 100, each, "no answer") for each in asked]
