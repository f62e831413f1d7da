"""``transcribe minutes --llm``: the model's choice in the files, the key nowhere, failures told and no error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import formats
from pipeline.cli.app import main
from pipeline.minutes.documents import json_
from pipeline.minutes.llm.making import REASON
from pipeline.minutes.llm.model import KEY
from tests import pages
from tests.minutes.llm.fake import FakeServer
from tests.minutes.talks import ENDING, TOPICS, transcript

SECRET = "sk-never-in-a-file"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY, SECRET)
    formats.dump(transcript([*TOPICS, *ENDING]), "talk.json")
    return tmp_path


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["minutes", "talk.json", *arguments])
    return int(caught.value.code or 0)


@pytest.mark.promise(24)
def test_the_model_chooses_and_its_key_is_in_no_file(
    server: FakeServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--llm", f"http://127.0.0.1:{server.port}/v1", "--llm-model", "small", "-f", "md,json,docx", "-q") == 0
    made = json_.read_minutes(folder / "talk.minutes.json")
    assert {item.reason for item in made.decisions} == {REASON}
    assert made.settings["model"] == "small"
    assert "label: *" in (folder / "talk.minutes.md").read_text()
    printed = capsys.readouterr()
    assert f"are sent to 127.0.0.1:{server.port}" in printed.err
    assert SECRET in json.dumps([dict(seen.headers) for seen in server.seen])
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 5
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert SECRET not in printed.out + printed.err


def test_without_a_server_the_minutes_are_made_without_the_model_and_say_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--llm", "http://127.0.0.1:9/v1", "--llm-model", "small", "-q") == 0
    made = json_.read_minutes(folder / "talk.minutes.json")
    assert [notice.code for notice in made.notices] == ["minutes_llm"]
    assert made.decisions
    assert "warning: the language model at 127.0.0.1:9" in capsys.readouterr().err


def test_the_command_on_the_page_runs(server: FakeServer, folder: Path) -> None:
    (line,) = [line for line in pages.commands(pages.DOCS / "minutes.md") if "--llm" in line]
    (folder / "talk.json").rename("meeting.json")
    command = line.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}").split()
    with pytest.raises(SystemExit) as caught:
        main(command[1:])
    assert not caught.value.code
    assert json_.read_minutes(folder / "meeting.minutes.json").settings["model"] == "NAME"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--llm", "http://127.0.0.1/v1"),
        ("--llm-model", "x"),
        ("--llm", "ftp://x", "--llm-model", "x"),
        ("--llm-context", "4096"),
    ],
)
def test_half_a_model_is_refused(arguments: tuple[str, ...], folder: Path) -> None:
    assert call(*arguments) == 1
    assert not list(folder.glob("*.minutes.*"))


def test_an_empty_address_is_not_named_as_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--llm", "") == 1
    assert "--llm needs --llm-model" in capsys.readouterr().err
