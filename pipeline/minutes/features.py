"""Features of utterances for the linear models: terms (texts with a prefix) and numbers.

Every function takes a `Talk` of n utterances; arrays have n rows, term lists come in the order of the utterances. The
training script uses the same functions as the finders.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.minutes.talk import Talk

Matrix = NDArray[np.float64]

SCALES = (50, 100, 200, 400)
"""Lengths in tokens of the blocks that are compared before and after an utterance. Chosen on the parts train and tune;
longer blocks find longer topics."""
VOCABULARY = 256
"""Most words of a meeting in the vectors of blocks, the most frequent first: a limit of memory and time."""
STEM = 7
"""Letters of a word that are compared, in place of a stemmer: it works in every language with letters."""
NEIGHBOURS = (5, 15, 40)
"""Utterances on each side over which features of the dialogue are averaged. Chosen by hand."""
EIGHTHS = 8
"""Parts of the recording that tell the position of a key point. Chosen by hand."""
CONTEXT = 8
"""Utterances on each side whose words are terms of a passage. 4, 8, 16 and 30 were tried: 16 and 30 are worse or
equal on the parts train and tune."""
OPENING, NEAR, EDGE = 25, 3, 20
"""For a boundary: tokens of the utterance itself; number of utterances before and after it, and tokens of each."""
CLASSES: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "modal": "should could would might can will maybe perhaps",
        "we": "we we're we'll we've our us let's",
        "need": "need want have has must",
        "not": "not don't no can't doesn't isn't won't didn't never",
        "think": "think guess suppose believe feel mean",
        "alternative": "or but if because instead either rather whether though",
        "turn": "so then okay well now right",
        "value": "good nice great cool better best like fine idea",
        "number": "one two three four five six seven eight nine ten twenty thirty fifty hundred percent euro euros",
        "you": "you your",
        "i": "i i'm i'll i've my",
        "past": "was were had did been got went said",
        "decide": "decide decided decision agree agreed agreement conclusion final finally choose chosen "
        "option options",
    }.items()
}
"""Classes of English words whose shares tell a discussion from a report: in passages about decisions people use more
modal verbs and alternatives and fewer words for themselves. Collected by hand."""
WIDE = 40
"""Utterances on each side over which shares of word classes are taken. 15, 25, 40 and 60 were tried on the parts train
and tune: 15 is worse, the others cannot be distinguished."""
SUBJECT = 8
"""Utterances on each side that are compared with all before and all after. 8 and 15 were tried: cannot tell."""
BUMPS, HEIGHT = 5, 3.0
"""Number of bells that describe the position in the recording, each as wide as their distance, and their height; the
height makes them weigh more against the regularization. Chosen by hand."""
SHORT = 4
"""Most tokens of an utterance that can be an assent."""
_ASSENT = "yeah okay ok yes right yep yup sure kay mm hmm mhm agreed exactly ja genau oui si sí"
ASSENT = frozenset(_ASSENT.split())
"""Words of assent. Collected from the parts train and tune; more words count more utterances as assent."""


def boundary_terms(talk: Talk) -> Iterator[list[str]]:
    """Word pairs and words at the start of each utterance (``o:``), before it (``p:``) and after it (``n:``)."""
    tokens, count = talk.tokens, len(talk.tokens)
    own = [_grams(each[:OPENING]) for each in tokens]
    ends = [_grams(each[-EDGE:]) for each in tokens]
    starts = [_grams(each[:EDGE]) for each in tokens]
    for number in range(count):
        before = {gram for each in ends[max(0, number - NEAR) : number] for gram in each}
        after = {gram for each in starts[number + 1 : number + 1 + NEAR] for gram in each}
        yield [f"o:{x}" for x in own[number]] + [f"p:{x}" for x in before] + [f"n:{x}" for x in after]


def passage_terms(talk: Talk) -> Iterator[list[str]]:
    """Word pairs and words of each utterance (``o:``), and the words around and in it (``c:``)."""
    window: Counter[str] = Counter()
    words = [sorted(set(each)) for each in talk.tokens]
    for each in words[:CONTEXT]:
        window.update(each)
    for number, tokens in enumerate(talk.tokens):
        if number + CONTEXT < len(words):
            window.update(words[number + CONTEXT])
        if number > CONTEXT:
            for word in words[number - CONTEXT - 1]:
                window[word] -= 1
                if not window[word]:
                    del window[word]
        yield [f"o:{x}" for x in _grams(tokens)] + [f"c:{x}" for x in window]


def no_terms(talk: Talk) -> Iterator[list[str]]:
    """No terms for any utterance: for models over numbers only."""
    return ([] for _ in talk.tokens)


def _grams(tokens: Sequence[str]) -> set[str]:
    return {*tokens, *(f"{one} {two}" for one, two in pairwise(tokens))}


def dialogue(talk: Talk) -> Matrix:
    """Numbers of a passage: its eighth of the recording, its length, and of its neighbourhoods the mix of speakers,
    lengths, questions and assent."""
    count = len(talk.tokens)
    lengths = np.log1p([len(each) for each in talk.tokens])
    questions = np.array(["?" in each for each in talk.tokens], np.float64)
    assent = np.array([len(t) <= SHORT and not ASSENT.isdisjoint(t) for t in talk.tokens], np.float64)
    shares = _cumulated(_speaker_words(talk))
    columns = [*_position(count, EIGHTHS).T, lengths]
    for width in NEIGHBOURS:
        first, last = _around(count, width)
        parts = _normalized(shares[last] - shares[first])
        entropy = -(parts * np.log(parts + 1e-9)).sum(axis=1)
        columns += [entropy, parts.max(axis=1, initial=0.0)]
        means = [(s[last] - s[first]) / (last - first) for s in map(_cumulated, (lengths, questions, assent))]
        columns += [means[0], 3 * means[1], 3 * means[2]]
    return np.column_stack(columns)


def decision_numbers(talk: Talk, rarity: Mapping[str, float]) -> Matrix:
    """Numbers of a passage in which something may be decided: its position; relative to this recording's mean and
    deviation, the numbers of `dialogue`, the shares of word classes around, and how similar the words around are to all
    before and to all after."""
    count = len(talk.tokens)
    place = (np.arange(count) + 0.5) / count
    centers = (np.arange(BUMPS) + 0.5) / BUMPS
    bumps = HEIGHT * np.exp(-(((place[:, None] - centers) * BUMPS) ** 2) / 2)
    total = around(np.array([[len(each)] for each in talk.tokens], np.float64), WIDE)
    counts = [[sum(token in words for token in each) for words in CLASSES.values()] for each in talk.tokens]
    shares = around(np.array(counts, np.float64), WIDE) / (total + 1)
    matrix = vectors(talk, rarity)
    near, until = around(matrix, SUBJECT), np.cumsum(matrix, axis=0)
    before, after = (cosines(near, np.maximum(each - near, 0.0)) for each in (until, until[-1] - until))
    numbers = np.column_stack([dialogue(talk)[:, EIGHTHS:], shares, before, after])
    return np.column_stack([bumps, (numbers - numbers.mean(axis=0)) / (numbers.std(axis=0) + 1e-6)])


def boundary_numbers(talk: Talk, rarity: Mapping[str, float]) -> Matrix:
    """Numbers of a possible boundary before each utterance: cohesion of the blocks on both sides (cosine of their
    TF-IDF vectors; Hearst, "TextTiling", 1997), the change of speakers' shares, position and lengths."""
    count = len(talk.tokens)
    lengths = np.array([len(each) for each in talk.tokens])
    ends = _cumulated(lengths.astype(np.float64))
    words, shares = _cumulated(vectors(talk, rarity)), _cumulated(_speaker_words(talk))
    here = np.arange(count)
    columns: list[NDArray[np.float64]] = []
    for size in SCALES:
        first = np.searchsorted(ends, np.maximum(ends[:count] - size, 0.0))
        last = np.maximum(np.searchsorted(ends, np.minimum(ends[:count] + size, ends[-1])), here + 1)
        cosine = cosines(words[here] - words[first], words[last] - words[here])
        before, after = _normalized(shares[here] - shares[first]), _normalized(shares[last] - shares[here])
        columns += [cosine, (cosine - cosine.mean()) / (cosine.std() + 1e-6), np.abs(before - after).sum(axis=1) / 2]
        columns += [after.max(axis=1), before.max(axis=1)]
        columns.append((before.argmax(axis=1) != after.argmax(axis=1)).astype(np.float64))
    logs = np.log1p(lengths)
    changed = np.array([a != b for a, b in zip((None, *talk.speakers), talk.speakers, strict=False)], np.float64)
    columns += [*_position(count, 10).T, logs, np.append(logs[1:], 0.0), np.append(0.0, logs[:-1]), changed]
    return np.column_stack(columns)


def vectors(talk: Talk, rarity: Mapping[str, float]) -> Matrix:
    """TF-IDF vectors of the utterances over the words that occur twice or more in this meeting."""
    content = [[word[:STEM] for word in each if is_content(word, rarity)] for each in talk.tokens]
    total = Counter(stem for each in content for stem in each)
    spread = Counter(stem for each in content for stem in set(each))
    frequent = sorted((stem for stem in total if total[stem] > 1), key=lambda stem: (-total[stem], stem))[:VOCABULARY]
    column = {stem: number for number, stem in enumerate(frequent)}
    matrix = np.zeros((len(content), max(1, len(frequent))))
    for row, stems in enumerate(content):
        for stem in stems:
            if stem in column:
                matrix[row, column[stem]] += math.log((len(content) + 1) / spread[stem])
    return matrix


def is_content(word: str, rarity: Mapping[str, float]) -> bool:
    """Whether a word can carry a subject: three letters or more, and not frequent in meetings of every kind."""
    return len(word) > 2 and rarity.get(word, 1.0) > 0.0


def cosines(one: Matrix, two: Matrix) -> NDArray[np.float64]:
    """The cosine similarity of each pair of rows; 0 where one is empty."""
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    return np.asarray(np.einsum("ij,ij->i", one, two) / (lengths + 1e-6))


def _speaker_words(talk: Talk) -> Matrix:
    column = {name: number for number, name in enumerate(dict.fromkeys(talk.speakers))}
    matrix = np.zeros((len(talk.tokens), len(column)))
    for row, (name, tokens) in enumerate(zip(talk.speakers, talk.tokens, strict=True)):
        matrix[row, column[name]] = len(tokens)
    return matrix


def _position(count: int, parts: int) -> Matrix:
    """One column per part of the recording: 1 in the part of the utterance."""
    part = ((np.arange(count) + 0.5) / count * parts).astype(int)
    return np.asarray(np.eye(parts)[np.minimum(part, parts - 1)])


def around(rows: Matrix, width: int) -> Matrix:
    """The sum of each row and up to ``width`` rows on each side."""
    sums = _cumulated(rows)
    first, last = _around(len(rows), width)
    return np.asarray(sums[last] - sums[first])


def _around(count: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    here = np.arange(count)
    return np.maximum(here - width, 0), np.minimum(here + width + 1, count)


def _cumulated(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of the rows before each row, and of all rows."""
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])


def _normalized(rows: Matrix) -> Matrix:
    return np.asarray(rows / (rows.sum(axis=1, keepdims=True) + 1e-6))
