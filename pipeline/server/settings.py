"""What an operator chooses for a server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.config.schema import Config

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
"""Addresses that only this machine reaches."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings of one server; ``config`` are those of transcription, before what a request asks for."""

    config: Config
    preset: str
    """The preset that ``config`` came from."""
    folder: Path
    """Where the journal, uploads and results lie; only this user can read it."""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    """Worker processes, each with the models loaded once."""
    token: str | None = None
    """What a client must present; None: everyone who reaches the port may use it."""
    max_upload: int = 2_000_000_000
    """Largest body of a request in bytes."""
    queue: int = 32
    """Most recordings that wait for a worker; more are answered with 429."""
    keep: float = 3600.0
    """Seconds after which a finished job is deleted, with recording and results."""
    recordings: Path | None = None
    """Folder below which jobs may name recordings by path; None: none."""
    origins: tuple[str, ...] = ()
    """Origins of other pages whose scripts may use the server (CORS), such as ``https://intranet.example``."""
    per_client: int = 8
    """Most requests of one address that upload or wait at the same time."""
    stall: float = 30.0
    """Seconds without a byte after which the body of a request is given up."""
    grace: float = 20.0
    """Seconds that work in progress has to finish after SIGTERM; jobs are put back, others are answered with 503."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the server."""
        return self.host in LOOPBACK
