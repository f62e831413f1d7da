"""The real models transcribe no words in audio without speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.engine.pipeline import Transcriber
from tests.media.factory import wav

RATE, SECONDS = 16_000, 12
TIME = np.arange(SECONDS * RATE) / RATE
RNG = np.random.default_rng(5)


def _ringing() -> NDArray[np.float64]:
    """A telephone: 425 Hz, one second of five."""
    return 0.2 * np.sin(2 * np.pi * 425 * TIME) * (TIME % 5 < 1)


def _music() -> NDArray[np.float64]:
    """Chords of decaying strings, two a second."""
    since = TIME % 0.5
    root = 220 * 2 ** (np.array([0, 5, 7, 3, 8, 0])[(TIME // 0.5).astype(int) % 6] / 12)
    chord = sum(np.sin(2 * np.pi * root * ratio * since) for ratio in (1, 1.26, 1.5, 2))
    return np.asarray(0.06 * chord * np.exp(-3 * since))


SOUNDS = {
    "silence": np.zeros(SECONDS * RATE),
    "hiss": 0.003 * RNG.standard_normal(SECONDS * RATE),
    "noise": 0.1 * RNG.standard_normal(SECONDS * RATE),
    "hum": 0.1 * np.sign(np.sin(2 * np.pi * 50 * TIME)),
    "tone": 0.3 * np.sin(2 * np.pi * 1000 * TIME),
    "ringing": _ringing(),
    "music": _music(),
}


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber()


@pytest.mark.promise(10)
@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize("sound", SOUNDS)
def test_non_speech_has_no_words(sound: str, transcriber: Transcriber, tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(wav(SOUNDS[sound] * 32_767))
    transcript = transcriber(tmp_path / "x.wav")
    assert transcript.words == ()
    assert (transcript.status, transcript.language) == ("no_speech", None)
