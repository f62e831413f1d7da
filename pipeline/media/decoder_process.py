"""The process that decodes untrusted bytes: it limits its resources and reports in JSON lines.

After its imports it waits for two open files, the recording and one for the samples. From then on it cannot open files
or sockets (`RLIMIT_NOFILE` 0). The limits on memory and processor time grow with the length given by the packets.
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

_MEMORY = 1 << 30
"""Bytes of address space beyond the imports. Chosen by hand; a false header cannot allocate more."""
_CPU_SECONDS = 10.0
"""Processor time, in seconds, of every recording. Chosen by hand; lower values refuse short, complex files."""
_BYTES_PER_SECOND = 20e6
"""Bytes of a file for which one more second of processor time is allowed. Chosen by hand."""
_TIMES_REAL_TIME = 25
"""Minimum speed of decoding one channel, relative to its duration. Usual are several hundred; higher values refuse
recordings on slow machines."""
_HEARTBEAT = 0.5
"""Seconds between two signs of life; well below `isolated_decoder.HANG_TIMEOUT`."""
_SAMPLE_BYTES = 4
_WRITE_SAMPLES = 1 << 20


def main(decode: Decode = decode_open) -> None:
    """Decode the recording sent by `pipeline.media.isolated_decoder`, and report the result."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent terminates this process
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
    """Decode a short trusted recording, because PyAV imports some modules only then."""
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 364, b"WAVEfmt ", 16, 1, 2, 8000, 32_000, 4, 16, b"data", 320)
    decode_open(io.BytesIO(head + bytes(320)), "", Limits(), no_progress, lambda seconds, channels: None)


def _receive() -> tuple[int, int, Limits, ReadOptions]:
    """Descriptors of the recording and of the file for samples, and options; exits if the parent is gone."""
    with socket.socket(fileno=0) as line:
        request, files, _, _ = socket.recv_fds(line, 1 << 16, 2)
    if len(files) != 2:
        os._exit(0)
    options = json.loads(request)
    return files[0], files[1], Limits(**options["limits"]), ReadOptions(**options["options"])


class Budget:
    """The limits of this process: small at first, raised by the expected length of the recording."""

    def __init__(self, size: int) -> None:
        self._seconds = _CPU_SECONDS + size / _BYTES_PER_SECOND
        self._memory = _mapped() + _MEMORY
        _limit(resource.RLIMIT_CORE, 0, hard=0)
        _limit(resource.RLIMIT_NOFILE, 0, hard=0)
        _limit(resource.RLIMIT_CPU, round(self._seconds))
        self._address_space = self._memory
        _limit(resource.RLIMIT_AS, self._memory)

    def expect(self, seconds: float, channels: int) -> None:
        """Raise the limits for the expected length: the sample buffer, which grows by a quarter, and twice the mix."""
        _limit(resource.RLIMIT_CPU, round(self._seconds + seconds * channels / _TIMES_REAL_TIME))
        self._address_space = self._memory + round(seconds * RATE * _SAMPLE_BYTES * (1.3 * channels + 2))
        _limit(resource.RLIMIT_AS, self._address_space)

    def out_of_memory(self) -> CrosstalkError:
        """The error for exhausted memory: caused by the limit of the session or by the recording."""
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        if hard != resource.RLIM_INFINITY and hard < self._address_space:
            message = f"decoding needs more memory than the limit of this session ({hard >> 20} MiB, ulimit -v)"
            return OutOfMemory(message, hint="raise the limit: ulimit -v unlimited")
        return InputError("needs more memory than a recording of its length", hint="convert it to WAV or FLAC")


def _limit(resource_id: int, soft: int, hard: int | None = None) -> None:
    with contextlib.suppress(ValueError, OSError):  # not all systems have all limits
        resource.setrlimit(resource_id, (soft, resource.getrlimit(resource_id)[1] if hard is None else hard))


def _mapped() -> int:
    """Bytes of address space in use; a default if the system is not Linux."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


def _start_heartbeat() -> None:
    """Report to the parent at intervals that Python runs; during a call of a codec that hangs it does not."""
    signal.signal(signal.SIGALRM, lambda number, frame: _send(alive=True))
    signal.setitimer(signal.ITIMER_REAL, _HEARTBEAT, _HEARTBEAT)


def _stop_heartbeat() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)


def _deliver(decoded: Decoded, result: int) -> dict[str, Any]:
    """Write the samples of the mix, then those of the channels (interleaved); returns the rest of the result."""
    audio = decoded.audio
    try:
        with os.fdopen(result, "wb") as file:
            for samples in (audio.samples,) if audio.channels is None else (audio.samples, audio.channels.T):
                for at in range(0, len(samples), _WRITE_SAMPLES):
                    file.write(samples[at : at + _WRITE_SAMPLES].data)  # ndarray.tofile would open another descriptor
    except OSError as error:
        raise unwritable(error, "decoded audio") from None
    return {
        "length": len(audio.samples),
        "channels": 0 if audio.channels is None else len(audio.channels),
        "sha256": decoded.sha256,
        "complete": decoded.complete,
        "decoded": decoded.decoded,
        "source": decoded.source,
        "recorded": decoded.recorded,
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
        os._exit(1)  # the parent is gone; an exception in a signal handler could be lost
