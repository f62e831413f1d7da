"""Diarization error rate (DER) and Jaccard error rate (JER). Overlapped speech is always scored."""

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
    """Speaker time in seconds (a second with k speakers counts k times); ``total`` is that of the reference."""

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
    """The sum of the Jaccard errors over ``speakers`` reference speakers."""

    errors: float = 0.0
    speakers: int = 0

    @property
    def error_rate(self) -> float | None:
        """JER, the mean over speakers; None without speakers."""
        return self.errors / self.speakers if self.speakers else None

    def __add__(self, other: JaccardErrors) -> JaccardErrors:
        return JaccardErrors(self.errors + other.errors, self.speakers + other.speakers)


def diarization_errors(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], collar: float = 0.0, unscored: Sequence[Span] = ()
) -> tuple[DiarizationErrors, JaccardErrors]:
    """DER (NIST RT-09) and JER (DIHARD II) under the one-to-one speaker mapping with the most shared time.

    ``collar``: seconds excluded on each side of every boundary of a reference turn, as in md-eval (the collar of
    pyannote.metrics is twice that). All other speech on either side is scored, except in the ``unscored`` spans.
    """
    _, duration, left, right = _grid(_speaker_spans(reference), _speaker_spans(hypothesis), collar, unscored)
    shared = (left * duration) @ right.T  # (reference speakers, hypothesis speakers), seconds
    rows, columns = linear_sum_assignment(shared, maximize=True)
    errors = DiarizationErrors(*(_kinds(left, right, rows, columns) @ duration).tolist())
    return errors, _jaccard(left @ duration, right @ duration, shared, dict(zip(rows, columns, strict=True)))


def diarization_errors_by_block(
    reference: Sequence[Turn],
    hypothesis: Sequence[Turn],
    starts: Sequence[float],
    collar: float = 0.0,
    unscored: Sequence[Span] = (),
) -> tuple[DiarizationErrors, ...]:
    """The errors of `diarization_errors` in blocks that begin at ``starts`` (sorted, seconds, the first one 0).

    The speaker mapping is that of the whole recording. The last block has no end, so the blocks sum to all errors.
    """
    sides = _speaker_spans(reference), _speaker_spans(hypothesis)
    edges, duration, left, right = _grid(*sides, collar, unscored, cuts=starts)
    rows, columns = linear_sum_assignment((left * duration) @ right.T, maximize=True)
    block = np.searchsorted(starts[1:], edges[:-1], side="right")  # (segments,); a collar may begin before 0
    kinds = _kinds(left, right, rows, columns) * duration
    sums = np.array([np.bincount(block, weights=kind, minlength=len(starts)) for kind in kinds])
    return tuple(DiarizationErrors(*column) for column in sums.T.tolist())


def _kinds(
    left: NDArray[np.float64], right: NDArray[np.float64], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Number of speakers by segment, shape (4, segments): in the reference, missed, false alarm, confused."""
    active, estimated = left.sum(axis=0), right.sum(axis=0)
    correct = (left[rows] * right[columns]).sum(axis=0)
    missed, false_alarm = np.maximum(active - estimated, 0), np.maximum(estimated - active, 0)
    return np.stack([active, missed, false_alarm, np.minimum(active, estimated) - correct])


def _jaccard(
    reference: NDArray[np.float64],
    hypothesis: NDArray[np.float64],
    shared: NDArray[np.float64],
    mapping: dict[np.intp, np.intp],
) -> JaccardErrors:
    """JER from seconds by speaker of each side, seconds shared by pair, and the mapping of row to column."""
    errors = 0.0
    for row in np.flatnonzero(reference > 0):
        both = shared[row, mapping[row]] if row in mapping else 0.0
        either = reference[row] + hypothesis[mapping[row]] - both if row in mapping else reference[row]
        errors += max(0.0, 1.0 - float(both / either))
    return JaccardErrors(errors, int((reference > 0).sum()))


def _speaker_spans(turns: Iterable[Turn]) -> list[list[tuple[float, float]]]:
    """Spans of each speaker with overlapping turns merged; speakers in order of appearance, not of name."""
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
    cuts: Sequence[float] = (),
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Time divided at all boundaries and at ``cuts``, and the activity of each speaker in each segment.

    Returns the boundaries, seconds by segment (0 where it is not scored), and two 0/1 masks of shape (speakers,
    segments).
    """
    bounds = [edge for spans in reference for span in spans for edge in span]
    excluded = [(edge - collar, edge + collar) for edge in bounds] if collar else []
    excluded += [(span.start, span.end) for span in unscored]
    bounds = [edge for spans in [*reference, *hypothesis, excluded] for span in spans for edge in span]
    edges = np.unique([*bounds, *cuts])
    duration = np.diff(edges)

    def active(spans: Iterable[tuple[float, float]]) -> NDArray[np.float64]:
        mask = np.zeros(len(duration))
        for start, end in spans:
            mask[np.searchsorted(edges, start) : np.searchsorted(edges, end)] = 1.0
        return mask

    duration = duration * (1.0 - active(excluded))
    left = np.array([active(spans) for spans in reference]).reshape(len(reference), len(duration))
    right = np.array([active(spans) for spans in hypothesis]).reshape(len(hypothesis), len(duration))
    return edges, duration, left, right
