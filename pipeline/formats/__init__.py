"""Transcript formats: pure converters between a `Transcript` and the bytes of a file.

Each format is one module that declares a `pipeline.formats.base.Format`; `pipeline.formats.discovery` finds it. In all
functions below a format is given by its name (``srt``) or as ``package.module:FORMAT``. Whatever is written is inert
(see `pipeline.formats.sanitize`): no word and no name can add a row, a cue, a tag or a formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, Unpack

from pipeline.core.errors import FormatError
from pipeline.core.types import Notice, Transcript, Unscored
from pipeline.formats.base import Channels, Format, Options
from pipeline.formats.discovery import built_in, every, get, module_of, names

__all__ = [
    "Format", "Options", "built_in", "channels", "dump", "dumps", "get", "guess", "load", "loads", "loads_sessions",
    "module_of", "names", "readable", "session_of", "stem", "suffix", "unscored",
]  # fmt: skip


def readable() -> tuple[str, ...]:
    """The names of the formats that can be read."""
    return tuple(format_.name for format_ in every() if format_.loads is not None)


def suffix(name: str) -> str:
    """The end of a format's file names: ``.srt``, but ``.seglst.json``."""
    return get(name).suffix


def guess(path: str | PurePath) -> str:
    """The format of a file by its suffix in any case, the longest known one; raises `FormatError` for any other.

    >>> guess("talks/meeting.srt")
    'srt'
    >>> guess("meeting.seglst.json"), guess("meeting.json")
    ('seglst', 'json')
    >>> guess("MEETING.STM")
    'stm'
    """
    file = PurePath(path).name.lower()
    formats = tuple(every())
    fitting = [format_ for format_ in formats if file.endswith(format_.suffix.lower())]
    if not fitting:
        known = ", ".join(format_.suffix for format_ in formats)
        raise FormatError("the suffix belongs to no known format", where=str(path), hint=f"known are {known}")
    return max(fitting, key=lambda format_: len(format_.suffix)).name


def stem(path: str | PurePath, name: str | None = None) -> str:
    """A file's name without the suffix of its format ``name``, by default the one of its suffix.

    >>> stem("talks/UP.SEGLST.JSON")
    'UP'
    >>> stem("talks/meeting.txt", "stm")
    'meeting.txt'
    """
    file, end = PurePath(path).name, suffix(name or guess(path))
    return file[: -len(end)] if file.lower().endswith(end.lower()) and len(file) > len(end) else file


def dumps(transcript: Transcript, name: str, session: str | None = None, **options: Unpack[Options]) -> bytes:
    """The transcript in a format, as the bytes of a file.

    ``session`` names the recording in it, by default by its file's stem. ``options`` say how it is written
    (`pipeline.formats.base.Options`), in the formats that take them.
    """
    format_ = get(name)
    if unknown := options.keys() - Options.__annotations__.keys():
        known = ", ".join(Options.__annotations__)
        raise FormatError(f"no format has the option {min(unknown)!r}", hint=f"there are {known}")
    title = session_of(transcript) if session is None else session
    return format_.dumps(transcript, title, **{key: value for key, value in options.items() if key in format_.options})


def loads(content: str | bytes, name: str) -> Transcript:
    """The one transcript in ``content``; raises `FormatError` when it is malformed or holds another number of them.

    Bytes of a text format are decoded as `pipeline.core.text.decode` does.
    """
    format_ = _readable(name)
    assert format_.loads is not None
    data, notices = _decoded(content, format_)
    return _with_notices(format_.loads(data), notices)


def loads_sessions(content: str | bytes, name: str) -> dict[str, Transcript]:
    """The transcripts in ``content`` by session, in order of first appearance; raises `FormatError`."""
    format_ = _readable(name)
    data, notices = _decoded(content, format_)
    if format_.loads_sessions is not None:
        sessions = format_.loads_sessions(data)
    else:
        assert format_.loads is not None
        transcript = format_.loads(data)
        sessions = {session_of(transcript): transcript}
    return {session: _with_notices(transcript, notices) for session, transcript in sessions.items()}


def unscored(content: str | bytes, name: str) -> dict[str, tuple[Unscored, ...]]:
    """The times that are excluded from scoring in ``content``, by session; `FormatError` as `loads_sessions`."""
    return _called(_readable(name).unscored, content, name)


def channels(content: str | bytes, name: str) -> dict[str, Channels]:
    """The channel of each speaker in ``content``, by session, where the format has channels."""
    return _called(_readable(name).channels, content, name)


def load(path: str | Path, format: str | None = None) -> Transcript:
    """The one transcript in a file, by default in the format of its suffix; raises `FormatError`."""
    from pipeline.formats.reading import read_transcript

    return read_transcript(Path(path), format)


def dump(transcript: Transcript, path: str | Path, format: str | None = None, **options: Unpack[Options]) -> None:
    """Write the transcript to a file, by default in the format of its suffix; an existing file is replaced.

    The file is complete or absent. Raises `FormatError`, or `OutputError` when it cannot be written.
    """
    from pipeline.core.atomic_write import make_folder, write_atomically

    name, target = format or guess(path), Path(path)
    data = dumps(transcript, name, stem(target, name), **options)
    make_folder(target.parent)
    write_atomically(target, data)


def session_of(transcript: Transcript) -> str:
    """The recording's name without folder and suffix; ``recording`` when it is unknown."""
    return (PurePath(transcript.provenance.source).stem if transcript.provenance else "") or "recording"


def _readable(name: str) -> Format:
    format_ = get(name)
    if format_.loads is None:
        raise FormatError(f"the format {name!r} cannot be read", hint=f"readable are {', '.join(readable())}")
    return format_


def _decoded(content: str | bytes, format_: Format) -> tuple[str | bytes, tuple[Notice, ...]]:
    """What the readers of a format take, and the notices of decoding it."""
    if format_.binary or isinstance(content, str):
        return content, ()
    from pipeline.core.text import decode

    text = decode(content)
    return text.content.replace("\r\n", "\n").replace("\r", "\n"), text.notices


def _with_notices(transcript: Transcript, notices: tuple[Notice, ...]) -> Transcript:
    return replace(transcript, notices=(*notices, *transcript.notices)) if notices else transcript


def _called(read: Callable[[Any], dict[str, Any]] | None, content: str | bytes, name: str) -> dict[str, Any]:
    return {} if read is None else read(_decoded(content, get(name))[0])
