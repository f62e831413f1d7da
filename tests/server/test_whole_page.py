"""The page with real workers: upload, progress, correct, download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import RunningServer

SECONDS = 60_000
"""Milliseconds that a transcript may take on a loaded machine."""


@pytest.mark.slow
def test_from_the_upload_to_the_corrected_document(server: RunningServer, tone_file: Path, context: Any) -> None:
    tab = context.new_page()
    tab.set_default_timeout(SECONDS)
    tab.goto(server.url)
    tab.wait_for_selector("html.ready")
    tab.set_input_files("#files", tone_file)
    tab.get_by_label("Number of speakers").fill("2")
    tab.get_by_role("button", name="Transcribe").click()
    entry = tab.locator(".item", has_text=tone_file.name)
    entry.locator("text=kept until").wait_for()
    with tab.expect_popup() as popup:
        entry.get_by_role("link", name="Open").click()
    page = popup.value
    page.set_default_timeout(SECONDS)
    page.wait_for_selector("html.ready")
    page.locator(".line .who").first.click()
    page.get_by_label("everywhere").fill("Ana")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save to server").click()
    page.locator("#status", has_text="1 change, saved").wait_for()
    with tab.expect_download() as file:
        entry.get_by_role("link", name="Text", exact=True).click()
    assert file.value.suggested_filename == f"{tone_file.stem}.txt"
    assert "Ana" in Path(file.value.path()).read_text()
    entry.get_by_role("button", name="Delete").click()
    tab.locator("#delete").click()
    tab.locator("#no-items").wait_for()
