"""Crosstalk: who said what, also when they talk at once. ``from pipeline import transcribe``."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipeline._version import __version__

if TYPE_CHECKING:
    from pipeline.api import release_models, transcribe
    from pipeline.core.types import Transcript
    from pipeline.engine.pipeline import Transcriber
    from pipeline.formats import dump, load

__all__ = ["Transcriber", "Transcript", "__version__", "dump", "load", "release_models", "transcribe"]
_HOMES = {
    "Transcriber": "engine.pipeline",
    "Transcript": "core.types",
    "dump": "formats",
    "load": "formats",
    "release_models": "api",
    "transcribe": "api",
}
"""The modules of the public names: each is loaded when it is first asked for, so that ``--help`` is quick."""

# Else numpy's threads go on spinning for some 30 ms after each product, against torch's: separation takes a tenth more
# time. OpenBLAS reads it when numpy is first imported.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
