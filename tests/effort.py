"""How many examples a law takes: the profile's number at most, so that `make quick` may ask for fewer."""

from __future__ import annotations

from hypothesis import settings


def at_most(examples: int) -> settings:
    """Settings for a law whose single example is expensive."""
    return settings(max_examples=min(examples, settings.default.max_examples))
