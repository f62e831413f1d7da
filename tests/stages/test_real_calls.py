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


def heard(path: Path, **options: str) -> Transcript:
    return transcribe(path, offline=True, cache=False, **options)  # type: ignore[arg-type]


def texts(transcript: Transcript) -> dict[str, str]:
    return {
        speaker: " ".join(u.text for u in transcript.utterances if u.speaker == speaker).casefold()
        for speaker in transcript.speakers
    }


def test_the_overlapping_call_of_the_shared_data(shared_data: Path) -> None:
    said = texts(heard(shared_data / "calls" / "two_channel_overlap.wav", roles="left,right"))
    assert set(said) == {"left", "right"}
    assert "checking account" in said["left"]
    assert "debit card number" in said["right"]
    assert "credit card number" in said["right"]
    assert not set(said["left"].split()) & {"card", "number?", "debit"}
    assert not set(said["right"].split()) & {"checking", "saving", "account"}


def utterances(shared_data: Path, speaker: str, count: int) -> list[tuple[Samples, str]]:
    folder = next(path for path in sorted((shared_data / "librispeech" / "test-other").glob(f"{speaker}*/*")))
    lines = next(folder.glob("*.trans.txt")).read_text().splitlines()[:count]
    pairs = [line.partition(" ") for line in lines]
    return [(media.decode(next(folder.glob(f"{name}.*"))).audio.samples, text) for name, _, text in pairs]


def call(shared_data: Path, echo: float) -> tuple[NDArray[np.float32], Transcript]:
    """Two readers in turn, each beginning 0.7 s before the other ends; a late echo of one on the other's channel."""
    speakers = sorted(path.name for path in (shared_data / "librispeech" / "test-other").iterdir() if path.is_dir())[:2]
    takes = [utterances(shared_data, speaker, 3) for speaker in speakers]
    placed: list[tuple[int, int, Samples, str]] = []
    start = 0
    for turn in range(6):
        samples, text = takes[turn % 2][turn // 2]
        placed.append((turn % 2, start, samples, text))
        start += len(samples) - int(0.7 * RATE)
    channels = np.zeros((2, start + 2 * RATE), np.float32)
    for channel, first, samples, _ in placed:
        channels[channel, first : first + len(samples)] += samples
    channels[1] += echo * np.pad(channels[0], (480, 0))[: channels.shape[1]]
    lines = tuple(line(f"role{channel}", first, samples, text) for channel, first, samples, text in placed)
    turns = tuple(sorted(Turn(u.start, u.end, u.speaker) for u in lines))
    return channels, Transcript(channels.shape[1] / RATE, tuple(sorted(lines, key=lambda u: u.start)), turns)


def line(speaker: str, first: int, samples: Samples, text: str) -> Utterance:
    words = text.split()
    step = len(samples) / RATE / len(words)
    start = first / RATE
    return Utterance(speaker, tuple(Word(start + i * step, start + (i + 1) * step, w) for i, w in enumerate(words)))


@pytest.mark.parametrize("echo", [0.0, 0.1])
def test_a_simulated_call(
    echo: float, shared_data: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    import soundfile

    channels, reference = call(shared_data, echo)
    soundfile.write(tmp_path / "call.wav", channels.T, RATE)
    found = heard(tmp_path / "call.wav", roles="role0,role1", language="en")
    mixed = heard(tmp_path / "call.wav", channels="mix", language="en")
    split, one = (score(reference, t, ScoreConfig("basic")).scores.cpwer for t in (found, mixed))
    record_property("cpWER", f"split {split.errors}/{split.words}, mixed {one.errors}/{one.words}")
    assert set(found.speakers) == {"role0", "role1"}
    assert split.error_rate is not None
    assert split.error_rate <= 0.15
    assert split.errors <= one.errors
