"""The promises of docs/promises.md and the tests that hold them: ``python -m tests.promises`` lists both."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "promises.md"


def promises() -> dict[int, str]:
    """Every promise of the page by its number."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(number): promise for number, promise in rows}


def proofs() -> dict[int, list[str]]:
    """The tests of each promise, as ``path::name``."""
    tests_by_number: dict[int, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for number in _numbers(node):
                    tests_by_number[number].append(f"{path.relative_to(TESTS.parent).as_posix()}::{node.name}")
    return tests_by_number


def _numbers(test: ast.FunctionDef) -> Iterator[int]:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.promise":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


if __name__ == "__main__":
    tests = proofs()
    for number, promise in promises().items():
        sys.stdout.write(f"{number}. {promise}\n" + "".join(f"     {test}\n" for test in tests[number]))
