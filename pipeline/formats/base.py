"""The declaration of a transcript format: everything the program knows about a format is in one `Format` object.

A format is one module with a module-level ``FORMAT``. A text format renders a string and encodes it with `encoded`:

    def dumps(transcript: Transcript, session: str) -> str:
        return "".join(f"{clean(u.speaker)}: {clean(u.text)}\\n" for u in transcript.utterances)

    FORMAT = Format("lines", ".lines", encoded(dumps))

Text from a recording is untrusted. Pass every word and name through `pipeline.formats.sanitize` and escape what the
format interprets, so that no text can add a row, a cue, a tag or a formula.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypedDict

from pipeline.core.types import Transcript, Unscored

SUFFIX_BYTES = 16
"""Maximum length of a format's suffix in bytes.

The longest suffix of a result today is ``.analytics.json`` with 15 bytes. File names are shortened so that every suffix
of this length fits into the file system's limit; a larger value shortens more names."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

Channels = Mapping[str, str]
"""The channel of each speaker, in capitals; speakers on several channels are left out."""
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Sound:
    """The recording beside a transcript, for a format that plays it: embedded, linked, or missing for a reason."""

    content: bytes = b""
    """An audio file to embed; empty where the sound is linked or missing."""
    media_type: str = ""
    """Media type of ``content``, such as ``audio/mp4``."""
    link: str = ""
    """Address of the recording, relative to the file that is written; empty where the sound is not linked."""
    peaks: bytes = b""
    """The waveform: the largest magnitude in each `PEAK_SECONDS`, 0 to 255 (full scale); empty where it is missing."""
    missing: str = ""
    """Why there is no sound, for people."""


PEAK_SECONDS = 0.05
"""Seconds of sound per value of a waveform. Chosen by hand: 3 values per syllable; shorter ones make larger files."""


class Options(TypedDict, total=False):
    """How a transcript is written. A format takes those that it declares (`Format.options`); the others are ignored."""

    mark_doubts: bool
    """Whether doubtful passages are marked (see `pipeline.core.doubts`)."""
    overlap_cues: bool
    """Whether subtitles of different speakers may be shown at the same time; by default they are."""
    speaker_names: bool
    """Whether subtitles name their speakers; by default they do."""
    per_speaker: bool
    """Whether `pipeline.formats.files.write` also writes one subtitle file for each speaker; by default it does not."""
    table: bool
    """Whether the conversation of a document is a table; by default it consists of paragraphs."""
    sound: Sound
    """The recording."""
    save: str
    """Address on the server that made a page, to which it sends corrections; by default a page sends nothing."""


@dataclass(frozen=True, slots=True)
class Format:
    """A transcript format: its name, its files' suffix, and the functions that write and read it."""

    name: str
    """The name in ``--format``."""
    suffix: str
    """The end of its file names, with the dot: ``.srt``. At most `SUFFIX_BYTES` long."""
    dumps: Callable[..., bytes]
    """``dumps(transcript, session) -> bytes``: the file's content; ``session`` is the recording's name.

    It also takes the keywords in ``options``. Equal arguments give equal bytes."""
    loads: Callable[[Any], Transcript] | None = None
    """``loads(content) -> Transcript``: the one transcript in a file's content; raises `FormatError`.

    ``content`` is the file's text, or its bytes where ``binary`` is set. None: the format cannot be read."""
    loads_sessions: Callable[[Any], dict[str, Transcript]] | None = None
    """``loads_sessions(content)``: the transcripts by session, for a format that may hold several recordings."""
    version: int = 1
    """Raised by hand when the same transcript gives other bytes than before; part of the key of finished work."""
    options: tuple[str, ...] = ()
    """The keys of `Options` that ``dumps`` takes as keywords."""
    per_speaker: bool = False
    """Whether the option ``per_speaker`` applies: files of single speakers are useful."""
    help: str = ""
    """One sentence on what the format holds."""
    binary: bool = False
    """Whether reading takes the file's bytes; by default it takes the decoded text."""
    unscored: Callable[[Any], dict[str, tuple[Unscored, ...]]] | None = None
    """``unscored(content)``: the times that are excluded from scoring, by session."""
    sound_in: Callable[[bytes], Sound] | None = None
    """``sound_in(content)``: the sound of a file of this format, for writing it again."""
    channels: Callable[[Any], dict[str, Channels]] | None = None
    """``channels(content)``: the channel of each speaker, by session."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"the name of a format consists of letters, digits and '_.-', not {self.name!r}")
        long = len(self.suffix.encode()) > SUFFIX_BYTES
        if long or len(self.suffix) < 2 or not self.suffix.startswith(".") or set(self.suffix) & set("/\0"):
            message = f"the suffix of a format begins with a dot and has at most {SUFFIX_BYTES} bytes"
            raise ValueError(f"{message}, not {self.suffix!r}")
        if unknown := set(self.options) - Options.__annotations__.keys():
            raise ValueError(f"the options of a format are {', '.join(Options.__annotations__)}, not {unknown.pop()!r}")


def encoded(render: Callable[P, str]) -> Callable[P, bytes]:
    """A function that returns text as one that returns UTF-8; undecodable bytes of file names are kept as they are."""

    @functools.wraps(render)
    def dumps(*args: P.args, **kwargs: P.kwargs) -> bytes:
        return render(*args, **kwargs).encode("utf-8", "surrogateescape")

    return dumps
