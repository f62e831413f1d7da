"""Read one side of a comparison, reference or hypothesis, from files and folders.

Files whose names differ only in the suffix (``m.stm`` and ``m.rttm``) belong to one recording: its words come from the
first file with words, its turns from the RTTM if there is one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from pipeline import formats
from pipeline.core.errors import FormatError
from pipeline.core.text import read_text
from pipeline.core.types import Notice, Transcript
from pipeline.evaluation.metrics.scoring import Evidence, Session, as_session
from pipeline.formats.reading import TranscriptFile, read_file

REFERENCE = ("stm", "seglst", "ctm", "json", "rttm")
"""Formats in the order in which the words of a reference are looked for: formats written by annotators come first."""
HYPOTHESIS = ("json", "ctm", "seglst", "stm", "rttm")
"""The same for a hypothesis: formats with word times come before formats whose word times are interpolated."""
_EVIDENCE: Mapping[str, tuple[Evidence | None, Evidence]] = {
    "stm": ("utterances", "utterances"),
    "seglst": ("utterances", "utterances"),
    "ctm": ("words", "words"),
    "rttm": (None, "turns"),
    "json": ("words", "turns"),
}
"""The evidence for words and for turns in each format, see `Session`."""
_OTHER_EVIDENCE: tuple[Evidence, Evidence] = ("utterances", "utterances")
"""The same for a format of another package."""


@dataclass(frozen=True, slots=True)
class Side:
    """The sessions of one side, the name of each session's file (``team/m``), and the notices of reading."""

    sessions: Mapping[str, Session]
    files: Mapping[str, str]
    notices: tuple[Notice, ...] = ()


@dataclass(slots=True)
class _Recording:
    """The name of a session, and the session as each file of the recording has it, by format."""

    session: str
    by_format: dict[str, Session] = field(default_factory=dict)


def read_side(paths: Sequence[Path], order: Sequence[str], kind: str | None = None) -> Side:
    """The sessions in files and folders. Folders are searched recursively for the format ``kind``, or for all formats.

    A session has the name given in its file, or the name of its file if several files give the same name. If there are
    several files, one without a session name is a recording without speech. Raises `FormatError` for a file that cannot
    be read, and for a folder without transcripts.
    """
    notices: list[Notice] = []
    recordings: dict[str, _Recording] = {}
    transcripts = [pair for path in paths for pair in _transcripts(path, kind, notices)]
    several = len(transcripts) > 1 or any(path.is_dir() for path in paths)
    for path, name in transcripts:
        file = read_file(path, kind)
        notices += (replace(notice, message=f"{path}: {notice.message}") for notice in file.notices)
        for name_in_file, session in _sessions(file, name if several else None).items():
            key = f"{name}/{name_in_file}" if len(file.sessions) > 1 else name
            while key in recordings and file.kind in recordings[key].by_format:  # same name in another folder
                key = f"{path.parent.as_posix()}/{key}"
            recordings.setdefault(key, _Recording(name_in_file)).by_format[file.kind] = session
    counts = Counter(recording.session for recording in recordings.values())
    names = {key: r.session if counts[r.session] == 1 else key for key, r in recordings.items()}
    sessions = {names[key]: combine(recording.by_format, order) for key, recording in recordings.items()}
    return Side(sessions, {name: key for key, name in names.items()}, tuple(notices))


def read_recording(paths: Sequence[Path], order: Sequence[str]) -> Session:
    """The session of one recording from files with one session each."""
    by_format = {}
    for path in paths:
        file = read_file(path)
        by_format[file.kind] = _sessions(file, None)[file.session]
    return combine(by_format, order)


def combine(by_format: Mapping[str, Session], order: Sequence[str]) -> Session:
    """One session from its files by format, with the words of the first format in ``order`` that has words."""
    ranked = [by_format[kind] for kind in dict.fromkeys((*order, *sorted(by_format))) if kind in by_format]
    words = next((one for one in ranked if one.words is not None), ranked[0])
    turns = words if words.turns == "turns" else by_format.get("rttm", words)
    duration = max(words.transcript.duration, turns.transcript.duration)  # files end with their last line
    transcript = replace(words.transcript, turns=turns.transcript.turns, duration=duration)
    unscored = tuple(sorted({span for one in ranked for span in one.unscored}))
    return Session(transcript, words.words, turns.turns, unscored, {**turns.channels, **words.channels})


def match_sessions(hypothesis: Side, reference: Side) -> dict[str, Session]:
    """The hypothesis sessions by reference name; sessions with unknown names are matched by file name."""
    unmatched = [name for name in reference.sessions if name not in hypothesis.sessions]
    sessions: dict[str, Session] = {}
    for name, session in hypothesis.sessions.items():
        aliases = {name, *_aliases(hypothesis.files[name])}
        same = (r for r in unmatched if aliases & {r, *_aliases(reference.files[r])})
        target = name if name in reference.sessions else next(same, name)
        unmatched = [r for r in unmatched if r != target]
        sessions[target] = session
    return sessions


def _aliases(file: str) -> set[str]:
    return {file, PurePath(file).name}


def _transcripts(path: Path, kind: str | None, notices: list[Notice]) -> Iterator[tuple[Path, str]]:
    """The transcript files at a path, each with its name relative to the folder, without suffix."""
    if not path.is_dir():
        yield path, formats.stem(path, kind or formats.guess(path))
        return
    guesses = {file: _kind(file) for file in sorted(path.rglob("*")) if _is_visible(file.relative_to(path))}
    readable = {file: guess for file, guess in guesses.items() if guess is not None and guess == (kind or guess)}
    transcripts = {file: guess for file, guess in readable.items() if guess != "json" or _is_transcript(file)}
    if not transcripts:
        suffixes = ", ".join(formats.suffix(name) for name in ([kind] if kind else formats.readable()))
        raise FormatError("contains no transcript", where=str(path), hint=f"readable formats: {suffixes}")
    others = len(readable) - len(transcripts)
    if others:
        notices.append(Notice("no_transcript", f"{path}: skipped {others} JSON file(s) that are not transcripts"))
    for file, guess in transcripts.items():
        yield file, (file.relative_to(path).parent / formats.stem(file, guess)).as_posix()


def _is_visible(file: PurePath) -> bool:
    return not any(part.startswith(".") for part in file.parts)


def _kind(file: Path) -> str | None:
    """The format of a file in a folder; None for a folder and for an unreadable format."""
    try:
        guess = formats.guess(file)
    except FormatError:
        return None
    return guess if guess in formats.readable() and file.is_file() else None


def _is_transcript(file: Path) -> bool:
    """Whether a JSON file is a transcript; folders also contain analytics, manifests and results."""
    try:
        data = json.loads(read_text(file).content)
    except (FormatError, ValueError, RecursionError):
        return True  # the reader reports the error
    return isinstance(data, dict) and "duration" in data and "version" in data and "utterances" in data


def _sessions(file: TranscriptFile, name: str | None) -> dict[str, Session]:
    """The sessions of a file; for a file without sessions an empty session ``name``, unless None."""
    words, turns = _EVIDENCE.get(file.kind, _OTHER_EVIDENCE)
    if not file.sessions and name is not None:
        return {PurePath(name).name: Session(Transcript(0.0), words, turns)}
    if file.kind == "json":
        return {session: as_session(transcript) for session, transcript in file.sessions.items()}
    return {
        session: Session(transcript, words, turns, file.unscored.get(session, ()), file.channels.get(session, {}))
        for session, transcript in file.sessions.items()
    }
