"""Stereo calls with the default models: both channels' words under the right role, none doubled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import media, transcribe
from pipeline.core.audio import RATE, Samples
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.evaluation.metrics.scoring import ScoreConfig, score

pytestmark = [pytest.mark.weights, pytest.mark.slow]


def transcript_of(path: Path, **options: str) -> Transcript:
    return transcribe(path, offline=True, cache=False, **options)  # type: ignore[arg-type]


def texts(transcript: Transcript) -> dict[str, str]:
    return {
        speaker: " ".join(u.text for u in transcript.utterances if u.speaker == speaker).casefold()
        for speaker in transcript.speakers
    }


def test_the_overlapping_call_of_the_shared_data(shared_data: Path) -> None:
    texts_of = texts(transcript_of(shared_data / "calls" / "two_channel_overlap.wav", roles="left,right"))
    assert set(texts_of) == {"left", "right"}
    assert "checking account" in texts_of["left"]
    assert "debit card number" in texts_of["right"]
    assert "credit card number" in texts_of["right"]
    assert not set(texts_of["left"].split()) & {"card", "number?", "debit"}
    assert not set(texts_of["right"].split()) & {"checking", "saving", "account"}


def utterances(shared_data: Path, speaker: str, count: int) -> list[tuple[Samples, str]]:
    folder = next(path for path in sorted((shared_data / "librispeech" / "test-other").glob(f"{speaker}*/*")))
    lines = next(folder.glob("*.trans.txt")).read_text().splitlines()[:count]
    pairs = [line.partition(" ") for line in lines]
    return [(media.decode(next(folder.glob(f"{name}.*"))).audio.samples, text) for name, _, text in pairs]


def call(shared_data: Path, bleed: float) -> tuple[NDArray[np.float32], Transcript]:
    """Two readers in turn, each beginning 0.7 s before the other ends; delayed bleed of one on the other's channel."""
    speakers = sorted(path.name for path in (shared_data / "librispeech" / "test-other").iterdir() if path.is_dir())[:2]
    readings = [utterances(shared_data, speaker, 3) for speaker in speakers]
    placed: list[tuple[int, int, Samples, str]] = []
    start = 0
    for turn in range(6):
        samples, text = readings[turn % 2][turn // 2]
        placed.append((turn % 2, start, samples, text))
        start += len(samples) - int(0.7 * RATE)
    channels = np.zeros((2, start + 2 * RATE), np.float32)
    for channel, first, samples, _ in placed:
        channels[channel, first : first + len(samples)] += samples
    channels[1] += bleed * np.pad(channels[0], (480, 0))[: channels.shape[1]]
    lines = tuple(line(f"role{channel}", first, samples, text) for channel, first, samples, text in placed)
    turns = tuple(sorted(Turn(u.start, u.end, u.speaker) for u in lines))
    return channels, Transcript(channels.shape[1] / RATE, tuple(sorted(lines, key=lambda u: u.start)), turns)


def line(speaker: str, first: int, samples: Samples, text: str) -> Utterance:
    words = text.split()
    step = len(samples) / RATE / len(words)
    start = first / RATE
    return Utterance(speaker, tuple(Word(start + i * step, start + (i + 1) * step, w) for i, w in enumerate(words)))


@pytest.mark.parametrize("bleed", [0.0, 0.1])
def test_a_simulated_call(
    bleed: float, shared_data: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    import soundfile

    channels, reference = call(shared_data, bleed)
    soundfile.write(tmp_path / "call.wav", channels.T, RATE)
    split_channels = transcript_of(tmp_path / "call.wav", roles="role0,role1", language="en")
    mixed = transcript_of(tmp_path / "call.wav", channels="mix", language="en")
    split, one = (score(reference, t, ScoreConfig("basic")).scores.cpwer for t in (split_channels, mixed))
    record_property("cpWER", f"split {split.errors}/{split.words}, mixed {one.errors}/{one.words}")
    assert set(split_channels.speakers) == {"role0", "role1"}
    assert split.error_rate is not None
    assert split.error_rate <= 0.15
    assert split.errors <= one.errors
