"""Transcripts as text: a table of formats, each a pure converter at the border of the pipeline.

A format is a module with ``dumps(transcript, session) -> str``; one that can be read has ``loads(text) -> Transcript``,
one that may hold several recordings ``loads_sessions(text) -> dict[str, Transcript]`` too, and one that can mark times
as not to be scored ``unscored(text)``. Files are read by `pipeline.formats.reading`. What is written is inert (see
`pipeline.formats.sanitize`): no word and no name can add a row, a cue, a tag or a formula.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath
from types import ModuleType

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Unscored
from pipeline.formats.segments import Channels

_MODULES = {
    "txt": "pipeline.formats.text",
    "md": "pipeline.formats.markdown",
    "srt": "pipeline.formats.srt",
    "vtt": "pipeline.formats.vtt",
    "json": "pipeline.formats.crosstalk_json",
    "rttm": "pipeline.formats.rttm",
    "ctm": "pipeline.formats.ctm",
    "stm": "pipeline.formats.stm",
    "seglst": "pipeline.formats.seglst",
    "tsv": "pipeline.formats.tsv",
    "csv": "pipeline.formats.csv_",
    "labels": "pipeline.formats.labels",
}
MARKED = ("txt", "md", "srt", "vtt")
"""Formats in which doubtful passages can be marked (see `pipeline.core.doubts`)."""
_READABLE = ("json", "rttm", "ctm", "stm", "seglst")


def names() -> tuple[str, ...]:
    """Every format that can be written."""
    return tuple(_MODULES)


def readable() -> tuple[str, ...]:
    """Every format that can be read."""
    return _READABLE


def suffix(name: str) -> str:
    """What a file of the format is called after the recording's stem: ``.srt``, but ``.seglst.json``."""
    _known(name, names())
    return ".seglst.json" if name == "seglst" else f".{name}"


def module_of(name: str) -> str:
    """The module that writes a format."""
    return _MODULES[_known(name, names())]


def guess(path: str | PurePath) -> str:
    """The format that a file's suffix stands for; raises `FormatError` for any other."""
    file = PurePath(path).name.lower()
    for name in sorted(names(), key=lambda name: -len(suffix(name))):
        if file.endswith(suffix(name)):
            return name
    known = ", ".join(suffix(name) for name in names())
    raise FormatError("no format is known by this suffix", where=str(path), hint=f"known are {known}")


def stem(path: str | PurePath, name: str) -> str:
    """A file's name without the suffix of its format, in whatever case it is written (``UP.SEGLST.JSON``: ``UP``)."""
    file, end = PurePath(path).name, suffix(name)
    return file[: -len(end)] if file.lower().endswith(end) and len(file) > len(end) else file


def dumps(transcript: Transcript, name: str, session: str | None = None, mark_doubts: bool = False) -> str:
    """The transcript in a format; ``session`` names the recording in it, by default by its file's stem.

    ``mark_doubts`` marks what somebody should check, in the formats that people read (`MARKED`).
    """
    module, title = _module(name, names()), session_of(transcript) if session is None else session
    if not mark_doubts or name not in MARKED:
        text: str = module.dumps(transcript, title)
        return text
    from pipeline.core.doubts import with_marks
    from pipeline.formats.checklist import as_text

    marked: str = module.dumps(with_marks(transcript), title)
    return marked + as_text(transcript) if name == "txt" else marked


def loads(text: str, name: str) -> Transcript:
    """The one transcript in ``text``; raises `FormatError` when it is malformed or holds another number of them."""
    transcript: Transcript = _module(name, readable()).loads(text)
    return transcript


def loads_sessions(text: str, name: str) -> dict[str, Transcript]:
    """The transcripts in ``text`` by session, in order of first appearance; raises `FormatError`."""
    module = _module(name, readable())
    if not hasattr(module, "loads_sessions"):
        transcript = loads(text, name)
        return {session_of(transcript): transcript}
    sessions: dict[str, Transcript] = module.loads_sessions(text)
    return sessions


def unscored(text: str, name: str) -> dict[str, tuple[Unscored, ...]]:
    """Where nothing is to be scored in the transcripts of ``text``, by session; `FormatError` as `loads_sessions`."""
    module = _module(name, readable())
    marked: dict[str, tuple[Unscored, ...]] = module.unscored(text) if hasattr(module, "unscored") else {}
    return marked


def channels(text: str, name: str) -> dict[str, Channels]:
    """The channel of each speaker in the transcripts of ``text``, by session, where the format has channels."""
    module = _module(name, readable())
    found: dict[str, Channels] = module.channels(text) if hasattr(module, "channels") else {}
    return found


def session_of(transcript: Transcript) -> str:
    """The recording's name without folder and suffix; ``recording`` when nothing is known of it."""
    return (PurePath(transcript.provenance.source).stem if transcript.provenance else "") or "recording"


def _module(name: str, among: tuple[str, ...]) -> ModuleType:
    return import_module(_MODULES[_known(name, among)])


def _known(name: str, among: tuple[str, ...]) -> str:
    if name not in among:
        verb = "read" if name in _MODULES else "known"
        raise FormatError(f"format {name!r} cannot be {verb}", hint=f"one of {', '.join(among)}")
    return name
