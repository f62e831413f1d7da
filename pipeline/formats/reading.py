"""Transcript files read from disk: decoded, parsed by their format, errors naming the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline import formats
from pipeline.errors import FormatError, printable
from pipeline.formats.sessions import Channels
from pipeline.text import read_text
from pipeline.values import Notice, Transcript, Unscored


@dataclass(frozen=True, slots=True)
class TranscriptFile:
    """A transcript file's format and its transcripts by session.

    ``unscored`` times hold nothing to be scored; ``channels`` are the speakers' where the format has them; ``notices``
    say what reading it guessed, repaired or left out.
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
            what = f"one recording was expected, but the file holds {len(self.sessions) or 'none'}{named}"
            raise FormatError(what, where=str(self.path))
        return next(iter(self.sessions))

    def notice_lines(self) -> Iterator[str]:
        """The notices as lines for the terminal."""
        for notice in self.notices:
            yield printable(f"transcribe: {self.path}: warning: {notice.message}")


def read_file(path: Path, kind: str | None = None) -> TranscriptFile:
    """A file of the format ``kind``, by default the one of its suffix; raises `FormatError` naming file and line."""
    kind = kind or formats.guess(path)
    text = read_text(path)
    try:
        sessions = formats.loads_sessions(text.content, kind)
        unscored, channels = formats.unscored(text.content, kind), formats.channels(text.content, kind)
    except FormatError as error:
        raise FormatError(error.what, where=f"{path} {error.where}".strip(), hint=error.hint) from error
    noticed = {name: replace(t, warnings=(*text.notices, *t.warnings)) for name, t in sessions.items()}
    # The other warnings in a JSON transcript are its recording's.
    repaired = tuple(one for one in _flat(sessions) if kind != "json" or one.code == "recomputed")
    return TranscriptFile(path, kind, noticed, unscored, channels, (*text.notices, *repaired))


def read_transcript(path: Path, kind: str | None = None) -> Transcript:
    """The one transcript of a file; raises `FormatError` when it holds another number of them."""
    return read_file(path, kind).transcript


def _flat(sessions: Mapping[str, Transcript]) -> tuple[Notice, ...]:
    """The warnings of all sessions, naming the session where there are several."""
    several = len(sessions) > 1
    return tuple(
        replace(notice, message=f"session {name}: {notice.message}") if several else notice
        for name, transcript in sessions.items()
        for notice in transcript.warnings
    )
