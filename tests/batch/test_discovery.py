"""What is taken for a recording, where its results go, and what is refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.batch.discovery import discover
from pipeline.errors import SettingsError

OUT = Path("out")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.wav", "team/b.MP3", "team/deep/c.m4a", "team/notes.txt", ".hidden.wav", ".git/d.wav", "odd"):
        path = tmp_path / "calls" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def names(*places: str) -> list[str]:
    return [recording.name for recording in discover(places, OUT)]


def test_a_folder_is_mirrored_and_only_recordings_are_taken(calls: Path) -> None:
    assert names("calls") == ["a", "team/b", "team/deep/c"]


def test_a_file_by_name_is_taken_whatever_it_is_called_and_once(calls: Path) -> None:
    assert names("calls/odd", "calls/odd", "./calls/odd", "calls/missing.wav") == ["odd", "missing"]


def test_patterns_keep_the_tree_below_their_fixed_part(calls: Path) -> None:
    assert names("calls/**/*.m4a") == ["team/deep/c"]
    assert names("calls/team/*.MP3") == ["b"]


def test_results_inside_the_calls_are_not_taken_up(calls: Path) -> None:
    (calls / "calls/out").mkdir()
    (calls / "calls/out/x.wav").touch()
    assert [r.name for r in discover(["calls"], Path("calls/out"))] == ["a", "team/b", "team/deep/c"]


def test_names_that_collide_are_refused(calls: Path) -> None:
    (calls / "calls/a.flac").touch()
    with pytest.raises(SettingsError, match="both be written as 'a'"):
        names("calls")
    (calls / "more").mkdir()
    (calls / "more/ODD.wav").touch()
    with pytest.raises(SettingsError, match="both be written"):
        names("calls/odd", "more")


def test_what_holds_nothing_is_said(calls: Path) -> None:
    (calls / "empty").mkdir()
    for place in ("empty", "calls/*.ogg"):
        with pytest.raises(SettingsError, match="holds no recordings"):
            names(place)


def test_a_manifest_gives_settings_and_carries_the_rest(calls: Path) -> None:
    path = calls / "calls/list.csv"
    path.write_text('\ufeffpath,speakers,roles,campaign\nteam/b.MP3,3,,north\n../else/z.wav,,"agent,customer",\n')
    first, second = discover([str(path)], OUT)
    assert (first.name, dict(first.settings), dict(first.columns)) == (
        "team/b",
        {"diarization.speakers": 3},
        {"campaign": "north"},
    )
    assert (second.name, dict(second.settings)) == ("z", {"diarization.roles": "agent,customer"})
    assert first.path.is_file()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file\na.wav\n", "column 'path'"),
        ("path,speakers\na.wav,two\n", "whole number"),
        ("path,speakers\na.wav\n", "number of fields"),
        ('path\n"a.wav\n', "not CSV"),
        ("path,team,team\na.wav,x,y\n", "'team' twice"),
        ("path,speakers\na.wav,2\na.wav,3\n", "different things"),
        ("path,team,\na.wav,x,y\n", "number of fields"),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_place(calls: Path, text: str, reason: str) -> None:
    (calls / "list.csv").write_text(text)
    with pytest.raises(SettingsError, match=reason) as refused:
        names("list.csv")
    assert "list.csv" in str(refused.value)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_manifest_as_spreadsheets_write_it(calls: Path, mark: str) -> None:
    lines = ["\ufeffpath, speakers ,note,", 'a.wav,2," two\r\nlines\x85 ",', ",,,", "Grüße 家.wav,, = ,", ""]
    (calls / "list.csv").write_bytes("\r\n".join(line.replace(",", mark) for line in lines).encode())
    first, second = discover(["list.csv"], OUT)
    assert (first.name, dict(first.settings)) == ("a", {"diarization.speakers": 2})
    assert dict(first.columns) == {"note": " two\nlines\x85 "}
    assert (second.name, dict(second.settings), dict(second.columns)) == ("Grüße 家", {}, {"note": " = "})


def test_what_a_manifest_says_holds_beside_the_folder_itself(calls: Path) -> None:
    (calls / "calls/list.csv").write_text("path,speakers\nteam/b.MP3,3\n")
    for places in (["calls", "calls/list.csv"], ["calls/list.csv", "calls"]):
        found = {r.name: dict(r.settings) for r in discover(places, OUT)}
        assert found == {"a": {}, "team/b": {"diarization.speakers": 3}, "team/deep/c": {}}
