"""Benchmark of a GPU (`make bench-gpu`): seconds by stage, memory, and the errors of the text beside the CPU's.

    python -m examples.benchmarks.gpu_bench [--device cuda] [--minutes N] [--runs N] [--update]

It needs the repository and the default models. The recording is a meeting of four people with 20 % overlap, simulated
from the development voices where they are available, else from the passages of examples/meeting in which one person
speaks. The first run of a process, which loads kernels, is reported alone; the others have median, minimum and maximum.
On a GPU an hour is measured as well (the meeting repeated), and the meeting once on the CPU. ``--update`` writes
examples/benchmarks/gpu.json and docs/benchmarks.md. ``--device cpu --minutes 1 --runs 1`` tries the script without a
GPU.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from examples.benchmarks import data
from pipeline import formats, media
from pipeline.config.schema import Config, assign
from pipeline.core.events import Event, StageFinished
from pipeline.engine.pipeline import Transcriber
from pipeline.evaluation.benchmark.bench import read_session, sampled_peak
from pipeline.evaluation.benchmark.dataset import Recording
from pipeline.evaluation.benchmark.tables import machine
from pipeline.evaluation.metrics.scoring import ScoreConfig, Session, score
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.models.torch_runtime import count_gpus
from pipeline.models.weights import Store

SPEAKERS, OVERLAP = 4, 0.2
"""Speakers of the meeting, and the share of its speech in overlaps."""
LONG_MINUTES: Final = 60
"""Length of the long recording in minutes."""
GOALS: Final = {"meeting": "4 s, aim 3 s", "long": "20 s", "memory": "4096 MB"}
"""What a GPU is expected to need at most: seconds once warm for ten minutes and for an hour, and its memory."""
SAMPLING: Final = 0.2
"""Seconds between two questions to nvidia-smi, each of which takes some hundredths. Chosen by hand; a longer interval
can miss short peaks."""
PAGE: Final = data.ROOT / "docs" / "benchmarks.md"
RESULTS: Final = data.RESULTS / "gpu.json"


@dataclass(frozen=True, slots=True)
class Run:
    """One transcription: seconds in all and by stage, and the errors of its text among the reference's words."""

    seconds: float
    stages: Mapping[str, float]
    errors: int | None = None
    words: int | None = None


def main() -> None:
    """Measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N, or cpu to try the script")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the meeting (10)")
    parser.add_argument("--runs", type=int, default=5, help="repetitions once warm (5)")
    parser.add_argument(
        "--update", action="store_true", help="write examples/benchmarks/gpu.json and docs/benchmarks.md"
    )
    options = parser.parse_args()
    is_gpu = options.device != "cpu"
    if is_gpu and not count_gpus():
        raise SystemExit("there is no NVIDIA GPU; --device cpu --minutes 1 --runs 1 tries the script without one")
    if options.update and not is_gpu:
        parser.error("--update needs a GPU")
    figures = measure(options.device, options.minutes, options.runs)
    table = as_table(figures)
    sys.stdout.write(table + "\n")
    if options.update:
        RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        data.write_block(PAGE, "gpu", table)


def measure(device: str, minutes: float, runs: int) -> dict[str, Any]:
    """All figures of a device as plain data; `as_table` shows them."""
    meeting = _meeting(minutes)
    is_gpu = device != "cpu"
    with _peak_memory(device) as memory:
        transcribe, load_seconds = _transcriber(device)
        first, *warm = [_run(transcribe, meeting) for _ in range(1 + runs)]
        long = _run(transcribe, data.repeated(meeting, LONG_MINUTES, "gpu")) if is_gpu else None
        peaks = memory()
    on_cpu = _run(_transcriber("cpu")[0], meeting) if is_gpu else None
    return {
        "machine": {**machine(), "gpu": _gpu_name(device), "libraries": _libraries()},
        "device": device,
        "minutes": minutes,
        "voices": "development" if data.shared_data() else "examples/meeting",
        "load_seconds": load_seconds,
        "first": asdict(first),
        "warm": [asdict(run) for run in warm],
        "long": None if long is None else {**asdict(long), "minutes": LONG_MINUTES},
        "cpu": None if on_cpu is None else asdict(on_cpu),
        "memory_mb": peaks,
    }


def as_table(figures: Mapping[str, Any]) -> str:
    """The figures as a Markdown table."""
    warm, goal = figures["warm"], GOALS if figures["minutes"] == 10 else {}
    rows = [
        ("models loaded", f"{figures['load_seconds']:.1f} s", ""),
        (f"{figures['minutes']:g} minutes, first run of the process", f"{figures['first']['seconds']:.2f} s", ""),
        (
            f"{figures['minutes']:g} minutes, once warm ({len(warm)} runs)",
            _spread([run["seconds"] for run in warm]),
            goal.get("meeting", ""),
        ),
    ]
    for stage in warm[0]["stages"]:
        rows.append((f"– {stage}", _spread([run["stages"][stage] for run in warm]), ""))
    if figures["long"]:
        rows.append((f"{figures['long']['minutes']} minutes", f"{figures['long']['seconds']:.2f} s", GOALS["long"]))
    for name, peak in figures["memory_mb"].items():
        rows.append((f"peak GPU memory, {name}", f"{peak:.0f} MB", GOALS["memory"]))
    errors = sorted({f"{run['errors']} of {run['words']}" for run in [figures["first"], *warm]})
    rows.append((f"word errors (cpWER), {figures['device']}", ", ".join(errors), ""))
    if figures["cpu"]:
        cpu = figures["cpu"]
        rows.append(("word errors (cpWER), cpu", f"{cpu['errors']} of {cpu['words']}", ""))
        rows.append((f"{figures['minutes']:g} minutes, cpu", f"{cpu['seconds']:.1f} s", ""))
    about = figures["machine"]
    head = f"{about['gpu'] or 'no GPU'}, {about['cores']} cores ({about['processor']}); {about['libraries']}."
    lines = [head, "", "| | measured | goal |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f})"


def _transcriber(device: str) -> tuple[Callable[[Recording], tuple[Any, dict[str, float]]], float]:
    """A function that transcribes a recording and returns the seconds by stage too, and the seconds of loading."""
    stages: dict[str, float] = {}

    def note(event: Event) -> None:
        if isinstance(event, StageFinished):
            stages[event.stage] = event.seconds

    config = assign(Config(), {"runtime.device": device, "diarization.speakers": SPEAKERS})
    began = time.perf_counter()
    transcriber = Transcriber(config, store=Store(offline=True), listener=note)
    transcriber.models.load()
    seconds = time.perf_counter() - began

    def transcribe(recording: Recording) -> tuple[Any, dict[str, float]]:
        stages.clear()
        return transcriber(recording.audio), dict(stages)

    return transcribe, seconds


def _run(transcribe: Callable[[Recording], tuple[Any, dict[str, float]]], recording: Recording) -> Run:
    began = time.perf_counter()
    transcript, stages = transcribe(recording)
    seconds = time.perf_counter() - began
    if not recording.references:
        return Run(seconds, stages)
    cpwer = score(read_session(recording), Session(transcript), ScoreConfig("basic")).scores.cpwer
    return Run(seconds, stages, cpwer.errors, cpwer.words)


def _meeting(minutes: float) -> Recording:
    conversation = Conversation(SPEAKERS, 60 * minutes, OVERLAP)
    corpus = data.speakers() if data.shared_data() else meeting_speakers()
    return data.simulated(corpus, f"gpu-{minutes:g}", [conversation])[0]


def meeting_speakers() -> Path:
    """The passages of examples/meeting in which one person speaks, listed as ``transcribe simulate`` reads it."""
    folder = data.ROOT / "examples" / "meeting"
    truth = formats.loads((folder / "reference.json").read_text(encoding="utf-8"), "json")
    audio = media.decode(folder / "meeting.m4a").audio
    target = data.WORK / "meeting-voices"
    target.mkdir(parents=True, exist_ok=True)
    with (target / "voices.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "speaker", "text"])
        for number, one in enumerate(truth.utterances):
            if all(other is one or other.end <= one.start or one.end <= other.start for other in truth.utterances):
                media.export(audio.crop(one.span).copy(), target / f"{number:02d}.wav", "wav")
                writer.writerow([f"{number:02d}.wav", one.speaker, one.text])
    return target / "voices.csv"


@contextmanager
def _peak_memory(device: str) -> Iterator[Callable[[], dict[str, float]]]:
    """A function that returns the peaks of a GPU's memory in MB since entry: torch's, and the whole process's.

    The latter is what nvidia-smi reports as used on the GPU, less what was used before.
    """
    if device == "cpu":
        yield dict
        return
    import torch

    before = _used_mb(device)
    with sampled_peak(lambda: _used_mb(device), SAMPLING) as used:
        yield lambda: {
            "torch": torch.cuda.max_memory_allocated(device) / 2**20,
            "whole process (nvidia-smi)": used() - before,
        }


def _ask_gpu(device: str, field: str) -> str:
    number = device.partition(":")[2] or "0"
    command = ["nvidia-smi", f"--id={number}", f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _used_mb(device: str) -> float:
    return float(_ask_gpu(device, "memory.used"))


def _gpu_name(device: str) -> str:
    return "" if device == "cpu" else _ask_gpu(device, "name")


def _libraries() -> str:
    import ctranslate2
    import torch

    return f"torch {torch.__version__}, CTranslate2 {ctranslate2.__version__}"


if __name__ == "__main__":
    main()
