"""A folder of calls as tables for pandas or DuckDB: CSV always, Parquet where pyarrow is installed.

Every row begins with ``call``, the call's name in the folder. A column in seconds is called as in the analytics' JSON
with ``_s`` behind it. Columns of a manifest stand in ``calls`` under their own names, or as ``manifest_NAME`` where
that name is taken. CSV cells that a spreadsheet would take for a formula begin with an apostrophe.
"""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.analytics.calls import Call, Failure
from pipeline.core.atomic_write import make_folder, replacing
from pipeline.core.output_record import OutputRecord
from pipeline.core.types import Transcript
from pipeline.formats.sanitize import cell

Row = dict[str, Any]
Kinds = Mapping[str, type]

KINDS: Mapping[str, str] = {
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
"""The numbers of the analytics' JSON that are seconds."""
TABLES: Mapping[str, Kinds] = {
    "calls": {
        "call": str, "duration_s": float, "language": str, "complete": bool, "recording_exists": bool,
        "warnings": str, "speakers": int, "words": int, "speech_s": float, "silence_s": float, "silence_ratio": float,
        "dead_air_s": float, "dead_airs": int, "overlap_s": float, "overlap_ratio": float,
        **dict.fromkeys(KINDS.values(), int), "rules_kept": int, "rules_broken": int,
    },
    "speakers": {
        "call": str, "speaker": str, "talk_s": float, "talk_ratio": float, "stretches": int, "words": int,
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
        "call": str, "rule": str, "kept": bool, "start_s": float, "end_s": float, "speaker": str, "text": str,
        "phrase": str, "similarity": float,
    },
    "failures": {"call": str, "status": str, "reason": str},
}  # fmt: skip
_BATCH = 10_000


def write_tables(
    calls: Callable[[], Iterable[Call]],
    folder: Path,
    failures: Sequence[Failure] = (),
    record: OutputRecord | None = None,
) -> tuple[Path, ...]:
    """Every table of the calls (read twice: a call at a time is in memory) into ``folder``; the paths written.

    With a ``record``, raises `OutputExists` before any work for a file that this program did not write.
    """
    paths = table_paths(folder)
    if record is not None:
        record.check(paths)
    extra = manifest_columns(name for call in calls() for name in sorted(call.analytics["columns"]))
    kinds = {**TABLES, "calls": {**TABLES["calls"], **dict.fromkeys(extra.values(), str)}}
    makers: list[Callable[[Path, Kinds], _CsvTable | _ParquetTable]] = [_CsvTable]
    if has_parquet():
        makers.append(_ParquetTable)
    make_folder(folder)
    with ExitStack() as stack:
        temporary = [stack.enter_context(replacing(path)) for path in paths]
        if record is not None:
            stack.push(partial(_record, record, paths, temporary))  # runs between closing and replacing the files
        files = iter(temporary)
        tables: dict[str, list[_CsvTable | _ParquetTable]] = {name: [] for name in kinds}
        for name, columns in kinds.items():
            for maker in makers:
                table = maker(next(files), columns)
                stack.callback(table.close)
                tables[name].append(table)
        for name, row in _all_rows(calls(), extra, failures):
            for table in tables[name]:
                table.append(row)
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
    """The column of each of a manifest's own columns: its name, or that after ``manifest_`` where it is taken.

    Names that differ in case only count as one, as in most data bases.
    """
    wanted = tuple(dict.fromkeys(names))
    taken = {column.casefold() for column in TABLES["calls"]}
    found: dict[str, str] = {}
    for name in sorted(wanted, key=lambda name: (name.casefold() in taken, wanted.index(name))):
        column = name
        while column.casefold() in taken:
            column = f"manifest_{column}"
        taken.add(column.casefold())
        found[name] = column
    return {name: found[name] for name in wanted}


def _all_rows(
    calls: Iterable[Call], extra: Mapping[str, str], failures: Sequence[Failure]
) -> Iterator[tuple[str, Row]]:
    for call in calls:
        yield from rows(call, extra)
    for failure in failures:
        yield "failures", {"call": failure.call, "status": failure.status, "reason": failure.reason}


def has_parquet() -> bool:
    """Whether the extra that writes Parquet is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def rows(call: Call, extra: Mapping[str, str]) -> Iterator[tuple[str, Row]]:
    """The rows of one call, each with the name of its table; ``extra`` are the `manifest_columns`."""
    data, name = call.analytics, {"call": call.name}
    columns = {extra[key]: value for key, value in data["columns"].items()}
    yield "calls", name | summary(data) | {"recording_exists": call.exists} | columns
    for part in data["parts"]:
        yield "speakers", name | _with_units(part)
    for crossing in data["crossings"]:
        yield "overlaps", name | _with_units(crossing)
    for finding in data["findings"]:
        base = name | {"rule": finding["rule"], "kept": finding["kept"]}
        for evidence in finding["evidence"] or [{}]:
            yield "findings", base | _with_units(evidence)
    transcript = call.transcript()
    if transcript is not None:
        yield from _spoken(transcript, name)


def summary(data: Row) -> Row:
    """A call's row, but for its name, its recording and the manifest's columns."""
    kept = [finding["kept"] for finding in data["findings"]]
    plain = {key: value for key, value in _with_units(data).items() if key in TABLES["calls"]}
    return plain | {
        "warnings": " ".join(dict.fromkeys(warning["code"] for warning in data["warnings"])),
        "speakers": len(data["parts"]),
        "words": sum(part["words"] for part in data["parts"]),
        "dead_air_s": round(sum(gap["end"] - gap["start"] for gap in data["dead_air"]), 3),
        "dead_airs": len(data["dead_air"]),
        **{column: sum(c["kind"] == kind for c in data["crossings"]) for kind, column in KINDS.items()},
        "rules_kept": kept.count(True),
        "rules_broken": kept.count(False),
    }


def _with_units(row: Mapping[str, Any]) -> Row:
    """The row with the unit in the names of its columns."""
    return {f"{key}_s" if key in SECONDS else key: value for key, value in row.items()}


def _spoken(transcript: Transcript, name: Row) -> Iterator[tuple[str, Row]]:
    for turn in transcript.turns:
        times = {"start_s": round(turn.start, 3), "end_s": round(turn.end, 3), "margin": turn.margin}
        yield "turns", {**name, "speaker": turn.speaker, **times}
    for utterance in transcript.utterances:
        for word in utterance.words:
            row = {"start_s": round(word.start, 3), "end_s": round(word.end, 3), "text": word.text}
            row |= {"probability": word.probability, "origin": word.origin, "suspect": word.suspect}
            yield "words", {**name, "speaker": utterance.speaker, **row}


class _CsvTable:
    """Rows into a CSV file; nothing stands for unknown."""

    def __init__(self, path: Path, columns: Kinds) -> None:
        self._columns = columns
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow([_inert(column) for column in self._columns])

    def append(self, row: Row) -> None:
        self._writer.writerow([_inert(row.get(column)) for column in self._columns])

    def close(self) -> None:
        self._file.close()


class _ParquetTable:
    """Rows into a Parquet file, typed, some thousand at a time."""

    def __init__(self, path: Path, columns: Kinds) -> None:
        import pyarrow
        import pyarrow.parquet

        kinds = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64(), bool: pyarrow.bool_()}
        self._arrow = pyarrow
        self._schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
        self._columns, self._held = columns, list[Row]()
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)

    def append(self, row: Row) -> None:
        self._held.append({name: _typed(row.get(name), kind) for name, kind in self._columns.items()})
        if len(self._held) >= _BATCH:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(self._arrow.Table.from_pylist(self._held, schema=self._schema))
        self._held.clear()


def _typed(value: Any, kind: type) -> Any:
    if value is None:
        return None
    if kind is str:
        return str(value).encode("utf-8", "backslashreplace").decode()
    return kind(value)


def _inert(value: Any) -> Any:
    return cell(value) if isinstance(value, str) else value
