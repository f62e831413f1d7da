"""Decisions and key points: passages by a trained model, and in each passage the sentence that is quoted.

The models are logistic regressions over position and features of the dialogue (lengths, mix of speakers, assent), for
decisions also shares of word classes and similarity to what was said before and after, for key points words and word
pairs: the kinds of features of Hsueh and Moore, "What decisions have you made?" (NAACL 2007), and Murray and Renals on
extractive summaries of AMI meetings.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.minutes.choosing import distance, item, peaks
from pipeline.minutes.cues import DECISION, spoken
from pipeline.minutes.features import (
    cosines,
    decision_numbers,
    dialogue,
    is_content,
    no_terms,
    passage_terms,
    vectors,
)
from pipeline.minutes.talk import Sentence, Talk
from pipeline.minutes.types import Evidence, Item, Topic
from pipeline.minutes.weights import Weights

LEAST = 5
"""Fewest tokens of an utterance and a sentence that can be quoted. Chosen by hand: shorter ones are assent."""
REACH = 12
"""Utterances on each side of a decision's moment in which its sentence is looked for. Chosen on the parts train and
tune: by the measure, 0 to 12 do not differ; with 12 three fifths of the sentences have a cue, with 0 a tenth."""
CUE = 1.0
"""What a cue of a decision adds to a sentence's score, a log-odds; with `REACH`."""
CONTENT = 0.05
"""What a point of rarity of its words adds to a decision's sentence. Chosen by hand: of two sentences in one passage
the one that says more is quoted."""
MOST_CONTENT = 15.0
"""Most points of rarity that count. Chosen by hand: about ten content words."""
QUESTION = 1.0
"""What is taken from the score of a decision's sentence that asks. Chosen by hand: a question proposes, the reply
decides."""
SMALL = 30
"""Utterances below which a decision needs a cue. Chosen by hand: the model was trained on whole meetings."""
FLOOR = -2.0
"""Least score of a decision without a cue. Chosen by hand: a recording without decisions has few items."""


def decision_scores(talk: Talk, weights: Weights) -> NDArray[np.float64]:
    """The log-odds of each utterance to lie in a passage in which something is decided."""
    return weights.decisions.scores(decision_numbers(talk, weights.rarity), no_terms(talk))


def point_scores(talk: Talk, weights: Weights) -> NDArray[np.float64]:
    """The log-odds of each utterance to lie in a passage that somebody would ask about."""
    return weights.points.scores(dialogue(talk), passage_terms(talk))


def decisions(
    talk: Talk, topics: Sequence[Topic], scores: NDArray[np.float64], rarity: Mapping[str, float], most: int
) -> list[Item]:
    """Up to ``most`` decisions, best first."""
    found: dict[Evidence, Item] = {}
    for index in peaks(scores, quotable(talk), most, distance(len(scores))):
        chosen = _decision_sentence(talk, index, scores, rarity, found)
        score = float(scores[index])
        if chosen and (chosen[1] or (score >= FLOOR and len(scores) >= SMALL)):
            sentence, cue = chosen
            found[sentence.evidence] = item(talk.transcript, topics, sentence, cue or "model", score)
    return list(found.values())


def points(
    talk: Talk, topics: Sequence[Topic], scores: NDArray[np.float64], rarity: Mapping[str, float], most: int
) -> list[Item]:
    """Up to ``most`` key points, best first; each topic has one before any has a second."""
    allowed, apart = quotable(talk), distance(len(scores))
    ranked = peaks(scores, allowed, len(scores), apart)
    topic_of = {n: k for k, topic in enumerate(topics) for n in range(topic.first_utterance, topic.last_utterance + 1)}
    first = {topic_of[index]: index for index in reversed(ranked)}
    leading = sorted(first.values(), key=lambda index: -scores[index])
    chosen = [*leading, *(index for index in ranked if index not in leading)][:most]
    quoted = [(max(_quotable_sentences(talk, [n]), key=lambda s: _content(s, rarity)), scores[n]) for n in chosen]
    return [item(talk.transcript, topics, sentence, "model", float(score)) for sentence, score in quoted]


def quotable(talk: Talk) -> list[bool]:
    """Whether each utterance has a sentence that can be quoted."""
    long = [number for number, tokens in enumerate(talk.tokens) if len(tokens) >= LEAST]
    able = {number for number in long if _quotable_sentences(talk, [number])}
    return [number in able for number in range(len(talk.tokens))]


def central(talk: Talk, rarity: Mapping[str, float]) -> NDArray[np.float64]:
    """Scores of utterances without a trained model: their similarity to the whole talk (a centroid summary; Radev and
    others, 2004), for languages that the models do not know."""
    matrix = vectors(talk, rarity)
    return cosines(matrix, np.broadcast_to(matrix.sum(axis=0), matrix.shape))


def _decision_sentence(
    talk: Talk, index: int, scores: NDArray[np.float64], rarity: Mapping[str, float], quoted: Container[Evidence]
) -> tuple[Sentence, str] | None:
    """The best sentence near an utterance that is not ``quoted``, and its cue or ``""``; None without one."""
    near = range(max(0, index - REACH), min(len(scores), index + REACH + 1))
    best: tuple[float, Sentence, str] | None = None
    for sentence in _quotable_sentences(talk, [index, *(n for n in near if n != index)]):
        if sentence.evidence in quoted:
            continue
        match = DECISION.search(spoken(sentence.tokens))
        value = float(scores[sentence.evidence.utterance]) + (CUE if match else 0.0)
        value += CONTENT * min(_content(sentence, rarity), MOST_CONTENT)
        value -= QUESTION if sentence.tokens[-1] == "?" else 0.0
        if best is None or value > best[0]:
            best = (value, sentence, match[0] if match else "")
    return best and best[1:]


def _quotable_sentences(talk: Talk, utterances: Iterable[int]) -> list[Sentence]:
    lines = (number for number in utterances if number not in talk.suspect)
    return [each for number in lines for each in talk.sentences(number) if len(each.tokens) >= LEAST]


def _content(sentence: Sentence, rarity: Mapping[str, float]) -> float:
    """How much a sentence says: the rarity of its content words."""
    return sum(rarity.get(word, 1.0) for word in sorted(set(sentence.tokens)) if is_content(word, rarity))
