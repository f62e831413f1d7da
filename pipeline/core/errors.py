"""The errors of this package, as a tree; each branch has its exit code.

    CrosstalkError
    ├── SettingsError        1  the command line, a setting or a configuration file is wrong
    │   ├── FormatError      1  a transcript file cannot be read or a format is unknown
    │   └── OutputExists     1  a file that this program did not write is in the way of a result
    ├── InputError           2  the recording is refused
    │   ├── ReadError        2  the recording is there but cannot be read now (rights, disk, network)
    │   └── CannotRedact     6  something cannot be redacted or verified: nothing is written
    ├── ResourceError        5  the machine lacks something; resumable once it is there
    │   ├── MissingModel     5  weights are not installed; the hint is the command that downloads them
    │   ├── BadModel         5  weights differ from their pinned hash, or are of another kind
    │   ├── OutOfMemory      5
    │   └── OutputError      5  a result cannot be written
    │       └── OutOfDisk    5
    └── BackendError         5  a model failed on this recording
        └── CannotSeparate   5  a separator declines a region, which keeps the mixture; never ends a run

Exit codes 3 and 4 (some, all of a batch failed) and 130, 143 (interrupted) belong to the command line.
"""

from __future__ import annotations

from collections.abc import Sequence

SOME_FAILED, ALL_FAILED = 3, 4
"""Exit codes of a command over several recordings."""


class CrosstalkError(Exception):
    """An error with a problem (``what``), a place (``where``) and advice (``hint``), in one line for the user."""

    exit_code = 1
    affects_all = False
    """Whether every other recording would fail in the same way, so that a batch stops."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__(self.line)

    @property
    def line(self) -> str:
        """``where: what; hint``: one line, control characters made visible."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        return printable(f"{text}; {self.hint}" if self.hint else text)


class SettingsError(CrosstalkError):
    """The command line, a setting or a configuration file is wrong."""


class FormatError(SettingsError):
    """A transcript file cannot be read, or a format is not known."""


class OutputExists(SettingsError):
    """A file that this program did not write is in the way of a result."""


class InputError(CrosstalkError):
    """The recording is refused."""

    exit_code = 2


class ReadError(InputError):
    """The recording is there but cannot be read now: rights, disk or network. A later try may succeed."""


class CannotRedact(InputError):
    """Something in the recording cannot be redacted, or it cannot be verified that it was: nothing is written."""

    exit_code = 6


class ResourceError(CrosstalkError):
    """The machine lacks something: models, memory or disk. Running again resumes."""

    exit_code = 5


class MissingModel(ResourceError):
    """Weights are not on this machine; the hint is the command that downloads them."""

    affects_all = True


class BadModel(ResourceError):
    """Weights differ from their pinned hash, or are of another kind."""

    affects_all = True


class OutOfMemory(ResourceError):
    """Memory ran out."""


class OutputError(ResourceError):
    """A result cannot be written: rights, a read-only or failing disk, something in the way. Running again resumes."""


class OutOfDisk(OutputError):
    """The disk is full."""

    affects_all = True


class BackendError(CrosstalkError):
    """A model failed on this recording."""

    exit_code = 5


class CannotSeparate(BackendError):
    """A separator declines a region, for example without single-speaker speech to train on: the mixture is kept."""


def printable(text: str) -> str:
    """``text`` with control characters and undecodable bytes escaped, so that no file name can control a terminal."""
    safe = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in safe)


def is_gpu_out_of_memory(error: Exception) -> bool:
    """Whether this is torch's or CTranslate2's error for exhausted GPU memory."""
    return type(error).__name__ == "OutOfMemoryError" or (
        isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
    )


def exit_code_of(failures: Sequence[bool], total: int) -> int:
    """The exit code of ``total`` recordings; ``failures`` has, for each failure, whether the machine lacked a resource.

    5 when all failures did (running again resumes), else 3 when some recordings failed and 4 when all did.
    """
    if not failures:
        return 0
    if all(failures):
        return ResourceError.exit_code
    return ALL_FAILED if len(failures) == total else SOME_FAILED
