"""A server of the synthetic world: a real one, on loopback, whose workers are processes without weights."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.server.context import Context
from pipeline.server.settings import ServerSettings
from tests import world

START_SECONDS = 60.0
"""Seconds that a server and its workers have to start on a loaded machine."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers at ``url``."""

    url: str
    settings: ServerSettings
    context: Context


@contextmanager
def running(settings: ServerSettings, wait: bool = True) -> Iterator[RunningServer]:
    """A server with these settings at a free port of loopback; ``wait``: until a worker is ready."""
    from pipeline.server.http_server import HttpServer

    server = HttpServer(replace(settings, port=0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    limit = time.monotonic() + START_SECONDS
    while not (server.started and (server.context.transcribing.ready or not wait)):
        assert thread.is_alive(), "the server has ended"
        assert time.monotonic() < limit, "the server does not start"
        time.sleep(0.02)
    try:
        yield RunningServer(server.url, settings, server.context)
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        assert not thread.is_alive(), "the server does not end"


def synthetic_settings(folder: Path, **changes: Any) -> ServerSettings:
    """Settings of a server in ``folder`` whose stages need no weights."""
    base = ServerSettings(config=world.settings({"runtime.threads": 1}), preset="default", folder=folder, grace=2.0)
    return replace(base, **changes)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server with two workers for all tests that leave it as it is."""
    with running(synthetic_settings(tmp_path_factory.mktemp("server"), workers=2, per_client=64)) as started:
        yield started


@pytest.fixture(scope="session")
def tone_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of `world.OVERLAPPING`: eight seconds, two speakers, one overlap."""
    return world.write_wav(tmp_path_factory.mktemp("tones") / "tones.wav", world.OVERLAPPING)
