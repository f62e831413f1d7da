"""All calls of a folder as tables for pandas or DuckDB: CSV, and Parquet if pyarrow is installed.

The first column is ``call``, the name of the call in the folder. A column's name ends in its unit (``talk_s``,
``word_count``). Columns of a manifest are in ``calls`` under their names. CSV cells that a spreadsheet would read as a
formula begin with an apostrophe.

schema   the tables, and name, type, unit and meaning of every column
rows     the rows of one call
writers  CSV and Parquet
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.analytics.calls import NO_HISTORY, Call, History
from pipeline.analytics.tables.rows import rows, summary
from pipeline.analytics.tables.schema import TABLES, clash
from pipeline.analytics.tables.writers import Columns, CsvTable, ParquetTable, has_parquet
from pipeline.core.atomic_write import make_folder, replacing
from pipeline.core.errors import SettingsError
from pipeline.core.output_record import OutputRecord

__all__ = ["TABLES", "clash", "has_parquet", "manifest_columns", "rows", "summary", "table_paths", "write_tables"]

Row = dict[str, Any]


def write_tables(
    calls: Callable[[], Iterable[Call]],
    folder: Path,
    history: History = NO_HISTORY,
    record: OutputRecord | None = None,
) -> tuple[Path, ...]:
    """Write all tables into ``folder``; returns their paths. Calls are read twice, one at a time.

    With a ``record``, raises `OutputExists` before any work for a file that this program did not write. Raises
    `SettingsError` for columns of manifests that clash.
    """
    paths = table_paths(folder)
    if record is not None:
        record.check(paths)
    columns = {name: table.types for name, table in TABLES.items()}
    columns["calls"] |= dict.fromkeys(manifest_columns(calls()), str)
    writers: list[Callable[[Path, Columns], CsvTable | ParquetTable]] = [CsvTable]
    if has_parquet():
        writers.append(ParquetTable)
    make_folder(folder)
    with ExitStack() as stack:
        temporary = [stack.enter_context(replacing(path)) for path in paths]
        if record is not None:
            stack.push(partial(_record, record, paths, temporary))  # runs between closing and replacing the files
        files = iter(temporary)
        outputs: dict[str, list[CsvTable | ParquetTable]] = {name: [] for name in columns}
        for name, types in columns.items():
            for writer in writers:
                output = writer(next(files), types)
                stack.callback(output.close)
                outputs[name].append(output)
        for name, row in _all_rows(calls(), history):
            for output in outputs[name]:
                output.append(row)
    return paths


def table_paths(folder: Path) -> tuple[Path, ...]:
    """The files that `write_tables` writes into ``folder``."""
    suffixes = (".csv", ".parquet") if has_parquet() else (".csv",)
    return tuple(folder / f"{name}{suffix}" for name in TABLES for suffix in suffixes)


def manifest_columns(calls: Iterable[Call]) -> tuple[str, ...]:
    """The columns of manifests, under their names, in order of the calls.

    Raises `SettingsError`, with both names, for one that a table cannot hold beside another or a built-in column.
    """
    columns: dict[str, tuple[str, str]] = {}
    for call in calls:
        for name in call.analytics["columns"]:
            first, owner = columns.setdefault(name.casefold(), (name, call.name))
            if other := clash(name, first):
                place = f" of {owner}" if other == first else ""
                raise SettingsError(
                    f"the column {name!r} of a manifest clashes with the column {other!r}{place}",
                    where=str(call.path),
                    hint="rename it in the manifest and run transcribe batch again",
                )
    return tuple(name for name, _ in columns.values())


def _record(
    record: OutputRecord, paths: Sequence[Path], temporary: Sequence[Path], kind: object, error: object, trace: object
) -> None:
    """Record the files that are about to take their places; nothing when an error (``kind``) ended the block."""
    if kind is None:
        for path, content in zip(paths, temporary, strict=True):
            record.add(path, content)


def _all_rows(calls: Iterable[Call], history: History) -> Iterator[tuple[str, Row]]:
    for call in calls:
        yield from rows(call)
    for failure in history.failures:
        values = {"path": failure.path, "status": failure.status, "reason": failure.reason}
        yield "failures", {"call": failure.call, "recording_exists": failure.exists, **values}
    for skipped in history.skipped:
        yield "skipped", {"path": skipped.path, "reason": skipped.reason}
