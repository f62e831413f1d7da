"""Benchmark of the server (`make bench-server`): overhead per request, many clients at once, memory, killed workers.

    python -m examples.benchmarks.server_bench [--requests N] [--update]

Everything runs on loopback. *Overhead* is measured with the default models on a call of ten seconds: the time of a
request without the time of the worker's stages. All else is measured with synthetic models, which take no time.
``--update`` writes examples/benchmarks/server.json and the table in docs/server.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import soundfile

from examples.benchmarks import data
from pipeline import media
from pipeline.core.audio import RATE
from pipeline.core.events import no_progress
from pipeline.core.types import Word
from pipeline.evaluation.benchmark.tables import machine
from pipeline.models.synthetic import SPEAKERS, synthesize

SYNTHETIC = (
    "--set", "diarization.backend=synthetic", "--set", "embedding.model=synthetic",
    "--set", "separation.backend=passthrough", "--set", "recognition.backend=synthetic",
)  # fmt: skip
"""Settings whose stages need no weights and nearly no time."""
CLIENTS, WORKERS = 50, 2
"""Clients that ask at once, and workers."""
SECONDS = 10.0
"""Length of the real clip in seconds."""
REPEATS = 12
"""Requests whose overhead is measured, after one that warms up."""
KILLS = 6
"""Workers that are killed while jobs run."""
TRANSCRIPTIONS = "/v1/audio/transcriptions"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address and the number of its process."""

    url: str
    process: int

    def memory(self) -> float:
        """Resident MB of the front process."""
        pages = int(Path(f"/proc/{self.process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def workers(self) -> list[int]:
        """The processes below it."""
        children = Path(f"/proc/{self.process}/task").glob("*/children")
        return [int(child) for path in children for child in path.read_text().split()]


def main() -> None:
    """Measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=2000, help="requests over which memory is observed")
    parser.add_argument("--update", action="store_true", help="write server.json and the table in docs/server.md")
    options = parser.parse_args()
    figures = {"machine": machine(), **measure(options.requests)}
    sys.stdout.write(as_table(figures) + "\n")
    if options.update:
        (data.RESULTS / "server.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "server.md", "server-bench", as_table(figures))


def measure(requests: int) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip, tones = real_clip(folder / "clip.wav"), tone_clip(folder / "tones.wav", 1.0)
        with started(folder / "real") as server:
            real = overhead(server, clip)
        with started(folder / "synthetic", "--workers", str(WORKERS), *SYNTHETIC) as server:
            crowd = at_once(server, tones)
            first = first_bytes(server, tones)
            flat = memory(server, tones, requests)
            killed = killed_workers(server, tone_clip(folder / "long.wav", 20.0))
    return {**real, **crowd, **first, **flat, **killed}


@contextmanager
def started(folder: Path, *options: str) -> Iterator[Server]:
    """A server at a free port whose worker is ready."""
    command = [sys.executable, "-m", "pipeline", "serve", "--port", "0", "--folder", str(folder), *options]
    command += ["--per-client", "256"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=data.ROOT) as process:
        try:
            assert process.stderr is not None
            url = next(match[0] for line in process.stderr if (match := re.search(r"http://\S+", line)))
            threading.Thread(target=process.stderr.read, daemon=True).start()
            while httpx.get(f"{url}/readyz").status_code != httpx.codes.OK:
                time.sleep(0.1)
            yield Server(url, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def real_clip(path: Path) -> Path:
    """Ten seconds of pyannote's sample call."""
    _, decode = media.open_input(data.sample_folder() / "sample.wav")
    samples = decode(no_progress).audio.samples[: int(SECONDS * RATE)]
    soundfile.write(path, samples, RATE)
    return path


def tone_clip(path: Path, seconds: float) -> Path:
    """Words of two synthetic speakers."""
    words = [Word(0.5 * i + 0.1, 0.5 * i + 0.4, f"{SPEAKERS[i % 2]}{i % 24}") for i in range(int(seconds * 2) - 1)]
    soundfile.write(path, synthesize(words, seconds), RATE)
    return path


def ask(server: Server, clip: Path, client: httpx.Client | None = None, **fields: str) -> httpx.Response:
    """One transcription."""
    post = client.post if client else httpx.post
    with clip.open("rb") as file:
        return post(
            f"{server.url}{TRANSCRIPTIONS}", files={"file": file}, data={"model": "crosstalk", **fields}, timeout=600
        )


def work_seconds(server: Server) -> float:
    """Seconds of work of all stages so far."""
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("crosstalk_work_seconds_total{"))


def overhead(server: Server, clip: Path) -> dict[str, Any]:
    """Seconds of a request beside the stages, with the default models."""
    rows = []
    with httpx.Client(timeout=600) as client:
        ask(server, clip, client).raise_for_status()
        for _ in range(REPEATS):
            before, began = work_seconds(server), time.perf_counter()
            ask(server, clip, client).raise_for_status()
            rows.append((time.perf_counter() - began, work_seconds(server) - before))
    beside = [whole - work for whole, work in rows]
    return {
        "request_seconds": statistics.median(whole for whole, _ in rows),
        "overhead_ms": [round(1000 * pick(beside), 1) for pick in (statistics.median, min, max)],
    }


def at_once(server: Server, clip: Path) -> dict[str, Any]:
    """Many clients at the same moment: who was served, and who was asked to try again later."""
    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = [*threads.map(lambda _: ask(server, clip), range(CLIENTS))]
    counts = Counter(answer.status_code for answer in answers)
    told = sum(
        answer.status_code == httpx.codes.TOO_MANY_REQUESTS and "retry-after" in answer.headers for answer in answers
    )
    return {"clients": CLIENTS, "served": counts[httpx.codes.OK], "told_to_come_back": told}


def first_bytes(server: Server, clip: Path) -> dict[str, Any]:
    """Seconds from the end of the upload to the first byte of a streamed answer."""
    waits = []
    with httpx.Client(timeout=60) as client:
        for _ in range(REPEATS):
            with clip.open("rb") as file:
                began = time.perf_counter()
                fields = {"model": "crosstalk", "stream": "true"}
                url = f"{server.url}{TRANSCRIPTIONS}"
                with client.stream("POST", url, files={"file": file}, data=fields) as answer:
                    chunks = answer.iter_bytes()
                    next(chunks)
                    waits.append(time.perf_counter() - began)
                    for _ in chunks:
                        pass
    return {"first_byte_s": max(waits)}


def memory(server: Server, clip: Path, requests: int) -> dict[str, Any]:
    """MB of the front process after a tenth of the requests and after all, and requests per second."""

    def one(_: int) -> int:
        return ask(server, clip, client).status_code

    with httpx.Client(timeout=600) as client, ThreadPoolExecutor(2 * WORKERS) as threads:
        began = time.perf_counter()
        done = Counter(threads.map(one, range(requests // 10)))
        early = server.memory()
        done += Counter(threads.map(one, range(requests - requests // 10)))
        seconds = time.perf_counter() - began
    return {
        "requests": requests,
        "requests_done": done[httpx.codes.OK],
        "requests_per_second": requests / seconds,
        "front_mb": [round(early, 1), round(server.memory(), 1)],
    }


def killed_workers(server: Server, clip: Path) -> dict[str, Any]:
    """Jobs that end well although workers are killed at random moments."""
    chance = random.Random(1)
    with ThreadPoolExecutor(2 * WORKERS) as threads:
        answers = [threads.submit(ask, server, clip) for _ in range(8 * KILLS)]
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.2, 2.0))
            os.kill(chance.choice(server.workers()), signal.SIGKILL)
        counts = Counter(answer.result().status_code for answer in answers)
    return {"killed": KILLS, "jobs": 8 * KILLS, "jobs_done": counts[httpx.codes.OK]}


def as_table(figures: Mapping[str, Any]) -> str:
    """A Markdown table."""
    middle, least, most = figures["overhead_ms"]
    early, late = figures["front_mb"]
    rows: Sequence[tuple[str, str]] = (
        ("a call of 10 s, default models, one worker", f"{figures['request_seconds']:.2f} s"),
        ("of it beside the stages, median (least, most)", f"{middle:.0f} ms ({least:.0f}, {most:.0f})"),
        (f"{figures['clients']} clients at once, {WORKERS} workers: served", str(figures["served"])),
        ("of them asked to try again later (429)", str(figures["told_to_come_back"])),
        ("first byte of a streamed answer, the slowest", f"{figures['first_byte_s']:.2f} s"),
        (f"requests of one second done, of {figures['requests']}", str(figures["requests_done"])),
        ("requests per second", f"{figures['requests_per_second']:.0f}"),
        ("front process after a tenth of them, and after all", f"{early:.0f} and {late:.0f} MB"),
        (f"{figures['killed']} workers killed: requests done, of {figures['jobs']}", str(figures["jobs_done"])),
    )
    lines = ("| what | figure |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows))
    computer = figures["machine"]
    return "\n".join((*lines, "", f"Over loopback, on {computer['cores']} cores of an {computer['processor']}."))


if __name__ == "__main__":
    main()
