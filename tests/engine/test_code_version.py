"""The hash of a module's source covers what the module imports from its own package, and nothing else."""

from __future__ import annotations

import importlib.metadata
import itertools
import sys
from pathlib import Path

import pytest

from pipeline.core import code_version
from pipeline.core.code_version import source_hash

NUMBERS = itertools.count()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a unique name: top imports low, low imports deep; alone imports nothing."""
    folder = tmp_path / f"parcel{next(NUMBERS)}"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    (folder / "__init__.py").write_text("")
    (folder / "top.py").write_text(f"import json\nfrom {folder.name}.low import value\n")
    (folder / "low.py").write_text(f"from {folder.name} import deep\nvalue = deep\nraise RuntimeError('imported')\n")
    (folder / "deep.py").write_text("one = 1\n")
    (folder / "alone.py").write_text("two = 2\n")
    return folder


def forget() -> None:
    """Empty the memory of hashes, as in a new process."""
    for cached in (
        source_hash,
        code_version.requirements,
        code_version._imports,
        code_version._imported,
        code_version._source,
    ):
        cached.cache_clear()


def fresh(module: str) -> str:
    forget()
    return source_hash(module)


@pytest.mark.promise(16)
@pytest.mark.parametrize(("changed", "expected"), [("top", True), ("low", True), ("deep", True), ("alone", False)])
def test_a_change_changes_the_hash_of_what_depends_on_it(package: Path, changed: str, expected: bool) -> None:
    before = fresh(f"{package.name}.top")
    (package / f"{changed}.py").write_text((package / f"{changed}.py").read_text() + "# changed\n")
    assert (fresh(f"{package.name}.top") != before) is expected


def test_nothing_is_imported(package: Path) -> None:
    assert len(fresh(f"{package.name}.top")) == 16
    assert [name for name in sys.modules if name.startswith(f"{package.name}.")] == []


def test_relative_imports_count(package: Path) -> None:
    (package / "near.py").write_text("from .deep import one\nfrom . import alone\n")
    for name in ("deep", "alone"):
        before = fresh(f"{package.name}.near")
        (package / f"{name}.py").write_text("one = two = 3\n")
        assert fresh(f"{package.name}.near") != before


def test_modules_without_source_have_one_hash() -> None:
    assert fresh("nobody.nowhere") == fresh("nothing_at_all") == fresh("sys")


def test_the_installed_packages_that_a_module_imports_are_listed_with_their_versions(package: Path) -> None:
    (package / "deep.py").write_text("def late():\n    import numpy.linalg\n")
    forget()
    assert code_version.requirements(f"{package.name}.top") == {"numpy": importlib.metadata.version("numpy")}
    assert code_version.requirements(f"{package.name}.alone") == {}
