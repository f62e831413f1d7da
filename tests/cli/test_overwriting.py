"""No command replaces a file that it did not write: refused by name before any work, allowed by ``--overwrite``."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.cli.app import main
from pipeline.core.errors import ResourceError
from pipeline.core.output_record import OutputRecord
from pipeline.engine import artifact_cache
from tests import world

pytestmark = pytest.mark.slow  # every test starts processes

STM = "meeting 1 A 0 5 hello there\nmeeting 1 B 5 9 good morning\n"
USER_TEXT = "written by hand\n"
Run = Callable[..., int]


@pytest.fixture
def transcribe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / ".cache")
    world.write_wav(tmp_path / "meeting.wav")

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        return int(caught.value.code or 0)

    return run


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding a recording fails the test."""

    def decode(*arguments: object, **named: object) -> None:
        pytest.fail("a recording was decoded")

    monkeypatch.setattr("pipeline.media.decode", decode, raising=False)


REFUSED = [
    ("meeting.txt", ["meeting.wav", *world.arguments()]),
    ("meeting.stm", ["meeting.wav", "-f", "txt,stm", *world.arguments()]),
    ("other/meeting.json", ["meeting.wav", "-o", "other", *world.arguments()]),
    ("meeting.labels", ["split", "meeting.wav", *world.arguments()]),
    ("meeting.SPEAKER_00.wav", ["split", "meeting.wav", *world.arguments()]),
    ("meeting.SPEAKER_00.srt", ["meeting.wav", "-f", "srt", "--per-speaker", *world.arguments()]),
    ("talk.srt", ["convert", "talk.stm", "-f", "md,srt"]),
    ("bench.json", ["bench", "."]),
    ("chart.png", ["bench", ".", "--chart", "chart.png"]),
]


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(("file", "arguments"), REFUSED, ids=[f"{a[0]} {f}" for f, a in REFUSED])
def test_a_file_of_the_user_is_refused_before_any_work(
    transcribe: Run, capsys: pytest.CaptureFixture[str], file: str, arguments: list[str]
) -> None:
    Path("talk.stm").write_text(STM)
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(USER_TEXT)
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert transcribe(*arguments) == 1
    assert file in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_one_file_in_the_way_refuses_all_recordings_before_any_work(transcribe: Run, no_work: None) -> None:
    world.write_wav(Path("one.wav"))
    Path("meeting.json").write_text("{}")
    assert transcribe("one.wav", "meeting.wav", *world.arguments()) == 1
    assert not Path("one.txt").exists()


def test_a_source_is_never_converted_onto_itself(transcribe: Run) -> None:
    Path("talk.stm").write_text(STM)
    assert transcribe("convert", "talk.stm", "-f", "stm") == 1
    assert Path("talk.stm").read_text() == STM
    assert transcribe("convert", "talk.stm", "-f", "stm", "--overwrite") == 0
    assert transcribe("convert", "talk.stm", "-f", "stm") == 1
    Path("link").symlink_to(".")
    assert transcribe("convert", "talk.stm", "-f", "stm", "-o", "link") == 1


def test_a_transcript_of_the_program_is_replaced_until_it_is_corrected(transcribe: Run) -> None:
    assert transcribe("meeting.wav", "-q", *world.arguments()) == 0
    assert transcribe("meeting.wav", "-q", *world.arguments()) == 0
    with Path("meeting.txt").open("a") as file:
        file.write("corrected")
    assert transcribe("meeting.wav", "-q", *world.arguments()) == 1
    assert Path("meeting.txt").read_text().endswith("corrected")
    assert transcribe("meeting.wav", "-q", "--overwrite", *world.arguments()) == 0
    assert not Path("meeting.txt").read_text().endswith("corrected")
    assert transcribe("meeting.wav", "-q", *world.arguments()) == 0


def test_another_recording_of_the_same_name_is_refused(transcribe: Run) -> None:
    Path("day2").mkdir()
    world.write_wav(Path("day2/meeting.wav"), world.DIALOGUE[:2])
    assert transcribe("meeting.wav", "-q", *world.arguments()) == 0
    assert transcribe("day2/meeting.wav", "-q", *world.arguments()) == 1


def test_a_corrected_json_is_rendered_again_beside_it(transcribe: Run) -> None:
    assert transcribe("meeting.wav", "-q", *world.arguments()) == 0
    data = json.loads(Path("meeting.json").read_text())
    data["notices"] = [{"code": "note", "message": "checked"}]
    Path("meeting.json").write_text(json.dumps(data))
    assert transcribe("convert", "meeting.json", "-f", "txt,md") == 0
    assert "checked" in Path("meeting.md").read_text()
    assert transcribe("meeting.wav", "-q", *world.arguments()) == 1, "the correction would be lost"


def test_the_references_of_a_simulated_meeting_are_kept(transcribe: Run) -> None:
    OutputRecord(Path(), "simulate").write(Path("meeting.wav"), Path("meeting.wav").read_bytes())
    OutputRecord(Path(), "simulate").write(Path("meeting.stm"), STM.encode())
    OutputRecord(Path(), "simulate").write(Path("meeting.rttm"), USER_TEXT.encode())
    assert transcribe("meeting.wav", "-f", "stm", *world.arguments()) == 1
    assert transcribe("convert", "meeting.stm", "-f", "rttm") == 1


def test_split_may_be_repeated(transcribe: Run) -> None:
    assert transcribe("split", "meeting.wav", "-q", *world.arguments()) == 0
    assert transcribe("split", "meeting.wav", "-q", *world.arguments()) == 0
    Path("meeting.SPEAKER_01.wav").write_text(USER_TEXT)
    assert transcribe("split", "meeting.wav", "-q", *world.arguments()) == 1
    assert Path("meeting.SPEAKER_01.wav").read_text() == USER_TEXT
    assert transcribe("split", "meeting.wav", "-q", "--overwrite", *world.arguments()) == 0


def test_a_batch_refuses_the_recording_and_does_the_others(transcribe: Run) -> None:
    Path("calls").mkdir()
    for name in ("one", "two"):
        world.write_wav(Path("calls") / f"{name}.wav")
    Path("out").mkdir()
    Path("out/one.txt").write_text(USER_TEXT)
    given = ["batch", "calls", "-o", "out", "-q", *world.arguments()]
    resumable = 5
    assert transcribe(*given) == resumable
    assert Path("out/one.txt").read_text() == USER_TEXT
    assert not Path("out/one.json").exists()
    assert Path("out/two.json").exists()
    (failure,) = csv.DictReader(Path("out/failures.csv").read_text().splitlines())
    assert "one.txt" in "".join(failure.values())
    Path("out/one.txt").rename("one.txt")
    assert transcribe(*given) == 0, "what was in the way is gone"
    assert transcribe(*given, "--set", "assembly.pause=0.5") == 0, "results of the batch itself are replaced"
    Path("out/two.txt").write_text(USER_TEXT)
    assert transcribe(*given, "--set", "assembly.pause=0.6") == resumable
    assert Path("out/two.txt").read_text() == USER_TEXT
    assert transcribe(*given, "--set", "assembly.pause=0.6", "--overwrite") == 0


def test_failures_csv_of_the_user_is_neither_replaced_nor_removed(
    transcribe: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("calls").mkdir()
    world.write_wav(Path("calls/one.wav"))
    Path("calls/page.wav").write_text("<html>")
    Path("out").mkdir()
    failures = Path("out/failures.csv")
    failures.write_text(USER_TEXT)
    given = ["batch", "calls", "-o", "out", "-q", *world.arguments()]
    assert transcribe(*given) == 3
    assert failures.read_text() == USER_TEXT
    assert "failures.csv" in capsys.readouterr().err
    assert transcribe(*given, "--overwrite") == 3
    assert "page" in failures.read_text()
    assert transcribe(*given, "--retry") == 3, "the program's own file is replaced"
    corrected = failures.read_text() + USER_TEXT
    failures.write_text(corrected)
    Path("calls/page.wav").unlink()
    assert transcribe(*given) == 0
    assert failures.read_text() == corrected


@pytest.mark.parametrize("file", ["report.html", "tables/calls.csv", "tables/failures.csv"])
def test_a_report_replaces_only_its_own_files(transcribe: Run, capsys: pytest.CaptureFixture[str], file: str) -> None:
    assert transcribe("batch", "meeting.wav", "-o", "out", "-q", "--analytics", *world.arguments()) == 0
    path = Path("out", file)
    path.parent.mkdir(exist_ok=True)
    path.write_text(USER_TEXT)
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    assert transcribe("report", "out") == 1
    assert file in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == before
    assert transcribe("report", "out", "--overwrite") == 0
    assert path.read_text() != USER_TEXT
    assert transcribe("report", "out", "--title", "Again") == 0, "its own report is replaced"
    path.write_text(USER_TEXT)
    assert transcribe("report", "out") == 1
    assert path.read_text() == USER_TEXT


def test_an_interrupted_report_recognizes_its_tables(transcribe: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise ResourceError("interrupted")

    assert transcribe("batch", "meeting.wav", "-o", "out", "-q", "--analytics", *world.arguments()) == 0
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.analytics.report.build.render", fail)
        assert transcribe("report", "out") == 5
    assert Path("out/tables/calls.csv").is_file()
    assert transcribe("report", "out") == 0
