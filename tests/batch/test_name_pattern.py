"""Columns and settings from the names of recordings: one reading of a name, or none, and never a wrong one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch.discovery import SUFFIXES, Search, discover
from pipeline.batch.name_pattern import NamePattern, parse
from pipeline.batch.report import announce
from pipeline.config.schema import Config, assign, check
from pipeline.core.errors import SettingsError

FIELDS = st.lists(st.sampled_from(["date", "agent", "id", "größe", "a b", "team"]), min_size=1, max_size=4, unique=True)
SEPARATORS = st.lists(st.sampled_from(["_", "-", " - ", ".", "__", "call"]), min_size=4, max_size=4)
VALUES = st.text(st.characters(blacklist_characters="/\0"), min_size=1, max_size=8)


def pattern(text: str) -> NamePattern:
    return parse(text, SUFFIXES)


def columns(text: str, path: str) -> dict[str, str] | None:
    values = pattern(text).read(Path(path))
    return None if values is None else dict(values.columns)


@given(FIELDS, SEPARATORS, st.lists(VALUES, min_size=4, max_size=4))
def test_values_without_separators_are_read_back(fields: list[str], separators: list[str], texts: list[str]) -> None:
    marks = separators[: len(fields) - 1]
    values = [unicodedata.normalize("NFC", text) for text in texts[: len(fields)]]
    text = "".join(f"{{{name}}}{mark}" for name, mark in zip(fields, [*marks, ".wav"], strict=True))
    name = "".join(f"{value}{mark}" for value, mark in zip(values, [*marks, ".wav"], strict=True))
    result = columns(text, f"/calls/{name}")
    if "/" not in name and result is not None:
        assert list(result) == fields
        assert "".join(f"{value}{mark}" for value, mark in zip(result.values(), [*marks, ".wav"], strict=True)) == (
            unicodedata.normalize("NFC", name)
        )
        assert not any(mark in value for value in result.values() for mark in marks)
    if not {*"".join(marks)} & {*"".join(values)} and "/" not in name:
        assert result == dict(zip(fields, values, strict=True))


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("{date}_{agent}_{id}.wav", "/x/2026-11-02_ana_7.wav", {"date": "2026-11-02", "agent": "ana", "id": "7"}),
        ("{date}_{agent}_{id}.wav", "/x/2026-11-02_ana_7.WAV", {"date": "2026-11-02", "agent": "ana", "id": "7"}),
        ("{date}_{agent}_{id}.wav", "/x/2026-11-02_ana_maria_7.wav", None),
        ("{date}_{agent}_{id}.wav", "/x/2026-11-02__7.wav", None),
        ("{date}_{agent}_{id}.wav", "/x/2026-11-02_ana_7.mp3", None),
        ("{date}_{agent}.*", "/x/2026-11-02_ana.mp3", {"date": "2026-11-02", "agent": "ana"}),
        ("{date}_{agent}", "/x/2026-11-02_ana.mp3", {"date": "2026-11-02", "agent": "ana"}),
        ("{team}/{date} - {agent}", "/x/north_east/2026-11-02 - ana.mp3", {
            "team": "north_east", "date": "2026-11-02", "agent": "ana",
        }),
        ("{team}/{agent}", "ana.mp3", None),
        ("{agent}__{id}", "/x/ana__7.mp3", {"agent": "ana", "id": "7"}),
        ("{agent}__{id}", "/x/ana___7.mp3", None),
        ("{agent}.{id}.wav", "/x/ana.7.wav", {"agent": "ana", "id": "7"}),
        ("call_{agent}_{id}", "/x/call_ana_7.wav", {"agent": "ana", "id": "7"}),
        ("call [{id}]", "/x/call [7].wav", {"id": "7"}),
        ("{{{id}}}", "/x/{7}.wav", {"id": "7"}),
        ("größe_{id}", f"/x/{unicodedata.normalize('NFD', 'größe')}_7.wav", {"id": "7"}),
    ],
)  # fmt: skip
def test_a_name_is_read_or_not(text: str, path: str, expected: dict[str, str] | None) -> None:
    assert columns(text, path) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("call.wav", "it has no field"),
        ("{date}_{agent.wav", "a single '{' at character 8"),
        ("date}_{agent}.wav", "a single '}' at character 5"),
        ("{date}{agent}.wav", "two fields without text between them at character 7"),
        ("{date}_{date}.wav", "the field 'date' a second time at character 8"),
        ("{date}_{}.wav", "a field without a name at character 8"),
        ("/{date}.wav", "an empty part"),
        ("{Call}.wav", "'Call' clashes with the column 'call'"),
        ("{team}_{Team}.wav", "'Team' clashes with the column 'team'"),
        ("{path}.wav", "'path'"),
        ("{Language}.wav", "'Language' clashes with the setting 'language'"),
    ],
)
def test_a_bad_pattern_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(reason)) as refused:
        pattern(text)
    assert refused.value.where == "--name-pattern"
    assert repr(text) in refused.value.what


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Search:
    """A search of four recordings, two of which have names that cannot be read."""
    monkeypatch.chdir(tmp_path)
    Path("calls").mkdir()
    for name in ("de_ana_1.wav", "en_ben_2.wav", "holiday.wav", "xx_eve_3.wav"):
        Path("calls", name).touch()
    return Search(
        ("calls",),
        Path("out"),
        validate=lambda settings: check(assign(Config(), settings)),
        pattern=pattern("{language}_{agent}_{id}.wav"),
    )


def test_names_that_do_not_match_are_reported_in_one_line_and_processed(search: Search) -> None:
    result = discover(search)
    assert {recording.name: (dict(recording.settings), dict(recording.columns)) for recording in result.recordings} == {
        "de_ana_1": ({"recognition.language": "de"}, {"agent": "ana", "id": "1"}),
        "en_ben_2": ({"recognition.language": "en"}, {"agent": "ben", "id": "2"}),
        "holiday": ({}, {}),
        "xx_eve_3": ({}, {}),
    }
    (line,) = announce(result)
    assert line == (
        "2 recordings without columns of --name-pattern, which the name does not match; the first: calls/holiday.wav"
    )
    Path("calls/holiday.wav").unlink()
    (line,) = announce(discover(search))
    assert "calls/xx_eve_3.wav (" in line
    assert "language" in line


def test_a_manifest_comes_before_the_name(search: Search) -> None:
    Path("calls/list.csv").write_text("path,agent,language,shift\nde_ana_1.wav,Ana Maria,,late\nholiday.wav,Zoe,fr,\n")
    result = discover(replace(search, places=("calls", "calls/list.csv")))
    first, _, third, _ = result.recordings
    assert dict(first.settings) == {"recognition.language": "de"}
    assert dict(first.columns) == {"agent": "Ana Maria", "id": "1", "shift": "late"}
    assert (dict(third.settings), third.columns["agent"]) == ({"recognition.language": "fr"}, "Zoe")
    assert result.unmatched.count == 1
    Path("calls/list.csv").write_text("path,Agent\nde_ana_1.wav,Ana\n")
    with pytest.raises(SettingsError, match=r"'Agent' clashes with the column 'agent' of --name-pattern"):
        discover(replace(search, places=("calls", "calls/list.csv")))
