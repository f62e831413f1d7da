"""A conversation for the tests of the page: three speakers, an overlap, doubtful words, speech without words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline import media
from pipeline.core.audio import RATE
from pipeline.core.identity import Candidate, Identity
from pipeline.core.types import (
    Coverage,
    OverlapDecision,
    Provenance,
    SpeakerEvidence,
    Transcript,
    Turn,
    Utterance,
    Word,
)
from pipeline.formats.base import PEAK_SECONDS, Sound
from pipeline.models.synthetic import synthesize

DURATION = 20.0
ANA, BEN, CORA = "SPEAKER_00", "SPEAKER_01", "SPEAKER_02"


def said(speaker: str, start: float, text: str, **evidence: object) -> Utterance:
    """An utterance with a word each 0.4 s."""
    words = [Word(start + 0.4 * i, start + 0.4 * i + 0.35, w, 0.9) for i, w in enumerate(text.split())]
    for index, probability in evidence.items():
        old = words[int(index[1:])]
        words[int(index[1:])] = Word(old.start, old.end, old.text, float(str(probability)))
    return Utterance(speaker, tuple(words))


def conversation() -> Transcript:
    """The transcript."""
    utterances = (
        said(ANA, 0.5, "good morning to all of you"),
        said(BEN, 3.0, "I think we begin with the budget now", w4=0.1, w5=0.2),
        said(ANA, 4.6, "yes please begin"),
        said(CORA, 7.0, "the budget is eleven hundred", w3=0.05),
        said(ANA, 10.0, "and that is too much I say"),
    )
    turns = (
        Turn(0.5, 2.9, ANA, 0.4),
        Turn(3.0, 6.2, BEN, 0.4),
        Turn(4.6, 5.8, ANA, 0.3),
        Turn(7.0, 9.0, CORA, 0.5),
        Turn(10.0, 19.0, ANA, 0.4),
    )
    evidence = (SpeakerEvidence(ANA, "yes please begin"), SpeakerEvidence(BEN, "the budget now"))
    ledger = (OverlapDecision(4.6, 5.8, evidence, "synthetic", "mixture", "the sources match no speaker"),)
    identities = (Identity(CORA, None, "unknown", "below the limit", 0.41, candidates=(Candidate("Cora", 0.41),)),)
    return Transcript(
        DURATION, utterances, turns, ledger, "en", True, Coverage(DURATION, DURATION, 16.0, 11.0, 5.0),
        provenance=Provenance("talk.wav", "f" * 64), identities=identities,
    )  # fmt: skip


def recording(transcript: Transcript) -> Sound:
    """The sound of a transcript: a tone for each word."""
    tones = [replace(word, text=f"{'ab'[i % 2]}{i % 9}") for i, word in enumerate(transcript.words)]
    samples = synthesize(tones, transcript.duration)
    step = int(RATE * PEAK_SECONDS)
    blocks = np.abs(np.pad(samples, (0, -len(samples) % step))).reshape(-1, step).max(axis=1)
    peaks = (np.clip(blocks, 0, 1) * 255).astype(np.uint8).tobytes()
    return Sound(media.encode(samples, "m4a"), "audio/mp4", peaks=peaks)
