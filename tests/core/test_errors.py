"""Errors: one printable line each, and the exit codes that the drawn tree promises."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import errors
from pipeline.core.errors import CrosstalkError, InputError, printable

ANY = st.text() | st.sampled_from(["\x1b[31m", "a\nb", "\udcff\udc00", "\u202e", "\x85", "\u2028", "\x00"])


@pytest.mark.promise(26)
@given(ANY, ANY, ANY)
def test_an_error_is_one_printable_line(what: str, where: str, hint: str) -> None:
    error = InputError(what, where=where, hint=hint)
    assert len(error.line.splitlines()) <= 1
    assert error.line == "" or error.line.isprintable()
    assert str(error) == error.line
    error.line.encode()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" ")))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert printable(printable(text)) == printable(text)


def test_an_error_has_place_problem_and_hint() -> None:
    assert InputError("is empty", where="a.wav", hint="record again").line == "a.wav: is empty; record again"
    assert InputError("is empty").line == "is empty"


def tree(kind: type[CrosstalkError]) -> Iterator[type[CrosstalkError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from tree(below)


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = dict(re.findall(r"[├└]── (\w+) +(\d)\b", errors.__doc__ or ""))
    real = {kind.__name__: str(kind.exit_code) for kind in tree(CrosstalkError) if kind is not CrosstalkError}
    assert drawn == real


@pytest.mark.parametrize("kind", list(tree(CrosstalkError)), ids=lambda kind: kind.__name__)
def test_every_error_has_a_meaning(kind: type[CrosstalkError]) -> None:
    assert kind.__doc__
    assert kind.exit_code in (1, 2, 5, 6)


@given(st.lists(st.booleans(), max_size=5), st.integers(0, 3))
def test_the_exit_code_of_several(failures: list[bool], good: int) -> None:
    code = errors.exit_code_of(failures, len(failures) + good)
    assert (code == 0) == (not failures)
    assert (code == 5) == (bool(failures) and all(failures))
    assert (code == 4) == (False in failures and not good)
