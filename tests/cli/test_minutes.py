"""Minutes from the command line: files, options, other formats, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import formats
from pipeline.cli.app import main
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
