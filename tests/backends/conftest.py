"""Tidying up after heavy packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_lazy_modules() -> Iterator[None]:
    """Take speechbrain's lazy modules out again: hypothesis looks into every module, and these then fail to load."""
    yield
    for name, module in list(sys.modules.items()):
        if type(module).__name__ in {"LazyModule", "DeprecatedModuleRedirect"}:
            del sys.modules[name]
