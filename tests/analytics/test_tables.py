"""Tables over a folder of calls: the same content in CSV and Parquet."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.analytics import tables
from pipeline.analytics.calls import Failure, History, read_calls
from pipeline.cli.analyze import report
from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.types import Notice
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import KINDS
from tests.analytics.calls import call, spoken, write_analytics
from tests.minutes import talks

RULES = "rules: [{name: greeting, says: [hello], within: 20}, {name: promises, never: [I promise]}]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two calls, one with a manifest column and a word that is a formula."""
    first = call(10.0, spoken("agent", 0.0, 2.0, "hello there"), spoken("customer", 1.0, 4.0, "=1+1 I promise"))
    second = call(20.0, spoken("agent", 5.0, 6.0, "yes"))
    (tmp_path / "team").mkdir()
    for name, transcript, columns in (("team/one", first, {"campaign": "north"}), ("two", second, {})):
        write_analytics(transcript, RULES, tmp_path / name, columns)
        (tmp_path / f"{name}.json").write_bytes(formats.dumps(transcript, "json"))
    return tmp_path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_items_of_minutes_are_rows_and_counted(folder: Path) -> None:
    meeting = talks.transcript([*talks.TOPICS, *talks.ENDING])
    write_analytics(meeting, RULES, folder / "meeting", {})
    (folder / "meeting.minutes.json").write_bytes(formats.dumps(meeting, "minutes-json"))
    tables.write_tables(lambda: read_calls(folder), folder / "tables")
    minutes = make_minutes(meeting)
    rows = {row["call"]: row for row in read(folder / "tables" / "calls.csv")}
    assert (rows["two"]["decisions"], rows["two"]["actions"]) == ("", "")
    counts = (str(len(minutes.decisions)), str(len(minutes.actions)))
    assert (rows["meeting"]["decisions"], rows["meeting"]["actions"]) == counts
    items = read(folder / "tables" / "minutes.csv")
    assert [(row["kind"], row["text"]) for row in items] == [
        (kind, item.text) for kind in KINDS for item in getattr(minutes, kind)
    ]
    assert ("Boris", "before next week") in [(row["who"], row["due"]) for row in items]


def test_every_table_has_its_rows(folder: Path) -> None:
    tables.write_tables(lambda: read_calls(folder), folder / "tables")
    results = {name: read(folder / "tables" / f"{name}.csv") for name in tables.TABLES}
    assert [(row["call"], row["words"], row["campaign"]) for row in results["calls"]] == [
        ("team/one", "5", "north"),
        ("two", "1", ""),
    ]
    assert [row["speaker"] for row in results["speakers"]] == ["agent", "customer", "agent"]
    assert [(row["call"], row["start_s"], row["end_s"]) for row in results["turns"]][-1] == ("two", "5.0", "6.0")
    assert [row["text"] for row in results["words"]] == ["hello", "there", "'=1+1", "I", "promise", "yes"]
    assert [(row["kind"], row["holder"], row["yielded"]) for row in results["overlaps"]] == [
        ("interruption", "agent", "agent")
    ]
    assert [(row["call"], row["rule"], row["passed"]) for row in results["findings"]] == [
        ("team/one", "greeting", "True"),
        ("team/one", "promises", "False"),
        ("two", "greeting", "False"),
        ("two", "promises", "True"),
    ]
    assert not list(folder.rglob(".crosstalk-*"))


def test_parquet_holds_the_same_with_types(folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra [analytics]")
    tables.write_tables(lambda: read_calls(folder), folder / "tables")
    for name, kinds in tables.TABLES.items():
        rows: list[dict[str, Any]] = parquet.read_table(folder / "tables" / f"{name}.parquet").to_pylist()
        plain = read(folder / "tables" / f"{name}.csv")
        assert len(rows) == len(plain)
        for row, text in zip(rows, plain, strict=True):
            for column, kind in kinds.items():
                assert row[column] is None or isinstance(row[column], kind)
                if kind is float:
                    assert (row[column] is None) == (text[column] == "")
                    assert row[column] is None or row[column] == float(text[column])
                else:
                    assert ("" if row[column] is None else str(row[column])) == text[column].removeprefix("'")


def test_without_pyarrow_there_is_csv(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "has_parquet", lambda: False)
    paths = tables.write_tables(lambda: read_calls(folder), folder / "tables")
    assert {path.suffix for path in paths} == {".csv"}
    assert sorted(path.name for path in (folder / "tables").iterdir()) == sorted(f"{n}.csv" for n in tables.TABLES)


def test_a_folder_without_analytics_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--analytics"):
        list(read_calls(tmp_path))
    (tmp_path / "a.analytics.json").write_text("{}")
    with pytest.raises(FormatError, match="crosstalk-analytics/3"):
        list(read_calls(tmp_path))


OLD = {
    "version": "crosstalk-analytics/1", "language": "en", "complete": True, "duration": 9.0, "speech": 4.0,
    "silence": 5.0, "silence_ratio": 0.556, "dead_air": [], "overlap": 0.0, "overlap_ratio": 0.0, "crossings": [],
    "parts": [{
        "speaker": "agent", "talk": 4.0, "talk_ratio": 1.0, "stretches": 2, "words": 8, "words_per_minute": 120.0,
        "longest_monologue": 4.0, "answers": 1, "latency_mean": 0.5, "latency_median": 0.5, "interruptions": 0,
        "interrupted": 0, "backchannels": 0, "sentiment": None,
    }],
    "sentiment_by": None, "findings": [{"rule": "greeting", "kept": False, "evidence": []}], "columns": {},
}  # fmt: skip
"""Analytics as version 0.1.0 wrote them."""


def test_files_of_the_version_before_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.analytics.json").write_text(json.dumps(OLD))
    report(tmp_path)
    assert "version 0.1.0, which the next version will refuse: 1" in capsys.readouterr().err
    (row,) = read(tmp_path / "tables/speakers.csv")
    assert (row["talk_spurts"], row["responses"], row["response_latency_mean_s"]) == ("2", "1", "0.5")
    assert [row["passed"] for row in read(tmp_path / "tables/findings.csv")] == ["False"]
    (tmp_path / "a.analytics.json").write_text(json.dumps({"version": OLD["version"]}))
    with pytest.raises(FormatError, match="cannot be read"):
        list(read_calls(tmp_path))


def test_warnings_failures_and_deleted_recordings_are_in_the_tables(folder: Path) -> None:
    warned = replace(call(9.0), notices=(Notice("channels_mixed", "roles are not used"), Notice("cut_short", "x")))
    write_analytics(warned, RULES, folder / "three", {})
    history = History((Failure("bad", "refused", "=HTML"),), {"three": False, "two": True}, frozenset({"team/one"}))
    tables.write_tables(lambda: read_calls(folder, history), folder / "tables", history.failures)
    rows = {row["call"]: row for row in read(folder / "tables/calls.csv")}
    assert {name: row["recording_exists"] for name, row in rows.items()} == {"three": "False", "two": "True"}
    assert rows["three"]["warnings"] == "channels_mixed cut_short"
    assert rows["two"]["warnings"] == ""
    (failure,) = read(folder / "tables/failures.csv")
    assert failure == {"call": "bad", "status": "refused", "reason": "'=HTML"}


@given(st.lists(st.sampled_from(["agent", "words", "Words", "manifest_words", "WORDS", "call", "über"]), unique=True))
def test_a_manifest_column_keeps_its_name_unless_it_is_taken(names: list[str]) -> None:
    results = tables.manifest_columns(names)
    columns = [*tables.TABLES["calls"], *results.values()]
    assert len({column.casefold() for column in columns}) == len(columns)
    assert all(column.endswith(name) for name, column in results.items())
    assert {name for name in ("agent", "über") if name in names} <= set(results.values())


def test_columns_in_seconds_have_the_unit_in_their_name() -> None:
    names_ = {name for columns in tables.TABLES.values() for name in columns}
    assert not names_ & tables.SECONDS
    assert {f"{name}_s" for name in tables.SECONDS} <= names_
