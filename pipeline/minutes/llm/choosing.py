"""The best of too many candidates: the model chooses among them by number, in rounds where they do not fit at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.minutes.llm import prompts
from pipeline.minutes.llm.answers import Labelled, read_choice
from pipeline.minutes.llm.asking import Session
from pipeline.minutes.llm.failures import NOTHING_FITS, ModelFailure


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates among which the model could not choose, and why."""

    candidates: tuple[Labelled, ...]
    what: str


def best(
    session: Session, candidates: Sequence[Labelled], most: int, what: str, labels: bool = False
) -> tuple[list[Labelled], list[Group]]:
    """Up to ``most`` of the candidates, which are in order of time, and the groups that failed.

    Every round halves some group, so that the number of requests is bounded. Candidates of a group that failed are
    gone. ``labels``: the model sees its labels as well.
    """
    left, failed = list(candidates), list[Group]()
    while len(left) > most:
        groups = list(_groups(left, prompts.room_of_choice(session.model.context, most)))
        if len(groups) == len(left):  # no two of them fit
            return [], [*failed, Group(tuple(left), NOTHING_FITS)]
        left = []
        for group in groups:
            number = most if len(groups) == 1 else min(most, max(1, len(group) // 2))
            try:
                left += _chosen(session, group, number, what, labels)
            except ModelFailure as failure:
                failed.append(Group(group, failure.what))
    return left, failed


def _chosen(session: Session, group: tuple[Labelled, ...], most: int, what: str, labels: bool) -> list[Labelled]:
    if len(group) <= most:
        return list(group)
    segments = [each.segment for each in group]
    names = [each.label or "" for each in group] if labels else None
    question = prompts.choice(segments, names, most, what)
    numbers = set(session.choice(question, lambda answer: read_choice(answer, segments, most)))
    return [each for each in group if each.segment.number in numbers]


def _groups(candidates: Sequence[Labelled], room: int) -> Iterator[tuple[Labelled, ...]]:
    """Consecutive groups that fit, of about the same size."""
    total, size, inside = sum(prompts.candidate_tokens(each.segment) for each in candidates), 0, list[Labelled]()
    even = total / max(1, -(-total // max(1, room)))
    for each in candidates:
        tokens = prompts.candidate_tokens(each.segment)
        if inside and (size + tokens > room or size >= even):
            yield tuple(inside)
            inside, size = [], 0
        inside.append(each)
        size += tokens
    yield tuple(inside)
