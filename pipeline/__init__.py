"""Crosstalk: who said what, also when they talk at once. ``from pipeline import transcribe``."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api import release_models, transcribe
    from pipeline.run import Transcriber
    from pipeline.values import Transcript

__all__ = ["Transcriber", "Transcript", "__version__", "release_models", "transcribe"]
__version__ = "0.1.0"
_HOMES = {"Transcriber": "run", "Transcript": "values", "release_models": "api", "transcribe": "api"}
"""The modules of the public names: each is loaded when it is first asked for, so that ``--help`` is quick."""

# Else numpy's threads go on spinning for some 30 ms after each product, against torch's: separation takes a tenth more
# time. OpenBLAS reads it when numpy is first imported.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
