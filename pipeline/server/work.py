"""What a worker process is asked for, what it reports meanwhile, and how that ends: picklable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.config.schema import Config
from pipeline.core.errors import InputError

ReplyFormat = Literal["json", "verbose_json", "diarized_json", "text", "srt", "vtt"]
"""The formats of the audio API."""
FailureKind = Literal["recording", "request", "machine", "model", "limit", "crash"]
"""Why there is no result: the recording or the request is refused; the machine lacks something; a model failed; a limit
of time was exceeded; the worker died."""
TRANSCRIPT = "transcript.json"
"""The transcript in a folder of work, in the package's JSON format."""
REPLY = "reply"
"""The body of the answer in a folder of work."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer that a client of the audio API asked for."""

    format: ReplyFormat = "json"
    stream: bool = False
    """Whether it is server-sent events."""
    words: bool = False
    """Whether ``verbose_json`` has words."""
    segments: bool = True
    """Whether ``verbose_json`` has segments."""
    logprobs: bool = False
    """Whether ``json`` has log probabilities."""


@dataclass(frozen=True, slots=True)
class Work:
    """A recording to transcribe: ``recording`` lies in ``folder``, where the results go; ``name`` is what clients see.

    With a ``reply``, the body of the answer is written too.
    """

    id: str
    folder: Path
    recording: Path
    name: str
    config: Config
    reply: Reply | None = None


def require_unmoved(recording: Path, folder: Path) -> None:
    """Raise `InputError` where a recording outside ``folder`` is not at its place any more, or is a link now.

    The paths of the operator's recordings had no links when they were accepted.
    """
    if not recording.is_relative_to(folder) and recording.resolve() != recording:
        raise InputError("the recording is not at its place in the server's folder any more")


@dataclass(frozen=True, slots=True)
class Rendering:
    """A finished transcript to write in ``format``: ``folder`` has the transcript, ``target`` is the file to write, to
    whose name the suffix of the format is added.

    ``corrections`` is a file of corrections to apply first. Pages embed ``recording``.
    """

    id: str
    folder: Path
    recording: Path
    name: str
    format: str
    target: Path
    corrections: Path | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The work waits; ``position`` others are before it."""

    position: int


@dataclass(frozen=True, slots=True)
class Started:
    """A worker begins; ``attempt`` counts from 1."""

    attempt: int


@dataclass(frozen=True, slots=True)
class StageProgress:
    """A stage has done ``done`` of ``total`` units (0: unknown); ``duration`` of the recording in seconds, if known."""

    stage: str
    done: float = 0.0
    total: float = 0.0
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The end of work with a result: ``duration`` of the recording and ``seconds`` of work, by stage too."""

    duration: float = 0.0
    seconds: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    """The codes of the transcript's notices."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The end of work without a result; ``message`` is one line for the client."""

    kind: FailureKind
    message: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The end of work that was cancelled."""


End = Done | Failed | Cancelled
Update = Waiting | Started | StageProgress | Done | Failed | Cancelled
