"""Benchmark of the HTML page (`make bench-page`): size, time to build, to open, to first sound, and scrolling.

    python -m examples.benchmarks.page_bench [--update]

A synthetic conversation of an hour: 10,000 words of four speakers, some of them at the same time; the sound is noise in
the words. Chromium opens the page from a file, each time with an empty profile. ``--update`` writes
examples/benchmarks/page.json and the table in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from examples.benchmarks import data
from pipeline import formats, media
from pipeline.core.audio import RATE, Samples
from pipeline.core.types import Coverage, OverlapDecision, SpeakerEvidence, Transcript, Turn, Utterance, Word
from pipeline.evaluation.benchmark.tables import machine
from pipeline.formats.base import Sound
from pipeline.formats.sound import BITS, peaks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOUR, WORDS, SPEAKERS = 3600.0, 10_000, 4
"""Seconds, words and speakers of the conversation."""
RUNS = 5
"""Times that the page is opened; figures are medians, the longest frame is the longest of all."""
TEXTS = ("yes", "the", "budget", "we", "begin", "with", "a", "meeting", "of", "people", "who", "talk", "at", "once.")
STEP = 300
"""Pixels that are scrolled per frame: an hour in some ten seconds."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
READY = "() => performance.getEntriesByName('crosstalk:ready')[0]?.startTime ?? 0"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
LISTEN = """() => {
  const audio = document.getElementById("audio");
  const once = { once: true, capture: true };
  document.addEventListener("pointerdown", () => { window.pressed = performance.now(); }, once);
  audio.addEventListener("playing", () => { window.sounding = performance.now(); }, { once: true });
}"""
SCROLL = """(step) => new Promise((done) => {
  const frames = [];
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((each) => each.duration)))
    .observe({ type: "longtask" });
  let last = performance.now();
  requestAnimationFrame(function frame(now) {
    frames.push(now - last);
    last = now;
    scrollBy(0, step);
    if (scrollY + innerHeight < document.documentElement.scrollHeight - 2) requestAnimationFrame(frame);
    else setTimeout(() => done({ frames: frames.slice(2), tasks }), 100);
  });
})"""


def main() -> None:
    """Measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--update", action="store_true", help="write page.json and the table in docs/benchmarks.md")
    options = parser.parse_args()
    figures = {"machine": machine(), **measure(HOUR, WORDS)}
    sys.stdout.write(as_table(figures) + "\n")
    if options.update:
        (data.RESULTS / "page.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "benchmarks.md", "page", as_table(figures))


def measure(duration: float, words: int, runs: int = RUNS) -> dict[str, Any]:
    """The figures of a conversation of ``duration`` seconds."""
    transcript = conversation(duration, words)
    samples = noise(transcript)
    began = time.perf_counter()
    sound = Sound(media.encode(samples, "m4a", bits=BITS), "audio/mp4", peaks=peaks(samples))
    encoded = time.perf_counter()
    page = formats.dumps(transcript, "html", "meeting", sound=sound)
    built = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, started() as browser:
        path = Path(folder) / "meeting.html"
        path.write_bytes(page)
        opened = [_opened(browser, path.as_uri()) for _ in range(runs)]
        version = browser.version
    return {
        "browser": f"Chromium {version}",
        "minutes": duration / 60,
        "words": len(transcript.words),
        "lines": len(transcript.utterances),
        "megabytes": len(page) / 1e6,
        "megabytes_of_sound": len(sound.content) / 1e6,
        "seconds_to_encode": encoded - began,
        "seconds_to_build": built - encoded,
        **{name: statistics.median(each[name] for each in opened) for name in ("shown", "first_sound", "later_sound")},
        "frames": sum(len(each["frames"]) for each in opened),
        "median_frame": statistics.median(frame for each in opened for frame in each["frames"]),
        "slow_frames": sum(frame > 50 for each in opened for frame in each["frames"]),
        "longest_frame": max(frame for each in opened for frame in each["frames"]),
        "longest_task": max((task for each in opened for task in each["tasks"]), default=0.0),
    }


def conversation(duration: float, words: int) -> Transcript:
    """Turns of some words each, every seventh of which begins before the one before it ends."""
    rng, time_ = random.Random(0), 1.0
    lines: list[Utterance] = []
    pace = 0.8 * duration / words  # seconds per word; the rest are pauses
    while sum(len(line.words) for line in lines) < words and time_ < duration - 15:
        speaker = f"SPEAKER_{rng.randrange(SPEAKERS):02d}"
        if lines and len(lines) % 7 == 0 and lines[-1].speaker != speaker:
            time_ = max(lines[-1].start + 0.1, time_ - 1.5)
        elif lines and lines[-1].speaker == speaker:
            time_ = max(time_, lines[-1].end + 0.2)
        spoken = []
        for _ in range(rng.randint(2, 24)):
            probability = 0.1 if rng.random() < 0.02 else 0.9
            spoken.append(Word(time_, time_ + 0.9 * pace, rng.choice(TEXTS), probability))
            time_ += pace
        lines.append(Utterance(speaker, tuple(spoken)))
        time_ += rng.uniform(0.1, 1.7) * 3.3 * pace
    lines.sort(key=lambda line: line.start)
    turns = tuple(sorted(Turn(line.start, line.end, line.speaker) for line in lines))
    ledger = tuple(_ledger(lines))
    end = max(duration, max(line.end for line in lines))
    return Transcript(end, tuple(lines), _apart(turns), ledger, "en", True, Coverage(end, end, end, end, 0.0))


def _apart(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The turns without those that overlap an earlier one of the same speaker."""
    ends: dict[str, float] = {}
    kept = []
    for turn in turns:
        if turn.start >= ends.get(turn.speaker, 0.0):
            kept.append(turn)
            ends[turn.speaker] = turn.end
    return tuple(kept)


def _ledger(lines: list[Utterance]) -> Iterator[OverlapDecision]:
    for one, two in pairwise(lines):
        start, end = two.start, min(one.end, two.end)
        if start < end and one.speaker != two.speaker:
            evidence = tuple(SpeakerEvidence(speaker) for speaker in sorted((one.speaker, two.speaker)))
            yield OverlapDecision(start, end, evidence, "synthetic", "mixture", "similarity margin 0.02 is below 0.05")


def noise(transcript: Transcript) -> Samples:
    """Noise in each word, so that the encoder works as with speech."""
    rng = np.random.default_rng(0)
    samples = np.zeros(round(transcript.duration * RATE), np.float32)
    for word in transcript.words:
        first, last = round(word.start * RATE), round(word.end * RATE)
        samples[first:last] += rng.normal(0, 0.08, len(samples[first:last])).astype(np.float32)
    return samples


@contextmanager
def started() -> Iterator[Browser]:
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--mute-audio"])
        yield browser
        browser.close()


def _opened(browser: Browser, address: str) -> dict[str, Any]:
    """The figures of one opening, in milliseconds: sound at once, scrolling; and in a second tab, sound later."""
    tab = _tab(browser, address)
    shown = max(float(tab.evaluate(when)) for when in (READY, PAINTED))
    first_sound = _sound(tab)
    tab.close()
    tab = _tab(browser, address)
    tab.wait_for_timeout(2000)
    later_sound = _sound(tab)
    tab.keyboard.press("Escape")
    tab.evaluate("() => scrollTo(0, 0)")
    tab.wait_for_timeout(500)
    scrolled = tab.evaluate(SCROLL, STEP)
    tab.close()
    return {"shown": shown, "first_sound": first_sound, "later_sound": later_sound, **scrolled}


def _tab(browser: Browser, address: str) -> Page:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto(address, wait_until="commit")
    tab.wait_for_selector("html.ready")
    return tab


def _sound(tab: Page) -> float:
    """Milliseconds from a click on a word to sound."""
    tab.evaluate(LISTEN)
    tab.locator(".words > span").nth(20).click()
    for _ in range(400):
        if tab.evaluate("() => window.sounding > 0"):
            break
        tab.wait_for_timeout(10)
    return float(tab.evaluate("() => window.sounding - window.pressed"))


def as_table(figures: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    rows = (
        ("conversation", f"{figures['minutes']:.0f} min, {figures['words']:,} words in {figures['lines']:,} lines"),
        ("file", f"{figures['megabytes']:.1f} MB, {figures['megabytes_of_sound']:.1f} MB of sound before base64"),
        ("to encode the sound", f"{figures['seconds_to_encode']:.1f} s"),
        ("to build the page from transcript and sound", f"{figures['seconds_to_build']:.2f} s"),
        ("until the lines are shown", f"{figures['shown'] / 1000:.2f} s"),
        ("from a click at once after that to sound", f"{figures['first_sound']:.0f} ms"),
        ("from a click two seconds later to sound", f"{figures['later_sound']:.0f} ms"),
        (f"frame while scrolling {STEP} pixels a frame, median", f"{figures['median_frame']:.1f} ms"),
        ("frames above 50 ms while scrolling", f"{figures['slow_frames']} of {figures['frames']:,}"),
        ("longest frame", f"{figures['longest_frame']:.0f} ms"),
    )
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in rows)])


if __name__ == "__main__":
    main()
