"""Measurements as a table for people, as JSON with the machine's description, and as a chart."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from pipeline.config import as_mapping
from pipeline.evaluation.bench import Measurement, System
from pipeline.evaluation.scoring import Scores

HEADINGS = (
    "recordings", "system", "cpWER", "errors/words", "overlap word error", "DER", "speakers off", "× real time",
    "of it diarization", "peak MB",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A system over a group of recordings: counts added, seconds added, the largest memory."""

    group: str
    system: str
    recordings: int
    duration: float
    scores: Scores
    seconds: dict[str, float]
    peak_mb: float


def rows(measured: Sequence[Measurement]) -> tuple[Row, ...]:
    """One row per group and system, in the order measured."""
    keys = dict.fromkeys((m.recording.group, m.system) for m in measured)
    return tuple(_row(group, system, measured) for group, system in keys)


def as_table(measured: Sequence[Measurement]) -> str:
    """A Markdown table, readable as it is."""
    cells = [HEADINGS, *(_cells(row) for row in rows(measured))]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in cells]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def as_data(measured: Sequence[Measurement], systems: Sequence[System]) -> str:
    """JSON: the machine, the settings, the rows, and every single measurement."""
    data = {
        "machine": machine(),
        "systems": {s.name: {"rival": s.rival, "settings": as_mapping(s.config)} for s in systems},
        "rows": [_plain_row(row) for row in rows(measured)],
        "recordings": [_plain(m) for m in measured],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def machine() -> dict[str, Any]:
    """What a figure must name: processor, cores, memory, system, Python."""
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


def draw(measured: Sequence[Measurement], path: Path) -> None:
    """Bars of cpWER by group, systems side by side, the errors and words written on them."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    found = rows(measured)
    groups, systems = list(dict.fromkeys(r.group for r in found)), list(dict.fromkeys(r.system for r in found))
    figure, axes = plt.subplots(figsize=(1.5 + 1.1 * len(groups) * len(systems), 4.2), layout="constrained")
    width = 0.8 / len(systems)
    for number, system in enumerate(systems):
        own = [row for row in found if row.system == system]
        places = [groups.index(row.group) + number * width for row in own]
        bars = axes.bar(places, [_cpwer(row) for row in own], width * 0.94, label=system)
        counts = [f"{row.scores.cpwer.errors}/{row.scores.cpwer.words}" for row in own]
        axes.bar_label(bars, counts, fontsize=7)
    axes.set_xticks([i + 0.4 - width / 2 for i in range(len(groups))], groups)
    axes.set_ylabel("cpWER, %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=140)
    plt.close(figure)


def _row(group: str, system: str, measured: Sequence[Measurement]) -> Row:
    own = [m for m in measured if m.recording.group == group and m.system == system]
    stages = dict.fromkeys(stage for m in own for stage in m.seconds)
    return Row(
        group,
        system,
        len(own),
        sum(m.duration for m in own),
        reduce(Scores.__add__, (m.scores for m in own)),
        {stage: sum(m.seconds.get(stage, 0.0) for m in own) for stage in stages},
        max(m.peak_mb for m in own),
    )


def _cells(row: Row) -> tuple[str, ...]:
    scores = row.scores
    return (
        f"{row.group} ({row.recordings})",
        row.system,
        _percent(scores.cpwer.error_rate),
        f"{scores.cpwer.errors}/{scores.cpwer.words}",
        _percent(scores.overlap.error_rate),
        _percent(scores.der.error_rate),
        f"{scores.speakers.off}",
        f"{sum(row.seconds.values()) / row.duration:.3f}",
        f"{row.seconds.get('diarization', 0.0) / row.duration:.3f}",
        f"{row.peak_mb:.0f}",
    )


def _cpwer(row: Row) -> float:
    return 100 * (row.scores.cpwer.error_rate or 0.0)


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.1f} %"


def _plain_row(row: Row) -> dict[str, Any]:
    return {**asdict(row), "real_time_factor": sum(row.seconds.values()) / row.duration}


def _plain(measured: Measurement) -> dict[str, Any]:
    return {
        "recording": measured.recording.name,
        "group": measured.recording.group,
        "system": measured.system,
        "duration": measured.duration,
        "scores": asdict(measured.scores),
        "seconds": dict(measured.seconds),
        "peak_mb": measured.peak_mb,
    }
