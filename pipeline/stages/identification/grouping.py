"""Speakers of many recordings in groups of one voice, without names.

Average linkage over all pairs, in the whole band where both have it, else in the telephone's; cut where the mean
similarity falls below the limit that names a person. Two speakers of one recording are two people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.gallery.people import Band
from pipeline.models.protocols import NameCalibration
from pipeline.stages.identification.speech import SpeakerVoice

Member = tuple[str, str]
"""A recording and a speaker's label in it."""
APART: Final = 1e9
"""Distance of two speakers of one recording: above any mean that could be joined, in groups of any size."""


def group_voices(voices: Mapping[Member, SpeakerVoice], limits: NameCalibration) -> tuple[tuple[Member, ...], ...]:
    """The groups, largest first, each sorted; a speaker without embedding is in no group."""
    from scipy.cluster.hierarchy import fcluster, linkage  # slow to import, and only used here
    from scipy.spatial.distance import squareform

    members = sorted(member for member, voice in voices.items() if "narrow" in voice.vectors)
    if len(members) < 2:
        return tuple((member,) for member in members)
    distances = np.maximum(_distances([voices[member] for member in members], limits), 0.0)
    recordings = np.array([recording for recording, _ in members])
    distances[recordings[:, None] == recordings] = APART
    np.fill_diagonal(distances, 0.0)
    clusters = fcluster(linkage(squareform(distances, checks=False), "average"), 1.0, criterion="distance")
    groups: dict[int, list[Member]] = {}
    for cluster, member in zip(clusters.tolist(), members, strict=True):
        groups.setdefault(cluster, []).append(member)
    return tuple(sorted(map(tuple, groups.values()), key=lambda group: (-len(group), group)))


def _distances(voices: list[SpeakerVoice], limits: NameCalibration) -> NDArray[np.float64]:
    """1 for a similarity at its limit, less above it, more below it; shape (voices, voices)."""
    narrow = 1.0 + limits.narrow - _similarities(voices, "narrow")
    wide = 1.0 + limits.wide - _similarities(voices, "wide")
    return np.where(np.isfinite(wide), wide, narrow)


def _similarities(voices: list[SpeakerVoice], band: Band) -> NDArray[np.float64]:
    """Cosine similarities in a band, NaN where one of the two lacks it."""
    width = max((len(voice.vectors[band]) for voice in voices if band in voice.vectors), default=1)
    rows = np.array([voice.vectors.get(band, np.full(width, np.nan)) for voice in voices], np.float64)
    similarities: NDArray[np.float64] = rows @ rows.T
    return similarities
