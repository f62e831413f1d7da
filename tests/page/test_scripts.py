"""The modules of the page: their own unit tests by node, their types by tsc; each skips without its program."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browser import missing

HERE = Path(__file__).parent
TESTS = sorted(HERE.glob("*.test.mjs"))


def node() -> str:
    """The node of this machine, or the one that playwright brings."""
    found = shutil.which("node")
    if found is None:
        try:
            from playwright._impl._driver import compute_driver_executable
        except ImportError:
            missing("node")
        program = compute_driver_executable()
        found = str(program[0] if isinstance(program, tuple) else program)
    return found


def output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_unit_tests_of_the_modules_pass() -> None:
    assert "# fail 0" in output(node(), "--test", "--test-reporter=tap", *map(str, TESTS))


@pytest.mark.slow
def test_the_types_of_the_modules_are_right() -> None:
    compiler = shutil.which("tsc")
    if compiler is None:
        missing("tsc (the package node-typescript)")
    output(str(compiler), "--project", str(HERE))


def test_the_documented_keys_are_those_of_the_page() -> None:
    script = (
        "import { KEYS, keyNames } from '../../pipeline/formats/page/keys.js';"
        "for (const row of KEYS) console.log(`| ${row.group} | ${keyNames(row).join(' or ')} | ${row.help} |`);"
    )
    table = output(node(), "--input-type=module", "--eval", script)
    page = (HERE.parent.parent / "docs" / "page.md").read_text(encoding="utf-8")
    assert table in page, table
