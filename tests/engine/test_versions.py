"""A change of code that can change results needs a new version, or the statement that the results are the same."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.engine import versions
from tests.engine.versions import Unit, closure, fingerprint

NUMBERS = itertools.count()


@pytest.mark.promise(16)
def test_every_change_of_code_was_decided_on() -> None:
    problems = versions.problems(versions.read_record(), versions.units())
    assert not problems, "\n".join(problems)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package: top imports low, low imports deep; other is imported for annotations alone."""
    folder = tmp_path / f"parcel{next(NUMBERS)}"
    folder.mkdir()
    name = folder.name
    (folder / "__init__.py").write_text("")
    (folder / "top.py").write_text(
        "from typing import TYPE_CHECKING\n"
        f"from {name}.low import double\n"
        "if TYPE_CHECKING:\n"
        f"    from {name}.other import Kind\n"
        "def run(value: Kind) -> int:\n"
        '    """The result."""\n'
        "    return double(value)\n"
    )
    (folder / "low.py").write_text("from . import deep\ndef double(value):\n    return value * deep.FACTOR\n")
    (folder / "deep.py").write_text("FACTOR: int = 2\n")
    (folder / "other.py").write_text("class Kind: ...\n")
    return folder


def fresh(folder: Path) -> str:
    """The fingerprint of the package's module ``top``, read again."""
    for cached in (versions._tree, versions._described, versions._imports):
        cached.cache_clear()
    return fingerprint([f"{folder.name}.top"], folder)


def test_a_script_beside_a_module_that_reads_its_folder_counts(package: Path) -> None:
    (package / "deep.py").write_text("from importlib import resources\nFACTOR = resources.files(__package__)\n")
    before = fresh(package)
    (package / "page.js").write_text("let a = 1;")
    assert fresh(package) != before


@pytest.mark.parametrize(
    ("module", "old", "new", "is_change"),
    [
        ("top", "double(value)", "double(value) + 1", True),
        ("low", "value * ", "value + ", True),
        ("deep", "= 2", "= 3", True),
        ("deep", "FACTOR: int = 2", "FACTOR: float = 2  # a factor\n'''Its meaning.'''", False),
        ("top", '"""The result."""', '"""Another sentence."""', False),
        ("top", "value: Kind) -> int", "value: int) -> float", False),
        ("other", "...", "x = 1", False),
    ],
)
def test_only_changes_that_can_change_results_count(
    package: Path, module: str, old: str, new: str, is_change: bool
) -> None:
    before = fresh(package)
    path = package / f"{module}.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert (fresh(package) != before) is is_change


def test_a_change_without_a_new_version_is_a_problem(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "ROOT", package)
    monkeypatch.setattr(versions, "fingerprint", lambda modules: fresh(package))
    unit = Unit("stage top", 1, (f"{package.name}.top",))
    recorded = {unit.name: unit.entry}
    assert versions.problems(recorded, [unit]) == []
    (package / "deep.py").write_text("FACTOR = 3\n")
    (problem,) = versions.problems(recorded, [unit])
    assert problem == f"stage top: {versions.ADVICE}"
    (problem,) = versions.problems(recorded, [Unit("stage top", 2, unit.modules)])
    assert versions.ADVICE not in problem
    assert len(versions.problems(recorded, [])) == len(versions.problems({}, [unit])) == 1


def test_a_stage_does_not_depend_on_commands_or_formats() -> None:
    for unit in versions.units():
        rooms = {name.split(".")[1] for name in closure(unit.modules)}
        assert "core" in rooms
        assert not rooms & {"cli", "batch", "workers", "engine"}, unit.name
        if unit.name.startswith(("stage", "decoder")):
            assert not rooms & {"formats", "analytics"}, unit.name
