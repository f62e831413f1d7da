"""The examples in the docstrings of formats are correct."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from pipeline import formats

MODULES = [
    "pipeline.formats",
    *(f"pipeline.formats.{module.name}" for module in pkgutil.iter_modules(formats.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    counts = {name: sum(bool(t.examples) for t in finder.find(importlib.import_module(name))) for name in MODULES}
    assert all(counts[f"pipeline.formats.{name}"] for name in ("stm", "ctm", "rttm"))
    assert counts["pipeline.formats"] >= 2
