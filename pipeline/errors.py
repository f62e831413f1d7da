"""Everything that can go wrong, as a tree; each branch has its exit code.

    CrosstalkError
    ├── SettingsError        1  the command line, a setting or a configuration file is wrong
    │   ├── FormatError      1  a transcript file cannot be read or a format is unknown
    │   └── OutputExists     1  a file that this program did not write is in the way of a result
    ├── InputError           2  the recording is refused: what, why, what to do
    ├── ResourceError        5  the machine lacks something; resumable once it is there
    │   ├── MissingModel     5  weights are not here; names the command that fetches them
    │   ├── BadModel         5  weights are not what was pinned
    │   ├── OutOfMemory      5
    │   └── OutOfDisk        5
    └── BackendError         5  a model failed on this recording
        └── CannotSeparate   5  a separator declines a mixture, which is kept; never ends a run

Exit codes 3 and 4 (some, all of a batch failed) and 130, 143 (interrupted) belong to the command line.
"""

from __future__ import annotations


class CrosstalkError(Exception):
    """What went wrong, where, and what to do next, in one line fit for the user."""

    exit_code = 1

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


class ResourceError(CrosstalkError):
    """The machine lacks something: models, memory or disk. Running again resumes."""

    exit_code = 5


class MissingModel(ResourceError):
    """Weights are not on this machine; the hint names the one command that fetches them."""


class BadModel(ResourceError):
    """Weights differ from their pinned hash, or are not of the expected kind."""


class OutOfMemory(ResourceError):
    """Memory ran out."""


class OutOfDisk(ResourceError):
    """The disk is full or cannot be written."""


class BackendError(CrosstalkError):
    """A model failed on this recording."""

    exit_code = 5


class CannotSeparate(BackendError):
    """A separator declines a mixture that is beyond it, such as for want of solo speech: the mixture is kept."""


def printable(text: str) -> str:
    """``text`` with control characters and undecodable bytes escaped, so that no file name can drive a terminal."""
    safe = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in safe)
