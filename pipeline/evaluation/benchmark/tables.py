"""Measurements as Markdown tables, as JSON with a description of the machine, and as a chart."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import reduce
from pathlib import Path
from typing import Any

from pipeline.config.presets import BASELINE
from pipeline.config.schema import as_mapping
from pipeline.evaluation.benchmark.bench import Measurement, System
from pipeline.evaluation.benchmark.comparison import Comparison, compare
from pipeline.evaluation.metrics.blocks import BlockErrors
from pipeline.evaluation.metrics.scoring import Scores
from pipeline.models.registry import required_models

HEADINGS = (
    "recordings", "system", "cpWER", "errors/words", "overlap word error", "DER", "speakers off", "× real time",
    "× real time, diarization", "peak MB",
)  # fmt: skip
COMPARISON_HEADINGS = (
    "recordings", "metric", "first", "second", "errors", "of", "blocks", "ratio (95 % interval)", "second is",
)  # fmt: skip


Row = Mapping[str, Any]
"""One line of a table as plain data: a system on a group of recordings, or a comparison of two."""


def summarize(measured: Sequence[Measurement]) -> list[Row]:
    """One row for each group and system, in order of measurement, without repeated runs."""
    measured = [m for m in measured if m.run == 0]
    keys = dict.fromkeys((m.recording.group, m.system) for m in measured)
    return [_row(group, system, measured) for group, system in keys]


def as_table(rows: Sequence[Row]) -> str:
    """A Markdown table of the rows of `summarize`."""
    return _markdown(HEADINGS, [_cells(row) for row in rows])


def as_comparison_table(rows: Sequence[Row]) -> str:
    """A Markdown table of the ``comparisons`` of `figures`."""
    return _markdown(COMPARISON_HEADINGS, [_comparison_cells(row) for row in rows])


def as_tables(figures: Mapping[str, Any]) -> str:
    """Both tables; only the first if there is nothing to compare."""
    comparisons = figures["comparisons"]
    return "\n\n".join([as_table(figures["rows"]), *([as_comparison_table(comparisons)] if comparisons else [])])


def figures(measured: Sequence[Measurement], systems: Sequence[System]) -> dict[str, Any]:
    """Plain data: the machine, models and settings of each system, rows, comparisons, and all measurements.

    ``recordings`` has the measurements of recordings as they are, ``repeats`` those of disturbed ones.
    """
    return {
        "machine": machine(),
        "systems": {system.name: _system(system) for system in systems},
        "rows": summarize(measured),
        "comparisons": [_comparison(comparison) for comparison in compare(measured)],
        "recordings": [_plain(m) for m in measured if m.run == 0],
        "repeats": [{"run": m.run, **_plain(m)} for m in measured if m.run > 0],
    }


def as_json(figures: Mapping[str, Any]) -> str:
    """The text of a file of figures."""
    return json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _system(system: System) -> dict[str, Any]:
    """The models by part and the settings of a system; of the baseline also its description."""
    settings = system.settings
    return {
        "is_baseline": system.is_baseline,
        **({"baseline": BASELINE} if system.is_baseline else {}),
        "models": required_models(settings),
        "settings": as_mapping(settings),
    }


def machine() -> dict[str, Any]:
    """The machine that measured: processor, cores, memory, operating system, Python."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write a bar chart of cpWER by group and system, with errors and words on the bars."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    groups, systems = (list(dict.fromkeys(row[key] for row in rows)) for key in ("group", "system"))
    figure, axes = plt.subplots(figsize=(1.5 + 0.9 * len(groups) * len(systems), 4.2), layout="constrained")
    width = 0.8 / len(systems)
    for number, system in enumerate(systems):
        selection = [row for row in rows if row["system"] == system and row["words"]]
        places = [groups.index(row["group"]) + number * width for row in selection]
        bars = axes.bar(places, [100 * row["cpwer"] for row in selection], width * 0.94, label=system)
        axes.bar_label(bars, [f"{row['errors']}/{row['words']}" for row in selection], fontsize=7)
    axes.set_xticks([i + 0.4 - width / 2 for i in range(len(groups))], groups)
    axes.set_ylabel("cpWER, %")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=len(systems), frameon=False)
    figure.savefig(path, dpi=140)
    plt.close(figure)


def _row(group: str, system: str, measured: Sequence[Measurement]) -> Row:
    selection = [m for m in measured if m.recording.group == group and m.system == system]
    scores = reduce(Scores.__add__, (m.scores for m in selection))
    duration = sum(m.duration for m in selection)
    stages = dict.fromkeys(stage for m in selection for stage in m.seconds)
    return {
        "group": group,
        "system": system,
        "recordings": len(selection),
        "duration": duration,
        "errors": scores.cpwer.errors,
        "words": scores.cpwer.words,
        "cpwer": scores.cpwer.error_rate,
        "cpcer": None if scores.cpcer is None else scores.cpcer.error_rate,
        "overlap_word_error": scores.overlap.error_rate,
        "overlap_words": scores.overlap.words,
        "der": scores.der.error_rate,
        "speakers_off": scores.speakers.off,
        "real_time_factor": {s: sum(m.seconds.get(s, 0.0) for m in selection) / duration for s in stages},
        "peak_mb": max(m.peak_mb for m in selection),
        "scores": asdict(scores),
    }


def _cells(row: Row) -> tuple[str, ...]:
    speed = row["real_time_factor"]
    return (
        f"{row['group']} ({row['recordings']})",
        row["system"],
        _percent(row["cpwer"]),
        f"{row['errors']}/{row['words']}" if row["words"] else "–",
        f"{_percent(row['overlap_word_error'])} of {row['overlap_words']}" if row["words"] else "–",
        _percent(row["der"]),
        f"{row['speakers_off']}",
        f"{sum(speed.values()):.3f}",
        f"{speed.get('diarization', 0.0):.3f}",
        f"{row['peak_mb']:.0f}",
    )


def _comparison_cells(row: Row) -> tuple[str, ...]:
    words = row["metric"] == "cpWER"
    return (
        f"{row['group']} ({row['recordings']})",
        row["metric"],
        row["first"],
        row["second"],
        " → ".join(_errors(row[side], words, row["runs"]) for side in ("first_errors", "second_errors")),
        f"{row['total']:.0f} words" if words else f"{row['total']:.1f} s",
        f"{row['blocks']}",
        f"{_ratio(row['ratio'])} ({_ratio(row['lower'])}–{_ratio(row['upper'])})",
        row["verdict"],
    )


def _errors(errors: Row, words: bool, runs: int) -> str:
    """``12``, or of several runs the mean with the lowest and highest: ``12.3 (11–14)``; DER's in seconds."""
    if runs == 1:
        return f"{errors['mean']:.{0 if words else 1}f}"
    decimals = 0 if words else 1
    return f"{errors['mean']:.1f} ({errors['lowest']:.{decimals}f}–{errors['highest']:.{decimals}f})"


def _ratio(value: float | None) -> str:
    return "∞" if value is None else f"{value:.2f}"


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    cells = [headings, *rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(headings))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in cells]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.1f} %"


def _plain(measured: Measurement) -> dict[str, Any]:
    return {
        "recording": measured.recording.name,
        "group": measured.recording.group,
        "system": measured.system,
        "duration": measured.duration,
        "scores": asdict(measured.scores),
        "seconds": dict(measured.seconds),
        "peak_mb": measured.peak_mb,
        "blocks": [_block(block) for block in measured.blocks],
    }


def _block(block: BlockErrors) -> dict[str, Any]:
    return {
        "start": block.start,
        "errors": block.words.errors,
        "words": block.words.words,
        "error_seconds": round(block.speech.errors, 6),
        "speech_seconds": round(block.speech.total, 6),
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain data; what is infinite is None, since JSON has no such number."""
    ratio = comparison.ratio
    limits = {"ratio": ratio.value, "lower": ratio.lower, "upper": ratio.upper}
    return {
        **asdict(comparison),
        **{name: value if math.isfinite(value) else None for name, value in limits.items()},
        "blocks": ratio.blocks,
        "verdict": ratio.verdict,
    }
