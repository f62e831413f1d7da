"""Query the tables of a batch with DuckDB: who interrupts most, and which calls have the most silence.

    pip install duckdb
    transcribe report out
    python examples/read_tables_duckdb.py out/tables

DuckDB is not a dependency of Crosstalk. The tables are described in docs/tables.md; each is a CSV file, and also a
Parquet file where pyarrow is installed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

INTERRUPTIONS = """
    SELECT call, speaker, interruption_count, round(60 * interruption_count / talk_s, 2) AS per_minute
    FROM speakers WHERE talk_s > 0 ORDER BY per_minute DESC, call, speaker LIMIT 10
"""
SILENCE = """
    SELECT call, duration_s, silence_ratio, count(turns.start_s) AS turn_count
    FROM calls LEFT JOIN turns USING (call)
    GROUP BY call, duration_s, silence_ratio ORDER BY silence_ratio DESC, call LIMIT 10
"""


def main() -> None:
    """Print the results of both queries."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tables", type=Path, help="the folder that transcribe report has written")
    options = parser.parse_args()
    connection = connect(options.tables)
    for title, query in (("Interruptions", INTERRUPTIONS), ("Silence", SILENCE)):
        sys.stdout.write(f"{title}\n{connection.sql(query)}\n")


def connect(folder: Path) -> Any:
    """An in-memory database with one view per table: ``calls``, ``speakers``, ``turns`` and so on."""
    import duckdb

    connection = duckdb.connect()
    for path in sorted(folder.glob("*.csv")):
        parquet = path.with_suffix(".parquet")
        source = connection.read_parquet(str(parquet)) if parquet.exists() else connection.read_csv(str(path))
        source.create_view(path.stem)
    return connection


if __name__ == "__main__":
    main()
