"""Failpoints: named places where a test makes a run fail, by ``CROSSTALK_FAILPOINT=name:action[:count]``.

Actions: ``kill`` (SIGKILL), ``exit``, ``raise`` (`BackendError`), ``nospace`` (the disk is full). With a ``count``, the
action is taken at that pass of the place. Without the variable, failpoints do nothing.
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
    """Take the action that the environment names for this place, if any."""
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
