"""Read the tables of a batch with pandas: failed rules and talk by a column of the manifest, and what is missing.

    pip install pandas
    transcribe report out
    python examples/read_tables_pandas.py out/tables --by agent

pandas is not a dependency of Crosstalk. The tables are described in docs/tables.md; each is a CSV file, and also a
Parquet file where pyarrow is installed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Print a summary by the column, and how many recordings are not in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tables", type=Path, help="the folder that transcribe report has written")
    parser.add_argument("--by", default="language", help="a column of the table calls, also of a manifest")
    options = parser.parse_args()
    sys.stdout.write(f"{summarize(options.tables, options.by)}\n")
    for name in ("failures", "skipped"):
        for reason, count in read(options.tables, name).value_counts("reason").items():
            sys.stdout.write(f"{name}: {count} x {reason}\n")


def summarize(folder: Path, by: str) -> Any:
    """For each value of the column ``by``: calls, hours, silence, and failed rules per call; calls are counted once."""
    calls = read(folder, "calls")
    calls = calls[calls["duplicate_of"].isna()]
    groups = calls.groupby(by, dropna=False)
    summary = groups.agg(calls=("call", "size"), hours=("duration_s", "sum"), silence_ratio=("silence_ratio", "mean"))
    summary["hours"] /= 3600
    summary["failed_rules_per_call"] = groups["failed_rule_count"].mean()
    return summary.round(3)


def read(folder: Path, table: str) -> Any:
    """One table as a data frame; from Parquet where it is there, because that keeps the types."""
    import pandas

    path = folder / f"{table}.parquet"
    return pandas.read_parquet(path) if path.exists() else pandas.read_csv(path.with_suffix(".csv"))


if __name__ == "__main__":
    main()
