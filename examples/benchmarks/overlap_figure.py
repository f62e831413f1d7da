"""Draw a segment of a recording: its waveform, and each speaker's turns and words.

    python -m examples.benchmarks.overlap_figure meeting.wav meeting.json --start 0 --end 7 --output overlap.png

docs/images/overlap.png was drawn with it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np

from pipeline import formats, media
from pipeline.core.audio import Audio
from pipeline.core.types import Span, Transcript

mpl.use("agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

COLORS = ("#2563a8", "#c2571a", "#2f8f5b", "#8a4fa3", "#a83250", "#5b6470")


def main() -> None:
    """Read a recording and its transcript, and write the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recording", type=Path)
    parser.add_argument("transcript", type=Path)
    parser.add_argument("--start", type=float, default=0.0)
    parser.add_argument("--end", type=float, default=10.0)
    parser.add_argument("--output", type=Path, default=Path("overlap.png"))
    options = parser.parse_args()
    transcript = formats.loads(options.transcript.read_text(encoding="utf-8"), "json")
    draw(media.decode(options.recording).audio, transcript, Span(options.start, options.end), options.output)


def draw(audio: Audio, transcript: Transcript, span: Span, path: Path) -> None:
    """Write the figure of a span as PNG or SVG, by the suffix of ``path``."""
    speakers = transcript.speakers
    heights = [1.6, *(1.0 for _ in speakers)]
    figure, axes = plt.subplots(
        len(heights),
        1,
        sharex=True,
        height_ratios=heights,
        figsize=(11, 1.4 + 0.9 * len(heights)),
        layout="constrained",
    )
    samples = audio.crop(span)
    axes[0].plot(span.start + np.arange(len(samples)) / audio.rate, samples, color="#8b93a1", linewidth=0.4)
    axes[0].set_ylabel("mixture", rotation=0, ha="right", va="center")
    for region in transcript.overlaps:
        for axis in axes:
            axis.axvspan(region.start, region.end, color="#f3d9a4" if region.decision == "separated" else "#e8e8e8")
    for row, (axis, speaker) in enumerate(zip(axes[1:], speakers, strict=True)):
        _draw_speaker(axis, transcript, speaker, span, COLORS[row % len(COLORS)])
    for axis in axes:
        axis.set_yticks([])
        axis.spines[["top", "right", "left"]].set_visible(False)
    axes[-1].set_xlim(span.start, span.end)
    axes[-1].set_xlabel("seconds; shaded: overlaps, amber where separated speech was used")
    figure.savefig(path, dpi=140)
    plt.close(figure)


def _draw_speaker(axis: Axes, transcript: Transcript, speaker: str, span: Span, color: str) -> None:
    """One speaker's turns as bars, with the words above them at their start times."""
    axis.set_ylim(0, 1)
    axis.set_ylabel(speaker, rotation=0, ha="right", va="center", color=color)
    for turn in transcript.turns:
        if turn.speaker == speaker:
            axis.barh(0.12, turn.duration, left=turn.start, height=0.16, color=color, alpha=0.5)
    words = (w for u in transcript.utterances if u.speaker == speaker for w in u.words)
    for number, word in enumerate(w for w in words if span.start <= w.start < span.end):
        weight = "bold" if word.origin == "separated" else "normal"
        place = (0.36, 0.58, 0.8)[number % 3]
        axis.text(word.start, place, word.text, fontsize=8.5, weight=weight, color=color, clip_on=True)


if __name__ == "__main__":
    main()
