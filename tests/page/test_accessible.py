"""The page for everyone: axe-core finds no violation; nothing is cut off on a telephone, at 200 % zoom, in print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
Open = Callable[..., Any]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
ZOOMED = {"width": 640, "height": 450}
"""A window of 1280 x 900 at 200 %."""


def states(tab: Any) -> Iterator[str]:
    """The page as it opens, with a chosen line and a settled doubt, and with each dialog."""
    yield "opened"
    tab.locator(".words > span").nth(8).click()
    tab.keyboard.press("Escape")
    tab.keyboard.press("Shift+ArrowRight")
    tab.keyboard.press("c")
    tab.locator(".item .tick").first.click()
    yield "corrected"
    tab.keyboard.press("e")
    yield "editing"
    tab.keyboard.press("Escape")
    for key, dialog in (("?", "#help-dialog"), ("r", "#speaker-dialog"), ("i", "#words-dialog")):
        tab.keyboard.press(key)
        assert tab.locator(dialog).is_visible()
        yield dialog
        tab.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", WIDE), ("dark", WIDE), ("light", NARROW)], ids=("light", "dark", "narrow")
)
def test_axe_finds_no_violation(
    opened: Open, file: Path, axe: Callable[[Any], list[str]], scheme: str, size: Any
) -> None:
    tab = opened(file)
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size(size)
    assert {state: found for state in states(tab) if (found := axe(tab))} == {}


@pytest.mark.parametrize("size", [NARROW, ZOOMED, {"width": 320, "height": 600}], ids=("phone", "zoom", "320"))
def test_nothing_is_cut_off(opened: Open, file: Path, size: Any) -> None:
    tab = opened(file)
    tab.set_viewport_size(size)
    for state in states(tab):
        width = tab.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], state
    boxes = [each.bounding_box() for each in tab.locator(".together .line").all()]
    if size["width"] < 600:
        assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"] - 1, "one below the other"
        assert "At the same time" in tab.locator(".together").inner_text()


def test_print_has_the_whole_text_and_no_controls(opened: Open, file: Path) -> None:
    tab = opened(file)
    tab.emulate_media(media="print")
    for part in ("#player", "#bar", "#doubts-panel", ".tick"):
        assert tab.locator(part).first.is_hidden()
    text = tab.locator("#lines").inner_text()
    assert "and that is too much I say" in text
    assert "yes please begin" in text
    parts = "[...document.querySelectorAll('.words, .who .name')]"
    wide = tab.evaluate(f"{parts}.filter((each) => each.scrollWidth > each.clientWidth).length")
    assert wide == 0


def test_speakers_differ_without_colour(opened: Open, file: Path) -> None:
    tab = opened(file)
    tab.emulate_media(forced_colors="active")
    marks = {each.inner_text() for each in tab.locator(".line .chip").all()}
    assert marks == {"1", "2", "3"}
    word = tab.locator(".words > span").first
    word.click()
    assert word.evaluate("(each) => getComputedStyle(each).forcedColorAdjust") == "none", "the word is marked"


def test_focus_is_where_the_work_is(opened: Open, file: Path) -> None:
    tab = opened(file)
    focused = "document.activeElement.className.split(' ')[0]"
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate(focused) == "line"
    tab.keyboard.press("2")
    assert tab.evaluate(focused) == "line"
    tab.keyboard.press("Tab")
    assert tab.evaluate(focused) == "time"
    tab.keyboard.press("Tab")
    assert tab.evaluate(focused) == "who"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Escape")
    assert tab.evaluate(focused) == "who", "a closed dialog gives the focus back"
    assert tab.locator("#live").inner_text().endswith("given to SPEAKER_01")
    tick = tab.locator(".item .tick").nth(1)
    tick.focus()
    tab.keyboard.press("Enter")
    assert tick.get_attribute("aria-pressed") == "true"
    assert tab.evaluate("document.activeElement.dataset.settle") == "1", "it stays when the list is drawn again"
    inside = "[...document.querySelectorAll('#lines .line, #lines button')]"
    stops = tab.evaluate(f"{inside}.filter((each) => each.tabIndex === 0).length")
    assert stops == 4, "only the chosen line and its three controls are stops of the Tab key"
