"""``transcribe batch``: exit codes, the plan, the report of failures, settings by manifest."""

from __future__ import annotations

import csv
import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

from pipeline.batch.discovery import Recording
from pipeline.batch.estimate import guess_duration
from pipeline.batch.journal import Journal, Outcome
from pipeline.batch.report import Progress
from pipeline.batch.scheduler import RecordingResult
from pipeline.cli.app import app
from pipeline.cli.batch import batch
from pipeline.cli.run import run
from pipeline.core.errors import ResourceError, SettingsError
from pipeline.engine import artifact_cache
from tests import world

pytestmark = pytest.mark.slow  # every test starts processes


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / "cache")
    world.write_wav(tmp_path / "calls" / "one.wav") if (tmp_path / "calls").mkdir() is None else None
    return tmp_path / "calls"


def transcribe(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["batch", *arguments, *world.arguments()])


def test_exit_codes_and_the_report_of_failures(calls: Path) -> None:
    assert transcribe("calls", "-o", "out").exit_code == 0
    assert not Path("out/failures.csv").exists()
    (calls / "=1+1.wav").write_text("<html>")
    done = transcribe("calls", "-o", "out")
    assert done.exit_code == 3
    assert "[1/2] =1+1: refused" in done.stderr
    assert "done before" in done.stdout
    (row,) = csv.DictReader(Path("out/failures.csv").read_text().splitlines())
    assert (row["name"], row["status"]) == ("'=1+1", "refused")
    assert "HTML" in row["reason"]
    assert transcribe("calls/=1+1.wav", "-o", "out").exit_code == 4
    world.write_wav(calls / "=1+1.wav")
    assert transcribe("calls", "-o", "out", "--quiet").stderr == ""
    assert not Path("out/failures.csv").exists()


def test_options_of_writing_are_part_of_finished_work(calls: Path) -> None:
    assert transcribe("calls", "-o", "out", "-f", "srt,docx").exit_code == 0
    srt, docx = (Path(f"out/one.{name}").read_bytes() for name in ("srt", "docx"))
    changed = ("--per-speaker", "--no-speaker-names", "--no-overlap-cues", "--table")
    assert transcribe("calls", "-o", "out", "-f", "srt,docx", *changed).exit_code == 0
    assert Path("out/one.srt").read_bytes() != srt
    assert Path("out/one.docx").read_bytes() != docx
    single = Path("out/one.SPEAKER_00.srt")
    assert single.is_file()
    single.unlink()
    again = transcribe("calls", "-o", "out", "-f", "srt,docx", *changed)
    assert again.exit_code == 0
    assert single.is_file(), "a result that is missing is written again"
    assert "done before" in transcribe("calls", "-o", "out", "-f", "srt,docx", *changed).stdout


def test_minutes_are_written_on_demand(calls: Path) -> None:
    assert transcribe("calls", "-o", "out", "--minutes", "--analytics", "-f", "json").exit_code == 0
    assert {path.name for path in Path("out").iterdir()} >= {"one.minutes.md", "one.minutes.json", "one.json"}
    assert "## Decisions" in Path("out/one.minutes.md").read_text()
    assert transcribe("calls", "-o", "out", "--minutes", "--analytics", "-f", "json").stdout.count("done before") == 1


def test_a_dry_run_changes_nothing(calls: Path) -> None:
    planned = transcribe("calls", "-o", "out", "--dry-run")
    assert planned.exit_code == 0
    assert "1 to do" in planned.stdout
    assert "about 8.0 s of recordings" in planned.stdout
    assert "guess" in planned.stdout
    assert not Path("out").exists()
    transcribe("calls", "-o", "out")
    planned = transcribe("calls", "-o", "out", "--dry-run")
    assert "1 done before" in planned.stdout


def test_a_dry_run_applies_limit_and_only_failed(calls: Path) -> None:
    for name in ("three", "two"):
        world.write_wav(calls / f"{name}.wav")
    planned = transcribe("calls", "-o", "out", "--dry-run", "--limit", "2")
    assert "2 to do" in planned.stdout
    assert re.search(r"over the limit +two\n", planned.stdout)
    assert "about 16.0 s of recordings" in planned.stdout
    assert "about 0.0 s of recordings" in transcribe("calls", "-o", "out", "--dry-run", "--only-failed").stdout


def test_the_time_left_respects_the_limit(calls: Path) -> None:
    recordings = [Recording(world.write_wav(calls / f"{n}.wav"), str(n)) for n in range(9)]
    outcome = Outcome("done", 2.0, 8.0)
    for limit, remaining in ((None, "10.0 s"), (6, "4.0 s")):
        progress = Progress(recordings, 1, limit)
        lines = [progress.line(RecordingResult(recording, "do", outcome)) for recording in recordings[:4]]
        assert lines[-1].endswith(f"about {remaining} left")
    done = [progress.line(RecordingResult(recording, "do", outcome)) for recording in recordings[4:6]]
    assert "left" not in done[-1]


@pytest.mark.parametrize("coding", ["ULAW", "PCM_24", "FLOAT"])
def test_the_duration_of_any_wav_is_estimated_well(tmp_path: Path, coding: str) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, np.zeros((80_000, 2)), 8000, subtype=coding, format="WAVEX")
    assert guess_duration(path) == pytest.approx(10.0, rel=0.01)


def test_a_manifest_sets_settings_per_recording(calls: Path) -> None:
    Path("list.csv").write_text("path,speakers,language,team\ncalls/one.wav,1,de,north\n")
    assert transcribe("list.csv", "-o", "out", "--analytics").exit_code == 0
    written = json.loads(Path("out/calls/one.json").read_text())
    assert (written["language"], written["speakers"]) == ("de", ["SPEAKER_00"])
    assert json.loads(Path("out/calls/one.analytics.json").read_text())["columns"] == {"team": "north"}


@pytest.mark.parametrize("wrong", ["jp", "english please", "xx"])
def test_a_manifest_accepts_common_spellings_of_languages(calls: Path, wrong: str) -> None:
    world.write_wav(calls / "two.wav")
    Path("list.csv").write_text(f"path,language\ncalls/one.wav,EN\ncalls/two.wav,{wrong}\n")
    refused = transcribe("list.csv", "-o", "out").exception
    assert isinstance(refused, SettingsError)
    assert "line 3" in refused.where
    assert not Path("out/calls").exists()
    Path("list.csv").write_text("path,language\ncalls/one.wav,EN\ncalls/two.wav,pt_BR\n")
    assert transcribe("list.csv", "-o", "out").exit_code == 0
    languages = {path.stem: json.loads(path.read_text())["language"] for path in Path("out/calls").glob("*.json")}
    assert languages == {"one": "en", "two": "pt"}


def test_wrong_settings_are_refused_before_any_work(calls: Path) -> None:
    Path("list.csv").write_text("path,channels\ncalls/one.wav,sideways\n")
    refused = transcribe("list.csv", "-o", "out")
    assert isinstance(refused.exception, SettingsError)
    assert not Path("out/calls").exists()


def test_batch_has_the_options_of_run() -> None:
    one, many = (set(inspect.signature(command).parameters) for command in (run, batch))
    assert one - many == {"recordings", "output_dir", "corrections"}


def test_results_never_overwrite_each_other(calls: Path) -> None:
    for name in ("one.analytics", "failures"):
        world.write_wav(calls / f"{name}.wav")
    world.write_wav(calls / "one.flac")
    done = transcribe("calls", "-o", "out", "--analytics", "-f", "json,csv")
    assert done.exit_code == 0
    written = {path.name for path in Path("out").iterdir()}
    assert written >= {"one.flac.csv", "one.wav.csv", "failures.wav.csv", "one.flac.analytics.json"}
    assert "failures.csv" not in written
    assert "one.flac" in done.stderr


def test_mono_calls_with_roles_are_reported(calls: Path) -> None:
    done = transcribe("calls", "-o", "out", "--analytics", "--roles", "agent,customer")
    assert done.exit_code == 0
    assert "roles" in done.stderr.splitlines()[0]
    assert re.search(r"with warnings +1\n", done.stdout)
    assert [one["code"] for one in json.loads(Path("out/one.analytics.json").read_text())["warnings"]] == [
        "channels_mixed",
        "roles_unknown",
    ]
    assert CliRunner().invoke(app, ["report", "out"]).exit_code == 0
    (row,) = csv.DictReader(Path("out/tables/calls.csv").read_text().splitlines())
    assert row["warnings"] == "channels_mixed roles_unknown"


def test_files_left_out_are_reported_by_run_and_dry_run(calls: Path) -> None:
    (calls / "notes.docx").touch()
    for options in ([], ["--dry-run"]):
        assert "1 .docx" in transcribe("calls", "-o", "out", *options).stderr
    assert re.search(r"left out +1\n", transcribe("calls", "-o", "out").stdout)


@pytest.mark.parametrize("names", [["one"], ["one", "two"], ["one", "two", "three"]])
def test_missing_models_are_5_for_any_number_of_recordings(calls: Path, names: list[str]) -> None:
    for name in names:
        world.write_wav(calls / f"{name}.wav")
    missing = ["--set", "recognition.backend=tests.batch.faults:MissingRecognizer"]
    for command in (["batch", "calls", "-o", "out"], ["run", *(f"calls/{name}.wav" for name in names)]):
        done = CliRunner().invoke(app, [*command, *world.arguments(), *missing])
        assert isinstance(done.exception, ResourceError)
        assert done.exception.exit_code == 5


def test_results_that_cannot_be_written_are_5_and_a_mix_is_not(calls: Path) -> None:
    world.write_wav(calls / "two.wav")
    for name in ("one", "two"):
        Path("out", f"{name}.txt").mkdir(parents=True)
        Path("out", f"{name}.txt", "x").touch()
    Path("file").touch()
    assert transcribe("calls", "-o", "out").exit_code == 5
    run = ["run", "calls/one.wav", "calls/two.wav", *world.arguments()]
    assert CliRunner().invoke(app, [*run, "-o", "file/out"]).exit_code == 5
    (calls / "page.wav").write_text("<html>")
    assert transcribe("calls", "-o", "out").exit_code == 4
    assert CliRunner().invoke(app, [*run, "calls/page.wav", "-o", "file/out"]).exit_code == 4
    world.write_wav(calls / "good.wav")
    assert transcribe("calls", "-o", "out").exit_code == 3


def test_a_dry_run_counts_recordings_that_need_no_model(calls: Path) -> None:
    world.write_wav(calls / "two.wav", world.DIALOGUE, 600.0)
    transcribe("calls", "-o", "out")
    journal = Journal(Path("out"))
    journal._do("UPDATE attempts SET seconds = 0.5 * duration")
    journal.close()
    fresh = world.write_wav(calls / "three.wav", world.DIALOGUE, 100.0)
    rows = transcribe("calls", "-o", "out", "--dry-run", "--analytics").stdout
    assert "2 of them need no model" in rows
    work = re.search(r"([0-9:.]+) (s|min) of work", rows)
    assert work
    seconds = float(work[1]) if work[2] == "s" else 60 * int(work[1].split(":")[0]) + int(work[1].split(":")[1])
    assert 50 <= seconds < 100
    fresh.unlink()
    assert "need no model" not in transcribe("calls", "-o", "out", "--dry-run", "--analytics", "--no-cache").stdout


def test_failures_are_written_when_the_run_is_interrupted(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (calls / "bad.wav").write_text("<html>")
    line = Progress.line

    def interrupt(self: Progress, result: RecordingResult) -> str:
        if not result.failed:
            raise KeyboardInterrupt
        return line(self, result)

    monkeypatch.setattr(Progress, "line", interrupt)
    assert transcribe("calls", "-o", "out").exit_code != 0
    assert "HTML" in Path("out/failures.csv").read_text()


def test_names_duplicates_and_what_was_left_out_reach_the_tables(calls: Path) -> None:
    """From names of recordings to tables; a changed pattern is taken up from the cache; a removed recording leaves."""
    for name in ("north_ana.wav", "south_ana.wav"):
        (calls / name).write_bytes((calls / "one.wav").read_bytes())
    (calls / "notes.txt").write_text("notes")
    first = transcribe("calls", "-o", "out", "--analytics", "-f", "json", "--name-pattern", "{team}_{agent}.wav")
    assert first.exit_code == 0
    assert "1 recording without columns of --name-pattern" in first.stderr
    assert (
        "2 recordings with the content of another one, all transcribed; the first: one, like north_ana" in first.stderr
    )
    again = transcribe("calls", "-o", "out", "--analytics", "-f", "json", "--name-pattern", "{team}_{agent}.wav")
    assert re.search(r"done before +3\b", again.stdout)
    assert table("calls", ["call", "duplicate_of", "agent", "team"]) == [
        ("north_ana", "", "ana", "north"),
        ("one", "north_ana", "", ""),
        ("south_ana", "north_ana", "ana", "south"),
    ]
    assert table("skipped", ["path", "reason"]) == [
        (str((calls / "notes.txt").absolute()), "not the suffix of a recording")
    ]
    changed = transcribe("calls", "-o", "out", "--analytics", "-f", "json", "--name-pattern", "{region}_{agent}")
    assert re.search(r"transcribed +2\b", changed.stdout)
    (calls / "one.wav").unlink()
    assert table("calls", ["call", "region"]) == [("north_ana", "north"), ("south_ana", "south")]
    kept = table("calls", ["call", "recording_exists"], "--keep-removed")
    assert kept == [("north_ana", "True"), ("one", "False"), ("south_ana", "True")]


def table(name: str, columns: list[str], *options: str) -> list[tuple[str, ...]]:
    """Columns of a table of ``transcribe report out``."""
    done = CliRunner().invoke(app, ["report", "out", *options])
    assert done.exit_code == 0, done.stderr
    assert ("1 call left out, whose recordings were removed" in done.stderr) == (
        not options and not Path("calls/one.wav").exists()
    )
    rows = csv.DictReader(Path(f"out/tables/{name}.csv").read_text().splitlines())
    return [tuple(row[column] for column in columns) for row in rows]


def test_a_clash_of_columns_is_refused_before_any_work(calls: Path) -> None:
    (calls / "list.csv").write_text("path,Recorded\none.wav,yesterday\n")
    refused = transcribe("calls/list.csv", "-o", "out", "--analytics")
    assert isinstance(refused.exception, SettingsError)
    assert "'Recorded' clashes with the column 'recorded'" in refused.exception.line
    pattern = transcribe("calls", "-o", "out", "--name-pattern", "{agent}{id}.wav")
    assert isinstance(pattern.exception, SettingsError)
    assert pattern.exception.line.startswith("--name-pattern: the pattern '{agent}{id}.wav' cannot be used: two fields")
    assert not Path("out").exists()


@pytest.mark.parametrize(("folder", "what"), [("nowhere", "is not a folder"), (".", "contains no analytics")])
def test_a_report_of_a_wrong_folder_is_refused(folder: str, what: str) -> None:
    with pytest.raises(SettingsError, match=f"{re.escape(folder)}: {what}"):
        CliRunner().invoke(app, ["report", folder], catch_exceptions=False)
