"""Made-up meetings on the level of arrays: who talks is known, the network and the voice encoder are played."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.types import Turn
from pipeline.models.diarizers.clustering import estimate_centroids
from pipeline.models.diarizers.embedding_pooling import ClipEmbeddings, clip_grid, pool_clips
from pipeline.models.diarizers.local_segmentation import LocalSegmentation, window_continuity
from pipeline.models.diarizers.reconstruction import binarize, measure_margins, reconstruct
from pipeline.models.diarizers.speaker_assignment import assign_speakers
from pipeline.models.protocols import SpeakerBounds

FRAME, FRAMES, STEP, LOCALS, DIMENSION = 0.02, 250, 50, 3, 24
CLIP, HOP = 1.6, 0.5


@dataclass(frozen=True)
class Meeting:
    """``talking``, shape (frames, people), and a unit vector for each person's voice."""

    talking: NDArray[np.bool_]
    voices: NDArray[np.float64]
    within_per_second: float = 0.1

    @property
    def duration(self) -> float:
        return len(self.talking) * FRAME


def converse(seed: int, people: int, minutes: float) -> Meeting:
    """Turns of 1 to 6 s, in one of four a short overlap with the next, never three at once."""
    rng = np.random.default_rng(seed)
    frames = int(minutes * 60 / FRAME)
    talking = np.zeros((frames, people), np.bool_)
    start, last = 20, -1
    order = list(rng.permutation(people))
    while start < frames - 60:
        person = order.pop() if order else int(rng.choice([p for p in range(people) if p != last or people == 1]))
        end = start + int(rng.integers(50, 300))
        talking[start:end, person] = True
        start, last = end + (-25 if rng.random() < 0.25 else int(rng.integers(5, 40))), person
    voices, _ = np.linalg.qr(rng.standard_normal((DIMENSION, people)))
    return Meeting(talking, voices.T)


def hear(meeting: Meeting, seed: int) -> LocalSegmentation:
    """Windows of the meeting; in each, the people who talk have its local labels in any order."""
    rng = np.random.default_rng(seed)
    frames, people = meeting.talking.shape
    number = max(1, int(np.ceil((frames - FRAMES) / STEP)) + 1)
    padded = np.zeros((number * STEP + FRAMES, people), np.bool_)
    padded[:frames] = meeting.talking
    scores = np.zeros((number, FRAMES, LOCALS), np.float32)
    for w in range(number):
        window = padded[w * STEP : w * STEP + FRAMES]
        most = np.argsort(-window.sum(axis=0), kind="stable")[:LOCALS]
        for local, person in zip(rng.permutation(LOCALS), most, strict=False):
            scores[w, :, local] = np.where(window[:, person], 0.9, 0.02)
    return LocalSegmentation(scores, np.arange(number) * STEP, FRAME, 0.0)


def embed(meeting: Meeting, spans: NDArray[np.float64]) -> ClipEmbeddings:
    """What an encoder would say: the mean of the voices heard, with noise that depends on the clip alone."""
    vectors = np.full((len(spans), DIMENSION), np.nan, np.float32)
    for i, (start, end) in enumerate(spans):
        heard = meeting.talking[int(start / FRAME) : int(np.ceil(end / FRAME))].sum(axis=0)
        if heard.sum():
            content = int.from_bytes(heard.astype(np.int32).tobytes()[:6], "little") + len(heard)
            noise = np.random.default_rng(content).standard_normal(DIMENSION) * meeting.within_per_second
            vector = heard @ meeting.voices / heard.sum() + noise
            vectors[i] = vector / np.linalg.norm(vector)
    return ClipEmbeddings(spans, vectors)


def diarize(meeting: Meeting, local: LocalSegmentation, count: SpeakerBounds) -> tuple[Turn, ...]:
    """The whole way from windows to turns."""
    return find_turns(meeting, local, embed(meeting, clip_grid(local, meeting.duration, CLIP, HOP)), count)


def find_turns(
    meeting: Meeting, local: LocalSegmentation, clips: ClipEmbeddings, count: SpeakerBounds
) -> tuple[Turn, ...]:
    """What the pipeline itself does of it: all but the encoder."""
    voices = pool_clips(local, clips)
    people = estimate_centroids(voices, local.windows_per_frame, count)
    owners, people = assign_speakers(voices, local.active, window_continuity(local), people)
    margins = measure_margins(voices, owners, people)
    return binarize(reconstruct(local, owners, margins, len(people)), local, meeting.duration)
