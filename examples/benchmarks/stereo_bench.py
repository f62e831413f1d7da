"""Benchmark of stereo calls (part of `make bench-batch`): processed per channel, beside the same calls mixed.

    python -m examples.benchmarks.stereo_bench [--update]

Run it in the repository's folder. The calls are simulated with one channel per speaker, without bleed and with each
speaker also in the other channel, 20 dB lower and 30 ms late. They are scored by cpWER, and by the roles assigned to
the channels. ``--update`` writes the figures into examples/benchmarks/stereo.json and docs/stereo-calls.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from examples.benchmarks import data
from pipeline import formats, transcribe
from pipeline.evaluation.benchmark.dataset import Recording
from pipeline.evaluation.benchmark.tables import machine
from pipeline.evaluation.metrics.scoring import ScoreConfig, score
from pipeline.evaluation.simulation.conversation import Conversation

ECHOES = {"clean": 0.0, "echo 20 dB down": 0.1}
"""Name -> gain of the other channel's speech."""
DELAY = 0.03
"""Delay of that speech, in seconds."""
OVERLAPS = (0.05, 0.1, 0.2)
ROLES = ("agent", "customer")
METHODS: Mapping[str, Mapping[str, str]] = {"apart": {"roles": ",".join(ROLES)}, "mixed": {"channels": "mix"}}
"""Key in the results -> arguments of `pipeline.transcribe`."""


def main() -> None:
    """Simulate, transcribe, score and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=len(OVERLAPS), help="number of calls of two minutes")
    parser.add_argument("--update", action="store_true", help="write stereo.json and docs/stereo-calls.md")
    options = parser.parse_args()
    conversations = [Conversation(2, 120.0, overlap) for overlap in OVERLAPS[: options.calls]]
    calls = data.simulated(data.speakers(), "stereo", conversations)
    rows = [measure(calls, echo) for echo in ECHOES]
    sys.stdout.write(as_table(rows) + "\n")
    if options.update:
        text = json.dumps({"machine": machine(), "overlaps": OVERLAPS[: options.calls], "rows": rows}, indent=1) + "\n"
        (data.RESULTS / "stereo.json").write_text(text, encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "stereo-calls.md", "stereo-bench", as_table(rows))


def measure(calls: Sequence[Recording], echo: str) -> dict[str, Any]:
    """Counts over the calls: words, cpWER errors per channel and mixed, calls with correct roles."""
    row: dict[str, Any] = {
        "calls": echo,
        "count": len(calls),
        "words": 0,
        "roles_right": 0,
        **dict.fromkeys(METHODS, 0),
    }
    for number, call in enumerate(calls):
        truth = formats.loads(call.audio.with_suffix(".stm").read_text(encoding="utf-8"), "stm")
        path = data.WORK / "stereo" / f"{number}-{echo.replace(' ', '-')}.wav"
        write_call(call, path, ECHOES[echo])
        for method, options in METHODS.items():
            hypothesis = transcribe(path, offline=True, cache=False, language="en", **options)  # type: ignore[arg-type]
            scored = score(truth, hypothesis, ScoreConfig("basic"))
            row[method] += scored.scores.cpwer.errors
            if method == "apart":
                row["words"] += scored.scores.cpwer.words
                row["roles_right"] += set(scored.assignment) == set(zip(sorted(truth.speakers), ROLES, strict=True))
    return row


def write_call(call: Recording, path: Path, echo: float) -> None:
    """Write the call's channels as a stereo file, each mixed into the other one, delayed, with the gain ``echo``."""
    samples, rate = soundfile.read(call.audio.with_suffix(".channels.wav"), dtype="float32", always_2d=True)
    late = np.pad(samples, ((round(DELAY * rate), 0), (0, 0)))[: len(samples), ::-1]
    soundfile.write(path, samples + echo * late, rate, subtype="PCM_16")


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of the counts."""
    heads = ("simulated stereo calls", "roles right", "words", "cpWER errors, channels apart", "mixed")
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        right = f"{row['roles_right']} of {row['count']}"
        lines.append(f"| {row['calls']} | {right} | {row['words']} | {row['apart']} | {row['mixed']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
