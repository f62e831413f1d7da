"""Codecs that misbehave, given to `pipeline.media.decoder_process.main` instead of the decoder."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn


def segfault(*_: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


def hang(*_: Any) -> NoReturn:
    """Stays in C, where Python handles no signals."""
    raise AssertionError(sum(range(10**15)))


def spin(file: Any, *_: Any) -> NoReturn:
    """Reads forever: it reports progress, but computes for longer than the limit of its recording."""
    while True:
        file.seek(0)
        file.read(1 << 20)


def devour(*_: Any) -> NoReturn:
    eaten = []
    while True:
        eaten.append(bytearray(b"x" * (64 << 20)))


def stumble(*_: Any) -> NoReturn:
    raise RuntimeError("words of the recording")


def babble(*_: Any) -> NoReturn:
    while True:
        os.write(1, bytes(1 << 16))


def vanish(*_: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def pry(*_: Any) -> NoReturn:
    """Crashes when it can open a file or make a socket; is refused like a codec that fails when it cannot."""
    for attempt in (Path(sys.executable).read_bytes, socket.socket):
        try:
            attempt()
        except OSError:
            continue
        segfault()
    raise PermissionError


def lie(*_: Any) -> NoReturn:
    claimed = {"length": 10**8, "channels": 0, "sha256": "", "complete": True, "decoded": 1, "notices": []}
    os.write(1, json.dumps({"decoded": claimed}).encode() + b"\n")
    sys.exit()
