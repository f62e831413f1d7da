"""Every example, benchmark and training script runs, in small."""

from __future__ import annotations

import csv
import importlib
import itertools
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from examples import minutes, own_separator, python_api, read_tables_duckdb, read_tables_pandas
from examples.benchmarks import (
    batch_bench,
    data,
    diarization_bench,
    gpu_bench,
    names_bench,
    parts_bench,
    senko_bench,
    speed_bench,
    stereo_bench,
)
from examples.training import separation_scenes, train_segmentation, train_separation
from pipeline import __version__, formats
from pipeline.analytics import analytics_file
from pipeline.analytics.calls import Failure, History, read_calls
from pipeline.analytics.rules.reading import read
from pipeline.analytics.tables import write_tables
from pipeline.config.schema import Config
from pipeline.core.audio import RATE, Audio
from pipeline.core.errors import SettingsError
from pipeline.core.events import Progress
from pipeline.core.timeline import spread
from pipeline.core.types import Transcript, Turn, Utterance
from pipeline.evaluation.benchmark.bench import System, read_reference
from pipeline.evaluation.benchmark.dataset import Recording, find_recordings
from pipeline.evaluation.metrics.der import DiarizationErrors
from pipeline.evaluation.simulation.corpus import find_speakers
from pipeline.minutes.making import make_minutes
from pipeline.models.protocols import Diarization, NameCalibration, SpeakerBounds
from pipeline.models.synthetic import synthesize
from pipeline.models.weights import Store
from pipeline.stages.identification.speech import SpeakerVoice
from tests import world
from tests.conftest import REPOSITORY
from tests.models.synthetic_speech import pair
from tests.pages import DOCS, block, code
from tests.world import DIALOGUE

EXAMPLES = REPOSITORY / "examples"
PUBLISHED = "pyannote-segmentation"
SENKO_WORKER = """
import json, sys
print(json.dumps({"loading": 1.0, "threads": 2, "versions": dict.fromkeys(sys.argv[1:], "1")}), flush=True)
both = [{"start": 0.0, "end": 2.0, "speaker": "1"}, {"start": 2.0, "end": 4.0, "speaker": "2"}]
for number, line in enumerate(sys.stdin, 1):
    raw = [both[0], {**both[1], "start": 3.0}]
    print(json.dumps({"seconds": number / 2, "merged": both, "raw": raw}), flush=True)
"""
"""Answers as that of senko_bench does, for any recording."""


class OneSpeaker:
    """A diarizer that finds one speaker from 0 to 4 s."""

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization:
        return Diarization((Turn(0.0, 4.0, "A"),))


def test_there_is_a_test_for_every_example() -> None:
    assert {path.relative_to(EXAMPLES).with_suffix("").as_posix() for path in EXAMPLES.rglob("[!_]*.py")} == {
        "benchmarks/batch_bench",
        "benchmarks/calls_bench",
        "benchmarks/calls_data",
        "benchmarks/calls_numbers",
        "benchmarks/calls_redaction",
        "benchmarks/calls_survivors",
        "benchmarks/calls_texts",
        "benchmarks/data",
        "benchmarks/diarization_bench",
        "benchmarks/gpu_bench",
        "benchmarks/interruptions_bench",
        "benchmarks/interruptions_calls",
        "benchmarks/minutes_agenda",
        "benchmarks/minutes_baselines",
        "benchmarks/minutes_bench",
        "benchmarks/minutes_data",
        "benchmarks/minutes_recognized",
        "benchmarks/names_bench",
        "benchmarks/overlap_figure",
        "benchmarks/page_bench",
        "benchmarks/page_pictures",
        "benchmarks/parts_bench",
        "benchmarks/project_bench",
        "benchmarks/redaction_bench",
        "benchmarks/redaction_calls",
        "benchmarks/redaction_items",
        "benchmarks/redaction_texts",
        "benchmarks/server_bench",
        "benchmarks/report_bench",
        "benchmarks/report_calls",
        "benchmarks/roles_bench",
        "benchmarks/roles_texts",
        "benchmarks/rules_baseline",
        "benchmarks/rules_bench",
        "benchmarks/senko_bench",
        "benchmarks/speed_bench",
        "benchmarks/stereo_bench",
        "minutes",
        "own_format",
        "own_separator",
        "python_api",
        "read_tables_duckdb",
        "read_tables_pandas",
        "simulated_calls",
        "simulated_meeting",
        "synthetic_calls",
        "synthetic_voices",
        "training/separation_scenes",
        "training/train_minutes",
        "training/train_segmentation",
        "training/train_separation",
        "training/word_frequencies",
    }


def test_a_machine_without_a_gpu_gets_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_bench, "count_gpus", lambda: 0)
    monkeypatch.setattr(sys, "argv", ["gpu_bench"])
    with pytest.raises(SystemExit) as caught:
        gpu_bench.main()
    assert "no NVIDIA GPU" in str(caught.value.code)
    assert "\n" not in str(caught.value.code)  # which Python prints, with exit code 1


def test_the_table_of_a_gpu_has_stages_memory_goals_and_the_errors_of_both_devices() -> None:
    run = {"seconds": 3.2, "stages": {"decode": 0.5, "separation": 0.75}, "errors": 521, "words": 1838}
    about = {"gpu": "GPU 1", "cores": 16, "processor": "CPU 1", "libraries": "torch 2"}
    figures = {
        "machine": about,
        "device": "cuda",
        "minutes": 10.0,
        "load_seconds": 8.0,
        "first": run,
        "warm": [run, {**run, "seconds": 3.6}, {**run, "seconds": 3.4}],
        "long": {**run, "seconds": 17.0, "minutes": 60},
        "cpu": {**run, "seconds": 25.0, "errors": 539},
        "memory_mb": {"torch": 2400.0, "whole process (nvidia-smi)": 3500.0},
    }
    table = gpu_bench.as_table(figures)
    for row in (
        "| 10 minutes, once warm (3 runs) | 3.40 s (3.20 to 3.60) | 4 s, aim 3 s |",
        "| – separation | 0.75 s (0.75 to 0.75) |  |",
        "| 60 minutes | 17.00 s | 20 s |",
        "| peak GPU memory, whole process (nvidia-smi) | 3500 MB | 4096 MB |",
        "| word errors (cpWER), cuda | 521 of 1838 |  |",
        "| word errors (cpWER), cpu | 539 of 1838 |  |",
    ):
        assert row in table.splitlines()


def test_the_meeting_of_the_repository_has_four_speakers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "WORK", tmp_path)
    monkeypatch.setattr(data, "shared_data", lambda: None)
    meeting = gpu_bench._meeting(1.0)
    assert len(read_reference(meeting).speakers) == gpu_bench.SPEAKERS


def test_minutes_list_each_item_with_its_time_and_speaker() -> None:
    said = [
        ("Anna", "So we decided that the festival is in June."),
        ("Ben", "I will write to the school by Friday."),
        ("Anna", "How much money is left from last year?"),
        ("Ben", "I don't know."),
    ]
    utterances = tuple(
        Utterance(name, spread(text.split(), 60.0 * n, 60.0 * n + 5)) for n, (name, text) in enumerate(said)
    )
    transcript = Transcript(
        200.0, utterances, tuple(Turn(u.start, u.end, u.speaker) for u in utterances), language="en"
    )
    assert list(minutes.lines(make_minutes(transcript))) == [
        "decided 00:00:00 Anna: So we decided that the festival is in June.",
        "to do   00:01:00 Ben: I will write to the school by Friday. (Ben, by Friday)",
        "open    00:02:00 Anna: How much money is left from last year?",
    ]


def test_the_example_separator_separates() -> None:
    time = np.arange(2 * RATE) / RATE
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (300.0, 2000.0))
    separator = own_separator.SpectralGate.from_config(Config(), Store())
    rows = separator.separate((low + high)[:RATE], {"low": low, "high": high})
    assert rows.shape == (2, RATE)
    assert np.mean((rows[0] - low[:RATE]) ** 2) < 0.01
    assert np.mean((rows[1] - high[:RATE]) ** 2) < 0.01


def test_the_example_format_writes_a_line_per_utterance() -> None:
    pytest.importorskip("pipeline.formats.base", reason="formats are not declared objects yet")
    own_format = importlib.import_module("examples.own_format")
    transcript = world.transcribed(DIALOGUE)
    rows = [json.loads(line) for line in own_format.FORMAT.dumps(transcript, "talk").decode().splitlines()]
    assert [row["text"] for row in rows] == [utterance.text for utterance in transcript.utterances]
    assert all(row["recording"] == "talk" and row["start"] < row["end"] for row in rows)


def test_the_python_interface_transcribes_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recordings = [world.write_wav(tmp_path / "talk.wav"), tmp_path / "missing.wav"]
    ((path, transcript),) = python_api.transcribe_all(recordings, world.settings())
    assert (
        python_api.summary(path, transcript) == "talk.wav: SPEAKER_00, SPEAKER_01; 6 words; 0 of 1 overlaps separated"
    )
    report = capsys.readouterr().err
    assert "recognition: " in report
    assert "missing.wav" in report


def write_example_tables(folder: Path) -> Path:
    """The tables of two calls, of which the second has more silence."""
    for name, duration in (("one", 8.0), ("two", 9.0)):
        path, content = analytics_file.file_of(world.transcribed(DIALOGUE, duration), (), folder / name, {})
        path.write_bytes(content)
    history = History((Failure("three", "refused", "no audio"),))
    write_tables(lambda: read_calls(folder, history), folder / "tables", history)
    return folder / "tables"


def test_the_queries_of_tables_are_valid_sql(tmp_path: Path) -> None:
    """With SQLite, which is part of Python; DuckDB may be missing."""
    base = sqlite3.connect(":memory:")
    for path in write_example_tables(tmp_path).glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        base.execute(f"CREATE TABLE {path.stem} ({', '.join(f'{name} NUMERIC' for name in header)})")
        base.executemany(f"INSERT INTO {path.stem} VALUES ({', '.join('?' * len(header))})", rows)
    assert len(base.execute(read_tables_duckdb.INTERRUPTIONS).fetchall()) == 4
    assert [row[0] for row in base.execute(read_tables_duckdb.SILENCE)] == ["two", "one"]
    base.close()


def test_tables_are_read_with_duckdb(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    connection = read_tables_duckdb.connect(write_example_tables(tmp_path))
    assert len(connection.sql(read_tables_duckdb.INTERRUPTIONS).fetchall()) == 4
    assert [row[0] for row in connection.sql(read_tables_duckdb.SILENCE).fetchall()] == ["two", "one"]


@pytest.mark.parametrize("suffixes", [{".csv"}, {".csv", ".parquet"}], ids=["csv", "parquet"])
def test_tables_are_read_with_pandas(
    suffixes: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pandas")
    if ".parquet" in suffixes:
        pytest.importorskip("pyarrow")
    folder = write_example_tables(tmp_path)
    for path in folder.iterdir():
        if path.suffix not in suffixes:
            path.unlink()
    (row,) = read_tables_pandas.summarize(folder, "complete").to_dict("records")
    assert (row["calls"], row["hours"]) == (2, round(17 / 3600, 3))
    monkeypatch.setattr(sys, "argv", ["read_tables_pandas", str(folder), "--by", "complete"])
    read_tables_pandas.main()
    assert "failures: 1 x no audio" in capsys.readouterr().out


def test_the_code_on_the_page_of_tables_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pandas")
    rules = read("rules: [{name: greeting, says: [good morning]}]").rules
    file, content = analytics_file.file_of(world.transcribed(DIALOGUE), rules, tmp_path / "one", {"agent": "Ana"})
    file.write_bytes(content)
    write_tables(lambda: read_calls(tmp_path), tmp_path / "out" / "tables")
    monkeypatch.chdir(tmp_path)
    (source,) = code(DOCS / "tables.md", "python")
    exec(compile(source, "tables.md", "exec"), {})
    assert "Ana" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["minutes", "python_api", "read_tables_duckdb", "read_tables_pandas", "simulated_meeting"]
)
def test_example_scripts_print_their_usage(name: str) -> None:
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--help"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "usage:" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *(
            f"benchmarks.{name}_bench"
            for name in ("batch", "calls", "diarization", "minutes", "parts", "project", "senko", "stereo")
        ),
        "benchmarks.overlap_figure",
        "benchmarks.calls_data",
        "simulated_calls",
        "training.train_minutes",
        "training.train_segmentation",
        "training.train_separation",
    ],
)
def test_modules_print_their_usage(name: str) -> None:
    command = [sys.executable, "-m", f"examples.{name}", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert "usage:" in done.stdout


@pytest.mark.slow
def test_the_batch_benchmark_in_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    bench = batch_bench
    sources = [
        bench.Source((synthesize(words, 9.0) * 32767).astype(np.int16)[:, None], RATE) for words in (DIALOGUE, ())
    ]
    bench.write_excerpts(sources, [2.0, 1.0, 1.5], tmp_path / "calls")
    assert len({path.read_bytes() for path in (tmp_path / "calls").iterdir()}) == 3
    one, two = (bench.run(tmp_path / "calls", tmp_path / str(n), n, bench.WITHOUT_MODELS) for n in (1, 2))
    figures = bench.summarize(one, two, one)
    assert figures["done"] == [3, 3]
    assert all(len(counts) == 1 for workers in figures["loads"] for counts in workers)
    assert figures["decoding"] > 0
    assert figures["overhead"] > 0
    assert "| calls done, of 3 (0.1 min) | 3 and 3 |" in bench.as_table(figures)


def test_calls_have_the_mean_length_asked_for() -> None:
    lengths = batch_bench.lengths(200)
    assert lengths == batch_bench.lengths(200)
    assert min(lengths) >= 30
    assert 150 < max(lengths) <= 300
    assert sum(lengths) / 200 == pytest.approx(45, abs=3)


@pytest.mark.parametrize(("name", "page"), [("batch", "benchmarks.md"), ("stereo", "stereo-calls.md")])
def test_the_tables_of_batches_are_the_results(name: str, page: str) -> None:
    figures = json.loads((data.RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    bench = importlib.import_module(f"examples.benchmarks.{name}_bench")
    assert block(DOCS / page, f"{name}-bench") == bench.as_table(figures.get("rows", figures))


def test_the_table_of_diarization_is_the_results() -> None:
    rows = json.loads((data.RESULTS / "diarization.json").read_text(encoding="utf-8"))["results"]
    results = [diarization_bench.Result(**{**row, "errors": DiarizationErrors(**row["errors"])}) for row in rows]
    assert block(DOCS / "benchmarks.md", "diarization") == diarization_bench.as_table(results)


def test_the_table_of_senko_is_the_results() -> None:
    figures = json.loads(senko_bench.FIGURES.read_text(encoding="utf-8"))
    assert block(DOCS / "benchmarks.md", "senko") == senko_bench.as_page(figures)
    assert all(len(result.seconds) in (1, figures["runs"]) for result in senko_bench.read_results(figures))


@pytest.mark.slow
def test_senko_and_crosstalk_take_each_recording_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "WORK", tmp_path / "work")
    monkeypatch.setattr(senko_bench, "WORKER", SENKO_WORKER)
    calls = tmp_path / "calls"
    calls.mkdir()
    world.write_wav(calls / "talk.wav")
    truth = Transcript(8.0, (), (Turn(0.0, 2.0, "A"), Turn(2.0, 4.0, "B")))
    (calls / "talk.rttm").write_bytes(formats.dumps(truth, "rttm", "talk"))
    (recording,) = find_recordings(calls)
    senko = senko_bench.Senko(sys.executable)
    given, found, merged, raw = senko_bench.measure(recording, OneSpeaker(), senko, 2)
    senko.close()
    assert senko.facts["versions"] == dict.fromkeys(senko_bench.PACKAGES, "1")
    assert [len(result.seconds) for result in (given, found, merged, raw)] == [1, 2, 2, 2]
    assert merged.seconds == raw.seconds == (0.5, 1.0)
    assert found.errors.errors == pytest.approx(2.0)
    assert [merged.errors.errors, raw.errors.missed] == pytest.approx([0.0, 1.0])
    row = senko_bench.as_row([raw])
    assert row.startswith("calls (1) | senko, segments not merged | 1.0 of 4.0 s | 25.0 % | 25.0 % |")
    assert row.endswith(f"| 1 of 1 | {0.75 / raw.duration:.3f} ({0.5 / raw.duration:.3f}–{1 / raw.duration:.3f})")


def test_two_versions_run_in_turn(tmp_path: Path) -> None:
    for name, seconds in (("before", 0.2), ("now", 0.0)):
        (tmp_path / name / "pipeline").mkdir(parents=True)
        (tmp_path / name / "pipeline" / "__init__.py").touch()
        program = f"import sys, time\nprint({name!r}, *sys.argv[1:2], file=open({str(tmp_path / 'runs')!r}, 'a'))\n"
        (tmp_path / name / "pipeline" / "__main__.py").write_text(f"{program}time.sleep({seconds})\n")
    recording = Recording("call", tmp_path / "call.wav", (), 2, "calls")
    case = speed_bench.measure("call", recording, tmp_path / "before", tmp_path / "now", 2)
    assert (tmp_path / "runs").read_text().split() == ["before", str(recording.audio), "now", str(recording.audio)] * 3
    assert all(now.wall + 0.1 < before.wall for before, now in zip(case.before, case.now, strict=True))
    row = speed_bench.as_table([case]).splitlines()[-1]
    assert row.startswith("| call | present | 0.")
    (tmp_path / "now" / "pipeline" / "__main__.py").write_text("raise SystemExit(2)")
    with pytest.raises(SystemExit, match="failed"):
        speed_bench.run(recording, tmp_path / "now")


def test_a_senko_that_ends_early_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senko_bench, "WORKER", "")
    with pytest.raises(SystemExit, match="senko ended"):
        senko_bench.Senko(sys.executable)


def test_no_recording_and_no_speaker_is_in_two_parts(shared_data: Path) -> None:
    """Speakers: voices of simulated meetings by corpus, and the speakers in the references of real recordings."""
    parts = data.read_parts()
    assert set(parts) == {"train", "tune", "test"}
    for one, other in itertools.combinations(parts.values(), 2):
        assert not set(one.recordings) & set(other.recordings)
        assert not {*part_speakers(one, shared_data)} & {*part_speakers(other, shared_data)}
    assert set(parts["train"].shared_with_tune) <= set(parts["tune"].recordings)


def part_speakers(part: data.Part, shared: Path) -> Iterator[tuple[str, str]]:
    """The corpus or folder, and the name, of each speaker; every path and voice must exist."""
    for corpus, names in part.voices.items():
        assert len(set(names)) == len(names)
        assert set(names) <= set(find_speakers(shared / corpus))
        yield from ((corpus, name) for name in names)
    for path in part.recordings:
        assert (shared / path).is_file()
        reference = formats.loads((shared / path).with_suffix(".stm").read_text(encoding="utf-8"), "stm")
        yield from (("AMI", name) for name in reference.speakers)


def test_the_parts_divide_the_corpus_as_the_held_out_speakers_are(shared_data: Path) -> None:
    corpus = "librispeech/train-clean-100-voices"
    names = sorted(find_speakers(shared_data / corpus))
    held_out = data.held_out(names)
    parts = {name: part.voices[corpus] for name, part in data.read_parts().items()}
    assert parts["train"] == tuple(name for name in names if name not in held_out)
    assert parts["tune"] == tuple(held_out[0::2])
    assert parts["test"] == tuple(held_out[1::2])


def test_the_measured_parts_have_groups_of_the_same_kinds_with_other_seeds() -> None:
    parts = data.read_parts()
    assert not parts["train"].groups
    assert not parts["train"].recordings
    groups = {name: parts[name].groups for name in parts_bench.MEASURED}
    for tune, test in zip(groups["tune"], groups["test"], strict=True):
        assert tune.corpus == test.corpus
        assert [m.conversation for m in tune.meetings] == [m.conversation for m in test.meetings]
        assert [m.acoustics for m in tune.meetings] == [m.acoustics for m in test.meetings]
    sizes = {group.name: len(group.meetings) for each in groups.values() for group in each}
    assert sizes == {"tune-turns": 20, "tune-words": 5, "test-turns": 20, "test-words": 5}
    meetings = [m for each in groups.values() for group in each for m in group.meetings]
    assert len({m.seed for m in meetings}) == len(meetings)
    assert all(m.acoustics.reverberation and m.acoustics.snr is not None for m in meetings)
    words = {name: [m.seed for m in each[1].meetings] for name, each in groups.items()}
    assert words == {"tune": [500, 501, 502, 503, 504], "test": [600, 601, 602, 603, 604]}


def test_the_recordings_of_a_part(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real ones with a reference beside them, and simulated ones from the part's voices only."""
    pytest.importorskip("pyroomacoustics")
    monkeypatch.setattr(data, "WORK", tmp_path)
    part = data.read_parts()["test"]
    short = replace(part.groups[0], meetings=part.groups[0].meetings[:2])
    recordings = list(data.gather_part(replace(part, groups=(short,))))
    names = ["es2002a_0056", "es2002a_0420", "meeting-2spk-05ov-800", "meeting-3spk-10ov-801"]
    assert [recording.name for recording in recordings] == names
    assert [recording.group for recording in recordings] == ["ami_long"] * 2 + ["test-turns"] * 2
    for recording in recordings[2:]:
        assert set(read_reference(recording).speakers) <= set(part.voices[short.corpus])
    assert [r.group for r in data.gather_part(part, only=["ami_long"])] == ["ami_long"] * 2


def test_a_part_needs_the_development_recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "shared_data", lambda: None)
    with pytest.raises(SettingsError, match="development recordings"):
        next(data.gather_part(data.read_parts()["test"]))


def test_the_tables_of_parts_are_the_results() -> None:
    assert block(DOCS / "benchmarks.md", "parts") == parts_bench.as_page(parts_bench.read_figures())


@pytest.fixture
def small_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Parts with one recording of tones and two systems without weights, and an empty page ``page.md``."""
    world.write_wav(tmp_path / "talk.wav")
    (tmp_path / "talk.stm").write_bytes(formats.dumps(world.transcribed(DIALOGUE, 8.0), "stm", "talk"))
    changes = {"one speaker": {"diarization.max_speakers": 1}, "tones": {}}
    systems = tuple(System(name, world.settings(each)) for name, each in changes.items())
    recordings = find_recordings(tmp_path, give_speakers=False)
    monkeypatch.setattr(parts_bench, "parse_systems", lambda specifications, baseline: systems)
    monkeypatch.setattr(data, "gather_part", lambda part, only: [r for r in recordings if not only])
    monkeypatch.setattr(data, "WORK", tmp_path / "out")
    monkeypatch.setattr(parts_bench, "FIGURES", tmp_path / "parts.json")
    monkeypatch.setattr(parts_bench, "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text("before\n<!-- parts:begin -->\n<!-- parts:end -->\nafter\n")
    return tmp_path


def run_parts(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["parts_bench", *arguments])
    parts_bench.main()


def test_the_benchmark_of_a_part_stores_its_figures(
    small_parts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_parts(monkeypatch, "--part", "tune", "--repeat", "2")
    assert "4.0 (4–4) → 0.0 (0–0)" in capsys.readouterr().out
    assert not (small_parts / "parts.json").exists()
    details = json.loads((small_parts / "out" / "parts" / "tune.json").read_text())
    assert len(details["recordings"]) == len(details["repeats"]) == 2
    run_parts(monkeypatch, "--part", "tune", "--update")
    page = (small_parts / "page.md").read_text()
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert f"Part `tune`: version {__version__}, commit " in page
    assert "; 1 run.\n" in page
    assert "Part `test`: not yet measured." in page
    assert "4 → 0" in page
    stored = json.loads((small_parts / "parts.json").read_text())
    assert set(stored) == {"tune"}
    assert {"version", "commit", "date", "runs", "again", "machine", "systems", "rows", "comparisons"} == set(
        stored["tune"]
    )
    run_parts(monkeypatch, "--part", "tune", "--update")
    assert "again" not in (small_parts / "page.md").read_text(), "tune may be measured any number of times"


def test_the_part_test_is_measured_once_per_version(small_parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_parts(monkeypatch, "--part", "test", "--update")
    before = (small_parts / "page.md").read_text()
    with pytest.raises(SystemExit, match="--again"):
        run_parts(monkeypatch, "--part", "test", "--update")
    assert (small_parts / "page.md").read_text() == before
    run_parts(monkeypatch, "--part", "test", "--update", "--again")
    assert "**measured again**" in (small_parts / "page.md").read_text()
    monkeypatch.setattr(parts_bench, "__version__", "99")
    run_parts(monkeypatch, "--part", "test", "--update")
    assert "version 99" in (small_parts / "page.md").read_text()
    assert "**measured again**" not in (small_parts / "page.md").read_text()


def test_figures_of_a_selection_are_not_stored(
    small_parts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_parts(monkeypatch, "--part", "test", "--update", "--only", "test-words")
    assert "--only" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="no group other"):
        run_parts(monkeypatch, "--part", "test", "--only", "other")


def test_an_echo_comes_from_the_other_channel(tmp_path: Path) -> None:
    channels = np.zeros((RATE, 2))
    channels[100] = (0.5, 0.0)
    soundfile.write(tmp_path / "call.channels.wav", channels, RATE)
    call = Recording("call", tmp_path / "call.wav", ())
    stereo_bench.write_call(call, tmp_path / "echo.wav", 0.1)
    samples, _ = soundfile.read(tmp_path / "echo.wav")
    assert np.argwhere(np.abs(samples) > 0.01).tolist() == [[100, 0], [100 + round(0.03 * RATE), 1]]
    assert samples.max(axis=0) == pytest.approx([0.5, 0.05], abs=0.001)


@pytest.mark.slow
def test_the_figure_of_an_overlap_is_drawn(tmp_path: Path) -> None:
    talk = world.write_wav(tmp_path / "talk.wav")
    (tmp_path / "talk.json").write_bytes(formats.dumps(world.transcribed(world.DIALOGUE), "json", "talk"))
    picture = tmp_path / "overlap.png"
    script = [
        "-m",
        "examples.benchmarks.overlap_figure",
        str(talk),
        str(tmp_path / "talk.json"),
        "--output",
        str(picture),
    ]
    subprocess.run([sys.executable, *script], check=True, cwd=REPOSITORY)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_in_training_the_order_of_speakers_has_no_effect() -> None:
    training = train_segmentation
    turns = [Turn(0.0, 2.0, "B"), Turn(1.0, 2.0, "A"), Turn(5.0, 6.0, "C")]
    truth = training.activity(turns, np.arange(0.05, 6, 0.1))
    assert truth.sum(axis=0).tolist() == [20, 10, 10]
    output = torch.rand((2, len(truth), 3))
    target = torch.tensor(np.stack([truth, truth]))
    orders = itertools.permutations(range(3))
    losses = [training.permutation_invariant_loss(output[..., list(order)], target) for order in orders]
    assert torch.stack(losses).tolist() == pytest.approx([losses[0].item()] * 6)
    assert training.permutation_invariant_loss(target.clone(), target).item() == 0.0


@pytest.mark.weights
def test_training_leaves_the_filters_and_writes_what_the_pipeline_loads(tmp_path: Path) -> None:
    from pipeline.models.diarizers.segmentation import load_segmentation

    training = train_segmentation
    noise = np.random.default_rng(0).normal(0, 0.1, (3, 12 * RATE)).astype(np.float32)
    meeting = ((noise[0] * 32767).astype(np.int16), (Turn(0, 7, "A"), Turn(5, 12, "B")))
    training.write(training.train([meeting], list(noise[1:]), 2), tmp_path)
    published, trained = (load_segmentation(name, Store(), torch.device("cpu")) for name in (PUBLISHED, str(tmp_path)))
    for (name, before), after in zip(published.state_dict().items(), trained.state_dict().values(), strict=True):
        assert torch.equal(before, after) == (not name.startswith(("lstm", "linear", "classifier"))), name


@pytest.mark.slow
def test_real_mixtures_use_single_speaker_speech(tmp_path: Path) -> None:
    mixing = separation_scenes
    low, high = pair(24.0, RATE, seed=5)
    low[12 * RATE :], high[: 11 * RATE] = 0, 0
    soundfile.write(tmp_path / "call.wav", low + high, RATE)
    turns = "SPEAKER call 1 {} {} <NA> <NA> {} <NA> <NA>\n"
    (tmp_path / "call.rttm").write_text(turns.format(0, 12, "low") + turns.format(11, 13, "high"))
    speech = mixing.find_single_speaker(find_recordings(tmp_path))
    assert {name: len(samples) for name, samples in speech.items()} == {
        ("call", "low"): 11 * RATE,
        ("call", "high"): 12 * RATE,
    }
    assert np.allclose(speech["call", "high"], high[12 * RATE :], atol=1e-4)
    one, again = (mixing.mix_real(speech, 7) for _ in range(2))
    assert len(one) == mixing.MIXTURES
    assert all(len(example.explained) == 2 for example in one)
    assert all(np.array_equal(x.truth, y.truth) for x, y in zip(one, again, strict=True))


@pytest.mark.slow
def test_mixing_and_training_of_separation_in_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.models.separators.mask_network import load_mask_network

    training = train_separation
    for seed in range(4):
        soundfile.write(tmp_path / f"{seed}-talks.flac", pair(9.0, RATE, seed=seed)[seed % 2], RATE)
    speakers = find_speakers(tmp_path)
    batches = [training.mix(speakers, seed) for seed in range(4)]
    assert all(len(example.explained) in (2, 3) for batch in batches for example in batch)
    assert all(np.abs(example.magnitude).max() == 1 for batch in batches for example in batch)
    again = training.mix(speakers, 3)
    assert all(np.array_equal(one.truth, other.truth) for one, other in zip(batches[3], again, strict=True))
    examples = {"near": [example for batch in batches for example in batch]}
    monkeypatch.setattr(training, "SNR_STEPS", 1)
    network = training.train(examples, examples, 2)
    assert "near, 2 speakers: NMF" in capsys.readouterr().err
    training.write(training.train(examples, {}, 1, network), tmp_path / "trained")
    assert load_mask_network(str(tmp_path / "trained"), Store(), torch.device("cpu")).positional.abs().sum() > 0


def test_the_table_of_names_is_what_was_measured() -> None:
    figures = json.loads((EXAMPLES / "benchmarks" / "names.json").read_text(encoding="utf-8"))
    rows = [names_bench.Row(**row) for row in figures["rows"]]
    assert block(DOCS / "benchmarks.md", "names") == names_bench.as_table(rows)
    assert all(row.wrong <= row.trials and row.unnamed <= row.known <= row.trials for row in rows)


def test_trials_count_wrong_names_and_unnamed_people() -> None:
    """Three people whose voices are perpendicular, and then three with one voice."""
    limits = NameCalibration(wide=0.5, narrow=0.5, margin=0.1)

    def rows(vectors: NDArray[np.float32]) -> list[names_bench.Row]:
        voices = [SpeakerVoice(10.0, {"wide": vector}) for vector in vectors]
        people = {f"P{n}": names_bench.PersonVoices({10: voice}, (voice,)) for n, voice in enumerate(voices)}
        return list(names_bench.measure("tones", people, limits))

    assert [(row.gallery, row.wrong, row.unnamed) for row in rows(np.eye(3, dtype=np.float32))] == [(2, 0, 0)]
    (row,) = rows(np.ones((3, 1), np.float32))
    assert (row.trials, row.known, row.unnamed, row.wrong) == (
        names_bench.TRIALS,
        names_bench.TRIALS // 2,
        row.known,
        0,
    )
