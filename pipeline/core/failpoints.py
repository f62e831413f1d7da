"""Named places where a test lets a run fail: ``CROSSTALK_FAILPOINT=name:action[:count]``; without it they do nothing.

Actions: ``kill`` (as by kill -9), ``exit``, ``raise`` (a backend's error), ``nospace`` (the disk is full); with a
count, when the place is reached for that time.
"""

from __future__ import annotations

import errno
import os
import signal
from collections import Counter

from pipeline.core.errors import BackendError

VARIABLE = "CROSSTALK_FAILPOINT"
EXIT_CODE = 70
_reached: Counter[str] = Counter()


def hit(name: str) -> None:
    """Go on, or fail as the environment says."""
    armed = os.environ.get(VARIABLE)
    if not armed:
        return
    place, action, *count = armed.split(":")
    if place != name:
        return
    _reached[name] += 1
    if _reached[name] == int(count[0] if count else 1):
        _fail(name, action)


def _fail(name: str, action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "exit":
        raise SystemExit(EXIT_CODE)
    if action == "nospace":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    raise BackendError(f"failed on purpose at {name}")
