"""One side of a comparison read from files and folders: sessions, each with what its files can know.

Files whose names differ in their suffix only (``m.stm`` and ``m.rttm``) belong to one recording: its words are from the
first of them that has words, its turns from the RTTM where there is one.
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
"""Formats of a recording's files in the order in which a reference's words are taken: what people write comes first."""
HYPOTHESIS = ("json", "ctm", "seglst", "stm", "rttm")
"""The same for a hypothesis: word times before interpolated ones."""
_EVIDENCE: Mapping[str, tuple[Evidence | None, Evidence]] = {
    "stm": ("utterances", "utterances"),
    "seglst": ("utterances", "utterances"),
    "ctm": ("words", "words"),
    "rttm": (None, "turns"),
    "json": ("words", "turns"),
}
"""What the words and the turns of a format are from."""
_OTHER_EVIDENCE: tuple[Evidence, Evidence] = ("utterances", "utterances")
"""The same for a format of another package."""


@dataclass(frozen=True, slots=True)
class Side:
    """The sessions of one side; by session the name of its file (``team/m``); what was noticed while reading."""

    sessions: Mapping[str, Session]
    files: Mapping[str, str]
    notices: tuple[Notice, ...] = ()


@dataclass(slots=True)
class _Recording:
    """A session's name and what each file of the recording holds of it, by format."""

    session: str
    found: dict[str, Session] = field(default_factory=dict)


def read_side(paths: Sequence[Path], order: Sequence[str], kind: str | None = None) -> Side:
    """The sessions in files and in folders, which are searched through for the format ``kind`` or for all known ones.

    A session has the name that its file gives it, or its file's when several files give the same. One of several files
    that names no session is a recording in which nobody speaks. Raises `FormatError` for a file that cannot be read,
    and for a folder without transcripts.
    """
    notices: list[Notice] = []
    recordings: dict[str, _Recording] = {}
    found = [pair for path in paths for pair in _transcripts(path, kind, notices)]
    several = len(found) > 1 or any(path.is_dir() for path in paths)
    for path, name in found:
        file = read_file(path, kind)
        notices += (replace(notice, message=f"{path}: {notice.message}") for notice in file.notices)
        for session, part in _parts(file, name if several else None).items():
            key = f"{name}/{session}" if len(file.sessions) > 1 else name
            while key in recordings and file.kind in recordings[key].found:  # of another folder
                key = f"{path.parent.as_posix()}/{key}"
            recordings.setdefault(key, _Recording(session)).found[file.kind] = part
    counts = Counter(recording.session for recording in recordings.values())
    names = {key: r.session if counts[r.session] == 1 else key for key, r in recordings.items()}
    sessions = {names[key]: combine(recording.found, order) for key, recording in recordings.items()}
    return Side(sessions, {name: key for key, name in names.items()}, tuple(notices))


def read_recording(paths: Sequence[Path], order: Sequence[str]) -> Session:
    """The session of one recording, out of files that hold one session each."""
    found = {}
    for path in paths:
        file = read_file(path)
        found[file.kind] = _parts(file, None)[file.session]
    return combine(found, order)


def combine(found: Mapping[str, Session], order: Sequence[str]) -> Session:
    """One session out of what its files hold, by format; words of the first in ``order`` that has them, see module."""
    ranked = [found[kind] for kind in dict.fromkeys((*order, *sorted(found))) if kind in found]
    words = next((one for one in ranked if one.words is not None), ranked[0])
    turns = words if words.turns == "turns" else found.get("rttm", words)
    transcript = replace(words.transcript, turns=turns.transcript.turns)
    unscored = tuple(sorted({span for one in ranked for span in one.unscored}))
    return Session(transcript, words.words, turns.turns, unscored, {**turns.channels, **words.channels})


def matched(hypothesis: Side, reference: Side) -> dict[str, Session]:
    """The hypothesis's sessions; one that the reference does not know is renamed when their files match by name."""
    free = [name for name in reference.sessions if name not in hypothesis.sessions]
    found: dict[str, Session] = {}
    for name, session in hypothesis.sessions.items():
        aliases = {name, *_aliases(hypothesis.files[name])}
        same = (r for r in free if aliases & {r, *_aliases(reference.files[r])})
        target = name if name in reference.sessions else next(same, name)
        free = [r for r in free if r != target]
        found[target] = session
    return found


def _aliases(file: str) -> set[str]:
    return {file, PurePath(file).name}


def _transcripts(path: Path, kind: str | None, notices: list[Notice]) -> Iterator[tuple[Path, str]]:
    """The transcripts at a path, each with its name without suffix, relative to the folder."""
    if not path.is_dir():
        yield path, formats.stem(path, kind or formats.guess(path))
        return
    kinds = {file: _kind(file) for file in sorted(path.rglob("*")) if _is_visible(file.relative_to(path))}
    known = {file: guessed for file, guessed in kinds.items() if guessed is not None and guessed == (kind or guessed)}
    transcripts = {file: guessed for file, guessed in known.items() if guessed != "json" or _is_transcript(file)}
    if not transcripts:
        suffixes = ", ".join(formats.suffix(name) for name in ([kind] if kind else formats.readable()))
        raise FormatError("holds no transcript", where=str(path), hint=f"known are {suffixes}")
    others = len(known) - len(transcripts)
    if others:
        notices.append(Notice("no_transcript", f"{path}: {others} JSON file(s) that are no transcripts were left out"))
    for file, guessed in transcripts.items():
        yield file, (file.relative_to(path).parent / formats.stem(file, guessed)).as_posix()


def _is_visible(file: PurePath) -> bool:
    return not any(part.startswith(".") for part in file.parts)


def _kind(file: Path) -> str | None:
    """The format of a file in a folder, None for a folder and for what cannot be read."""
    try:
        guessed = formats.guess(file)
    except FormatError:
        return None
    return guessed if guessed in formats.readable() and file.is_file() else None


def _is_transcript(file: Path) -> bool:
    """Whether a JSON file is meant as a transcript: folders also hold analytics, manifests and results."""
    try:
        data = json.loads(read_text(file).content)
    except (FormatError, ValueError, RecursionError):
        return True  # reading it will say what is wrong
    return isinstance(data, dict) and "duration" in data and "version" in data and "utterances" in data


def _parts(file: TranscriptFile, name: str | None) -> dict[str, Session]:
    """The sessions of a file; one without any holds an empty one called ``name``, unless None."""
    words, turns = _EVIDENCE.get(file.kind, _OTHER_EVIDENCE)
    if not file.sessions and name is not None:
        return {PurePath(name).name: Session(Transcript(0.0), words, turns)}
    if file.kind == "json":
        return {session: as_session(transcript) for session, transcript in file.sessions.items()}
    return {
        session: Session(transcript, words, turns, file.unscored.get(session, ()), file.channels.get(session, {}))
        for session, transcript in file.sessions.items()
    }
