"""Draw the pictures of the HTML page for the documentation: light, dark, and on a telephone.

    python -m examples.benchmarks.page_pictures meeting.wav meeting.json --names Ana Ben Cora --word 30

Speakers get the names, in their order; the page plays to the word of that number. docs/images/page-light.png,
page-dark.png and page-narrow.png were drawn with it, from the clip pixit_1 of the AMI meeting corpus; minutes-light.png
from examples/meeting, with ``--format minutes-html --prefix minutes``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.benchmarks import data
from examples.benchmarks.page_bench import started
from pipeline import formats
from pipeline.formats.sound import make_sound

if TYPE_CHECKING:
    from playwright.sync_api import Page

VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1320, "height": 880}},
    "dark": {"viewport": {"width": 1320, "height": 880}, "color_scheme": "dark"},
    "narrow": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
"""Window and colours of each picture."""


def main() -> None:
    """Read a recording and its transcript, and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recording", type=Path)
    parser.add_argument("transcript", type=Path)
    parser.add_argument("--names", nargs="*", default=[])
    parser.add_argument("--title", default="meeting")
    parser.add_argument("--word", type=int, default=0)
    parser.add_argument("--format", default="html")
    parser.add_argument("--prefix", default="page")
    parser.add_argument("--output", type=Path, default=data.ROOT / "docs" / "images")
    options = parser.parse_args()
    transcript = formats.load(options.transcript)
    with tempfile.TemporaryDirectory() as folder, started() as browser:
        path = Path(folder) / "meeting.html"
        sound = make_sound(path, recording=options.recording, transcript=transcript)
        path.write_bytes(formats.dumps(transcript, options.format, options.title, sound=sound))
        for name, view in VIEWS.items():
            tab = browser.new_page(**view)
            tab.goto(path.as_uri())
            tab.wait_for_selector("html.ready")
            _work(tab, options.names, options.word)
            tab.screenshot(path=options.output / f"{options.prefix}-{name}.png")
            tab.close()


def _work(tab: Page, names: list[str], word: int) -> None:
    """Name the speakers, check the first line, and stop at the word."""
    for number, name in enumerate(names):
        tab.locator("#labels .label").nth(number).click()
        tab.locator("#speaker-name").fill(name)
        tab.keyboard.press("Enter")
    if names:
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("c")
    spoken = tab.locator(".words > span").nth(word)
    spoken.click()
    tab.keyboard.press("Escape")
    spoken.click()
    tab.keyboard.press("Escape")
    tab.evaluate("() => document.activeElement.blur()")
    tab.wait_for_timeout(4500)  # until the message is gone


if __name__ == "__main__":
    main()
