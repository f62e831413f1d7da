"""A user's module that fails to import."""

from __future__ import annotations

1 / 0  # noqa: B018
