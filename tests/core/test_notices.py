"""Notices: every code that the package gives is listed with its meaning, and every listed one is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pipeline
from pipeline.core.notices import NOTICES

KINDS = ("Notice", "NoticeIssued")
ROOT = Path(pipeline.__file__).parent


def given_codes() -> Iterator[tuple[str, str]]:
    """The file and the code of each `Notice` or `NoticeIssued` that the package makes."""
    for path in sorted(ROOT.rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                    named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                    for code in (*node.args[:1], *named):
                        yield from ((path.name, value) for value in values(code, function, module))


def values(code: ast.expr, function: ast.FunctionDef, module: ast.Module) -> Iterator[str]:
    """Possible values of a code: a literal, a constant of the module, or the keys of its dictionary."""
    if isinstance(code, ast.Constant):
        yield str(code.value)
    elif isinstance(code, ast.Name):
        assigned = [node for node in module.body if isinstance(node, ast.Assign)]
        constant = [node.value for node in assigned if ast.unparse(node.targets[0]) == code.id]
        yield from (node.value for node in constant if isinstance(node, ast.Constant) and isinstance(node.value, str))
        if not constant:
            yield from keys(function) or [key for node in assigned for key in keys(node)]


def keys(tree: ast.AST) -> list[str]:
    """The keys of its dictionaries that could be codes."""
    dictionary_keys = [key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys]
    return [key.value for key in dictionary_keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]


def test_every_code_is_listed_and_every_listed_code_is_given() -> None:
    codes = dict.fromkeys(code for _, code in given_codes())
    assert not [(file, code) for file, code in given_codes() if code not in NOTICES]
    assert set(NOTICES) == set(codes)


def test_each_has_one_sentence_and_they_are_in_order() -> None:
    assert list(NOTICES) == sorted(NOTICES)
    assert all(text.endswith(".") and "\n" not in text for text in NOTICES.values())
    assert all(code.isidentifier() and code.islower() for code in NOTICES)
