"""Errors in who speaks when: diarization error rate and Jaccard error rate. Overlapped speech is scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from pipeline.core import timeline
from pipeline.core.types import Span, Turn


@dataclass(frozen=True, slots=True)
class DiarizationErrors:
    """Seconds of speaker time; ``total`` is the reference's. Where k people talk, a second counts k times."""

    total: float = 0.0
    missed: float = 0.0
    false_alarm: float = 0.0
    confusion: float = 0.0

    @property
    def errors(self) -> float:
        return self.missed + self.false_alarm + self.confusion

    @property
    def error_rate(self) -> float | None:
        """DER; None when the reference has no speech."""
        return self.errors / self.total if self.total else None

    def __add__(self, other: DiarizationErrors) -> DiarizationErrors:
        return DiarizationErrors(
            self.total + other.total,
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
        )


@dataclass(frozen=True, slots=True)
class JaccardErrors:
    """The sum of the Jaccard errors of ``speakers`` reference speakers."""

    errors: float = 0.0
    speakers: int = 0

    @property
    def error_rate(self) -> float | None:
        """JER, the mean over speakers; None without any."""
        return self.errors / self.speakers if self.speakers else None

    def __add__(self, other: JaccardErrors) -> JaccardErrors:
        return JaccardErrors(self.errors + other.errors, self.speakers + other.speakers)


def diarization_errors(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], collar: float = 0.0, unscored: Sequence[Span] = ()
) -> tuple[DiarizationErrors, JaccardErrors]:
    """DER (NIST RT-09) and JER (DIHARD II), with the one-to-one mapping of speakers that shares the most time.

    ``collar`` seconds on each side of every boundary of a reference turn are left out, as md-eval counts it;
    pyannote.metrics' collar is twice that. All other time in which anybody speaks on either side is scored, but for the
    ``unscored`` spans.
    """
    theirs, ours = _merged(reference), _merged(hypothesis)
    duration, left, right = _grid(theirs, ours, collar, unscored)
    shared = (left * duration) @ right.T
    rows, columns = linear_sum_assignment(shared, maximize=True)
    correct = float(shared[rows, columns].sum())
    people, found = left.sum(axis=0), right.sum(axis=0)
    errors = DiarizationErrors(
        total=float(duration @ people),
        missed=float(duration @ np.maximum(people - found, 0)),
        false_alarm=float(duration @ np.maximum(found - people, 0)),
        confusion=max(0.0, float(duration @ np.minimum(people, found)) - correct),
    )
    return errors, _jaccard(left @ duration, right @ duration, shared, dict(zip(rows, columns, strict=True)))


def _jaccard(
    own: NDArray[np.float64], other: NDArray[np.float64], shared: NDArray[np.float64], mapping: dict[np.intp, np.intp]
) -> JaccardErrors:
    errors = 0.0
    for row in np.flatnonzero(own > 0):
        both = shared[row, mapping[row]] if row in mapping else 0.0
        either = own[row] + other[mapping[row]] - both if row in mapping else own[row]
        errors += max(0.0, 1.0 - float(both / either))
    return JaccardErrors(errors, int((own > 0).sum()))


def _merged(turns: Iterable[Turn]) -> list[list[tuple[float, float]]]:
    """Spans of each speaker, their overlapping turns joined; speakers in order of appearance, not of name."""
    ordered = sorted(turns, key=lambda turn: (turn.start, turn.end))
    groups = timeline.by_speaker(ordered)
    return [
        [(span.start, span.end) for span in timeline.union(turn.span for turn in groups[speaker])]
        for speaker in dict.fromkeys(turn.speaker for turn in ordered)
    ]


def _grid(
    reference: list[list[tuple[float, float]]],
    hypothesis: list[list[tuple[float, float]]],
    collar: float,
    unscored: Sequence[Span],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Seconds between all boundaries, 0 where nothing is scored, and who speaks there: speakers × pieces."""
    bounds = [edge for spans in reference for span in spans for edge in span]
    dead = [(edge - collar, edge + collar) for edge in bounds] if collar else []
    dead += [(span.start, span.end) for span in unscored]
    edges = np.unique([edge for spans in [*reference, *hypothesis, dead] for span in spans for edge in span])
    duration = np.diff(edges)

    def active(spans: Iterable[tuple[float, float]]) -> NDArray[np.float64]:
        mask = np.zeros(len(duration))
        for start, end in spans:
            mask[np.searchsorted(edges, start) : np.searchsorted(edges, end)] = 1.0
        return mask

    duration = duration * (1.0 - active(dead))
    left = np.array([active(spans) for spans in reference]).reshape(len(reference), len(duration))
    right = np.array([active(spans) for spans in hypothesis]).reshape(len(hypothesis), len(duration))
    return duration, left, right
