"""Decoding in a process of its own, so that a codec that crashes, hangs or eats memory costs one recording, one line.

A limited process without further files or sockets is a fence for the usual tricks and accidents, not a sandbox.
"""

from __future__ import annotations

import contextlib
import errno
import json
import mmap
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pipeline.core.audio import RATE, Audio
from pipeline.core.errors import CrosstalkError, InputError, OutOfDisk, OutOfMemory, ReadError, ResourceError
from pipeline.core.events import Progress, no_progress
from pipeline.core.types import Notice
from pipeline.media import Decoded, Limits, ReadOptions
from pipeline.media.headerless import suffix_of
from pipeline.media.opening import open_recording, spool, unwritable

HANG_TIMEOUT = 12.0
"""Seconds without a sign of life after which the child is ended."""
PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1])\nfrom pipeline.media.decoder_process import main\nmain()"
)
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")  # no tokens for a codec to find
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_SPARE: list[tuple[subprocess.Popen[bytes], socket.socket]] = []
_LONGEST_LINE = 1 << 20
_REFUSALS: dict[str, type[CrosstalkError]] = {
    kind.__name__: kind for kind in (ResourceError, OutOfDisk, OutOfMemory, ReadError)
}
_CONVERT = "convert it to WAV or FLAC with another program"


def decode(
    path: Path | str, limits: Limits | None = None, progress: Progress = no_progress, track: int | None = None
) -> Decoded:
    """Decode a recording: one audio track as 16 kHz mono, and its channels when there are several.

    ``track`` counts from 1; None takes the default track, or the first with sound. ``progress`` counts seconds. What is
    damaged becomes silence of the same length and a notice. Raises ``InputError`` when there is no sound to decode,
    with the reason, and ``ResourceError`` for what the machine lacks. The samples lie in a temporary file without a
    name, mapped into memory (230 MB an hour and channel), which goes when they are let go.
    """
    options = ReadOptions(track, suffix_of(str(path)))
    with open_recording(path) as file:
        return _decode(file, str(path), limits or Limits(), options, progress)


def decode_stream(
    stream: BinaryIO,
    limits: Limits | None = None,
    progress: Progress = no_progress,
    track: int | None = None,
    name: str = "standard input",
) -> Decoded:
    """Decode what comes in through a pipe, see `decode`; it is spooled to a nameless temporary file first."""
    with spool(stream, name) as file:
        return _decode(file, name, limits or Limits(), ReadOptions(track), progress)


def _decode(file: BinaryIO, name: str, limits: Limits, options: ReadOptions, progress: Progress) -> Decoded:
    try:
        result = tempfile.TemporaryFile()  # noqa: SIM115 - closed just below
    except OSError as error:
        raise OutOfDisk(f"no temporary file can be made: {error.strerror}", where=tempfile.gettempdir()) from None
    with result, _asked(file, result, limits, options) as child:
        return _map(_read_result(child, name, progress), result, name)


def prestart() -> None:
    """Start the process of the next decoding now, for it to load its modules meanwhile; it ends with this process."""
    if not _SPARE:
        _SPARE.append(_start())


def _start() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A decoding process, and where it waits to be handed a recording."""
    paths = [str(Path(__file__).parent.parent.parent), *(path for path in sys.path if path)]
    try:
        ours, theirs = socket.socketpair()
        with theirs:
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", PROGRAM, json.dumps(paths)],
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _KEPT if name in os.environ} | _ONE_THREAD,
            )
    except OSError as error:
        what = f"the decoder could not be started: {error.strerror}"
        raise ResourceError(what, hint="close other programs, or raise the limits of this session (ulimit)") from None
    return child, ours


@contextlib.contextmanager
def _asked(file: BinaryIO, result: BinaryIO, limits: Limits, options: ReadOptions) -> Iterator[subprocess.Popen[bytes]]:
    """The process that decodes the recording; it does not outlive the block."""
    child, line = _SPARE.pop() if _SPARE else _start()
    if child.poll() is not None:  # a spare one that was killed meanwhile
        with child, line:
            child, line = _start()
    with child, line:
        request = json.dumps({"limits": asdict(limits), "options": asdict(options)}).encode()
        try:
            with contextlib.suppress(OSError):  # one that did not start is told by its silence
                socket.send_fds(line, [request], [file.fileno(), result.fileno()])
            yield child
        finally:
            child.kill()


def _read_result(child: subprocess.Popen[bytes], name: str, progress: Progress) -> dict[str, Any]:
    """The child's account of what it decoded; raises what it refused with, or what its end means."""
    started = False
    for message in _messages(child, name):
        started = True
        if "progress" in message:
            progress(*message["progress"])
        if "refused" in message:
            kind, what, hint = message["refused"]
            raise _REFUSALS.get(kind, InputError)(what, where=name, hint=hint)
        if "decoded" in message:
            return dict(message["decoded"])
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(1.0)
    raise _exit_error(child.poll(), started, name)


def _messages(child: subprocess.Popen[bytes], name: str) -> Iterator[dict[str, Any]]:
    assert child.stdout
    held = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while len(held) < _LONGEST_LINE and selector.select(HANG_TIMEOUT):
            piece = os.read(child.stdout.fileno(), 65_536)
            if not piece:
                return
            *lines, held = (held + piece).split(b"\n")
            yield from (json.loads(line) for line in lines)
    raise InputError(f"makes the decoder hang (no progress for {HANG_TIMEOUT:g} s)", where=name, hint=_CONVERT)


def _exit_error(status: int | None, started: bool, name: str) -> CrosstalkError:
    """What it means that the child said nothing more; a status of None is that it lives on."""
    if not started:
        hint = "see what `transcribe doctor` says"
        return ResourceError(f"the decoder could not be started (status {status})", where=name, hint=hint)
    most = resource.getrlimit(resource.RLIMIT_CPU)[0]
    if status in (-signal.SIGKILL, -signal.SIGXCPU) and most != resource.RLIM_INFINITY:
        what = f"decoding ran into the limit on processor time ({most} s, ulimit -t)"
        return ResourceError(what, where=name, hint="raise the limit: ulimit -t unlimited")
    if status == -signal.SIGXFSZ:
        return unwritable(OSError(errno.EFBIG, os.strerror(errno.EFBIG)), "decoded audio")
    if status == -signal.SIGKILL:
        return OutOfMemory("decoding was killed, as a rule for want of memory", where=name, hint="free some memory")
    if status == -signal.SIGXCPU:
        return InputError("takes far too long to decode for its length", where=name, hint=_CONVERT)
    reason = signal.Signals(-status).name if status and status < 0 else f"status {status}"
    return InputError(f"makes the decoder crash ({reason})", where=name, hint=_CONVERT)


def _map(answer: dict[str, Any], result: BinaryIO, name: str) -> Decoded:
    length, channels = int(answer["length"]), int(answer["channels"])
    size = os.fstat(result.fileno()).st_size
    if not length or size != 4 * length * (1 + channels):
        raise InputError("makes the decoder fail: samples are missing", where=name, hint=_CONVERT)
    try:
        samples = np.frombuffer(mmap.mmap(result.fileno(), size, prot=mmap.PROT_READ), np.float32)
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        raise OutOfMemory("is too long for this machine's memory", where=name, hint="cut it into parts") from None
    apart = samples[length:].reshape(length, channels).T if channels else None
    notices = tuple(Notice(*notice) for notice in answer["notices"])
    audio = Audio(samples[:length], RATE, apart)
    sha256, complete = str(answer["sha256"]), bool(answer["complete"])
    return Decoded(audio, sha256, complete, notices, float(answer["decoded"]), str(answer["source"]))
