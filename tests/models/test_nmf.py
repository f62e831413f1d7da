"""NMF separation: sources add up, order and names have no effect, and SI-SDR improves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.core.audio import RATE
from pipeline.core.errors import BackendError
from pipeline.models.separators.nmf import MIN_SINGLE_SPEAKER, NmfSeparator
from tests.max_examples import at_most
from tests.models.synthetic_speech import improvement, pair, speaker_signal

SEPARATOR = NmfSeparator()


def solo_speech(seconds: float = 8.0) -> dict[str, NDArray[np.float32]]:
    return {"ann": speaker_signal(0, seconds, RATE, seed=1), "bob": speaker_signal(1, seconds, RATE, seed=2)}


def test_two_speakers_are_separated_by_their_single_speaker_speech() -> None:
    sources = pair(3.0, RATE, seed=3)
    estimates = SEPARATOR.separate(sources.sum(axis=0), solo_speech())
    assert estimates.shape == sources.shape
    assert estimates.dtype == np.float32
    assert improvement(estimates, sources) > 8
    assert abs(np.corrcoef(estimates[0], sources[0])[0, 1]) > 0.9


@at_most(10)
@given(st.integers(1, 20_000), st.integers(0, 2))
def test_sources_are_finite_and_add_up_to_the_mixture(length: int, seed: int) -> None:
    mixture = np.random.default_rng(seed).normal(0, 0.1, length).astype(np.float32)
    estimates = SEPARATOR.separate(mixture, solo_speech(2.0))
    assert np.isfinite(estimates).all()
    np.testing.assert_allclose(estimates.sum(axis=0), mixture, atol=1e-4)


def test_order_and_names_of_speakers_change_no_bit() -> None:
    mixture, solo = pair(1.0, RATE, seed=4).sum(axis=0), solo_speech(2.0)
    estimates = SEPARATOR.separate(mixture, solo)
    swapped = SEPARATOR.separate(mixture, {"x": solo["bob"], "y": solo["ann"]})
    np.testing.assert_array_equal(estimates, swapped[::-1])
    np.testing.assert_array_equal(estimates, SEPARATOR.separate(mixture, solo))


@pytest.mark.parametrize("few", [0, 100, int(MIN_SINGLE_SPEAKER * RATE) - 1])
def test_the_error_of_too_little_single_speaker_speech_names_the_speaker(few: int) -> None:
    solo = solo_speech(3.0)
    solo["bob"] = solo["bob"][:few]
    with pytest.raises(BackendError, match="bob"):
        SEPARATOR.separate(pair(1.0, RATE, seed=4).sum(axis=0), solo)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_silence_and_broken_samples_give_finite_sources(wrong: float) -> None:
    bad = np.full(RATE * 2, wrong, np.float32)
    assert np.isfinite(SEPARATOR.separate(bad, solo_speech(2.0))).all()
    assert np.isfinite(SEPARATOR.separate(solo_speech(2.0)["ann"], {"ann": bad, "bob": solo_speech(2.0)["bob"]})).all()


@pytest.mark.slow
def test_real_speech_improves_by_the_promised_decibels(shared_data: Path) -> None:
    gains = [improvement(SEPARATOR.separate(s.sum(axis=0), solo), s) for s, solo in real_pairs(shared_data)]
    assert np.mean(gains) >= 6.5


def real_pairs(shared_data: Path) -> Iterator[tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]]:
    """Utterances of two speakers, and about a minute of single-speaker speech of each."""
    folder = shared_data / "librispeech" / "test-other"
    speakers = sorted(path for path in folder.rglob("*") if path.is_dir() and list(path.glob("*.flac")))
    for first, second in ((0, 3), (1, 4), (2, 5)):
        books = [_utterances(speakers[first]), _utterances(speakers[second])]
        length = min(len(books[0][0]), len(books[1][0]), 4 * RATE)
        solo = {name: np.concatenate(book[1:])[: 60 * RATE] for name, book in zip("ab", books, strict=True)}
        yield np.stack([_levelled(book[0][:length]) for book in books]), solo


def _utterances(folder: Path) -> list[NDArray[np.float32]]:
    return [_levelled(soundfile.read(path, dtype="float32")[0]) for path in sorted(folder.glob("*.flac"))]


def _levelled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(0.05 * samples / np.std(samples), np.float32)
