"""The speech that an embedding is computed from: longest spans first, whole pieces, and its band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Audio, Samples
from pipeline.core.types import Span
from pipeline.gallery.people import encoded_vector
from pipeline.models.protocols import EmbedderCalibration, NameCalibration
from pipeline.stages.identification.speech import (
    MAX_SPEECH,
    PIECE,
    TELEPHONE,
    embed_speaker,
    is_narrow,
    telephone_band,
)
from tests.strategies import rows_of_spans

NOISE = np.random.default_rng(0).normal(0, 0.1, 100 * RATE).astype(np.float32)


class Counting:
    """Embeds any clip as its energy and length, and keeps the lengths."""

    calibration = EmbedderCalibration()

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def embed(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        self.lengths += map(len, clips)
        rows = np.array([[np.square(clip).sum(), len(clip)] for clip in clips], np.float32).reshape(-1, 2)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@given(rows_of_spans(6))
def test_seconds_are_those_that_were_embedded(spans: tuple[Span, ...]) -> None:
    embedder = Counting()
    result = embed_speaker(Audio(NOISE), spans, embedder, both_bands=False)
    assert sum(embedder.lengths) / RATE == pytest.approx(result.seconds)
    assert result.seconds <= min(MAX_SPEECH + 1e-3, sum(span.duration for span in spans))
    assert all(length <= PIECE * RATE + 1 for length in embedder.lengths)
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-3) for vector in result.vectors.values())


def test_the_longest_spans_are_taken_first() -> None:
    embedder = Counting()
    spans = (Span(0, 2), Span(3, 33), Span(34, 39), Span(40, 80))
    assert embed_speaker(Audio(NOISE), spans, embedder, both_bands=False).seconds == pytest.approx(MAX_SPEECH)
    embedder = Counting()
    result = embed_speaker(Audio(NOISE), [Span(0, 0.9), Span(2, 10)], embedder, both_bands=False)
    assert result.seconds == pytest.approx(8 - 0.3)


def test_no_speech_has_no_embedding() -> None:
    assert embed_speaker(Audio(NOISE), [], Counting(), both_bands=True).vectors == {}
    assert embed_speaker(Audio(NOISE), [Span(1, 1.2)], Counting(), both_bands=True).vectors == {}


@given(st.floats(0.001, 10))
def test_the_band_does_not_depend_on_the_level(gain: float) -> None:
    narrow = telephone_band(NOISE[: 2 * RATE])
    assert is_narrow(narrow * np.float32(gain))
    assert not is_narrow(NOISE[: 2 * RATE] * np.float32(gain))


def test_the_telephones_band_is_kept_and_the_rest_removed() -> None:
    spectrum = np.abs(np.fft.rfft(telephone_band(NOISE[:RATE]))) ** 2
    frequencies = np.fft.rfftfreq(RATE, 1 / RATE)
    inside = (frequencies >= TELEPHONE[0]) & (frequencies <= TELEPHONE[1])
    np.testing.assert_allclose(spectrum[inside], np.abs(np.fft.rfft(NOISE[:RATE])[inside]) ** 2, rtol=1e-3)
    assert spectrum[~inside].sum() < 1e-6 * spectrum.sum()


def test_the_telephones_mean_is_taken_off_its_band_alone() -> None:
    plain, centred = Counting(), Counting()
    mean = np.array([0.5, 0.25], np.float32)
    limits = NameCalibration(0.5, 0.5, 0.1, encoded_vector(mean))
    centred.calibration = EmbedderCalibration(names=limits)  # type: ignore[misc]
    (before, after) = (embed_speaker(Audio(NOISE), [Span(0, 5)], each, both_bands=True) for each in (plain, centred))
    expected = before.vectors["narrow"] - mean
    np.testing.assert_allclose(after.vectors["narrow"], expected / np.linalg.norm(expected), rtol=1e-5)
    np.testing.assert_array_equal(after.vectors["wide"], before.vectors["wide"])


def test_both_bands_where_they_are_asked_for() -> None:
    audio = Audio(NOISE)
    assert set(embed_speaker(audio, [Span(0, 5)], Counting(), both_bands=True).vectors) == {"wide", "narrow"}
    assert set(embed_speaker(audio, [Span(0, 5)], Counting(), both_bands=False).vectors) == {"wide"}
    telephone = Audio(telephone_band(NOISE[: 10 * RATE]))
    assert set(embed_speaker(telephone, [Span(0, 5)], Counting(), both_bands=False).vectors) == {"narrow"}
