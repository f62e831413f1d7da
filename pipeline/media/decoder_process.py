"""The process in which untrusted bytes are decoded: it limits itself, answers in JSON, and dies alone.

Once its modules are loaded it waits to be handed two open files, the recording and one for the samples; from then on it
can open nothing more, neither file nor socket (`RLIMIT_NOFILE` 0). Memory and processor time grow with the length that
the packets promise.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import resource
import signal
import socket
import struct
from pathlib import Path
from typing import Any

from pipeline.core.audio import RATE
from pipeline.core.errors import CrosstalkError, InputError, OutOfMemory
from pipeline.core.events import no_progress
from pipeline.media import Decoded, Limits, ReadOptions
from pipeline.media.decoder import Decode, decode_open
from pipeline.media.opening import unwritable

_MEMORY = 1 << 30  # bytes beyond what the modules take; a lying header gets no more
_SECONDS = 10.0
_BYTES_A_SECOND = 20e6
_TIMES_REAL_TIME = 25  # of one channel; what is usual is several hundred
_BEAT = 0.5  # seconds
_SAMPLE = 4  # bytes
_PIECE = 1 << 20


def main(decode: Decode = decode_open) -> None:
    """Decode what `pipeline.media.isolated_decoder` hands over, and say how it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    _load_all()
    recording, result, limits, options = _receive()
    budget = Budget(os.fstat(recording).st_size)
    _send(started=True)
    try:
        file = os.fdopen(recording, "rb", 1 << 20)
        _start_heartbeat()
        decoded = decode(file, "", limits, lambda done, total: _send(progress=(done, total)), budget.expect, options)
        answer = _deliver(decoded, result)
        _stop_heartbeat()
        _send(decoded=answer)
    except MemoryError:
        _refuse(budget.out_of_memory())
    except CrosstalkError as error:
        _refuse(error)
    except Exception as error:
        _refuse(InputError(f"makes the decoder fail ({type(error).__name__})", hint="convert it to WAV or FLAC"))


def _load_all() -> None:
    """Decode a little, trusted, because PyAV loads some of its modules only then."""
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 364, b"WAVEfmt ", 16, 1, 2, 8000, 32_000, 4, 16, b"data", 320)
    decode_open(io.BytesIO(head + bytes(320)), "", Limits(), no_progress, lambda seconds, channels: None)


def _receive() -> tuple[int, int, Limits, ReadOptions]:
    """The recording, the file for its samples, and how to read it; ends the process when the parent ends first."""
    with socket.socket(fileno=0) as line:
        request, files, _, _ = socket.recv_fds(line, 1 << 16, 2)
    if len(files) != 2:
        os._exit(0)
    asked = json.loads(request)
    return files[0], files[1], Limits(**asked["limits"]), ReadOptions(**asked["options"])


class Budget:
    """What this process may use: little at first, more when the packets promise a long recording."""

    def __init__(self, size: int) -> None:
        self._seconds = _SECONDS + size / _BYTES_A_SECOND
        self._memory = _mapped() + _MEMORY
        _limit(resource.RLIMIT_CORE, 0, hard=0)
        _limit(resource.RLIMIT_NOFILE, 0, hard=0)
        _limit(resource.RLIMIT_CPU, round(self._seconds))
        self._wanted = self._memory
        _limit(resource.RLIMIT_AS, self._memory)

    def expect(self, seconds: float, channels: int) -> None:
        """The recording seems to be so long: its tape, which grows by a quarter, and twice its mix have to fit."""
        _limit(resource.RLIMIT_CPU, round(self._seconds + seconds * channels / _TIMES_REAL_TIME))
        self._wanted = self._memory + round(seconds * RATE * _SAMPLE * (1.3 * channels + 2))
        _limit(resource.RLIMIT_AS, self._wanted)

    def out_of_memory(self) -> CrosstalkError:
        """Whose fault it is that memory ran out: the limit this process was given, or the recording's."""
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        if hard != resource.RLIM_INFINITY and hard < self._wanted:
            what = f"decoding needs more memory than the limit of this session allows ({hard >> 20} MiB, ulimit -v)"
            return OutOfMemory(what, hint="raise the limit: ulimit -v unlimited")
        return InputError("needs more memory than a recording of its length", hint="convert it to WAV or FLAC")


def _limit(what: int, soft: int, hard: int | None = None) -> None:
    with contextlib.suppress(ValueError, OSError):  # not every system knows every limit
        resource.setrlimit(what, (soft, resource.getrlimit(what)[1] if hard is None else hard))


def _mapped() -> int:
    """Bytes of address space in use; Linux tells."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


def _start_heartbeat() -> None:
    """Tell the parent from now on that Python still runs; within a codec that hangs, it does not."""
    signal.signal(signal.SIGALRM, lambda number, frame: _send(alive=True))
    signal.setitimer(signal.ITIMER_REAL, _BEAT, _BEAT)


def _stop_heartbeat() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)


def _deliver(decoded: Decoded, result: int) -> dict[str, Any]:
    """Write the samples, then those of the channels (interleaved); what else there is to know goes into the answer."""
    audio = decoded.audio
    try:
        with os.fdopen(result, "wb") as file:
            for samples in (audio.samples,) if audio.channels is None else (audio.samples, audio.channels.T):
                for at in range(0, len(samples), _PIECE):
                    file.write(samples[at : at + _PIECE].data)  # ndarray.tofile opens a descriptor of its own
    except OSError as error:
        raise unwritable(error, "decoded audio") from None
    return {
        "length": len(audio.samples),
        "channels": 0 if audio.channels is None else len(audio.channels),
        "sha256": decoded.sha256,
        "complete": decoded.complete,
        "decoded": decoded.decoded,
        "source": decoded.source,
        "notices": [dataclasses.astuple(notice) for notice in decoded.notices],
    }


def _refuse(error: CrosstalkError) -> None:
    _stop_heartbeat()
    _send(refused=(type(error).__name__, error.what, error.hint))


def _send(**message: Any) -> None:
    line = json.dumps(message).encode() + b"\n"
    try:
        while line:
            line = line[os.write(1, line) :]
    except BrokenPipeError:
        os._exit(1)  # nobody listens any more; an error raised from a signal could get lost
