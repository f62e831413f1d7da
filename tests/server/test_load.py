"""Many clients at once, many requests, killed workers: parts of `make bench-server` without weights, shorter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.benchmarks import server_bench
from examples.benchmarks.server_bench import CLIENTS, KILLS, SYNTHETIC, WORKERS, Server

pytestmark = pytest.mark.slow

MOST_MB = 150.0
"""Most memory of the front process that is promised."""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with server_bench.started(folder, "--workers", str(WORKERS), *SYNTHETIC) as server:
        yield server


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return server_bench.tone_clip(tmp_path_factory.mktemp("clip") / "tones.wav", 1.0)


def test_many_clients_at_once_are_served_or_get_a_time_to_try_again(started: Server, clip: Path) -> None:
    figures = server_bench.at_once(started, clip)
    assert figures["served"] + figures["told_to_come_back"] == CLIENTS
    assert figures["served"] >= WORKERS


def test_a_streamed_answer_begins_at_once(started: Server, clip: Path) -> None:
    assert server_bench.first_bytes(started, clip)["first_byte_s"] < 1.0


def test_the_front_process_stays_small(started: Server, clip: Path) -> None:
    figures = server_bench.memory(started, clip, 100)
    early, late = figures["front_mb"]
    assert figures["requests_done"] == 100
    assert late < MOST_MB
    assert late - early < 10


def test_killed_workers_cost_no_request(started: Server, tmp_path: Path) -> None:
    figures = server_bench.killed_workers(started, server_bench.tone_clip(tmp_path / "long.wav", 20.0))
    assert (figures["killed"], figures["jobs_done"]) == (KILLS, figures["jobs"])


def test_the_table_has_every_figure() -> None:
    figures = {
        "request_seconds": 2.0, "overhead_ms": [20.0, 10.0, 30.0], "clients": 50, "served": 44, "told_to_come_back": 6,
        "first_byte_s": 0.1, "requests": 100, "requests_done": 100, "requests_per_second": 9.0,
        "machine": {"cores": 2, "processor": "AMD EPYC"}, "front_mb": [101.0, 102.0], "killed": 6, "jobs": 48,
        "jobs_done": 48,
    }  # fmt: skip
    table = server_bench.as_table(figures)
    shown = ("2.00 s", "20 ms (10, 30)", "44", "0.10 s", "101 and 102 MB", "48 |", "on 2 cores of an AMD EPYC.")
    assert [text for text in shown if text not in table] == []
