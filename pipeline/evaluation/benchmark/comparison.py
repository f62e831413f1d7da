"""Paired comparison of systems on the same recordings: ratio of their errors with a bootstrap interval, and a verdict.

Bisani & Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004: blocks are
drawn with replacement, the same ones for both systems, so that difficult recordings count equally for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.evaluation.benchmark.bench import Measurement
from pipeline.evaluation.metrics.blocks import BlockErrors

SAMPLES: Final = 10_000
"""Number of bootstrap samples. Chosen by hand; more give the ends of the interval more exactly and take longer."""
COVERAGE: Final = 0.95
"""Share of the bootstrap samples inside the interval. Convention; a higher share gives fewer verdicts."""
MIN_BLOCKS: Final = 6
"""Minimum number of blocks for a verdict other than *cannot tell*. From the sign test: with five, even fewer errors in
all blocks have a two-sided probability of 6 % by chance, above `COVERAGE`'s 5 %. A lower value lets a bootstrap of a
few blocks decide, whose interval is too narrow."""
ALL: Final = "all"
"""Name of the group of all recordings."""
_CHUNK = 100
"""Bootstrap samples drawn at once, to bound memory. Chosen by hand."""
_DECIMALS = 9
"""Decimals of a ratio, so that sums that differ by floating-point rounding only are equal."""

Metric = Literal["cpWER", "DER"]
Outcome = Literal["better", "worse", "cannot tell"]
METRICS: Mapping[Metric, Callable[[BlockErrors], tuple[float, float]]] = {
    "cpWER": lambda block: (block.words.errors, block.words.words),
    "DER": lambda block: (block.speech.errors, block.speech.total),
}
"""Errors and size of the reference in a block by metric: words, or seconds of speaker time."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Errors of the second system divided by those of the first, and its bootstrap interval over ``blocks`` blocks.

    Infinite where only the first system has no errors; 1 where both have none.
    """

    value: float
    lower: float
    upper: float
    blocks: int

    @property
    def verdict(self) -> Outcome:
        """Of the second system: ``better`` or ``worse`` if the whole interval is on one side of 1."""
        if self.blocks < MIN_BLOCKS or self.lower <= 1 <= self.upper:
            return "cannot tell"
        return "better" if self.upper < 1 else "worse"


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of a system in total: mean, lowest and highest of the runs."""

    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems on the recordings of a group: errors of both, and the ratio, second to first.

    ``recordings``: number of recordings scored by the metric. ``total``: their reference words, or seconds of
    reference speaker time. ``runs``: number of runs of each system on each recording.
    """

    group: str
    metric: Metric
    first: str
    second: str
    recordings: int
    runs: int
    total: float
    first_errors: Errors
    second_errors: Errors
    ratio: Ratio


def bootstrap(first: ArrayLike, second: ArrayLike, seed: int = 0) -> Ratio:
    """The ratio of summed errors with its percentile interval, from the errors of both systems in the same blocks.

    Raises ``ValueError`` if the numbers of blocks differ or are 0.
    """
    errors = np.stack([np.asarray(first, np.float64), np.asarray(second, np.float64)], axis=1)  # (blocks, 2)
    blocks = len(errors)
    if not blocks:
        raise ValueError("a bootstrap needs at least one block")
    rng = np.random.default_rng(seed)
    chances = np.full(blocks, 1 / blocks)
    counts = (rng.multinomial(blocks, chances, size=_CHUNK) for _ in range(SAMPLES // _CHUNK))
    ratios = np.sort(_ratios(np.concatenate([count @ errors for count in counts])))
    outside = round((1 - COVERAGE) / 2 * SAMPLES)
    (value,) = _ratios(errors.sum(axis=0, keepdims=True))
    return Ratio(float(value), float(ratios[outside]), float(ratios[-1 - outside]), blocks)


def compare(measured: Sequence[Measurement]) -> tuple[Comparison, ...]:
    """Each later system beside the first, in each group and in all recordings together, by cpWER and by DER.

    Every system must be measured on the same recordings. Errors of runs are averaged in each block before the
    bootstrap. A metric is left out of groups whose references lack its evidence.
    """
    systems = list(dict.fromkeys(m.system for m in measured))
    comparisons = (
        _compare(group, metric, (systems[0], second), selection)
        for group, selection in _groups(measured)
        for second in systems[1:]
        for metric in METRICS
    )
    return tuple(comparison for comparison in comparisons if comparison)


def _groups(measured: Sequence[Measurement]) -> Iterator[tuple[str, Sequence[Measurement]]]:
    groups = list(dict.fromkeys(m.recording.group for m in measured))
    for group in groups:
        yield group, [m for m in measured if m.recording.group == group]
    if len(groups) > 1:
        yield ALL, measured


def _compare(
    group: str, metric: Metric, systems: tuple[str, str], measured: Sequence[Measurement]
) -> Comparison | None:
    """The comparison by one metric; None if no recording is scored by it."""
    scored = {m.recording for m in measured if any(any(METRICS[metric](block)) for block in m.blocks)}
    if not scored:
        return None
    (first, sizes), (second, _) = (
        _errors_by_run([m for m in measured if m.system == system and m.recording in scored], metric)
        for system in systems
    )
    used = first.any(axis=0) | second.any(axis=0) | sizes.any(axis=0)
    return Comparison(
        group=group,
        metric=metric,
        first=systems[0],
        second=systems[1],
        recordings=len(scored),
        runs=len(first),
        total=float(sizes[0].sum()),
        first_errors=_summary(first),
        second_errors=_summary(second),
        ratio=bootstrap(first.mean(axis=0)[used], second.mean(axis=0)[used]),
    )


def _errors_by_run(measured: Sequence[Measurement], metric: Metric) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors and sizes of the reference of one system, each of shape (runs, blocks)."""
    runs = sorted({m.run for m in measured})
    values = np.array([[METRICS[metric](b) for m in measured if m.run == run for b in m.blocks] for run in runs])
    return values[..., 0], values[..., 1]


def _summary(errors: NDArray[np.float64]) -> Errors:
    totals = errors.sum(axis=1)
    return Errors(float(totals.mean()), float(totals.min()), float(totals.max()))


def _ratios(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Second to first of sums of shape (samples, 2): infinite for x to 0, and 1 for 0 to 0."""
    first, second = sums.T
    ratios: NDArray[np.float64] = np.where(second > 0, np.inf, 1.0)
    np.divide(second, first, out=ratios, where=first > 0)
    return ratios.round(_DECIMALS)
