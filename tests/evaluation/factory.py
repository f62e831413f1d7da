"""Random transcripts for scoring: a small vocabulary, so that words match, and times without ties, so that speaker
mappings are unique."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import strategies as st

from pipeline.core.types import Transcript, Turn, Utterance, Word


def meeting(seed: int, speakers: int = 3, turns: int = 5, vocabulary: str = "abcd") -> Transcript:
    """A random meeting from a seed; utterances of different speakers may overlap, of one speaker not."""
    rng = random.Random(seed)
    utterances, spans, duration = [], [], 0.0
    for speaker in (f"S{seed % 7}{i}" for i in range(rng.randint(1, speakers))):
        time = rng.uniform(0, 3)
        for _ in range(rng.randint(1, turns)):
            words = []
            start = time
            for _ in range(rng.randint(1, 5)):
                end = time + rng.uniform(0.1, 0.8)
                words.append(Word(time, end, rng.choice(vocabulary)))
                time = end
            utterances.append(Utterance(speaker, tuple(words)))
            spans.append(Turn(start, time, speaker))
            time += rng.uniform(0.1, 3)
        duration = max(duration, time)
    return Transcript(duration, tuple(sorted(utterances, key=lambda u: u.start)), tuple(sorted(spans)))


def meetings(speakers: int = 3) -> st.SearchStrategy[Transcript]:
    return st.builds(meeting, st.integers(0, 2**32), st.just(speakers))


def shifted(transcript: Transcript, offset: float) -> Transcript:
    """The transcript with all times ``offset`` seconds later."""
    utterances = tuple(
        Utterance(u.speaker, tuple(replace(w, start=w.start + offset, end=w.end + offset) for w in u.words))
        for u in transcript.utterances
    )
    turns = tuple(replace(t, start=t.start + offset, end=t.end + offset) for t in transcript.turns)
    return replace(transcript, duration=transcript.duration + offset, utterances=utterances, turns=turns)


def renamed(transcript: Transcript, names: dict[str, str]) -> Transcript:
    utterances = tuple(replace(u, speaker=names[u.speaker]) for u in transcript.utterances)
    return replace(
        transcript, utterances=utterances, turns=tuple(replace(t, speaker=names[t.speaker]) for t in transcript.turns)
    )


def utterance(speaker: str, start: float, end: float, text: str) -> Utterance:
    """An utterance with words of equal length."""
    words = text.split()
    step = (end - start) / len(words)
    return Utterance(
        speaker, tuple(Word(start + i * step, start + (i + 1) * step, word) for i, word in enumerate(words))
    )


def transcript(*utterances: Utterance) -> Transcript:
    return Transcript(max(u.end for u in utterances), tuple(sorted(utterances, key=lambda u: u.start)))
