"""Transcript files on disk: read, decoded and parsed by their format; errors name the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline import formats
from pipeline.core.errors import FormatError, printable
from pipeline.core.text import read_text
from pipeline.core.types import Notice, Transcript, Unscored
from pipeline.formats.base import Channels


@dataclass(frozen=True, slots=True)
class TranscriptFile:
    """A transcript file's format ``kind`` and its transcripts by session.

    ``unscored`` are the times excluded from scoring, ``channels`` the speakers' channels where the format has them;
    ``notices`` report what was guessed, repaired or left out.
    """

    path: Path
    kind: str
    sessions: Mapping[str, Transcript]
    unscored: Mapping[str, tuple[Unscored, ...]] = field(default_factory=dict)
    channels: Mapping[str, Channels] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    @property
    def transcript(self) -> Transcript:
        """The one transcript of the file; raises `FormatError` when it holds another number of them."""
        return self.sessions[self.session]

    @property
    def session(self) -> str:
        """The name of the file's one session; raises `FormatError` when it holds another number of them."""
        if len(self.sessions) != 1:
            named = f" ({', '.join(list(self.sessions)[:3])}, ...)" if self.sessions else ""
            what = f"expected one recording, found {len(self.sessions)}{named}"
            raise FormatError(what, where=str(self.path))
        return next(iter(self.sessions))

    def notice_lines(self) -> Iterator[str]:
        """The notices as lines for the terminal."""
        for notice in self.notices:
            yield printable(f"transcribe: {self.path}: warning: {notice.message}")


def read_file(path: Path, kind: str | None = None) -> TranscriptFile:
    """A file of the format ``kind``, by default the one of its suffix; raises `FormatError` naming file and line."""
    kind = kind or formats.guess(path)
    content, notices = _content(path, kind)
    try:
        sessions = formats.loads_sessions(content, kind)
        unscored, channels = formats.unscored(content, kind), formats.channels(content, kind)
    except FormatError as error:
        raise FormatError(error.what, where=f"{path} {error.where}".strip(), hint=error.hint) from error
    noticed = {name: replace(t, notices=(*notices, *t.notices)) for name, t in sessions.items()}
    # A JSON transcript also holds the notices of its recording, which do not concern the file.
    repairs = tuple(notice for notice in _flat(sessions) if kind != "json" or notice.code == "recomputed")
    return TranscriptFile(path, kind, noticed, unscored, channels, (*notices, *repairs))


def read_transcript(path: Path, kind: str | None = None) -> Transcript:
    """The one transcript of a file; raises `FormatError` when it holds another number of them."""
    return read_file(path, kind).transcript


def _content(path: Path, kind: str) -> tuple[str | bytes, tuple[Notice, ...]]:
    """A file's text, or its bytes in a binary format, with the notices of decoding it."""
    if not formats.get(kind).binary:
        text = read_text(path)
        return text.content, text.notices
    try:
        return path.read_bytes(), ()
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _flat(sessions: Mapping[str, Transcript]) -> tuple[Notice, ...]:
    """The notices of all sessions, naming the session where there are several."""
    several = len(sessions) > 1
    return tuple(
        replace(notice, message=f"session {name}: {notice.message}") if several else notice
        for name, transcript in sessions.items()
        for notice in transcript.notices
    )
