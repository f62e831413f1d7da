"""Tables over a folder of calls: the same content in CSV and Parquet."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.analytics import tables
from pipeline.analytics.calls import Call, Failure, History, Skipped, read_calls, removed
from pipeline.analytics.tables.rows import recorded_day, rows
from pipeline.analytics.tables.schema import ENDINGS, all_columns
from pipeline.batch.manifest import check_columns
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
    assert (rows["two"]["decision_count"], rows["two"]["action_count"]) == ("", "")
    counts = (str(len(minutes.decisions)), str(len(minutes.actions)))
    assert (rows["meeting"]["decision_count"], rows["meeting"]["action_count"]) == counts
    items = read(folder / "tables" / "minutes.csv")
    assert [(row["kind"], row["text"]) for row in items] == [
        (kind, item.text) for kind in KINDS for item in getattr(minutes, kind)
    ]
    assert ("Boris", "before next week") in [(row["who"], row["due"]) for row in items]


def test_every_table_has_its_rows(folder: Path) -> None:
    tables.write_tables(lambda: read_calls(folder), folder / "tables")
    results = {name: read(folder / "tables" / f"{name}.csv") for name in tables.TABLES}
    assert [(row["call"], row["word_count"], row["campaign"]) for row in results["calls"]] == [
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
    for name, kinds in ((name, table.types) for name, table in tables.TABLES.items()):
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
    assert "an earlier version, which the next one will refuse: 1" in capsys.readouterr().err
    (row,) = read(tmp_path / "tables/speakers.csv")
    assert (row["talk_spurt_count"], row["response_count"], row["response_latency_mean_s"]) == ("2", "1", "0.5")
    assert [row["passed"] for row in read(tmp_path / "tables/findings.csv")] == ["False"]
    (tmp_path / "a.analytics.json").write_text(json.dumps({"version": OLD["version"]}))
    with pytest.raises(FormatError, match="cannot be read"):
        list(read_calls(tmp_path))


FAILURE = Failure("bad", "refused", "=HTML", "/calls/bad.wav", True)


def test_warnings_failures_and_deleted_recordings_are_in_the_tables(folder: Path) -> None:
    warned = replace(call(9.0), notices=(Notice("channels_mixed", "roles are not used"), Notice("cut_short", "x")))
    write_analytics(warned, RULES, folder / "three", {})
    skipped = (Skipped("/calls/notes.txt", "not the suffix of a recording"),)
    history = History((FAILURE,), {"three": False, "two": True}, frozenset({"team/one"}), skipped=skipped)
    tables.write_tables(lambda: read_calls(folder, history), folder / "tables", history)
    rows = {row["call"]: row for row in read(folder / "tables/calls.csv")}
    assert {name: row["recording_exists"] for name, row in rows.items()} == {"three": "False", "two": "True"}
    assert rows["three"]["warnings"] == "channels_mixed cut_short"
    assert rows["two"]["warnings"] == ""
    (failure,) = read(folder / "tables/failures.csv")
    assert failure == {
        "call": "bad",
        "path": "/calls/bad.wav",
        "recording_exists": "True",
        "status": "refused",
        "reason": "'=HTML",
    }
    assert read(folder / "tables/skipped.csv") == [
        {"path": "/calls/notes.txt", "reason": "not the suffix of a recording"}
    ]


def test_calls_without_recording_leave_unless_they_are_wanted(folder: Path) -> None:
    history = History(exists={"two": False, "team/one": None})
    assert removed(folder, history) == ("two",)
    assert [call.name for call in read_calls(folder, history, keep_removed=False)] == ["team/one"]
    assert [call.exists for call in read_calls(folder, history, keep_removed=True)] == [None, False]
    with pytest.raises(SettingsError, match="--keep-removed"):
        list(read_calls(folder, History(exists={"two": False, "team/one": False}), keep_removed=False))


def test_the_same_content_is_marked_at_every_call_but_the_first(folder: Path) -> None:
    history = History(digests={"team/one": "a", "two": "a"})
    tables.write_tables(lambda: read_calls(folder, history), folder / "tables", history)
    rows = [(row["call"], row["sha256"], row["duplicate_of"]) for row in read(folder / "tables/calls.csv")]
    assert rows == [("team/one", "a", ""), ("two", "a", "team/one")]


FULL = {
    "recorded": "2026-11-02T09:30:00+01:00", "sha256": "abc", "first_response": 1.5, "hold": 30.0, "music": 20.0,
    "longest_silence": {"start": 3.0, "end": 40.5}, "ended_by": "customer", "questions": 2,
    "pauses": [{"start": 3.0, "end": 40.5, "kind": "music", "level": -30.5}],
    "quarters": [{"start": 0.0, "end": 2.5, "speakers": [{
        "speaker": "agent", "talk": 2.0, "words": 5, "words_per_minute": 150.0, "sentiment": 0.5, "loudness": -20.0,
    }]}],
    "roles": [
        {"speaker": "agent", "role": "agent", "decision": "phrase", "reason": "greets", "evidence": [
            {"start": 0.0, "end": 1.0, "text": "hello there", "phrase": "hello", "confidence": 0.9},
            {"start": 2.0, "end": 3.0, "text": "how can I", "phrase": "how can I help", "confidence": 0.8},
        ]},
        {"speaker": "SPEAKER_01", "role": None, "decision": "unknown", "reason": "no phrase", "evidence": []},
    ],
}  # fmt: skip
"""Keys of analytics with known values, for one constructed call."""
MORE = {
    "speakers": {"role": "agent", "person": "Ana", "questions": 2, "loudness": -20.0, "shouting": 0.0},
    "overlap_events": {"holder_remaining": 1.0, "incomer_words": 3, "incomer_after": 2.0, "margin": 0.1},
    "findings": {
        "severity": "critical",
        "expected": "says hello",
        "measured": {"measure": "talk_ratio", "value": 0.6, "limit": 0.7},
    },
}
"""Further keys of each speaker, overlap and finding."""


def write_full(folder: Path) -> None:
    """Write the analytics of ``team/one`` with every key."""
    path = folder / "team/one.analytics.json"
    analytics = json.loads(path.read_text()) | FULL
    for key, values in MORE.items():
        analytics[key] = [each | values for each in analytics[key]]
    path.write_text(json.dumps(analytics))


def test_every_value_of_the_analytics_has_its_column(folder: Path) -> None:
    write_full(folder)
    for one in read_calls(folder):
        for name, row in rows(one):
            assert row.keys() <= tables.TABLES[name].types.keys() | one.analytics["columns"].keys() | LEFT_OUT[name]
    tables.write_tables(lambda: read_calls(folder), folder / "tables")
    content = {name: read(folder / "tables" / f"{name}.csv") for name in tables.TABLES}
    first = content["calls"][0]
    assert (first["recorded_day"], first["longest_silence_s"], first["longest_silence_start_s"]) == (
        "2026-11-02",
        "37.5",
        "3.0",
    )
    assert first["role_decisions"] == "agent (phrase); SPEAKER_01 (unknown)"
    counts = ("unknown_role_count", "failed_critical_rule_count", "question_count")
    assert [first[name] for name in counts] == ["1", "1", "2"]
    assert [(row["role"], row["decision"], row["evidence"], row["start_s"]) for row in content["roles"]] == [
        ("agent", "phrase", "hello there", "0.0"),
        ("agent", "phrase", "how can I", "2.0"),
        ("", "unknown", "", ""),
    ]
    (pause,) = (row for row in content["pauses"] if row["call"] == "team/one")
    assert (pause["kind"], pause["start_s"], pause["level_lufs"]) == ("music", "3.0", "-30.5")
    (quarter,) = (row for row in content["quarters"] if row["call"] == "team/one")
    assert (quarter["quarter"], quarter["end_s"], quarter["talk_s"], quarter["loudness_lufs"]) == (
        "1",
        "2.5",
        "2.0",
        "-20.0",
    )
    assert content["overlaps"][0]["incomer_word_count"] == "3"
    measured = ("measure", "measured_value", "limit_value", "measured_label")
    assert [content["findings"][0][name] for name in measured] == ["talk_ratio", "0.6", "0.7", ""]
    assert (content["speakers"][0]["person"], content["speakers"][0]["shouting_s"]) == ("Ana", "0.0")


LEFT_OUT = {name: set[str]() for name in tables.TABLES} | {"minutes": {"evidence", "topic", "reason", "score", "label"}}
"""Keys that a table does not have, on purpose."""

TEXTS = st.text(max_size=5)
DATES = st.dates().map(str) | st.datetimes().map(lambda moment: moment.isoformat()) | TEXTS | st.none()


@given(DATES, st.dates(max_value=date(9999, 12, 30)))
def test_the_day_of_a_recording_is_a_date_that_is_not_in_the_future(recorded: str | None, today: date) -> None:
    day = recorded_day(recorded, today)
    assert day is None or date.fromisoformat(day) <= today + timedelta(days=1)
    assert day is None or str(recorded).startswith(day) or "W" in str(recorded) or "-" not in str(recorded)


@pytest.mark.parametrize(
    ("recorded", "day"),
    [
        ("2026-11-02T23:30:00+01:00", "2026-11-02"),
        ("2026-11-03", "2026-11-03"),
        ("2026-11-04", None),
        ("2098-01-01T00:00:00Z", None),
        ("at noon", None),
        (None, None),
    ],
)
def test_a_clock_that_is_wrong_gives_no_day(recorded: str | None, day: str | None) -> None:
    assert recorded_day(recorded, date(2026, 11, 2)) == day


NAMES = st.lists(st.sampled_from(["agent", "Agent", "word_count", "Word_Count", "team", "CALL", "über", "ÜBER"]))


@given(st.lists(NAMES, max_size=3))
def test_columns_of_manifests_keep_their_names_or_are_refused_with_both(manifests: list[list[str]]) -> None:
    names = list(dict.fromkeys(name for manifest in manifests for name in manifest))
    taken = [*tables.TABLES["calls"].types, *names]
    calls = [Call(Path("out"), str(n), {"columns": dict.fromkeys(each)}) for n, each in enumerate(manifests)]
    if len({name.casefold() for name in taken}) == len(taken):
        assert tables.manifest_columns(calls) == tuple(names)
        return
    with pytest.raises(SettingsError) as refused:
        tables.manifest_columns(calls)
    quoted = re.findall(r"'([^']+)'", refused.value.what)
    assert len(quoted) == 2
    assert {name.casefold() for name in quoted} == {quoted[0].casefold()}
    assert set(quoted) <= set(taken)


@given(NAMES.map(lambda names: list(dict.fromkeys(names))))
def test_a_manifest_is_refused_before_a_run_if_the_tables_would_refuse_it(names: list[str]) -> None:
    def accepted(check: Callable[[], object]) -> bool:
        try:
            check()
        except SettingsError:
            return False
        return True

    call = Call(Path("out"), "a", {"columns": dict.fromkeys(names)})
    assert accepted(lambda: check_columns(names, "list.csv")) == accepted(lambda: tables.manifest_columns([call]))


def test_names_of_columns_end_in_their_unit() -> None:
    for table, column in all_columns():
        place = f"{table.name}.{column.name}"
        ending = ENDINGS.get(column.unit)
        assert [each for each in ENDINGS.values() if column.name.endswith(each)] == [ending] * bool(ending), place
        assert (column.unit != "") == (column.type in (int, float)), place
        assert column.meaning.endswith("."), place
    for table in tables.TABLES.values():
        assert len({name.casefold() for name in table.types}) == len(table.columns), table.name


def test_thousands_of_columns_are_written(tmp_path: Path) -> None:
    columns = {f"column {number}": str(number) for number in range(3000)}
    for name in ("a", "b"):
        write_analytics(call(9.0, spoken("agent", 0.0, 1.0, "yes")), "", tmp_path / name, columns)
    tables.write_tables(lambda: read_calls(tmp_path), tmp_path / "tables")
    first, second = read(tmp_path / "tables/calls.csv")
    assert first.keys() >= columns.keys()
    assert {name: second[name] for name in columns} == columns
