"""The log of a server: standard error, a line with the time for each entry; no words, names or queries."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Final

LOG: Final = logging.getLogger("crosstalk.server")
"""The log of a server and of its workers."""


def log_to_standard_error() -> None:
    """Send the log of this process to its error output, which a worker shares with its server."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(_without_traceback)
    for log, level in ((LOG, logging.INFO), (logging.getLogger("uvicorn.error"), logging.WARNING)):
        log.addHandler(handler)
        log.setLevel(level)
        log.propagate = False


def _without_traceback(record: logging.LogRecord) -> bool:
    """Keep an entry to its line: a traceback has paths, and may have words of a recording."""
    record.exc_info = record.exc_text = None
    return True


def described(fault: Exception) -> str:
    """The class of an exception and the line that raised it; its text may have words of a recording."""
    frames = traceback.extract_tb(fault.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}{where}"
