"""The modules of the page at /: their unit tests by node, their types by tsc."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.browser import missing
from tests.page.test_scripts import node, output

HERE = Path(__file__).parent

pytestmark = pytest.mark.slow


def test_the_unit_tests_of_the_modules_pass() -> None:
    assert "# fail 0" in output(node(), "--test", "--test-reporter=tap", str(HERE / "page.test.mjs"))


def test_the_types_of_the_modules_are_right() -> None:
    compiler = shutil.which("tsc")
    if compiler is None:
        missing("tsc (the package node-typescript)")
    output(str(compiler), "--project", str(HERE))
