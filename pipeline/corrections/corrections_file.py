"""The file of corrections, ``STEM.corrections.json``: what a person changed in the transcript of one recording.

    {"version": "crosstalk-corrections/1",
     "recording": {"source": "meeting.m4a", "sha256": "2b7e…", "duration": 61.3},
     "speakers": {"SPEAKER_00": [[0.5, 2.1], [7.25, 9.0]]},
     "corrections": [{"operation": "text", "speaker": "SPEAKER_00", "start": 1.2, "end": 1.5, "before": "that",
                      "after": "thank"}]}

``speakers`` holds the turns of every label in seconds: in a transcript with other labels, they show who is meant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.core.correction import ITEM_KINDS, Correction
from pipeline.core.errors import FormatError
from pipeline.core.serialization import DataError, from_plain, to_plain
from pipeline.core.text import read_text
from pipeline.core.timeline import by_speaker, turns_of, union
from pipeline.core.types import Span, Transcript

VERSION = "crosstalk-corrections/1"
SUFFIX = ".corrections.json"
MAX_CORRECTIONS = 100_000
"""Largest number of corrections in a file. Chosen by hand, ten for each word of an hour: more is no person's work."""


@dataclass(frozen=True, slots=True)
class CorrectedRecording:
    """The recording whose transcript was corrected."""

    source: str = ""
    """Name of the recording file."""
    sha256: str | None = None
    """Hash of the recording file; null where it is not known."""
    duration: float | None = None
    """Length in seconds."""


@dataclass(frozen=True, slots=True)
class CorrectionsFile:
    """The corrections of one transcript, in the order in which they were made."""

    recording: CorrectedRecording = field(default_factory=CorrectedRecording)
    """The recording."""
    speakers: Mapping[str, tuple[tuple[float, ...], ...]] = field(default_factory=dict)
    """Start and end of the turns of each label, in seconds."""
    corrections: tuple[Correction, ...] = ()
    """The corrections."""

    def spans(self) -> dict[str, tuple[Span, ...]]:
        """The speech of each label."""
        return {label: union(Span(start, end) for start, end in turns) for label, turns in self.speakers.items()}


def of_transcript(transcript: Transcript) -> CorrectionsFile:
    """The corrections that a transcript has already."""
    origin = transcript.provenance
    return CorrectionsFile(
        CorrectedRecording(origin.source if origin else "", origin.sha256 if origin else None, transcript.duration),
        {s: tuple((t.start, t.end) for t in turns) for s, turns in by_speaker(turns_of(transcript)).items()},
        transcript.corrections,
    )


def load(path: Path) -> CorrectionsFile:
    """The corrections of a file; raises `FormatError` naming the file and the place in it."""
    text = read_text(path).content
    try:
        return loads(text)
    except FormatError as error:
        raise FormatError(error.what, where=f"{path} {error.where}".strip(), hint=error.hint) from error


def loads(text: str) -> CorrectionsFile:
    """The corrections in the text of a file; raises `FormatError` naming the place."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}", hint="download the corrections again") from error
    version = data.pop("version", None) if isinstance(data, dict) else None
    if version != VERSION:
        raise FormatError(f"version: is not {VERSION!r}: this is no file of corrections")
    try:
        result: CorrectionsFile = from_plain(CorrectionsFile, data)
    except DataError as error:
        raise FormatError(error.line(quote=False), hint=error.hint) from error
    _check(result)
    return result


def dumps(corrections: CorrectionsFile) -> str:
    """The text of a file of corrections: a line for each correction."""
    plain: dict[str, Any] = to_plain(corrections, compact=True)
    lines = ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in plain.pop("corrections", []))
    head = json.dumps({"version": VERSION, **plain}, ensure_ascii=False)[:-1]
    return f'{head},\n "corrections": [\n  {lines}\n ]}}\n'


def _check(file: CorrectionsFile) -> None:
    """`FormatError` for values of the right type that make no sense."""
    if len(file.corrections) > MAX_CORRECTIONS:
        raise FormatError(f"corrections: {len(file.corrections)} of them, more than {MAX_CORRECTIONS}")
    for label, turns in file.speakers.items():
        for i, turn in enumerate(turns):
            if len(turn) != 2 or not 0 <= turn[0] < turn[1]:
                raise FormatError(f"speakers.{label}[{i}]: {list(turn)} is not start and end of a turn")
    for i, each in enumerate(file.corrections):
        if not 0 <= each.start <= each.end:
            raise FormatError(f"corrections[{i}]: {each.start:g} to {each.end:g} s is no span of time")
        if each.before and not each.before.strip():
            raise FormatError(f"corrections[{i}].before: holds nothing but spaces")
        if each.operation in ("name", "assign") and not each.after.strip():
            raise FormatError(f"corrections[{i}].after: is empty, where a speaker is expected")
        if each.operation in ("include", "exclude"):
            _check_item(each, f"corrections[{i}]")


def _check_item(correction: Correction, place: str) -> None:
    """`FormatError` where a correction of the minutes has no words, or no kind of item."""
    if correction.after not in ITEM_KINDS:
        hint = f"known are {', '.join(ITEM_KINDS)}"
        raise FormatError(f"{place}.after: {correction.after!r} is no kind of item", hint=hint)
    if not correction.before:
        raise FormatError(f"{place}.before: is empty, where words are expected")
