"""A limit on the examples of expensive properties; `make quick` may set a lower one."""

from __future__ import annotations

from hypothesis import settings


def at_most(examples: int) -> settings:
    """Settings with at most ``examples`` examples, or the profile's number if it is lower."""
    return settings(max_examples=min(examples, settings.default.max_examples))
