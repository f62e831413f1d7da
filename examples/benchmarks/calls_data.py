"""Make the two hundred constructed calls of the benchmark.

    python -m examples.benchmarks.calls_data [--calls N] [--out FOLDER]

needs the extra ``demo``. Calls that are there already are left as they are. ``audio/`` has the recordings,
``reference/`` what was said and what is planted in each. Calls of both halves (development and report) are made in
turn, so that a part of them serves, too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from examples.benchmarks import calls_texts, data
from examples.synthetic_calls import CallMaker, write

FOLDER = data.ROOT / "out" / "bench" / "calls"
"""Where the calls are made."""


def main() -> None:
    """Make the calls that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=calls_texts.COUNT, help="number of calls")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the calls")
    options = parser.parse_args()
    maker = CallMaker()
    for number in [*order()][: options.calls]:
        if (options.out / "reference" / f"{name_of(number)}.truth.json").exists():
            continue
        made = maker.make(calls_texts.call(number), number)
        write(made, options.out, name_of(number))
        sys.stdout.write(f"{name_of(number)} {made.reference.duration:5.1f} s\n")
        sys.stdout.flush()


def order() -> Iterator[int]:
    """The numbers of the calls: one of each half in turn."""
    for number in range(1, calls_texts.DEVELOPMENT + 1):
        yield from (number, number + calls_texts.DEVELOPMENT)


def name_of(number: int) -> str:
    """The name of a call's files."""
    return f"call-{number:03d}"


if __name__ == "__main__":
    main()
