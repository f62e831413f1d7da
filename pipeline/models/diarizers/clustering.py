"""Number and centroids of the speakers, by agglomerative clustering of local speakers with a two-covariance model.

The log odds that two clusters are the same speaker are those of Brümmer and de Villiers, "The speaker partitioning
problem", Odyssey 2010, with isotropic covariances: the embedding of d seconds of speech has the within-speaker variance
``within_per_second / d + within_floor``, and the between-speaker variance is ``between`` (the embedder's
`EmbedderCalibration`). Two long clusters are therefore separated by smaller distances than two short ones.
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
"""Soft cannot-link: log odds subtracted for two clusters that are different local speakers of the same windows, per
share of their time, and the maximum. Chosen by hand; it is finite because a network sometimes splits one speaker."""
MERGE_LOG_ODDS = 0.1
"""Log odds above which two clusters are merged even if fewer speakers remain than asked for; `split_off_speakers` then
finds the others. Chosen on the tuning recordings (docs/experiments/diarization.md); a lower value leaves more speakers
to it."""
OPEN_MERGE_LOG_ODDS, COUNT_PENALTY, COUNT_PENALTY_MAXIMUM = -0.5, 0.25, 1.5
"""Log odds above which two clusters are merged when the number of speakers is open: the value for a minute of speech,
the decrease for each doubling of speech, and its maximum. The first was chosen on the tuning recordings, the others by
hand; lower values give fewer speakers."""
MIN_SPEAKER_SPEECH = 1.0
"""Minimum speech of a speaker, in seconds. Chosen by hand; a higher value drops speakers who say little."""
MIN_LOCAL_SPEECH = 0.3
"""Minimum single-speaker speech, in seconds, for a local speaker to be clustered. Chosen by hand; shorter speech has an
unreliable embedding."""
BLOCK = 800
"""Maximum number of local speakers clustered at once. More are first reduced to an eighth in consecutive blocks, so
that memory grows linearly."""


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Clusters of local speakers.

    ``sums``: embeddings weighted by seconds, shape (clusters, dimension). ``seconds``: total speech, and ``longest``:
    that of the longest local speaker, shape (clusters,). ``present``: number of local speakers in each window, shape
    (clusters, windows).
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

    def evidence(self, windows_per_frame: float) -> NDArray[np.float64]:
        """Seconds of distinct speech of each cluster, shape (clusters,): overlapping windows repeat speech."""
        seconds: NDArray[np.float64] = np.maximum(self.longest, self.seconds / windows_per_frame)
        return seconds

    def slice(self, start: int, stop: int) -> Clusters:
        return Clusters(
            self.sums[start:stop], self.seconds[start:stop], self.longest[start:stop], self.present[start:stop]
        )


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerEstimate:
    """Centroids of the speakers, shape (speakers, dimension), and how much worse other numbers of them would fit.

    ``fewer``: log odds by which the two most similar speakers failed to be merged. ``more``: log odds by which the
    least certain merge passed. 0: both numbers fit equally; infinity: the bounds exclude the other number.
    """

    vectors: Floats
    fewer: float = np.inf
    more: float = np.inf


def estimate_speakers(
    local: LocalEmbeddings,
    windows_per_frame: float,
    bounds: SpeakerBounds,
    calibration: EmbedderCalibration = RESEMBLYZER_CALIBRATION,
) -> SpeakerEstimate:
    """Estimate the number of speakers within ``bounds``, and their centroids.

    There are fewer than ``bounds.minimum`` where the clusters are too similar, and none only without any embedding.
    """
    clusters = _initial_clusters(local)
    if not len(clusters):
        return SpeakerEstimate(np.zeros((0, local.vectors.shape[2]), np.float32))
    while len(clusters) > BLOCK:
        blocks = [clusters.slice(i, i + BLOCK) for i in range(0, len(clusters), BLOCK)]
        # One table of log odds at a time: all at once would take memory in proportion to the recording.
        clusters = _concatenate(
            [_Agglomeration(block, windows_per_frame, calibration).reduce(BLOCK // 8) for block in blocks]
        )
    agglomeration = _Agglomeration(clusters, windows_per_frame, calibration)
    clusters = agglomeration.merge(bounds)
    evidence = clusters.evidence(windows_per_frame)
    speakers = evidence >= min(MIN_SPEAKER_SPEECH, evidence.max())
    return SpeakerEstimate(clusters.centroids[speakers].astype(np.float32), *agglomeration.count_margins(bounds))


def log_odds(
    distance: NDArray[np.float64],
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    calibration: EmbedderCalibration = RESEMBLYZER_CALIBRATION,
) -> NDArray[np.float64]:
    """Log odds, per dimension and up to a factor, that two embeddings at a squared ``distance`` are of one speaker.

    ``one`` and ``other`` are their seconds of speech.
    """
    within = calibration.within_per_second * (1 / one + 1 / other) + calibration.within_floor
    between = calibration.between
    odds: NDArray[np.float64] = np.log1p(between / within) - distance * (1 / within - 1 / (within + between))
    return odds


def _initial_clusters(local: LocalEmbeddings) -> Clusters:
    """One cluster per local speaker with `MIN_LOCAL_SPEECH`; without any, per local speaker with most speech."""
    windows, locals_ = np.nonzero(local.seconds >= min(MIN_LOCAL_SPEECH, float(local.seconds.max(initial=0)) or np.inf))
    seconds = local.seconds[windows, locals_].astype(float)
    sums = local.vectors[windows, locals_] * seconds[:, None]
    entries = (np.ones(len(windows)), (np.arange(len(windows)), windows))
    present = coo_array(entries, shape=(len(windows), len(local.seconds))).tocsr()
    return Clusters(sums, seconds, seconds, present)


def _concatenate(parts: list[Clusters]) -> Clusters:
    return Clusters(
        np.concatenate([part.sums for part in parts]),
        np.concatenate([part.seconds for part in parts]),
        np.concatenate([part.longest for part in parts]),
        vstack([part.present for part in parts]).tocsr(),
    )


class _Agglomeration:
    """The state of a clustering: sums per cluster, and the table of log odds between the remaining clusters."""

    def __init__(self, clusters: Clusters, windows_per_frame: float, calibration: EmbedderCalibration) -> None:
        self.clusters, self.windows_per_frame, self.calibration = clusters, windows_per_frame, calibration
        self.sums, self.seconds, self.longest = clusters.sums.copy(), clusters.seconds.copy(), clusters.longest.copy()
        self.centroids = clusters.centroids
        self.evidence = clusters.evidence(windows_per_frame)
        self.shared_windows = (clusters.present @ clusters.present.T).toarray()  # (clusters, clusters)
        np.fill_diagonal(self.shared_windows, 0)
        self.members = np.arange(len(clusters))
        self.remaining = np.ones(len(clusters), np.bool_)
        self.odds = np.stack([self._row(i) for i in range(len(clusters))])  # (clusters, clusters)
        self.threshold = self._threshold()
        self.least_certain = np.inf
        """Log odds of the least certain merge of two speakers."""

    def reduce(self, size: int) -> Clusters:
        """At most ``size`` clusters, by the most certain merges."""
        while self.remaining.sum() > size:
            self._merge_pair(*self._best(self.odds))
        return self._result()

    def merge(self, bounds: SpeakerBounds) -> Clusters:
        """One cluster per speaker, and possibly clusters below `MIN_SPEAKER_SPEECH`, which are no speakers."""
        maximum = bounds.maximum if bounds.maximum is not None else len(self.clusters)
        threshold = self.threshold
        while self.remaining.sum() > 1:
            speakers = self.remaining & (self.evidence >= MIN_SPEAKER_SPEECH)
            number = int(speakers.sum())
            table = self.odds
            if number <= bounds.minimum:
                pairs = speakers[:, None] & speakers[None, :]
                table = np.where(pairs & (table < MERGE_LOG_ODDS), -np.inf, table)
            i, j = self._best(table)
            if number <= maximum and not table[i, j] >= threshold:
                break
            if speakers[i] and speakers[j]:
                self.least_certain = min(self.least_certain, float(self.odds[i, j]))
            self._merge_pair(i, j)
        return self._result()

    def count_margins(self, bounds: SpeakerBounds) -> tuple[float, float]:
        """``fewer`` and ``more`` of `SpeakerEstimate`; infinity for a number that ``bounds`` excludes."""
        threshold = self.threshold
        speakers = self.remaining & (self.evidence >= MIN_SPEAKER_SPEECH)
        number = int(speakers.sum())
        closest = float(self.odds[np.ix_(speakers, speakers)].max(initial=-np.inf))
        fewer = threshold - closest if number > max(1, bounds.minimum) else np.inf
        more = self.least_certain - threshold if bounds.maximum is None or number < bounds.maximum else np.inf
        return fewer, more

    def _threshold(self) -> float:
        doublings = max(0.0, float(np.log2(self.seconds.sum() / self.windows_per_frame / 60)))
        return max(OPEN_MERGE_LOG_ODDS - COUNT_PENALTY * doublings, -COUNT_PENALTY_MAXIMUM)

    def _best(self, table: NDArray[np.float64]) -> tuple[int, int]:
        i, j = divmod(int(table.argmax()), len(table))
        return min(i, j), max(i, j)

    def _merge_pair(self, i: int, j: int) -> None:
        self.sums[i] += self.sums[j]
        self.seconds[i] += self.seconds[j]
        self.longest[i] = max(self.longest[i], self.longest[j])
        self.evidence[i] = max(self.longest[i], self.seconds[i] / self.windows_per_frame)
        self.centroids[i] = self.sums[i] / np.linalg.norm(self.sums[i])
        self.shared_windows[i] += self.shared_windows[j]
        self.shared_windows[:, i] = self.shared_windows[i]
        self.members[self.members == j] = i
        self.remaining[j] = False
        self.odds[j] = self.odds[:, j] = -np.inf
        self.odds[i] = self.odds[:, i] = self._row(i)

    def _row(self, i: int) -> NDArray[np.float64]:
        distance = 2 - 2 * (self.centroids @ self.centroids[i])
        odds = log_odds(distance, self.evidence, self.evidence[i], self.calibration)
        share = self.shared_windows[i] / self.windows_per_frame / np.minimum(self.evidence, self.evidence[i])
        odds -= np.minimum(CANNOT_LINK_WEIGHT * share, CANNOT_LINK_MAXIMUM)
        odds[i] = -np.inf
        odds[~self.remaining] = -np.inf
        return odds

    def _result(self) -> Clusters:
        rows, cluster_of = np.unique(self.members, return_inverse=True)
        entries = (np.ones(len(cluster_of)), (cluster_of, np.arange(len(cluster_of))))
        gather = coo_array(entries, shape=(len(rows), len(cluster_of))).tocsr()
        present = (gather @ self.clusters.present).tocsr()
        return Clusters(self.sums[rows], self.seconds[rows], self.longest[rows], present)
