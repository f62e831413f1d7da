"""Workers: recordings become transcripts and answers, and whatever is wrong a failure in one line."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pipeline import formats
from pipeline.batch.worker import Limits
from pipeline.config.schema import Config
from pipeline.core.types import Word
from pipeline.server.job_view import STAGES
from pipeline.server.work import REPLY, TRANSCRIPT, Cancelled, Done, Failed, Reply, StageProgress, Work
from pipeline.server.worker import INTERVAL, TranscribingWorker, WorkerSetup, start
from pipeline.workers.program import Control
from tests import world
from tests.server import models

SECONDS = 8.0
KNOWN = tuple(Word(0.5 + 0.5 * n, 0.9 + 0.5 * n, f"a{n}") for n in range(10))
"""Six seconds in which one person speaks."""


@pytest.fixture(scope="module")
def worker() -> TranscribingWorker:
    return start(WorkerSetup(world.settings(), Limits()))


def work(folder: Path, config: Config | None = None, recording: Path | None = None, **changes: Any) -> Work:
    path = recording or world.write_wav(folder / "upload-0.wav")
    return Work("1", folder, path, "Annual review.wav", config or world.settings(), **changes)


def clip(folder: Path, number: int, words: tuple[Word, ...] = KNOWN, seconds: float = 6.0) -> str:
    return str(world.write_wav(folder / f"reference-{number}.wav", words, seconds))


def failed(worker: TranscribingWorker, work: Work) -> Failed:
    end = worker(work, Control())
    assert isinstance(end, Failed)
    assert str(work.folder) not in end.message
    assert "Annual" not in end.message
    assert "\n" not in end.message
    assert {path.name for path in work.folder.iterdir()} & {TRANSCRIPT, REPLY} == set()
    return end


def test_a_recording_becomes_a_transcript_with_its_name(tmp_path: Path, worker: TranscribingWorker) -> None:
    reports: list[StageProgress] = []
    limits: list[float] = []
    end = worker(work(tmp_path), Control(limits.append, reports.append))
    assert isinstance(end, Done)
    assert (end.duration, end.notices) == (SECONDS, ())
    assert 0 < sum(end.stages.values()) <= end.seconds
    assert set(end.stages) <= set(STAGES)
    transcript = formats.load(tmp_path / TRANSCRIPT)
    assert transcript.provenance is not None
    assert transcript.provenance.source == "Annual review.wav"
    assert [word.text for line in transcript.utterances for word in line.words] == ["a1", "a2", "b3", "b4", "b6", "a5"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [TRANSCRIPT, "upload-0.wav"]
    assert [report.duration for report in reports if report.stage != "decode"] == [SECONDS] * (
        len(reports) - sum(report.stage == "decode" for report in reports)
    )
    assert {report.stage for report in reports} == set(end.stages)
    assert limits == [Limits().seconds(SECONDS)]


def test_reports_within_a_stage_are_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.core.events import StageAdvanced, StageStarted
    from pipeline.server import worker as module

    now = [0.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    reports: list[StageProgress] = []
    progress = module._WorkProgress(Control(report=reports.append), Limits())
    progress.on_event(StageStarted("recognition", 100.0))
    for number in range(100):
        now[0] += 0.01
        progress.on_event(StageAdvanced("recognition", number, 100.0))
    assert len(reports) <= 1 + 1.0 / INTERVAL
    assert reports[-1].done > 80


@pytest.mark.parametrize("stream", [False, True])
def test_the_answer_is_written_beside_the_transcript(tmp_path: Path, worker: TranscribingWorker, stream: bool) -> None:
    end = worker(work(tmp_path, reply=Reply("json", stream)), Control())
    assert isinstance(end, Done)
    answer = (tmp_path / REPLY).read_text()
    if stream:
        assert answer.endswith("data: [DONE]\n\n")
    else:
        assert set(json.loads(answer)["text"].split()) == {"a1", "a2", "b3", "b4", "b6", "a5"}


def test_what_an_earlier_attempt_wrote_is_taken(tmp_path: Path, worker: TranscribingWorker) -> None:
    assert isinstance(worker(work(tmp_path), Control()), Done)
    content = (tmp_path / TRANSCRIPT).read_bytes()
    (tmp_path / "upload-0.wav").unlink()
    end = worker(work(tmp_path, recording=tmp_path / "upload-0.wav", reply=Reply("text")), Control())
    assert isinstance(end, Done)
    assert end.duration == SECONDS
    assert (tmp_path / TRANSCRIPT).read_bytes() == content
    assert (tmp_path / REPLY).exists()


def test_settings_without_a_model_load_nothing(tmp_path: Path, worker: TranscribingWorker) -> None:
    loads = worker._models.loads
    for changes in ({"diarization.speakers": 2}, {"recognition.language": "de"}, {}):
        (tmp_path / TRANSCRIPT).unlink(missing_ok=True)
        assert isinstance(worker(work(tmp_path, world.settings(changes)), Control()), Done)
    assert worker._models.loads == loads


def test_other_models_replace_those_that_differ(tmp_path: Path) -> None:
    worker = start(WorkerSetup(world.settings(), Limits()))
    loads = worker._models.loads
    for changes, expected in (
        ({"recognition.backend": models.OTHER}, loads + 1),
        ({"recognition.backend": models.OTHER, "recognition.language": "en"}, loads + 1),
        ({}, loads + 2),
        ({"separation.backend": "synthetic"}, 4),
    ):
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        recording = world.write_wav(folder / "upload-0.wav", world.OVERLAPPING)
        assert isinstance(worker(work(folder, world.settings(changes), recording), Control()), Done)
        assert worker._models.loads == expected, changes


def test_abandoned_work_ends_at_the_next_report_and_leaves_the_models(
    tmp_path: Path, worker: TranscribingWorker
) -> None:
    reports: list[StageProgress] = []
    control = Control(report=reports.append, is_abandoned=lambda: len(reports) >= 3)
    loads = worker._models.loads
    assert worker(work(tmp_path), control) == Cancelled()
    assert len(reports) == 3
    assert not (tmp_path / TRANSCRIPT).exists()
    assert isinstance(worker(work(tmp_path), Control()), Done)
    assert worker._models.loads == loads


def test_known_speakers_are_named(tmp_path: Path, worker: TranscribingWorker) -> None:
    config = world.settings({"identification.known": {"Zoe": clip(tmp_path, 0)}, "identification.min_seconds": 0.5})
    end = worker(work(tmp_path, config, reply=Reply("diarized_json")), Control())
    assert isinstance(end, Done)
    assert {segment["speaker"] for segment in json.loads((tmp_path / REPLY).read_text())["segments"]} == {"Zoe", "A"}
    assert "Zoe" in formats.load(tmp_path / TRANSCRIPT).speakers


@pytest.mark.parametrize(
    ("words", "seconds", "problem"),
    [(KNOWN[:2], 1.5, "has 1.5 s"), (KNOWN, 12.0, "has 12.0 s"), ((), 5.0, "no speech")],
)
def test_a_reference_that_cannot_be_used_is_named_by_its_number(
    tmp_path: Path, worker: TranscribingWorker, words: tuple[Word, ...], seconds: float, problem: str
) -> None:
    """The settings sort people by name; the number is that of the request."""
    known = {"Zoe": clip(tmp_path, 0), "Adam": clip(tmp_path, 1, words, seconds)}
    end = failed(worker, work(tmp_path, world.settings({"identification.known": known}), reply=Reply()))
    assert end.kind == "request"
    assert end.message.startswith("known_speaker_references[1]: ")
    assert problem in end.message


def test_roles_are_assigned(tmp_path: Path, worker: TranscribingWorker) -> None:
    assert isinstance(worker(work(tmp_path, world.settings({"diarization.roles": "agent,customer"})), Control()), Done)
    transcript = formats.load(tmp_path / TRANSCRIPT)
    assert {notice.code for notice in transcript.notices} >= {"roles_unknown"}


@pytest.mark.parametrize(
    ("content", "kind"), [(b"", "recording"), (b"no sound " * 50, "recording"), (b"RIFF\0\0\0\0WAVE", "recording")]
)
def test_a_recording_that_cannot_be_decoded_is_refused(
    tmp_path: Path, worker: TranscribingWorker, content: bytes, kind: str
) -> None:
    path = tmp_path / "upload-0.wav"
    path.write_bytes(content)
    end = failed(worker, work(tmp_path, recording=path))
    assert (end.kind, end.message[:6]) == (kind, "file: ")


def test_a_missing_recording_and_impossible_settings_are_failures(tmp_path: Path, worker: TranscribingWorker) -> None:
    assert failed(worker, work(tmp_path, recording=tmp_path / "upload-9.wav")).kind in ("recording", "request")
    assert failed(worker, work(tmp_path, world.settings({"recognition.backend": "nowhere"}))).kind == "request"
    missing = world.settings({"recognition.backend": "whisper", "recognition.model": "whisper-large-v2"})
    end = failed(worker, work(tmp_path, missing))
    assert (end.kind, "transcribe models pull" in end.message) == ("machine", True)
    assert isinstance(worker(work(tmp_path), Control()), Done), "the worker goes on"


def test_an_exception_shows_no_words(
    tmp_path: Path, worker: TranscribingWorker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        end = failed(worker, work(tmp_path, world.settings({"recognition.backend": models.LOUD})))
    assert (end.kind, "ValueError" in end.message) == ("model", True)
    lines = [record.getMessage() for record in caplog.records if record.name == "crosstalk.server"]
    assert any("models.py" in line for line in lines)
    assert models.SECRET not in end.message + "".join(lines)


def test_results_that_cannot_be_written_are_a_fault_of_the_machine(
    tmp_path: Path, worker: TranscribingWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.core import failpoints

    monkeypatch.setenv(failpoints.VARIABLE, "write.begin:nospace")
    failpoints._reached.clear()
    assert failed(worker, work(tmp_path)).kind == "machine"
    assert [path.name for path in tmp_path.iterdir()] == ["upload-0.wav"]
