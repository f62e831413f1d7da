"""Notices: every code that the package gives is listed with its meaning, and every listed one is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pipeline
from pipeline.notices import NOTICES

ROOT = Path(pipeline.__file__).parent


def given_codes() -> Iterator[tuple[str, str]]:
    """The file and the code of each `Notice` or `Warned` with a literal code."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Notice", "Warned"):
                named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                for code in (*node.args[:1], *named):
                    if isinstance(code, ast.Constant):
                        yield path.name, str(code.value)


def test_every_code_is_listed_and_every_listed_code_is_given() -> None:
    codes = dict.fromkeys(code for _, code in given_codes())
    assert not [(file, code) for file, code in given_codes() if code not in NOTICES]
    assert set(NOTICES) == set(codes)


def test_each_has_one_sentence_and_they_are_in_order() -> None:
    assert list(NOTICES) == sorted(NOTICES)
    assert all(text.endswith(".") and "\n" not in text for text in NOTICES.values())
    assert all(code.isidentifier() and code.islower() for code in NOTICES)
