"""Errors in a worker as ends of its work: one line without paths for the client, a place in the code for the log."""

from __future__ import annotations

from pipeline.core.atomic_write import as_error_of_unknown_direction
from pipeline.core.errors import BackendError, CrosstalkError, OutOfMemory
from pipeline.server.api_errors import kind_of, problem_of
from pipeline.server.log import LOG, described
from pipeline.server.work import Failed


def failure_of(fault: Exception) -> Failed:
    """The end of work that an exception is."""
    if isinstance(fault, MemoryError):
        fault = OutOfMemory("out of memory", hint="send a shorter excerpt")
    elif isinstance(fault, OSError):
        fault = as_error_of_unknown_direction(fault)
    if not isinstance(fault, CrosstalkError):
        return _unexpected(fault)
    if isinstance(fault, BackendError) and isinstance(fault.__cause__, Exception):
        return _unexpected(fault.__cause__)
    kind = kind_of(fault)
    return Failed(kind, f"file: {problem_of(fault)}" if kind == "recording" else problem_of(fault))


def _unexpected(fault: Exception) -> Failed:
    """The end that an exception of a model or of the program itself is; its text is neither sent nor logged."""
    LOG.error("%s", described(fault))
    return Failed("model", f"a model or the program failed ({type(fault).__name__}); the log of the server says where")
