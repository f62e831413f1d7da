"""The browser of the tests of pages: one for all tests, a fresh context with its own storage for each."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pipeline.core.types import Transcript

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--mute-audio",
    "--use-fake-device-for-media-stream",
)  # fmt: skip


def missing(what: str) -> None:
    """The test skips; in CI it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"needs {what}")


def module(name: str) -> Any:
    """A module of the development extra."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return missing(name)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    if CHROMIUM is None:
        missing("Chromium")
    with module("playwright.sync_api").sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield started
        started.close()


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """A browser profile without anything kept."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    fresh.set_default_timeout(10_000)
    yield fresh
    fresh.close()


@pytest.fixture
def axe() -> Callable[[Any], list[str]]:
    """Runs axe-core on a page; gives the violations, and what it could not decide of contrasts."""
    core = module("axe_core_python.sync_playwright").Axe()

    def run(tab: Any) -> list[str]:
        found = core.run(tab)
        return [f"{each['id']}: {node['html'][:120]}" for each in found["violations"] for node in each["nodes"]]

    return run


@pytest.fixture
def opened(context: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a file or the page of a transcript; at the end no error and no request but for the file is allowed."""
    problems: list[str] = []

    def open_(what: Path | Transcript, links: bool = False, **options: Any) -> Any:
        path = what if isinstance(what, Path) else tmp_path / "page.html"
        if not isinstance(what, Path):
            from pipeline import formats  # later than tests/conftest.py, which sets the number of threads first

            path.write_bytes(formats.dumps(what, "html", **options))
        tab = context.new_page()
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("dialog", lambda dialog: problems.append(dialog.message))
        allowed = (path.parent.as_uri() if links else path.as_uri(), "blob:null")
        tab.on("request", lambda request: problems.append(request.url) if not request.url.startswith(allowed) else None)
        tab.goto(path.as_uri())
        tab.wait_for_selector("html.ready")
        return tab

    yield open_
    assert problems == [], problems
