"""Made-up meetings on the level of arrays: who talks is known, the network and the voice encoder are played."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.protocols import SpeakerCount
from pipeline.speakers.clustering import find_people
from pipeline.speakers.decoding import assign
from pipeline.speakers.drawing import draw, measure_margins, read_turns
from pipeline.speakers.pooling import Clips, lay_clips, pool
from pipeline.speakers.windows import LocalSpeech, agreement
from pipeline.values import Turn

FRAME, FRAMES, STEP, LOCALS, DIMENSION = 0.02, 250, 50, 3, 24
CLIP, HOP = 1.6, 0.5


@dataclass(frozen=True)
class Meeting:
    """``talking``, shape (frames, people), and a unit vector for each person's voice."""

    talking: NDArray[np.bool_]
    voices: NDArray[np.float64]
    noise: float = 0.1

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


def hear(meeting: Meeting, seed: int) -> LocalSpeech:
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
    return LocalSpeech(scores, np.arange(number) * STEP, FRAME, 0.0)


def embed(meeting: Meeting, spans: NDArray[np.float64]) -> Clips:
    """What an encoder would say: the mean of the voices heard, with noise that depends on the clip alone."""
    vectors = np.full((len(spans), DIMENSION), np.nan, np.float32)
    for i, (start, end) in enumerate(spans):
        heard = meeting.talking[int(start / FRAME) : int(np.ceil(end / FRAME))].sum(axis=0)
        if heard.sum():
            content = int.from_bytes(heard.astype(np.int32).tobytes()[:6], "little") + len(heard)
            noise = np.random.default_rng(content).standard_normal(DIMENSION) * meeting.noise
            vector = heard @ meeting.voices / heard.sum() + noise
            vectors[i] = vector / np.linalg.norm(vector)
    return Clips(spans, vectors)


def diarize(meeting: Meeting, local: LocalSpeech, count: SpeakerCount) -> tuple[Turn, ...]:
    """The whole way from windows to turns."""
    return find_turns(meeting, local, embed(meeting, lay_clips(local, meeting.duration, CLIP, HOP)), count)


def find_turns(meeting: Meeting, local: LocalSpeech, clips: Clips, count: SpeakerCount) -> tuple[Turn, ...]:
    """What the pipeline itself does of it: all but the encoder."""
    voices = pool(local, clips)
    people = find_people(voices, local.redundancy, count)
    owners, people = assign(voices, local.active, agreement(local), people)
    margins = measure_margins(voices, owners, people)
    return read_turns(draw(local, owners, margins, len(people)), local, meeting.duration)
