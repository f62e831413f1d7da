"""Writers of one table: CSV, and typed Parquet if pyarrow is installed."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.formats.sanitize import cell

Row = dict[str, Any]
Columns = Mapping[str, type]
"""Names and types of the columns of a table."""
_ROWS_PER_GROUP = 10_000
"""Maximum rows in each row group of a Parquet file. Chosen by hand; a higher value takes more memory and compresses
better."""
_CELLS_PER_GROUP = 1_000_000
"""Maximum cells in each row group, so that a manifest with thousands of columns takes no more memory. Chosen by hand;
some 100 bytes of memory per cell."""


def has_parquet() -> bool:
    """Whether pyarrow, which writes Parquet, is installed."""
    return importlib.util.find_spec("pyarrow") is not None


class CsvTable:
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


class ParquetTable:
    """Writes rows to a typed Parquet file, in row groups."""

    def __init__(self, path: Path, columns: Columns) -> None:
        import pyarrow
        import pyarrow.parquet

        types = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64(), bool: pyarrow.bool_()}
        self._arrow = pyarrow
        self._names = {name: _encodable(name) for name in columns}
        self._schema = pyarrow.schema([(self._names[name], types[type_]) for name, type_ in columns.items()])
        self._columns, self._buffer = columns, list[Row]()
        self._group = max(1, min(_ROWS_PER_GROUP, _CELLS_PER_GROUP // len(columns)))
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)

    def append(self, row: Row) -> None:
        self._buffer.append({self._names[name]: _typed(row.get(name), kind) for name, kind in self._columns.items()})
        if len(self._buffer) >= self._group:
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
    return _encodable(str(value)) if type_ is str else type_(value)


def _encodable(text: str) -> str:
    """``text`` with bytes that are not UTF-8 escaped, as in the CSV file."""
    return text.encode("utf-8", "backslashreplace").decode()


def _inert(value: Any) -> Any:
    return cell(value) if isinstance(value, str) else value
