"""Sockets of these tests may reach the fake server on this machine and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.minutes.llm.fake import FakeServer

ALLOWED = "127.0.0.1"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting to another machine, or asking for the address of one, fails the test."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def checked(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and (not isinstance(address, tuple) or address[0] != ALLOWED):
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    def resolved(host: object, *arguments: object, **options: object) -> object:
        if host != ALLOWED:
            raise AssertionError(f"a test tried to resolve {host!r}")
        return resolve(host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", checked)
    monkeypatch.setattr(socket, "getaddrinfo", resolved)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server with a small model that behaves well."""
    with FakeServer() as running:
        yield running
