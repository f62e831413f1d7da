"""The browser of the tests of the transcript's page."""

from __future__ import annotations

from tests.page.conftest import axe, browser, context, opened

__all__ = ["axe", "browser", "context", "opened"]
