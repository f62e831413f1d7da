"""Minutes from the command line: files, options, other formats, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import formats
from pipeline.cli.app import main
from pipeline.cli.minutes import FORMATS
from pipeline.core.errors import FormatError
from pipeline.core.types import Provenance
from pipeline.minutes.documents import json_
from tests.minutes.talks import ENDING, TOPICS, transcript


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("json", "seglst", "stm"):
        formats.dump(transcript([*TOPICS, *ENDING]), f"talk{formats.suffix(name)}")
    return tmp_path


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["minutes", *arguments])
    return int(caught.value.code or 0)


def test_minutes_are_printed_and_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("talk.json") == 0
    printed = capsys.readouterr()
    assert printed.out == (folder / "talk.minutes.md").read_text()
    assert "wrote talk.minutes.json" in printed.err
    content = json.loads((folder / "talk.minutes.json").read_text())
    assert content["decisions"]
    assert call("talk.json", "-q", "--only", "actions", "--max-items", "1", "-f", "json") == 0
    fewer = json.loads((folder / "talk.minutes.json").read_text())
    assert not fewer["decisions"]
    assert len(fewer["actions"]) <= 1
    assert not capsys.readouterr().out


@pytest.mark.parametrize("name", ["talk.seglst.json", "talk.stm"])
def test_other_formats_give_the_same_items(name: str, folder: Path) -> None:
    assert call("talk.json", "-q", "-o", "one", "-f", "json") == 0
    assert call(name, "-q", "-o", "two", "-f", "json") == 0
    one, two = (json.loads(Path(place, "talk.minutes.json").read_text()) for place in ("one", "two"))
    assert [each["text"] for each in one["decisions"]] == [each["text"] for each in two["decisions"]]


@pytest.mark.parametrize("arguments", [("-f", "pdf"), ("-f", ""), ("--only", "jokes"), ("--max-items", "0")])
def test_impossible_options_are_refused(arguments: tuple[str, ...], folder: Path) -> None:
    assert call("talk.json", *arguments) == 1
    assert not list(folder.glob("*.minutes.*"))


def test_a_file_of_the_user_is_not_replaced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "talk.minutes.md").write_text("by hand")
    assert call("talk.json") == 1
    assert "talk.minutes.md" in capsys.readouterr().err
    assert (folder / "talk.minutes.md").read_text() == "by hand"


def test_a_date_is_that_of_the_recording_or_the_one_given(folder: Path) -> None:
    origin = Provenance("talk.m4a", "ab", recorded="2026-11-27T09:30:00+01:00")
    formats.dump(replace(transcript([*TOPICS, *ENDING]), provenance=origin), "talk.json")
    assert call("talk.json", "-q") == 0
    assert json.loads((folder / "talk.minutes.json").read_text())["date"] == "2026-11-27T09:30:00+01:00"
    assert call("talk.json", "-q", "--date", "2026-11-26") == 0
    assert "\n2026-11-26 · " in (folder / "talk.minutes.md").read_text()
    assert call("talk.json", "-q", "--date", "yesterday") == 1


def test_all_kinds_of_files_are_written(folder: Path) -> None:
    assert call("talk.json", "-q", "-f", ",".join(FORMATS)) == 0
    for name in FORMATS.values():
        assert (folder / f"talk{formats.suffix(name)}").stat().st_size > 1000
    assert json_.read_minutes(folder / "talk.minutes.json").decisions


def test_a_renamed_speaker_is_renamed_in_minutes_that_follow_from_the_transcript(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("talk.json", "-q", "-f", "md") == 0
    assert call("talk.json", "-q", "-f", "json", "--max-items", "3") == 0
    with pytest.raises(SystemExit):
        main(["rename", "talk.json", "Chen=Dorothea"])
    printed = capsys.readouterr().err
    assert "wrote talk.minutes.md" in printed
    assert "**Dorothea**" in (folder / "talk.minutes.md").read_text()
    assert "talk.minutes.json was made with other settings and is as before" in printed
    assert "Dorothea" not in (folder / "talk.minutes.json").read_text()


@pytest.mark.parametrize("content", ["{}", "[1]", "no", '{"schema": "crosstalk-minutes/1", "points": 3}', "[" * 99999])
def test_what_are_no_minutes_is_refused(content: str, folder: Path) -> None:
    (folder / "x.minutes.json").write_text(content)
    with pytest.raises(FormatError, match=r"x\.minutes\.json"):
        json_.read_minutes(folder / "x.minutes.json")


def test_an_agenda_and_earlier_actions_are_matched(folder: Path) -> None:
    Path("agenda.txt").write_text("1. Parking behind the school\n2. Election of the treasurer\n")
    assert call("talk.json", "-q", "-f", "json") == 0
    Path("talk.minutes.json").rename("last.minutes.json")
    assert call("talk.json", "-q", "--agenda", "agenda.txt", "--previous", "last.minutes.json") == 0
    page = (folder / "talk.minutes.md").read_text()
    assert "\n- Parking behind the school: topic 2 (" in page
    assert "\n- Election of the treasurer: *not discussed*\n" in page
    assert "## Actions of the earlier minutes" in page
    earlier = json_.read_minutes(folder / "talk.minutes.json").previous
    assert any(each.mention and each.mention.text == each.text for each in earlier)


@pytest.mark.parametrize("option", ["--agenda", "--previous"])
def test_a_missing_or_empty_file_ends_the_command_before_any_work(option: str, folder: Path) -> None:
    (folder / "empty").write_text("")
    assert call("talk.json", option, "absent") != 0
    assert call("talk.json", option, "empty") != 0
    assert not list(folder.glob("*.minutes.*"))


def test_a_damaged_transcript_does_not_stop_the_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.json").write_text("{}")
    with pytest.raises(SystemExit) as caught:
        main(["minutes", "bad.json", "talk.json", "-q"])
    assert caught.value.code == 3
    assert "bad.json" in capsys.readouterr().err
    assert (folder / "talk.minutes.md").exists()
