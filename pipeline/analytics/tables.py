"""All calls of a folder as tables for pandas or DuckDB: CSV, and Parquet if pyarrow is installed.

The first column is ``call``, the name of the call in the folder. A column in seconds has the name of the JSON key with
``_s`` appended. Columns of a manifest are in ``calls`` under their names, or as ``manifest_NAME`` if the name is taken.
CSV cells that a spreadsheet would read as a formula begin with an apostrophe.
"""

from __future__ import annotations

import csv
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.analytics.calls import Call, Failure
from pipeline.core.atomic_write import make_folder, replacing
from pipeline.core.output_record import OutputRecord
from pipeline.core.serialization import to_plain
from pipeline.core.types import Transcript
from pipeline.formats.sanitize import cell
from pipeline.minutes.types import KINDS

Row = dict[str, Any]
Columns = Mapping[str, type]
"""Names and types of the columns of a table."""

KIND_COLUMNS: Mapping[str, str] = {
    "start": "overlaps_started",
    "backchannel": "backchannels",
    "turn_end": "turn_ends",
    "interruption": "interruptions",
}
"""The column that counts each kind of overlap in a call."""
SECONDS = frozenset({
    "duration", "speech", "silence", "overlap", "talk", "longest_monologue", "response_latency_mean",
    "response_latency_median", "start", "end",
})  # fmt: skip
"""The keys of the analytics JSON with values in seconds."""
TABLES: Mapping[str, Columns] = {
    "calls": {
        "call": str, "duration_s": float, "language": str, "complete": bool, "recording_exists": bool,
        "warnings": str, "speakers": int, "words": int, "speech_s": float, "silence_s": float, "silence_ratio": float,
        "dead_air_s": float, "dead_airs": int, "overlap_s": float, "overlap_ratio": float,
        **dict.fromkeys(KIND_COLUMNS.values(), int), "rules_passed": int, "rules_failed": int,
        "decisions": int, "actions": int,
    },
    "speakers": {
        "call": str, "speaker": str, "person": str, "talk_s": float, "talk_ratio": float, "talk_spurts": int,
        "words": int,
        "words_per_minute": float, "longest_monologue_s": float, "responses": int, "response_latency_mean_s": float,
        "response_latency_median_s": float, "interruptions": int, "interrupted": int, "backchannels": int,
        "sentiment": float,
    },
    "turns": {"call": str, "speaker": str, "start_s": float, "end_s": float, "margin": float},
    "words": {
        "call": str, "speaker": str, "start_s": float, "end_s": float, "text": str, "probability": float,
        "origin": str, "suspect": str,
    },
    "overlaps": {
        "call": str, "start_s": float, "end_s": float, "kind": str, "holder": str, "incomer": str, "yielded": str,
        "holder_text": str, "incomer_text": str,
    },
    "findings": {
        "call": str, "rule": str, "passed": bool, "start_s": float, "end_s": float, "speaker": str, "text": str,
        "phrase": str, "similarity": float,
    },
    "minutes": {
        "call": str, "kind": str, "start_s": float, "end_s": float, "speaker": str, "text": str, "who": str, "due": str,
    },
    "failures": {"call": str, "status": str, "reason": str},
}  # fmt: skip
"""Columns of each table."""
_ROWS_PER_GROUP = 10_000
"""Rows in each row group of a Parquet file. Chosen by hand; a higher value takes more memory and compresses better."""


def write_tables(
    calls: Callable[[], Iterable[Call]],
    folder: Path,
    failures: Sequence[Failure] = (),
    record: OutputRecord | None = None,
) -> tuple[Path, ...]:
    """Write all tables into ``folder``; returns their paths. Calls are read twice, one at a time.

    With a ``record``, raises `OutputExists` before any work for a file that this program did not write.
    """
    paths = table_paths(folder)
    if record is not None:
        record.check(paths)
    extra = manifest_columns(name for call in calls() for name in sorted(call.analytics["columns"]))
    tables = {**TABLES, "calls": {**TABLES["calls"], **dict.fromkeys(extra.values(), str)}}
    writers: list[Callable[[Path, Columns], _CsvTable | _ParquetTable]] = [_CsvTable]
    if has_parquet():
        writers.append(_ParquetTable)
    make_folder(folder)
    with ExitStack() as stack:
        temporary = [stack.enter_context(replacing(path)) for path in paths]
        if record is not None:
            stack.push(partial(_record, record, paths, temporary))  # runs between closing and replacing the files
        files = iter(temporary)
        outputs: dict[str, list[_CsvTable | _ParquetTable]] = {name: [] for name in tables}
        for name, columns in tables.items():
            for writer in writers:
                output = writer(next(files), columns)
                stack.callback(output.close)
                outputs[name].append(output)
        for name, row in _all_rows(calls(), extra, failures):
            for output in outputs[name]:
                output.append(row)
    return paths


def table_paths(folder: Path) -> tuple[Path, ...]:
    """The files that `write_tables` writes into ``folder``."""
    suffixes = (".csv", ".parquet") if has_parquet() else (".csv",)
    return tuple(folder / f"{name}{suffix}" for name in TABLES for suffix in suffixes)


def _record(
    record: OutputRecord, paths: Sequence[Path], temporary: Sequence[Path], kind: object, error: object, trace: object
) -> None:
    """Record the files that are about to take their places; nothing when an error (``kind``) ended the block."""
    if kind is None:
        for path, content in zip(paths, temporary, strict=True):
            record.add(path, content)


def manifest_columns(names: Iterable[str]) -> dict[str, str]:
    """The table column of each manifest column: its name, or ``manifest_NAME`` if the name is taken.

    Names that differ only in case count as equal, as in most databases.
    """
    unique = tuple(dict.fromkeys(names))
    used = {column.casefold() for column in TABLES["calls"]}
    columns: dict[str, str] = {}
    for name in sorted(unique, key=lambda name: (name.casefold() in used, unique.index(name))):
        column = name
        while column.casefold() in used:
            column = f"manifest_{column}"
        used.add(column.casefold())
        columns[name] = column
    return {name: columns[name] for name in unique}


def _all_rows(
    calls: Iterable[Call], extra: Mapping[str, str], failures: Sequence[Failure]
) -> Iterator[tuple[str, Row]]:
    for call in calls:
        yield from rows(call, extra)
    for failure in failures:
        yield "failures", {"call": failure.call, "status": failure.status, "reason": failure.reason}


def has_parquet() -> bool:
    """Whether pyarrow, which writes Parquet, is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def rows(call: Call, extra: Mapping[str, str]) -> Iterator[tuple[str, Row]]:
    """The rows of one call, each with the name of its table; ``extra``: result of `manifest_columns`."""
    data, name = call.analytics, {"call": call.name}
    columns = {extra[key]: value for key, value in data["columns"].items()}
    minutes = call.minutes()
    counts = {"decisions": len(minutes.decisions), "actions": len(minutes.actions)} if minutes else {}
    yield "calls", name | summary(data) | counts | {"recording_exists": call.exists} | columns
    for kind in KINDS if minutes else ():
        for item in getattr(minutes, kind):
            yield "minutes", name | {"kind": kind} | _with_units(to_plain(item))
    transcript = call.transcript()
    people = {each.label: each.name for each in transcript.identities} if transcript else {}
    for speaker in data["speakers"]:
        yield "speakers", name | _with_units(speaker) | {"person": people.get(speaker["speaker"])}
    for event in data["overlap_events"]:
        yield "overlaps", name | _with_units(event)
    for finding in data["findings"]:
        base = name | {"rule": finding["rule"], "passed": finding["passed"]}
        for evidence in finding["evidence"] or [{}]:
            yield "findings", base | _with_units(evidence)
    if transcript is not None:
        yield from _transcript_rows(transcript, name)


def summary(data: Row) -> Row:
    """The row of a call without its name, its recording and its manifest columns."""
    kinds = Counter(event["kind"] for event in data["overlap_events"])
    outcomes = [finding["passed"] for finding in data["findings"]]
    values = {key: value for key, value in _with_units(data).items() if key in TABLES["calls"]}
    return values | {
        "warnings": " ".join(dict.fromkeys(warning["code"] for warning in data["warnings"])),
        "speakers": len(data["speakers"]),
        "words": sum(speaker["words"] for speaker in data["speakers"]),
        "dead_air_s": round(sum(gap["end"] - gap["start"] for gap in data["dead_air"]), 3),
        "dead_airs": len(data["dead_air"]),
        **{column: kinds[kind] for kind, column in KIND_COLUMNS.items()},
        "rules_passed": outcomes.count(True),
        "rules_failed": outcomes.count(False),
    }


def _with_units(row: Mapping[str, Any]) -> Row:
    """The row with ``_s`` appended to the names of columns in seconds."""
    return {f"{key}_s" if key in SECONDS else key: value for key, value in row.items()}


def _transcript_rows(transcript: Transcript, name: Row) -> Iterator[tuple[str, Row]]:
    for turn in transcript.turns:
        times = {"start_s": round(turn.start, 3), "end_s": round(turn.end, 3), "margin": turn.margin}
        yield "turns", {**name, "speaker": turn.speaker, **times}
    for utterance in transcript.utterances:
        for word in utterance.words:
            row = {"start_s": round(word.start, 3), "end_s": round(word.end, 3), "text": word.text}
            row |= {"probability": word.probability, "origin": word.origin, "suspect": word.suspect}
            yield "words", {**name, "speaker": utterance.speaker, **row}


class _CsvTable:
    """Writes rows to a CSV file; unknown values are empty cells."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self._columns = columns
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow([_inert(column) for column in self._columns])

    def append(self, row: Row) -> None:
        self._writer.writerow([_inert(row.get(column)) for column in self._columns])

    def close(self) -> None:
        self._file.close()


class _ParquetTable:
    """Writes rows to a typed Parquet file, in row groups."""

    def __init__(self, path: Path, columns: Columns) -> None:
        import pyarrow
        import pyarrow.parquet

        types = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64(), bool: pyarrow.bool_()}
        self._arrow = pyarrow
        self._schema = pyarrow.schema([(name, types[type_]) for name, type_ in columns.items()])
        self._columns, self._buffer = columns, list[Row]()
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)

    def append(self, row: Row) -> None:
        self._buffer.append({name: _typed(row.get(name), type_) for name, type_ in self._columns.items()})
        if len(self._buffer) >= _ROWS_PER_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(self._arrow.Table.from_pylist(self._buffer, schema=self._schema))
        self._buffer.clear()


def _typed(value: Any, type_: type) -> Any:
    if value is None:
        return None
    if type_ is str:
        return str(value).encode("utf-8", "backslashreplace").decode()
    return type_(value)


def _inert(value: Any) -> Any:
    return cell(value) if isinstance(value, str) else value
