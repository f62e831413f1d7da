"""Corrections that a new transcript of a recording takes over: from its files, and from the earlier transcript."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline import formats
from pipeline.core.atomic_write import digest_file, is_file
from pipeline.core.errors import CrosstalkError, InputError, OutputExists
from pipeline.core.types import Notice, Transcript
from pipeline.corrections.applying import apply_corrections, require_same_recording
from pipeline.corrections.corrections_file import SUFFIX, CorrectionsFile, load, of_transcript
from pipeline.corrections.counting import misfit_line
from pipeline.formats.files import output_paths
from pipeline.formats.naming import given_names, is_same_recording, with_earlier_names

MAX_LISTED = 3
"""Largest number of corrections that a notice describes. Chosen by hand; the others are in the JSON."""


def path_beside(recording: Path) -> Path:
    """The file of corrections that belongs to a recording: beside it, with its name."""
    return recording.with_name(recording.stem + SUFFIX)


def corrections_of(recording: Path, given: Path | None = None) -> CorrectionsFile | None:
    """The corrections to apply: of the file ``given``, or beside the recording if there are any.

    Raises `FormatError` for a damaged file, and `InputError` where ``given`` is of another recording.
    """
    path = given or path_beside(recording)
    if given is None and not is_file(path):
        return None
    file = load(path)
    if given and is_file(recording):
        require_same_recording(file, digest_file(recording))
    return file


def refuse_loss(recording: Path, stem: str, folder: Path) -> None:
    """Raise `OutputExists` where the folder's JSON has corrections or names of a recording with another content."""
    earlier = _earlier(stem, folder)
    if earlier is None or not (earlier.corrections or given_names(earlier)) or not is_file(recording):
        return
    if earlier.provenance and earlier.provenance.sha256 != digest_file(recording):
        (path,) = output_paths(stem, folder, ["json"])
        hint = "write elsewhere with --output-dir, or give them up with --overwrite"
        raise OutputExists("holds corrections, and the recording has another content now", where=str(path), hint=hint)


def digest_of(recording: Path) -> str:
    """A hash of the corrections beside the recording; empty without any."""
    path = path_beside(recording)
    return digest_file(path) if is_file(path) else ""


def corrected(transcript: Transcript, stem: str, folder: Path, file: CorrectionsFile | None = None) -> Transcript:
    """The new transcript with the corrections and names of the folder's JSON of the same recording, then of ``file``.

    What does not fit is in the ledger with the reason, and in a notice. Corrections of another recording beside this
    one are not applied, which a notice says.
    """
    earlier = _earlier(stem, folder)
    if earlier is not None and is_same_recording(transcript, earlier):
        transcript = with_earlier_names(apply_corrections(transcript, of_transcript(earlier)), earlier)
    if file is not None:
        try:
            transcript = apply_corrections(transcript, file)
        except InputError as error:
            notice = Notice("corrections_of_another_recording", f"{error.what}; they were not applied")
            transcript = _with_notice(transcript, notice)
    return with_misfits(transcript)


def _earlier(stem: str, folder: Path) -> Transcript | None:
    """The folder's JSON transcript of this name; None without one, or where it is no transcript."""
    (path,) = output_paths(stem, folder, ["json"])
    try:
        return formats.load(path, "json") if path.is_file() else None
    except CrosstalkError:  # a file that is no transcript holds no corrections
        return None


def with_misfits(transcript: Transcript) -> Transcript:
    """The transcript with a notice about the corrections of its ledger that do not fit."""
    misfits = [each for each in transcript.corrections if each.problem is not None]
    if not misfits:
        return transcript
    listed = "; ".join(misfit_line(each) for each in misfits[:MAX_LISTED])
    more = f"; and {len(misfits) - MAX_LISTED} more" if len(misfits) > MAX_LISTED else ""
    message = f"{len(misfits)} of {len(transcript.corrections)} corrections do not fit: {listed}{more}"
    return _with_notice(transcript, Notice("corrections_not_applied", message))


def _with_notice(transcript: Transcript, notice: Notice) -> Transcript:
    return replace(transcript, notices=(*transcript.notices, notice))
