"""The README's table of promises is the one that the tests' markers make."""

from __future__ import annotations

from tests import promises

UNPROVEN: set[int] = set()
"""Promises that no test holds yet; the README says why."""


def test_the_readme_has_the_table() -> None:
    block = promises.block(promises.README.read_text(encoding="utf-8"))
    assert block == promises.table(), f"run: {promises.COMMAND}"


def test_every_promise_has_a_test() -> None:
    assert set(promises.PROMISES) - set(promises.proofs()) == UNPROVEN
