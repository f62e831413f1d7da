"""How many people there are and what they sound like: agglomerative clustering by the odds that two are one voice.

The odds are those of a two-covariance model (Brümmer and de Villiers, "The speaker partitioning problem", Odyssey
2010), isotropic: a voice measured over d seconds strays from its mean with a variance of ``noise / d + drift``, and two
people's voices lie ``between`` apart (the embedder's `EmbedderCalibration`). So long speech that differs a little is
two people, a short scrap is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack

from pipeline.models.diarizers.embedding_pooling import LocalEmbeddings
from pipeline.models.diarizers.local_segmentation import Floats
from pipeline.models.protocols import EmbedderCalibration, SpeakerBounds

RESEMBLYZER_CALIBRATION = EmbedderCalibration()
CANNOT_LINK_WEIGHT, CANNOT_LINK_MAXIMUM = 10.0, 1.0
"""What talking in the same window, as different local speakers, weighs against being one, per share of the time, and
at most: a network now and then takes one person for two."""
MERGE_LOG_ODDS = 0.25
"""Log odds above which two voices are one, however many people were asked for."""
OPEN_MERGE_LOG_ODDS, COUNT_PENALTY, COUNT_PENALTY_MAXIMUM = -0.4, 0.25, 1.5
"""Log odds above which two voices are one when the number is left open: with a minute of speech, what to take off for
each doubling (the more speech, the more chances to part one voice by mistake), and where that ends."""
MIN_SPEAKER_SPEECH = 1.0
"""Seconds that it takes to be a person of one's own."""
MIN_LOCAL_SPEECH = 0.3
"""Seconds of solo speech that a local speaker needs to be asked who he is."""
BLOCK = 800
"""Voices clustered at once; more are first condensed in blocks of neighbours to an eighth, so memory stays linear."""


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Groups of local speakers: sums of vectors (each times its seconds), seconds, the longest one's, and the windows.

    ``present`` counts a group's local speakers in each window, shape (groups, windows).
    """

    sums: NDArray[np.float64]
    seconds: NDArray[np.float64]
    longest: NDArray[np.float64]
    present: csr_array

    def __len__(self) -> int:
        return len(self.sums)

    @property
    def centroids(self) -> NDArray[np.float64]:
        unit: NDArray[np.float64] = self.sums / np.linalg.norm(self.sums, axis=1, keepdims=True)
        return unit

    def evidence(self, redundancy: float) -> NDArray[np.float64]:
        """Seconds of different speech behind each group, when each moment is heard in ``redundancy`` windows."""
        seconds: NDArray[np.float64] = np.maximum(self.longest, self.seconds / redundancy)
        return seconds

    def cut(self, start: int, stop: int) -> Clusters:
        return Clusters(
            self.sums[start:stop], self.seconds[start:stop], self.longest[start:stop], self.present[start:stop]
        )


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerEstimate:
    """Unit vectors of the speakers, shape (speakers, dimension), and how much worse other numbers of them would fit.

    ``fewer`` is by how many log odds the most alike two speakers miss being merged, ``more`` by how many the least
    certain merge passed; 0 is a toss-up, infinity says that the number was not open.
    """

    vectors: Floats
    fewer: float = np.inf
    more: float = np.inf


def estimate_centroids(
    voices: LocalEmbeddings,
    redundancy: float,
    count: SpeakerBounds,
    scale: EmbedderCalibration = RESEMBLYZER_CALIBRATION,
) -> Floats:
    """The vectors of `estimate_people`."""
    return estimate_speakers(voices, redundancy, count, scale).vectors


def estimate_speakers(
    voices: LocalEmbeddings,
    redundancy: float,
    count: SpeakerBounds,
    scale: EmbedderCalibration = RESEMBLYZER_CALIBRATION,
) -> SpeakerEstimate:
    """The speakers: as many as there seem to be within ``count``.

    Fewer than ``count.least`` when the voices do not bear them out; none only if there is no voice at all.
    """
    groups = _single(voices)
    if not len(groups):
        return SpeakerEstimate(np.zeros((0, voices.vectors.shape[2]), np.float32))
    while len(groups) > BLOCK:
        blocks = [groups.cut(i, i + BLOCK) for i in range(0, len(groups), BLOCK)]
        groups = _joined([_Agglomeration(block, redundancy, scale).condense(BLOCK // 8) for block in blocks])
    work = _Agglomeration(groups, redundancy, scale)
    groups = work.settle(count)
    evidence = groups.evidence(redundancy)
    founders = evidence >= min(MIN_SPEAKER_SPEECH, evidence.max())
    return SpeakerEstimate(groups.centroids[founders].astype(np.float32), *work.slack(count))


def log_odds(
    distance: NDArray[np.float64],
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    scale: EmbedderCalibration = RESEMBLYZER_CALIBRATION,
) -> NDArray[np.float64]:
    """Log odds, per dimension and up to a factor, that two voices at a squared ``distance`` are one person's.

    ``one`` and ``other`` are the seconds of speech behind each.
    """
    within = scale.within_per_second * (1 / one + 1 / other) + scale.within_floor
    between = scale.between
    odds: NDArray[np.float64] = np.log1p(between / within) - distance * (1 / within - 1 / (within + between))
    return odds


def _single(voices: LocalEmbeddings) -> Clusters:
    """Each local speaker with enough speech as a group of his own; all that have any if none has enough."""
    windows, locals_ = np.nonzero(
        voices.seconds >= min(MIN_LOCAL_SPEECH, float(voices.seconds.max(initial=0)) or np.inf)
    )
    seconds = voices.seconds[windows, locals_].astype(float)
    sums = voices.vectors[windows, locals_] * seconds[:, None]
    entries = (np.ones(len(windows)), (np.arange(len(windows)), windows))
    present = coo_array(entries, shape=(len(windows), len(voices.seconds))).tocsr()
    return Clusters(sums, seconds, seconds, present)


def _joined(parts: list[Clusters]) -> Clusters:
    return Clusters(
        np.concatenate([part.sums for part in parts]),
        np.concatenate([part.seconds for part in parts]),
        np.concatenate([part.longest for part in parts]),
        vstack([part.present for part in parts]).tocsr(),
    )


class _Agglomeration:
    """The work in progress: the table of log odds between living groups, and each group's best partner in it."""

    def __init__(self, groups: Clusters, redundancy: float, scale: EmbedderCalibration) -> None:
        self.groups, self.windows_per_frame, self.calibration = groups, redundancy, scale
        self.sums, self.seconds, self.longest = groups.sums.copy(), groups.seconds.copy(), groups.longest.copy()
        self.centroids = groups.centroids
        self.evidence = groups.evidence(redundancy)
        self.together = (groups.present @ groups.present.T).toarray()
        np.fill_diagonal(self.together, 0)
        self.members = np.arange(len(groups))
        self.alive = np.ones(len(groups), np.bool_)
        self.odds = np.stack([self._row(i) for i in range(len(groups))])
        self.threshold = self._threshold()
        self.merged = np.inf
        """The log odds of the least certain merge of two speakers so far."""

    def condense(self, size: int) -> Clusters:
        """At most ``size`` groups, by the most certain joins."""
        while self.alive.sum() > size:
            self._join(*self._best(self.odds))
        return self._result()

    def settle(self, count: SpeakerBounds) -> Clusters:
        """As many groups as there are people; scraps that are nobody's may be left beside them."""
        most = count.maximum if count.maximum is not None else len(self.groups)
        threshold = self.threshold
        while self.alive.sum() > 1:
            founders = self.alive & (self.evidence >= MIN_SPEAKER_SPEECH)
            number = int(founders.sum())
            table = self.odds
            if number <= count.minimum:
                pairs = founders[:, None] & founders[None, :]
                table = np.where(pairs & (table < MERGE_LOG_ODDS), -np.inf, table)
            i, j = self._best(table)
            if number <= most and not table[i, j] >= threshold:
                break
            if founders[i] and founders[j]:
                self.merged = min(self.merged, float(self.odds[i, j]))
            self._join(i, j)
        return self._result()

    def slack(self, count: SpeakerBounds) -> tuple[float, float]:
        """How much worse one speaker fewer and one more would fit, see `People`, as far as ``count`` allows them."""
        threshold = self.threshold
        founders = self.alive & (self.evidence >= MIN_SPEAKER_SPEECH)
        number = int(founders.sum())
        alike = float(self.odds[np.ix_(founders, founders)].max(initial=-np.inf))
        fewer = threshold - alike if number > max(1, count.minimum) else np.inf
        more = self.merged - threshold if count.maximum is None or number < count.maximum else np.inf
        return fewer, more

    def _threshold(self) -> float:
        doublings = max(0.0, float(np.log2(self.seconds.sum() / self.windows_per_frame / 60)))
        return max(OPEN_MERGE_LOG_ODDS - COUNT_PENALTY * doublings, -COUNT_PENALTY_MAXIMUM)

    def _best(self, table: NDArray[np.float64]) -> tuple[int, int]:
        i, j = divmod(int(table.argmax()), len(table))
        return min(i, j), max(i, j)

    def _join(self, i: int, j: int) -> None:
        self.sums[i] += self.sums[j]
        self.seconds[i] += self.seconds[j]
        self.longest[i] = max(self.longest[i], self.longest[j])
        self.evidence[i] = max(self.longest[i], self.seconds[i] / self.windows_per_frame)
        self.centroids[i] = self.sums[i] / np.linalg.norm(self.sums[i])
        self.together[i] += self.together[j]
        self.together[:, i] = self.together[i]
        self.members[self.members == j] = i
        self.alive[j] = False
        self.odds[j] = self.odds[:, j] = -np.inf
        self.odds[i] = self.odds[:, i] = self._row(i)

    def _row(self, i: int) -> NDArray[np.float64]:
        distance = 2 - 2 * (self.centroids @ self.centroids[i])
        odds = log_odds(distance, self.evidence, self.evidence[i], self.calibration)
        share = self.together[i] / self.windows_per_frame / np.minimum(self.evidence, self.evidence[i])
        odds -= np.minimum(CANNOT_LINK_WEIGHT * share, CANNOT_LINK_MAXIMUM)
        odds[i] = -np.inf
        odds[~self.alive] = -np.inf
        return odds

    def _result(self) -> Clusters:
        kept, owner = np.unique(self.members, return_inverse=True)
        entries = (np.ones(len(owner)), (owner, np.arange(len(owner))))
        gather = coo_array(entries, shape=(len(kept), len(owner))).tocsr()
        present = (gather @ self.groups.present).tocsr()
        return Clusters(self.sums[kept], self.seconds[kept], self.longest[kept], present)
