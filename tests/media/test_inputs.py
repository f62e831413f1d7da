"""Inputs in Python: a path, bytes, a file or an array give the same transcript; anything else is a one-line error."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import pipeline
from pipeline.core.audio import RATE
from pipeline.core.errors import CrosstalkError, InputError, SettingsError
from pipeline.core.events import no_progress
from pipeline.engine.pipeline import Transcriber
from pipeline.media import Decoded, open_input
from pipeline.models.synthetic import synthesize
from tests import world
from tests.max_examples import at_most

SAMPLES = synthesize(world.DIALOGUE, 8.0)
WORDS = [word.text for word in sorted(world.DIALOGUE, key=lambda word: word.text)]
RUN = Transcriber(world.settings())


def words(recording: Any, sample_rate: Any = None) -> list[str]:
    return sorted(word.text for word in RUN(recording, sample_rate).words)


def integers(kind: str, full: float) -> NDArray[Any]:
    return np.round(SAMPLES * (full - 1)).astype(kind)


ARRAYS: dict[str, Callable[[], Any]] = {
    "float32": lambda: SAMPLES,
    "float64": lambda: SAMPLES.astype(np.float64),
    "float16": lambda: SAMPLES.astype(np.float16),
    "int16": lambda: integers("int16", 32_768),
    "int32": lambda: integers("int32", 2_147_483_648),
    "big-endian": lambda: integers("int16", 32_768).astype(">i2"),
    "uint8": lambda: (np.round(SAMPLES * 127) + 128).astype(np.uint8),
    "int8": lambda: integers("int8", 128),
    "one channel": lambda: SAMPLES[None],
    "two channels": lambda: np.stack([SAMPLES, SAMPLES]),
    "not contiguous": lambda: np.repeat(SAMPLES, 2)[::2],
    "read-only": lambda: np.frombuffer(SAMPLES.tobytes(), np.float32),
    "torch": lambda: torch.from_numpy(SAMPLES.copy()),
    "torch with gradient": lambda: torch.from_numpy(SAMPLES.copy()).requires_grad_(),
    "torch channels": lambda: torch.from_numpy(SAMPLES.copy())[None],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_any_type_give_the_same_words(kind: str) -> None:
    assert words(ARRAYS[kind](), RATE) == WORDS


def test_a_rate_may_be_numpys_or_a_whole_float() -> None:
    assert words(SAMPLES, np.int64(RATE)) == WORDS
    assert words(SAMPLES, 16_000.0) == WORDS


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_any_rate_is_resampled_and_lasts_as_long(rate: int) -> None:
    tone = (0.1 * np.sin(2 * np.pi * 300 * np.arange(3 * rate) / rate)).astype(np.float32)
    _, decode = open_input(tone, rate)
    decoded = decode(no_progress)
    assert decoded.duration == pytest.approx(3.0, abs=0.01)
    assert decoded.complete
    assert decoded.audio.rate == RATE
    middle = decoded.audio.samples[RATE : 2 * RATE]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 300


@pytest.mark.slow
def test_paths_bytes_and_files_give_the_same_audio(tmp_path: Path) -> None:
    path = world.write_wav(tmp_path / "talk.wav")
    content = path.read_bytes()
    for recording in (path, str(path), content, bytearray(content), memoryview(content), io.BytesIO(content)):
        assert words(recording) == WORDS
    with path.open("rb") as file:
        file.read(100)
        assert words(file) == WORDS
        assert not file.closed
    written = io.BytesIO()
    written.write(content)
    assert words(written) == WORDS
    assert [line.speaker for line in RUN.split(content).turns] == [turn.speaker for turn in RUN(path).turns]


def test_the_source_of_a_transcript_has_a_name_and_a_hash(tmp_path: Path) -> None:
    path = world.write_wav(tmp_path / "talk.wav")
    with path.open("rb") as file:
        transcripts = [RUN(path), RUN(file), RUN(path.read_bytes())]
    provenances = [transcript.provenance for transcript in transcripts if transcript.provenance]
    assert [each.source for each in provenances] == ["talk.wav", "talk.wav", "bytes"]
    assert len({each.sha256 for each in provenances}) == 1


def closed() -> io.BytesIO:
    file = io.BytesIO(b"x")
    file.close()
    return file


WRONG: dict[str, tuple[Callable[[], Any], Any, type[CrosstalkError]]] = {
    "nothing": (lambda: None, None, SettingsError),
    "a number": (lambda: 5, None, SettingsError),
    "a list": (lambda: [0.1, 0.2], RATE, SettingsError),
    "a pair": (lambda: (SAMPLES, RATE), None, SettingsError),
    "a dictionary": (dict, None, SettingsError),
    "text": (lambda: io.StringIO("x"), None, SettingsError),
    "a closed file": (closed, None, SettingsError),
    "no rate": (lambda: SAMPLES, None, SettingsError),
    "rate 0": (lambda: SAMPLES, 0, SettingsError),
    "rate -1": (lambda: SAMPLES, -1, SettingsError),
    "rate nan": (lambda: SAMPLES, float("nan"), SettingsError),
    "rate inf": (lambda: SAMPLES, float("inf"), SettingsError),
    "rate 16000.5": (lambda: SAMPLES, 16_000.5, SettingsError),
    "rate text": (lambda: SAMPLES, "16000", SettingsError),
    "rate true": (lambda: SAMPLES, True, SettingsError),
    "rate of bytes": (lambda: b"RIFF", RATE, SettingsError),
    "rate of a path": (lambda: "x.wav", RATE, SettingsError),
    "(samples, channels)": (lambda: np.stack([SAMPLES, SAMPLES], axis=1), RATE, SettingsError),
    "three dimensions": (lambda: SAMPLES[None, None], RATE, SettingsError),
    "no dimension": (lambda: np.float32(1), RATE, SettingsError),
    "int64": (lambda: np.zeros(RATE, np.int64), RATE, SettingsError),
    "bool": (lambda: np.zeros(RATE, bool), RATE, SettingsError),
    "complex": (lambda: np.zeros(RATE, np.complex64), RATE, SettingsError),
    "objects": (lambda: np.array([None, "x"]), RATE, SettingsError),
    "texts": (lambda: np.array(["a", "b"]), RATE, SettingsError),
    "unscaled": (lambda: SAMPLES * 32_768, RATE, SettingsError),
    "no samples": (lambda: np.zeros(0, np.float32), RATE, InputError),
    "no samples of two channels": (lambda: np.zeros((2, 0), np.float32), RATE, InputError),
    "only nan": (lambda: np.full(RATE, np.nan, np.float32), RATE, InputError),
    "no bytes": (lambda: b"", None, InputError),
    "a web page": (lambda: b"<html>not found</html>", None, InputError),
    "a missing file": (lambda: "gone.wav", None, InputError),
}


@pytest.mark.parametrize("kind", WRONG)
def test_other_inputs_are_refused_in_one_line(kind: str) -> None:
    make, rate, expected = WRONG[kind]
    with pytest.raises(expected) as caught:
        RUN(make(), rate)
    assert len(caught.value.line.splitlines()) == 1


def test_a_file_opened_as_text_is_refused() -> None:
    with Path(__file__).open(encoding="utf-8") as file, pytest.raises(SettingsError):
        RUN(file)  # type: ignore[arg-type]


@pytest.mark.slow
@at_most(20)
@given(
    st.sampled_from([np.nan, np.inf, -np.inf]),
    st.integers(0, len(SAMPLES) - 1),
)
def test_samples_that_are_no_numbers_are_silence_with_a_notice(value: float, place: int) -> None:
    spoilt = SAMPLES.copy()
    spoilt[place] = value
    decoded = decoded_from(spoilt)
    assert "repaired_samples" in [notice.code for notice in decoded.notices]
    assert np.isfinite(decoded.audio.samples).all()


def decoded_from(samples: NDArray[Any]) -> Decoded:
    return open_input(samples, RATE)[1](no_progress)


def test_samples_on_the_grid_are_not_changed() -> None:
    assert np.array_equal(decoded_from(SAMPLES).audio.samples, SAMPLES)


def test_the_function_takes_arrays_too() -> None:
    transcript = pipeline.transcribe(SAMPLES, sample_rate=RATE, speakers=np.int64(2), settings=dict(world.REPLAY))  # type: ignore[arg-type]
    assert len(transcript.speakers) == 2
    assert transcript.provenance
    assert transcript.provenance.source == "array"
