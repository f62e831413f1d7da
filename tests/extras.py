"""Which extras this environment lacks: ``python -m tests.extras``, the end of `make setup`.

Their tests are skipped. Where the environment variable CI is set, that is an error.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping

NEEDS: Mapping[str, tuple[str, ...]] = {
    "score": ("meeteval", "whisper_normalizer"),
    "simulate": ("pyroomacoustics",),
    "ray": ("ray",),
}
"""The extras that `make setup` installs where the machine allows it, and what each brings."""
LOSSES: Mapping[str, str] = {
    "score": "scores are not compared with meeteval (it builds with a C compiler)",
    "simulate": "no simulated rooms (they build with a C compiler)",
    "ray": "no --engine ray (there may be no wheel for this machine)",
}


def is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def missing(here: Callable[[str], bool] = is_installed) -> tuple[str, ...]:
    """The extras of which a package is not installed."""
    return tuple(extra for extra, modules in NEEDS.items() if not all(map(here, modules)))


def report(extras: tuple[str, ...], strict: bool) -> int:
    """Print the missing extras; the exit code is 1 if ``strict``."""
    for extra in extras:
        print(f"left out: [{extra}]: {LOSSES[extra]}; its tests skip")  # noqa: T201
    if extras and strict:
        print("CI is set: every extra must be there")  # noqa: T201
    return int(bool(extras) and strict)


if __name__ == "__main__":
    sys.exit(report(missing(), "CI" in os.environ))
