"""Synthetic meetings as arrays: speech is known; segmentation and embeddings are simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.types import Turn
from pipeline.models.diarizers.clustering import estimate_speakers
from pipeline.models.diarizers.embedding_pooling import ClipEmbeddings, clip_grid, pool_clips
from pipeline.models.diarizers.local_segmentation import LocalSegmentation, window_continuity
from pipeline.models.diarizers.reconstruction import binarize, measure_margins, reconstruct
from pipeline.models.diarizers.speaker_assignment import assign_speakers
from pipeline.models.protocols import SpeakerBounds

FRAME, FRAMES, STEP, LOCALS, DIMENSION = 0.02, 250, 50, 3, 24
CLIP, HOP = 1.6, 0.5


@dataclass(frozen=True)
class Meeting:
    """``talking``, shape (frames, speakers), and a unit embedding for each speaker."""

    talking: NDArray[np.bool_]
    embeddings: NDArray[np.float64]
    within_per_second: float = 0.1

    @property
    def duration(self) -> float:
        return len(self.talking) * FRAME


def converse(seed: int, speakers: int, minutes: float) -> Meeting:
    """Turns of 1 to 6 s; one of four has a short overlap with the next; at most two speakers at once."""
    rng = np.random.default_rng(seed)
    frames = int(minutes * 60 / FRAME)
    talking = np.zeros((frames, speakers), np.bool_)
    start, last = 20, -1
    order = list(rng.permutation(speakers))
    while start < frames - 60:
        speaker = order.pop() if order else int(rng.choice([p for p in range(speakers) if p != last or speakers == 1]))
        end = start + int(rng.integers(50, 300))
        talking[start:end, speaker] = True
        start, last = end + (-25 if rng.random() < 0.25 else int(rng.integers(5, 40))), speaker
    embeddings, _ = np.linalg.qr(rng.standard_normal((DIMENSION, speakers)))
    return Meeting(talking, embeddings.T)


def segment(meeting: Meeting, seed: int) -> LocalSegmentation:
    """Windows of the meeting; in each, the active speakers have its local labels in any order."""
    rng = np.random.default_rng(seed)
    frames, speakers = meeting.talking.shape
    number = max(1, int(np.ceil((frames - FRAMES) / STEP)) + 1)
    padded = np.zeros((number * STEP + FRAMES, speakers), np.bool_)
    padded[:frames] = meeting.talking
    scores = np.zeros((number, FRAMES, LOCALS), np.float32)
    for w in range(number):
        window = padded[w * STEP : w * STEP + FRAMES]
        most = np.argsort(-window.sum(axis=0), kind="stable")[:LOCALS]
        for local, speaker in zip(rng.permutation(LOCALS), most, strict=False):
            scores[w, :, local] = np.where(window[:, speaker], 0.9, 0.02)
    return LocalSegmentation(scores, np.arange(number) * STEP, FRAME, 0.0)


def embed(meeting: Meeting, spans: NDArray[np.float64]) -> ClipEmbeddings:
    """Simulated embeddings: the mean of the active speakers, with noise that depends on the clip alone."""
    vectors = np.full((len(spans), DIMENSION), np.nan, np.float32)
    for i, (start, end) in enumerate(spans):
        active = meeting.talking[int(start / FRAME) : int(np.ceil(end / FRAME))].sum(axis=0)
        if active.sum():
            content = int.from_bytes(active.astype(np.int32).tobytes()[:6], "little") + len(active)
            noise = np.random.default_rng(content).standard_normal(DIMENSION) * meeting.within_per_second
            vector = active @ meeting.embeddings / active.sum() + noise
            vectors[i] = vector / np.linalg.norm(vector)
    return ClipEmbeddings(spans, vectors)


def diarize(meeting: Meeting, local: LocalSegmentation, count: SpeakerBounds) -> tuple[Turn, ...]:
    """The turns of a meeting, from windows and embeddings."""
    return find_turns(meeting, local, embed(meeting, clip_grid(local, meeting.duration, CLIP, HOP)), count)


def find_turns(
    meeting: Meeting, local: LocalSegmentation, clips: ClipEmbeddings, count: SpeakerBounds
) -> tuple[Turn, ...]:
    """Diarization with given embeddings of clips."""
    embeddings = pool_clips(local, clips)
    centroids = estimate_speakers(embeddings, local.windows_per_frame, count).vectors
    assignment, centroids = assign_speakers(embeddings, local.active, window_continuity(local), centroids)
    margins = measure_margins(embeddings, assignment, centroids)
    return binarize(reconstruct(local, assignment, margins, len(centroids)), local, meeting.duration)
