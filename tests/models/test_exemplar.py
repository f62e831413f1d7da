"""Exemplar separation: sources add up, order and names mean nothing, and voices really come apart."""

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
from tests.effort import at_most
from tests.models.voices import improvement, pair, voice

SEPARATOR = NmfSeparator()


def learnt(seconds: float = 8.0) -> dict[str, NDArray[np.float32]]:
    return {"ann": voice(0, seconds, RATE, seed=1), "bob": voice(1, seconds, RATE, seed=2)}


def test_two_voices_come_apart_by_their_solo_speech() -> None:
    sources = pair(3.0, RATE, seed=3)
    found = SEPARATOR.separate(sources.sum(axis=0), learnt())
    assert found.shape == sources.shape
    assert found.dtype == np.float32
    assert improvement(found, sources) > 8
    assert abs(np.corrcoef(found[0], sources[0])[0, 1]) > 0.9


@at_most(10)
@given(st.integers(1, 20_000), st.integers(0, 2))
def test_sources_are_finite_and_add_up_to_the_mixture(length: int, seed: int) -> None:
    mixture = np.random.default_rng(seed).normal(0, 0.1, length).astype(np.float32)
    found = SEPARATOR.separate(mixture, learnt(2.0))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=0), mixture, atol=1e-4)


def test_order_and_names_of_speakers_change_no_bit() -> None:
    mixture, solo = pair(1.0, RATE, seed=4).sum(axis=0), learnt(2.0)
    found = SEPARATOR.separate(mixture, solo)
    turned = SEPARATOR.separate(mixture, {"x": solo["bob"], "y": solo["ann"]})
    np.testing.assert_array_equal(found, turned[::-1])
    np.testing.assert_array_equal(found, SEPARATOR.separate(mixture, solo))


@pytest.mark.parametrize("few", [0, 100, int(MIN_SINGLE_SPEAKER * RATE) - 1])
def test_too_little_solo_speech_is_said_with_the_name(few: int) -> None:
    solo = learnt(3.0)
    solo["bob"] = solo["bob"][:few]
    with pytest.raises(BackendError, match="bob"):
        SEPARATOR.separate(pair(1.0, RATE, seed=4).sum(axis=0), solo)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_silence_and_broken_samples_give_finite_sources(wrong: float) -> None:
    bad = np.full(RATE * 2, wrong, np.float32)
    assert np.isfinite(SEPARATOR.separate(bad, learnt(2.0))).all()
    assert np.isfinite(SEPARATOR.separate(learnt(2.0)["ann"], {"ann": bad, "bob": learnt(2.0)["bob"]})).all()


@pytest.mark.slow
def test_read_speech_of_real_people_improves_by_the_promised_decibels(shared_data: Path) -> None:
    gains = [improvement(SEPARATOR.separate(s.sum(axis=0), solo), s) for s, solo in real_pairs(shared_data)]
    assert np.mean(gains) >= 6.5


def real_pairs(shared_data: Path) -> Iterator[tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]]:
    """Two people's sentences, and about a minute of solo speech of each."""
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
