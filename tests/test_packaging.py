"""Declared packages are the imported ones, and missing extras are reported."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline
from tests import extras

ROOT = Path(pipeline.__file__).parent
PROJECT = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
MODULES = {
    "pyyaml": "yaml",
    "av": "av",
    "pyannote-audio": "pyannote",
    "vadersentiment": "vaderSentiment",
    "python-docx": "docx",
    "hibari-tts": "hibari",
    "text2num": "text_to_num",
}
"""Import names that are not the distribution's name with ``-`` as ``_``."""
INDIRECT = {"audioop-lts"}
"""Declared for another package that does not declare it itself."""
USER = ("score", "simulate", "bench", "analytics", "ray", "serve")
"""The extras that the package itself imports from."""


def names(requirements: list[str]) -> set[str]:
    """The distributions of a list of requirements, by their normalised names."""
    matches = (re.match(r"[\w.-]+", requirement) for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in matches if match}


def module_of(distribution: str) -> str:
    return MODULES.get(distribution, distribution.replace("-", "_"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


USED = (
    {name for path in ROOT.rglob("*.py") for name in imported(parsed(path))}
    - set(sys.stdlib_module_names)
    - {"pipeline"}
)
DECLARED = {module_of(name) for name in names(PROJECT["dependencies"])}
OPTIONAL = {module_of(name) for extra in USER for name in names(EXTRAS[extra])}


def test_imported_packages_are_declared() -> None:
    assert USED - DECLARED - OPTIONAL - {"nvidia"} == set()


def test_declared_packages_are_imported() -> None:
    unused = DECLARED - USED - {module_of(name) for name in INDIRECT}
    assert unused == set()
    assert USED >= OPTIONAL


def test_no_extra_is_needed_to_import_a_module() -> None:
    for path in {*ROOT.rglob("*.py")} - {*(ROOT / "server").rglob("*.py")}:  # all of the server is of one extra
        top = ast.Module([node for node in parsed(path).body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        assert not set(imported(top)) & OPTIONAL, path


def test_this_environment_agrees_with_the_bounds() -> None:
    from packaging.requirements import Requirement

    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate():
            assert requirement.specifier.contains(importlib.metadata.version(requirement.name)), text


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize(("platform", "wanted"), [("linux", True), ("darwin", False)])
def test_cuda_is_for_linux(platform: str, machine: str, wanted: bool) -> None:
    from packaging.requirements import Requirement

    place = {"sys_platform": platform, "platform_machine": machine}
    selected = [r for r in map(Requirement, EXTRAS["cuda"]) if r.marker and r.marker.evaluate(place)]
    assert [requirement.name for requirement in selected] == ["nvidia-cublas-cu12"] * wanted


def test_a_missing_extra_is_reported_and_fails_ci(capsys: pytest.CaptureFixture[str]) -> None:
    assert extras.missing(lambda module: True) == ()
    lacking = extras.missing(lambda module: module not in ("ray", "whisper_normalizer"))
    assert lacking == ("score", "ray")
    assert (extras.report(lacking, strict=False), extras.report(lacking, strict=True)) == (0, 1)
    assert (extras.report((), strict=True), capsys.readouterr().out.count("left out: [ray]")) == (0, 2)
    assert {module_of(name) for extra in extras.NEEDS for name in names(EXTRAS[extra])} == {
        module for modules in extras.NEEDS.values() for module in modules
    }
