"""Train the weights of the minutes (pipeline/minutes/weights.json) on the parts train and tune of QMSum.

    python -m examples.training.train_minutes QMSUM [--output FILE] [--folds N]

QMSUM is the folder with product.json, academic.json and committee.json. Three logistic regressions (scikit-learn):
boundaries of topics, decisions, key points. ``--folds`` trains nothing to keep: it prints the measures of the parts
train and tune by cross-validation over series, on which settings are chosen, as means of N divisions into folds. Three
minutes for each on two cores.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.benchmarks.minutes_data import Meeting, Spans, read_meetings
from pipeline.core.serialization import to_plain
from pipeline.minutes.features import (
    boundary_numbers,
    boundary_terms,
    decision_numbers,
    dialogue,
    no_terms,
    passage_terms,
)
from pipeline.minutes.talk import Talk
from pipeline.minutes.weights import PATH, LinearModel, Weights

FOLDS = 5
"""Parts of the cross-validation."""
TOLERANCE = 1
"""Utterances around a topic's first one that count as its boundary in training. 1 to 4 were tried: cannot tell."""
BOUNDARY_C, DECISION_C, PASSAGE_C = 0.01, 0.001, 0.001
"""Inverse strength of the regularization (L2). 0.003 to 0.03, 0.0003 to 0.003 and 0.0003 to 0.01 were tried."""
ROWS, MEETINGS = 12, 4
"""Least number of utterances and of meetings with a term that is kept: names of one meeting are not learned."""
LEAST_WEIGHT = 1e-3
"""Smaller weights are left out of the file."""
RARE = 3.0
"""Words with a rarity of this or more are left out of the table; they count as rarer than all in it."""
FREQUENT = 0.4
"""A word that occurs in this share of the meetings of every kind carries no subject. Chosen by hand."""
FILLERS = (
    "um uh hmm hm mm mhm huh yeah yep yup nope okay kay ah oh eh er erm wow gonna wanna gotta kinda sorta cuz cause"
)
"""Words without a subject that are not in scikit-learn's list of English stop words."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A meeting with its features; targets and weights have one value per utterance."""

    meeting: Meeting
    talk: Talk
    numbers: NDArray[np.float64]
    target: NDArray[np.bool_]
    weight: NDArray[np.float64]


Terms = Callable[[Talk], Iterator[list[str]]]


def main() -> None:
    """Train, or print the measures of the cross-validation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("qmsum", type=Path)
    parser.add_argument("--output", type=Path, default=PATH)
    parser.add_argument("--folds", type=int, default=0, metavar="N", help="only cross-validate, N times")
    options = parser.parse_args()
    parts = read_meetings(options.qmsum)
    meetings = parts["train"] + parts["tune"]
    if options.folds:
        from examples.benchmarks.minutes_bench import as_tables, summary

        sys.stdout.write(as_tables(summary(cross_validate(meetings, options.folds))) + "\n")
        return
    content = json.dumps(to_plain(train(meetings)), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    options.output.write_text(content + "\n", encoding="utf-8")


def cross_validate(meetings: Sequence[Meeting], repeats: int) -> dict[str, dict[str, dict[str, float]]]:
    """The values of each meeting by system, as means over ``repeats`` divisions into folds."""
    from examples.benchmarks.minutes_bench import measure

    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for seed in range(repeats):
        for weights, tested in folds(meetings, seed):
            for system, by_meeting in measure(tested, weights).items():
                for name, values in by_meeting.items():
                    entry = found.setdefault(system, {}).setdefault(name, {})
                    for key, value in values.items():
                        entry.setdefault(key, []).append(value)
    return {
        system: {name: {key: sum(v) / len(v) for key, v in values.items()} for name, values in by_meeting.items()}
        for system, by_meeting in found.items()
    }


def folds(meetings: Sequence[Meeting], seed: int = 0) -> Iterator[tuple[Weights, list[Meeting]]]:
    """Weights trained on the other folds, and the meetings of each fold; a series is in one fold."""
    names = np.array(sorted({each.series for each in meetings}))
    series = list(np.random.default_rng(seed).permutation(names))
    for fold in range(FOLDS):
        tested = [each for each in meetings if series.index(each.series) % FOLDS == fold]
        yield train([each for each in meetings if each not in tested]), tested


def train(meetings: Sequence[Meeting]) -> Weights:
    """The weights of these meetings."""
    talks = [Talk.of(each.transcript) for each in meetings]
    rarity = rarities(meetings, talks)
    pairs = list(zip(meetings, talks, strict=True))
    bounds = [_example(m, t, boundary_numbers(t, rarity), *_bounds(m)) for m, t in pairs]
    passages = [(m, t, dialogue(t)) for m, t in pairs]
    decided = [_example(m, t, decision_numbers(t, rarity), *_decided(m)) for m, t in pairs]
    asked = [_example(*each, _inside(each[0], each[0].queries), np.ones(len(each[0].turn_of))) for each in passages]
    return Weights(
        rarity,
        boundaries=fit(bounds, boundary_terms, BOUNDARY_C),
        decisions=fit(decided, no_terms, DECISION_C),
        points=fit(asked, passage_terms, PASSAGE_C),
    )


def _example(
    meeting: Meeting,
    talk: Talk,
    numbers: NDArray[np.float64],
    target: NDArray[np.bool_],
    weight: NDArray[np.float64],
) -> Example:
    return Example(meeting, talk, numbers, target, weight)


def _bounds(meeting: Meeting) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    turns = np.array(meeting.turn_of)
    near = [np.abs(np.arange(len(turns)) - np.searchsorted(turns, first)) <= TOLERANCE for first in meeting.topics]
    target = np.any(near, axis=0) if near else np.zeros(len(turns), bool)
    target[0] = False
    return target, np.ones(len(turns))


def _decided(meeting: Meeting) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    return _inside(meeting, meeting.decided), np.ones(len(meeting.turn_of)) * bool(meeting.decided)


def _inside(meeting: Meeting, queries: Iterable[Spans]) -> NDArray[np.bool_]:
    turns = np.array(meeting.turn_of)
    spans = [(turns >= first) & (turns <= last) for each in queries for first, last in each]
    return np.any(spans, axis=0) if spans else np.zeros(len(turns), bool)


def rarities(meetings: Sequence[Meeting], talks: Sequence[Talk]) -> dict[str, float]:
    """`Weights.rarity` of the words of these meetings."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    kinds: dict[str, list[set[str]]] = {}
    for meeting, talk in zip(meetings, talks, strict=True):
        kinds.setdefault(meeting.kind, []).append({word for each in talk.tokens for word in each})
    shares = [
        {word: count / len(sets) for word, count in Counter(w for words in sets for w in words).items()}
        for sets in kinds.values()
    ]
    rarity = {}
    for word in sorted(set().union(*shares) | ENGLISH_STOP_WORDS | set(FILLERS.split())):
        found = [share.get(word, 0.0) for share in shares]
        plain = word.replace("'", "") if word.endswith(("'s", "'t", "'m", "'re", "'ve", "'ll", "'d")) else word
        stop = {word, plain, word.partition("'")[0]} & (ENGLISH_STOP_WORDS | set(FILLERS.split()))
        value = 0.0 if stop or min(found) >= FREQUENT else -math.log(max(sum(found) / len(found), 1e-9))
        if value < RARE:
            rarity[word] = round(value, 3)
    return rarity


def fit(examples: Sequence[Example], terms: Terms, strength: float) -> LinearModel:
    """A logistic regression; each meeting counts the same, by its weights."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    used = [each for each in examples if each.weight.any()]
    names = vocabulary(used, terms)
    numbers = np.concatenate([each.numbers for each in used])
    table = csr_matrix(numbers)
    if names:
        count = CountVectorizer(analyzer=lambda each: each, vocabulary=names, binary=True)
        table = hstack([table, count.transform(each for e in used for each in terms(e.talk))]).tocsr()
    weight = np.concatenate([each.weight * 400 / len(each.weight) for each in used])
    model = LogisticRegression(C=strength, max_iter=300)
    model.fit(table, np.concatenate([e.target for e in used]), weight)
    found = [round(float(each), 4) for each in model.coef_[0]]
    of_terms = dict(zip(names, found[numbers.shape[1] :], strict=True))
    return LinearModel(
        round(float(model.intercept_[0]), 4),
        tuple(found[: numbers.shape[1]]),
        {name: value for name, value in of_terms.items() if abs(value) >= LEAST_WEIGHT},
    )


def vocabulary(examples: Sequence[Example], terms: Terms) -> list[str]:
    """The terms that are frequent enough, sorted; a word around a passage, if the word itself is."""
    rows: Counter[str] = Counter()
    meetings: Counter[str] = Counter()
    for example in examples:
        own = Counter(t for each in terms(example.talk) for t in each if not t.startswith("c:"))
        rows.update(own)
        meetings.update(own.keys())
    kept = [term for term in rows if rows[term] >= ROWS and meetings[term] >= MEETINGS]
    around = [f"c:{term[2:]}" for term in kept if " " not in term] if terms is passage_terms else []
    return sorted(kept + around)


if __name__ == "__main__":
    main()
