"""Stereo calls with known truth (part of `make bench-batch`): channels heard one by one, beside the same calls mixed.

    python examples/stereo_bench.py [--update]

Calls simulated with a channel for each speaker, clean and with each voice heard in the other channel 20 dB down and
30 ms late; scored by cpWER, and by whether the right channel has the right role. ``--update`` writes the figures into
examples/bench/stereo.json and docs/stereo-calls.md.
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
from project_bench import ROOT, WORK, simulated, voices, write_block

from pipeline import formats, transcribe
from pipeline.evaluation.benchmark.dataset import Recording
from pipeline.evaluation.benchmark.tables import machine
from pipeline.evaluation.metrics.scoring import ScoreConfig, score
from pipeline.evaluation.simulation.conversation import Conversation

ECHOES = {"clean": 0.0, "echo 20 dB down": 0.1}
DELAY = 0.03
OVERLAPS = (0.05, 0.1, 0.2)
ROLES = ("agent", "customer")
WAYS: Mapping[str, Mapping[str, str]] = {"apart": {"roles": ",".join(ROLES)}, "mixed": {"channels": "mix"}}


def main() -> None:
    """Simulate, transcribe, score, print; write the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=len(OVERLAPS), help="so many calls of two minutes")
    parser.add_argument("--update", action="store_true", help="write stereo.json and docs/stereo-calls.md")
    options = parser.parse_args()
    calls = simulated(voices(), "stereo", [Conversation(2, 120.0, overlap) for overlap in OVERLAPS[: options.calls]])
    rows = [measure(calls, echo) for echo in ECHOES]
    sys.stdout.write(as_table(rows) + "\n")
    if options.update:
        text = json.dumps({"machine": machine(), "overlaps": OVERLAPS[: options.calls], "rows": rows}, indent=1) + "\n"
        (ROOT / "examples" / "bench" / "stereo.json").write_text(text, encoding="utf-8")
        write_block(ROOT / "docs" / "stereo-calls.md", "stereo-bench", as_table(rows))


def measure(calls: Sequence[Recording], echo: str) -> dict[str, Any]:
    """Counts over the calls: errors and words with the channels apart and mixed, calls whose roles came out right."""
    row: dict[str, Any] = {"calls": echo, "count": len(calls), "words": 0, "roles_right": 0, **dict.fromkeys(WAYS, 0)}
    for number, call in enumerate(calls):
        truth = formats.loads(call.audio.with_suffix(".stm").read_text(encoding="utf-8"), "stm")
        path = WORK / "stereo" / f"{number}-{echo.replace(' ', '-')}.wav"
        write_call(call, path, ECHOES[echo])
        for way, options in WAYS.items():
            found = transcribe(path, offline=True, cache=False, language="en", **options)  # type: ignore[arg-type]
            scored = score(truth, found, ScoreConfig("basic"))
            row[way] += scored.scores.cpwer.errors
            if way == "apart":
                row["words"] += scored.scores.cpwer.words
                row["roles_right"] += set(scored.assignment) == set(zip(sorted(truth.speakers), ROLES, strict=True))
    return row


def write_call(call: Recording, path: Path, echo: float) -> None:
    """The call's channels as one stereo file, each heard in the other one, late and ``echo`` times as loud."""
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
