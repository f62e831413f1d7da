"""A folder of calls as tables for pandas or DuckDB: CSV always, Parquet where pyarrow is installed.

Every row begins with ``call``, the call's name in the folder; times are seconds. Columns of a manifest stand in
``calls`` as ``manifest_NAME``. CSV cells that a spreadsheet would take for a formula begin with an apostrophe.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pipeline.analytics.reading import Call
from pipeline.files import TEMPORARY, explain
from pipeline.formats.inert import cell
from pipeline.values import Transcript

Row = dict[str, Any]
Kinds = Mapping[str, type]

KINDS = ("start", "backchannel", "turn_end", "interruption")
TABLES: Mapping[str, Kinds] = {
    "calls": {
        "call": str, "duration": float, "language": str, "complete": bool, "speakers": int, "words": int,
        "speech": float, "silence": float, "silence_ratio": float, "dead_air": float, "dead_airs": int,
        "overlap": float, "overlap_ratio": float, **dict.fromkeys(KINDS, int),
        "rules_kept": int, "rules_broken": int,
    },
    "speakers": {
        "call": str, "speaker": str, "talk": float, "talk_ratio": float, "stretches": int, "words": int,
        "words_per_minute": float, "longest_monologue": float, "answers": int, "latency_mean": float,
        "latency_median": float, "interruptions": int, "interrupted": int, "backchannels": int, "sentiment": float,
    },
    "turns": {"call": str, "speaker": str, "start": float, "end": float, "margin": float},
    "words": {
        "call": str, "speaker": str, "start": float, "end": float, "text": str, "probability": float, "origin": str,
        "suspect": str,
    },
    "overlaps": {
        "call": str, "start": float, "end": float, "kind": str, "holder": str, "incomer": str, "yielded": str,
        "holder_text": str, "incomer_text": str,
    },
    "findings": {
        "call": str, "rule": str, "kept": bool, "start": float, "end": float, "speaker": str, "text": str,
        "phrase": str, "similarity": float,
    },
}  # fmt: skip
_BATCH = 10_000


def write_tables(calls: Callable[[], Iterable[Call]], folder: Path) -> tuple[Path, ...]:
    """Every table of the calls (read twice: a call at a time is in memory) into ``folder``; the paths written."""
    extra = {f"manifest_{name}": str for call in calls() for name in sorted(call.analytics["columns"])}
    kinds = {**TABLES, "calls": {**TABLES["calls"], **extra}}
    makers: list[Callable[[Path, Kinds], _CsvTable | _ParquetTable]] = [_CsvTable]
    if has_parquet():
        makers.append(_ParquetTable)
    folder.mkdir(parents=True, exist_ok=True)
    suffixes = (".csv", ".parquet")[: len(makers)]
    paths = [folder / f"{name}{suffix}" for name in kinds for suffix in suffixes]
    with ExitStack() as stack:
        files = iter([stack.enter_context(_replaced(path)) for path in paths])
        tables: dict[str, list[_CsvTable | _ParquetTable]] = {name: [] for name in kinds}
        for name, columns in kinds.items():
            for maker in makers:
                table = maker(next(files), columns)
                stack.callback(table.close)
                tables[name].append(table)
        for call in calls():
            for name, row in rows(call):
                for table in tables[name]:
                    table.append(row)
    return tuple(paths)


def has_parquet() -> bool:
    """Whether the extra that writes Parquet is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def rows(call: Call) -> Iterator[tuple[str, Row]]:
    """The rows of one call, each with the name of its table."""
    data, name = call.analytics, {"call": call.name}
    yield "calls", name | summary(data)
    for part in data["parts"]:
        yield "speakers", name | part
    for crossing in data["crossings"]:
        yield "overlaps", name | crossing
    for finding in data["findings"]:
        base = name | {"rule": finding["rule"], "kept": finding["kept"]}
        for evidence in finding["evidence"] or [{}]:
            yield "findings", base | evidence
    transcript = call.transcript()
    if transcript is not None:
        yield from _spoken(transcript, name)


def summary(data: Row) -> Row:
    """A call's row but for its name."""
    kept = [finding["kept"] for finding in data["findings"]]
    return {
        **{key: data[key] for key in TABLES["calls"] if key in data},
        "speakers": len(data["parts"]),
        "words": sum(part["words"] for part in data["parts"]),
        "dead_air": round(sum(gap["end"] - gap["start"] for gap in data["dead_air"]), 3),
        "dead_airs": len(data["dead_air"]),
        **{kind: sum(c["kind"] == kind for c in data["crossings"]) for kind in KINDS},
        "rules_kept": kept.count(True),
        "rules_broken": kept.count(False),
        **{f"manifest_{key}": value for key, value in data["columns"].items()},
    }


def _spoken(transcript: Transcript, name: Row) -> Iterator[tuple[str, Row]]:
    for turn in transcript.turns:
        times = {"start": round(turn.start, 3), "end": round(turn.end, 3), "margin": turn.margin}
        yield "turns", {**name, "speaker": turn.speaker, **times}
    for utterance in transcript.utterances:
        for word in utterance.words:
            row = {"start": round(word.start, 3), "end": round(word.end, 3), "text": word.text}
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


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """A temporary file in the same folder that becomes ``path`` when all went well."""
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)
