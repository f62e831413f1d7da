"""Which files are recordings, the names of their results, and what is refused before any work."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch.discovery import Recording, Search, SearchResult, discover, find
from pipeline.batch.naming import absolute, distinct_names
from pipeline.config.schema import Config, assign, check
from pipeline.core.errors import SettingsError

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
    return [recording.name for recording in recordings(*places)]


def search(*places: str, out: Path = OUT) -> Search:
    return Search(tuple(places), out, validate=lambda settings: check(assign(Config(), settings)))


def recordings(*places: str, out: Path = OUT) -> tuple[Recording, ...]:
    return discover(search(*places, out=out)).recordings


def test_names_mirror_the_folder_and_other_files_are_left_out(calls: Path) -> None:
    assert names("calls") == ["a", "team/b", "team/deep/c"]


def test_a_file_given_by_name_is_taken_once_with_any_suffix(calls: Path) -> None:
    assert names("calls/odd", "calls/odd", "./calls/odd", "calls/missing.wav") == ["odd", "missing"]


def test_patterns_keep_the_tree_below_their_literal_part(calls: Path) -> None:
    assert names("calls/**/*.m4a") == ["team/deep/c"]
    assert names("calls/team/*.MP3") == ["b"]


def test_the_output_folder_is_not_searched(calls: Path) -> None:
    (calls / "calls/out").mkdir()
    (calls / "calls/out/x.wav").touch()
    assert [r.name for r in recordings("calls", out=Path("calls/out"))] == ["a", "team/b", "team/deep/c"]


def test_recordings_that_differ_in_their_suffix_keep_it(calls: Path) -> None:
    (calls / "calls/a.flac").touch()
    assert names("calls") == ["a.flac", "a.wav", "team/b", "team/deep/c"]


def test_equal_names_from_different_folders_get_distinguishing_folders(calls: Path) -> None:
    rows = ["path"]
    for number in ("1", "2"):
        path = calls / number / "audio" / "call.wav"
        path.parent.mkdir(parents=True)
        path.touch()
        rows.append(str(path))
    (calls / "lists").mkdir()
    (calls / "lists/list.csv").write_text("\n".join(rows))
    result = discover(search("lists/list.csv"))
    assert [recording.name for recording in result.recordings] == ["1/audio/call", "2/audio/call"]
    assert len(result.renamed) == 2


def test_names_that_differ_in_case_only_are_made_distinct(calls: Path) -> None:
    (calls / "calls/A.WAV").touch()
    distinct = names("calls")
    assert len({name.casefold() for name in distinct}) == len(distinct) == 4


def test_a_recording_keeps_its_earlier_name(calls: Path) -> None:
    (calls / "calls/a.flac").touch()
    earlier = {absolute(Path("calls/a.wav")): "a", absolute(Path("calls/team/b.MP3")): "elsewhere/b"}
    result = discover(replace(search("calls"), names=earlier)).recordings
    assert [recording.name for recording in result] == ["a.flac", "a", "team/b", "team/deep/c"]


PARTS = st.sampled_from(["a", "A", "b", "a.txt", "a.wav", "failures", "é" * 125, "a~1"])
PATHS = st.builds(
    lambda folders, stem, suffix: Path("/", *folders, f"{stem}{suffix}"),
    st.lists(PARTS, max_size=3),
    PARTS,
    st.sampled_from([".wav", ".mp3", ".WAV", ""]),
)


@given(
    st.sets(PATHS, max_size=12),
    st.sampled_from([(".txt", ".json"), (".csv",), (".seglst.json", ".json", ".analytics.json")]),
    st.data(),
)
def test_no_two_recordings_write_to_one_file(paths: set[Path], suffixes: tuple[str, ...], data: st.DataObject) -> None:
    wanted = {path: path.stem for path in sorted(paths)}
    before = distinct_names(wanted, suffixes)
    earlier = {path: before[path] for path in sorted(paths) if data.draw(st.booleans())}
    for renamed in (before, distinct_names(wanted, suffixes, earlier), distinct_names(wanted, suffixes, wanted)):
        files = [f"{name}{suffix}".casefold() for name in renamed.values() for suffix in suffixes]
        assert len(set(files)) == len(files)
        assert "failures.csv" not in files
        assert all(len(os.fsencode(part)) <= 255 for file in files for part in Path(file).parts)
    assert distinct_names(wanted, suffixes, before) == before


def test_files_left_out_are_counted(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (calls / "calls/closed").mkdir()
    (calls / "calls/link").symlink_to(calls / "calls/team")
    scan = os.scandir

    def refuse(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    for place in ("calls", "calls/**/*.m4a"):
        skipped = discover(search(place)).skipped
        assert len(skipped.unreadable) == 1
        assert "calls/closed" in skipped.line
    skipped = discover(search("calls")).skipped
    assert (dict(skipped.files), skipped.count) == ({"": 1, ".txt": 1}, 5)
    assert {(Path(item.path).name, item.kind) for item in skipped.items} == {
        ("closed", "unreadable"),
        ("link", "link"),
        ("odd", "suffix"),
        ("notes.txt", "suffix"),
        (".hidden.wav", "hidden"),
    }
    assert all(item.reason and item.place == "calls" for item in skipped.items)
    for part in ("not followed): 1", "hidden files: 1", "1 without a suffix, 1 .txt"):
        assert part in skipped.line
    with pytest.raises(SettingsError, match="Permission denied"):
        discover(search("calls/closed"))


def test_a_place_without_recordings_is_an_error(calls: Path) -> None:
    (calls / "empty").mkdir()
    for place in ("empty", "calls/*.ogg"):
        with pytest.raises(SettingsError, match="recordings"):
            names(place)


def test_a_manifest_has_settings_and_further_columns(calls: Path) -> None:
    path = calls / "calls/list.csv"
    path.write_text('\ufeffpath,speakers,roles,campaign\nteam/b.MP3,3,,north\n../else/z.wav,,"agent,customer",\n')
    first, second = recordings(str(path))
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
        ("file,agent\na.wav,Ana\n", "column 'path'; the first line has 'file', 'agent'"),
        ("Path\na.wav\n", "column 'path'; write 'Path' in lower case"),
        ("path,speakers\na.wav,two\n", "line 2: speakers must be a whole number, not 'two'"),
        ("path,speakers\na.wav\n", "the line has 1 field, and the first line 2"),
        ("path,speakers\n,2\n", "the path is missing"),
        ('path\n"a.wav\n', "CSV"),
        ("path,team,team\na.wav,x,y\n", "'team' twice"),
        ("path,speakers\na.wav,2\na.wav,3\n", "different"),
        ("path,team,\na.wav,x,y\n", "a column without a name"),
        ("path,call\na.wav,x\n", "'call' clashes with the column of the tables 'call'"),
        ("path,Call\na.wav,x\n", "'Call' clashes with the column 'call'"),
        ("path,team,Team\na.wav,x,y\n", "'Team' clashes with the column 'team'"),
        ("path,Speakers\na.wav,2\n", "'Speakers' clashes with the setting 'speakers'"),
        ("path,Path\na.wav,2\n", "'Path' clashes with the column 'path'"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_place(calls: Path, text: str, reason: str) -> None:
    (calls / "list.csv").write_text(text)
    with pytest.raises(SettingsError, match=reason) as refused:
        names("list.csv")
    assert "list.csv" in str(refused.value)


def test_a_comma_in_the_name_of_a_column_is_no_delimiter(calls: Path) -> None:
    (calls / "list.csv").write_text('path;"team, region";note\ncalls/a.wav;x;1,5\n')
    (recording,) = recordings("list.csv")
    assert dict(recording.columns) == {"team, region": "x", "note": "1,5"}


def test_columns_of_two_manifests_that_differ_in_case_are_refused_with_both(calls: Path) -> None:
    (calls / "one.csv").write_text("path,team\ncalls/a.wav,x\n")
    (calls / "two.csv").write_text("path,Team\ncalls/odd,y\n")
    with pytest.raises(SettingsError, match=r"two.csv, line 2: .*'Team' .*'team' of one.csv, line 2"):
        names("one.csv", "two.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_names_of_columns_in_any_encoding(calls: Path, encoding: str) -> None:
    (calls / "list.csv").write_bytes("path,Größe (€)\ncalls/a.wav,groß\n".encode(encoding))
    (recording,) = recordings("list.csv")
    assert dict(recording.columns) == {"Größe (€)": "groß"}


def test_a_manifest_with_thousands_of_columns(calls: Path) -> None:
    columns = [f"column {number}" for number in range(5000)]
    (calls / "list.csv").write_text(f"path,{','.join(columns)}\ncalls/a.wav,{','.join(columns)}\n")
    (recording,) = recordings("list.csv")
    assert dict(recording.columns) == {name: name for name in columns}


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_manifest_written_by_a_spreadsheet(calls: Path, mark: str) -> None:
    lines = ["\ufeffpath, speakers ,note,", 'a.wav,2," two\r\nlines\x85 ",', ",,,", "Grüße 家.wav,, = ,", ""]
    (calls / "list.csv").write_bytes("\r\n".join(line.replace(",", mark) for line in lines).encode())
    first, second = recordings("list.csv")
    assert (first.name, dict(first.settings)) == ("a", {"diarization.speakers": 2})
    assert dict(first.columns) == {"note": " two\nlines\x85 "}
    assert (second.name, dict(second.settings), dict(second.columns)) == ("Grüße 家", {}, {"note": " = "})


def test_a_manifest_applies_beside_the_folder_itself(calls: Path) -> None:
    (calls / "calls/list.csv").write_text("path,speakers\nteam/b.MP3,3\n")
    for places in (["calls", "calls/list.csv"], ["calls/list.csv", "calls"]):
        result = {r.name: dict(r.settings) for r in recordings(*places)}
        assert result == {"a": {}, "team/b": {"diarization.speakers": 3}, "team/deep/c": {}}


@pytest.mark.parametrize(
    "row",
    [
        "a.wav,both,,,",
        "a.wav,,two,,",
        "a.wav,,,agent=,",
        "a.wav,,,'a,a',",
        ",,,,",
        "a.wav",
        "a.wav,,-1,,",
    ],
)
def test_a_bad_row_is_reported_and_the_others_are_read(calls: Path, row: str) -> None:
    row = row.replace("'", '"') if row.strip(",") else " ,,,,x"
    text = f"path,channels,speakers,roles,team\nteam/b.MP3,,2,,north\n{row}\nodd,,,,south\n"
    (calls / "calls/list.csv").write_text(text)
    result: SearchResult = find(search("calls/list.csv"))
    assert [recording.name for recording in result.recordings] == ["team/b", "odd"]
    (rejected,) = result.rejected
    assert "line 3" in rejected.where
    assert rejected.reason
    with pytest.raises(SettingsError):
        discover(search("calls/list.csv"))


def test_spaces_around_a_path_count_only_if_such_a_file_exists(calls: Path) -> None:
    (calls / "calls/list.csv").write_text("path\na.wav \n team/b.MP3\nodd \n")
    (calls / "calls/odd ").touch()
    result = recordings("calls/list.csv")
    assert [recording.path.name for recording in result] == ["a.wav", "b.MP3", "odd "]
    assert all(recording.path.is_file() for recording in result)


@pytest.mark.parametrize("name", ["x" * 5000 + " ", " "])
def test_an_impossible_path_is_not_a_traceback(calls: Path, name: str) -> None:
    (calls / "list.csv").write_text(f'path,team\n"{name}",a\ncalls/a.wav,b\n')
    assert "a" in [recording.path.stem for recording in find(search("list.csv")).recordings]
