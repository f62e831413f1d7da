"""Decoding in a separate process, so that a codec that crashes, hangs or exhausts memory fails one recording only.

The process has limited resources and cannot open files or sockets. This stops common attacks; it is not a sandbox.
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
"""Seconds without a message after which the process counts as hanging and is killed. Chosen by hand; a lower value can
kill it on a machine under heavy load."""
PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1])\nfrom pipeline.media.decoder_process import main\nmain()"
)
_ENVIRONMENT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
"""Variables that the process inherits; all others, such as access tokens, are withheld from codecs."""
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_PRESTARTED: list[tuple[subprocess.Popen[bytes], socket.socket]] = []
_MAX_LINE = 1 << 20
"""Maximum length of a message in bytes. Chosen by hand; usual messages have less than 1 kB."""
_REFUSALS: dict[str, type[CrosstalkError]] = {
    kind.__name__: kind for kind in (ResourceError, OutOfDisk, OutOfMemory, ReadError)
}
_CONVERT = "convert it to WAV or FLAC with another program"


def decode(
    path: Path | str, limits: Limits | None = None, progress: Progress = no_progress, track: int | None = None
) -> Decoded:
    """Decode one audio track of a recording to 16 kHz mono, and to its channels if there are several.

    ``track`` counts from 1; None takes the default track, or the first with sound. ``progress`` counts seconds. Damaged
    audio becomes silence of the same length, with a notice. Raises ``InputError`` if nothing can be decoded, and
    ``ResourceError`` if the machine lacks memory, disk or time. Samples are in an unnamed temporary file mapped into
    memory (230 MB per hour and channel), which is removed with them.
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
    """Decode a stream such as a pipe, see `decode`; it is first copied to an unnamed temporary file."""
    with spool(stream, name) as file:
        return _decode(file, name, limits or Limits(), ReadOptions(track), progress)


def _decode(file: BinaryIO, name: str, limits: Limits, options: ReadOptions, progress: Progress) -> Decoded:
    try:
        result = tempfile.TemporaryFile()  # noqa: SIM115 - closed just below
    except OSError as error:
        raise OutOfDisk(f"no temporary file can be made: {error.strerror}", where=tempfile.gettempdir()) from None
    with result, _decoder(file, result, limits, options) as child:
        return _map(_read_result(child, name, progress), result, name)


def prestart() -> None:
    """Start the process of the next decoding now, so that its imports run meanwhile; it ends with this process."""
    if not _PRESTARTED:
        _PRESTARTED.append(_start())


def _start() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A decoding process, and the socket on which it waits for a recording."""
    paths = [str(Path(__file__).parent.parent.parent), *(path for path in sys.path if path)]
    try:
        parent_end, child_end = socket.socketpair()
        with child_end:
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", PROGRAM, json.dumps(paths)],
                stdin=child_end.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | _ONE_THREAD,
            )
    except OSError as error:
        what = f"the decoder could not be started: {error.strerror}"
        raise ResourceError(what, hint="close other programs, or raise the limits of this session (ulimit)") from None
    return child, parent_end


@contextlib.contextmanager
def _decoder(
    file: BinaryIO, result: BinaryIO, limits: Limits, options: ReadOptions
) -> Iterator[subprocess.Popen[bytes]]:
    """The process that decodes the recording; it is killed at the end of the block."""
    child, line = _PRESTARTED.pop() if _PRESTARTED else _start()
    if child.poll() is not None:  # the prestarted process was killed meanwhile
        with child, line:
            child, line = _start()
    with child, line:
        request = json.dumps({"limits": asdict(limits), "options": asdict(options)}).encode()
        try:
            with contextlib.suppress(OSError):  # a process that did not start sends no message
                socket.send_fds(line, [request], [file.fileno(), result.fileno()])
            yield child
        finally:
            child.kill()


def _read_result(child: subprocess.Popen[bytes], name: str, progress: Progress) -> dict[str, Any]:
    """The result reported by the process; raises the reported error, or the error for its exit status."""
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
    buffer = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while len(buffer) < _MAX_LINE and selector.select(HANG_TIMEOUT):
            data = os.read(child.stdout.fileno(), 65_536)
            if not data:
                return
            *lines, buffer = (buffer + data).split(b"\n")
            yield from (json.loads(line) for line in lines)
    raise InputError(f"makes the decoder hang (no progress for {HANG_TIMEOUT:g} s)", where=name, hint=_CONVERT)


def _exit_error(status: int | None, started: bool, name: str) -> CrosstalkError:
    """The error for a process that ended without a result; a status of None: it is still running."""
    if not started:
        hint = "run `transcribe doctor`"
        return ResourceError(f"the decoder could not be started (status {status})", where=name, hint=hint)
    limit = resource.getrlimit(resource.RLIMIT_CPU)[0]
    if status in (-signal.SIGKILL, -signal.SIGXCPU) and limit != resource.RLIM_INFINITY:
        what = f"decoding ran into the limit on processor time ({limit} s, ulimit -t)"
        return ResourceError(what, where=name, hint="raise the limit: ulimit -t unlimited")
    if status == -signal.SIGXFSZ:
        return unwritable(OSError(errno.EFBIG, os.strerror(errno.EFBIG)), "decoded audio")
    if status == -signal.SIGKILL:
        return OutOfMemory(
            "decoding was killed, probably because memory was exhausted", where=name, hint="free some memory"
        )
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
    channel_samples = samples[length:].reshape(length, channels).T if channels else None
    notices = tuple(Notice(*notice) for notice in answer["notices"])
    audio = Audio(samples[:length], RATE, channel_samples)
    sha256, complete = str(answer["sha256"]), bool(answer["complete"])
    decoded, source, recorded = float(answer["decoded"]), str(answer["source"]), answer["recorded"]
    return Decoded(audio, sha256, complete, notices, decoded, source, str(recorded) if recorded else None)
