"""Every promise of the documentation has a test, and every test marked with a promise holds one that exists."""

from __future__ import annotations

from tests import promises


def test_promises_are_numbered_without_gaps() -> None:
    assert list(promises.promises()) == list(range(1, len(promises.promises()) + 1))
    assert len(promises.promises()) == 31


def test_every_promise_has_a_test_and_every_marked_test_a_promise() -> None:
    assert set(promises.proofs()) == set(promises.promises())
