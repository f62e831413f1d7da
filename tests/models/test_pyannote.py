"""The contract of every diarizer, on the real models. Heavy packages are imported when a test runs, not before."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.config.schema import Config, assign
from pipeline.core import timeline
from pipeline.core.audio import RATE, Audio
from pipeline.core.errors import MissingModel
from pipeline.core.events import no_progress
from pipeline.core.types import Turn
from pipeline.evaluation.metrics.der import diarization_errors
from pipeline.models.protocols import Diarizer, SpeakerBounds
from pipeline.models.registry import load
from pipeline.models.weights import Store

WORST = {"windowed": 0.07, "pyannote": 0.08}


@pytest.fixture(scope="module")
def recording(sample: Path) -> Audio:
    samples, rate = soundfile.read(sample, dtype="float32")
    assert rate == RATE
    return Audio(samples)


@pytest.fixture(scope="module")
def reference(sample: Path) -> tuple[Turn, ...]:
    rows = [line.split() for line in sample.with_suffix(".rttm").read_text().splitlines()]
    return tuple(Turn(float(r[3]), float(r[3]) + float(r[4]), r[7]) for r in rows)


@pytest.fixture(scope="module", params=sorted(WORST))
def flow(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def diarizer(flow: str) -> Diarizer:
    config = assign(Config(), {"diarization.method": flow})
    made: Diarizer = load("diarizer", "pyannote", config, Store())
    assert (type(made).__name__ == "WindowedDiarizer") == (flow == "windowed")
    return made


@pytest.mark.weights
def test_the_sample_is_diarized(diarizer: Diarizer, flow: str, recording: Audio, reference: tuple[Turn, ...]) -> None:
    turns = diarizer.diarize(recording, SpeakerBounds(2, 2), no_progress).turns
    errors, _ = diarization_errors(reference, turns)
    assert errors.error_rate is not None
    assert errors.error_rate <= WORST[flow]


@pytest.mark.weights
def test_two_speakers_are_counted_and_the_count_has_no_effect(diarizer: Diarizer, recording: Audio) -> None:
    diarization = diarizer.diarize(recording, SpeakerBounds(), no_progress)
    assert len({turn.speaker for turn in diarization.turns}) == 2
    assert diarization.turns == diarizer.diarize(recording, SpeakerBounds(2, 2), no_progress).turns


@pytest.mark.weights
@pytest.mark.parametrize("samples", [1, 160, 8000, 48_000])
def test_any_length_gives_at_most_the_speakers_asked_for(diarizer: Diarizer, recording: Audio, samples: int) -> None:
    number = 3
    piece = Audio(recording.samples[8 * RATE : 8 * RATE + samples].copy())
    result = diarizer.diarize(piece, SpeakerBounds(number, number), no_progress)
    speakers = {turn.speaker for turn in result.turns}
    assert len(speakers) <= number
    assert timeline.normalize(result.turns, piece.duration) == result.turns
    if 0 < len(speakers) < number:
        assert [notice.code for notice in result.notices] == ["fewer_speakers"]


@pytest.mark.weights
@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_silence_has_no_turns(diarizer: Diarizer, level: float) -> None:
    noise = np.random.default_rng(0).standard_normal(10 * RATE) * level
    assert diarizer.diarize(Audio(noise.astype(np.float32)), SpeakerBounds(2, 2), no_progress).turns == ()


@pytest.mark.weights
def test_progress_rises_to_the_end(diarizer: Diarizer, recording: Audio) -> None:
    fractions: list[float] = []
    diarizer.diarize(recording, SpeakerBounds(2, 2), lambda done, total: fractions.append(done / total))
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)


@pytest.mark.weights
def test_margins_are_between_minus_one_and_one(recording: Audio) -> None:
    turns = load("diarizer", "pyannote", Config(), Store()).diarize(recording, SpeakerBounds(2, 2), no_progress).turns
    assert all(turn.margin is not None and -1 <= turn.margin <= 1 for turn in turns)


def test_telemetry_is_off() -> None:
    import pipeline.models.diarizers.stock  # noqa: F401

    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "0"


def test_a_published_pipeline_that_is_not_there_is_a_missing_model(tmp_path: Path) -> None:
    config = assign(Config(), {"diarization.pipeline": str(tmp_path), "runtime.offline": True})
    with pytest.raises(MissingModel, match="pipeline"):
        load("diarizer", "pyannote", config, Store())


def test_a_published_pipeline_of_the_catalogue_is_taken_from_where_it_was_pulled_to(tmp_path: Path) -> None:
    name = "speaker-diarization-community-1"
    config = assign(Config(), {"diarization.pipeline": name})
    with pytest.raises(MissingModel, match=f"transcribe models pull {name}"):
        load("diarizer", "pyannote", config, Store(tmp_path, offline=True))


def test_surplus_speakers_go_to_the_nearest_embedding() -> None:
    from pipeline.models.diarizers.stock import limit_speakers

    turns = (Turn(0, 5, "a"), Turn(5, 9, "b"), Turn(9, 10, "c"))
    embeddings = {"a": np.array([1.0, 0]), "b": np.array([0, 1.0]), "c": np.array([0.1, 1.0])}
    assert limit_speakers(turns, embeddings, SpeakerBounds(2, 2)).turns == (
        Turn(0, 5, "SPEAKER_00"),
        Turn(5, 10, "SPEAKER_01"),
    )
    assert limit_speakers(turns, {}, SpeakerBounds(2, 2)).turns[0] == Turn(0, 5, "SPEAKER_00")
    assert limit_speakers(turns, embeddings, SpeakerBounds(4, 4)).notices[0].code == "fewer_speakers"
