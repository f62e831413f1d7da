"""Choice of moments: the highest scores, with a distance between them; and the sentence that is quoted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.core.types import Transcript
from pipeline.minutes.talk import Sentence
from pipeline.minutes.types import Evidence, Item, Topic

APART = 0.04
"""Minimum distance of two moments, as a share of the utterances. 0.01 to 0.06 were tried on the parts train and tune:
a larger distance raises recall and lowers precision."""
APART_MOST = 40
"""Most utterances of that distance; for recordings of many hours, chosen by hand."""


def peaks(scores: NDArray[np.float64], allowed: Sequence[bool], most: int, apart: int) -> list[int]:
    """Up to ``most`` indices of the highest scores, best first, more than ``apart`` from each other."""
    chosen: list[int] = []
    free = np.array(allowed, bool)
    for index in map(int, np.argsort(-scores, kind="stable")):
        if len(chosen) >= most:
            break
        if free[index]:
            chosen.append(index)
            free[max(0, index - apart) : index + apart + 1] = False
    return chosen


def distance(utterances: int) -> int:
    """The minimum distance of two moments in a recording of this number of utterances."""
    return max(1, min(APART_MOST, int(APART * utterances)))


def topic_at(topics: Sequence[Topic], utterance: int) -> int:
    """The number of the topic of an utterance."""
    return next(number for number, each in enumerate(topics) if utterance <= each.last_utterance)


def item(
    transcript: Transcript, topics: Sequence[Topic], sentence: Sentence | Evidence, reason: str, score: float
) -> Item:
    """The item that quotes a sentence."""
    evidence = sentence.evidence if isinstance(sentence, Sentence) else sentence
    words = evidence.words(transcript)
    return Item(
        start=words[0].start,
        end=max(word.end for word in words),
        speaker=transcript.utterances[evidence.utterance].speaker,
        text=evidence.text(transcript),
        evidence=(evidence,),
        topic=topic_at(topics, evidence.utterance),
        reason=reason,
        score=round(score, 3),
    )
