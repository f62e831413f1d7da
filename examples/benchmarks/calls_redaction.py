"""Redaction of constructed calls: planted items that are left in the words, in files, and in the redacted sound."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.benchmarks import data
from examples.benchmarks.calls_survivors import files_with, leftovers, needles, words_of
from pipeline import Transcriber, Transcript, media
from pipeline.config.schema import Config, assign
from pipeline.core.audio import RATE
from pipeline.core.errors import CannotRedact
from pipeline.core.events import no_progress
from pipeline.core.output_record import OutputRecord
from pipeline.core.types import Word
from pipeline.formats import files
from pipeline.redaction.outputs import Target, write
from pipeline.redaction.redacting import Redacted, redact
from pipeline.redaction.settings import RedactionSettings
from pipeline.redaction.types import KINDS, Redaction

if TYPE_CHECKING:
    from examples.benchmarks.calls_bench import Call
    from pipeline.models.protocols import Recognizer

OUT = data.WORK / "calls" / "redacted"
"""Where the redacted calls go, those of each half in a folder; each run replaces them."""
SECRET = ("card", "cvv")
"""The kinds of which nothing may be left anywhere."""
PLACES = ("words", "files", "sound")
"""Where planted items may be left."""
FORMATS = ("json", "txt", "html", "md", "srt", "tsv", "docx", "ctm", "textgrid", "minutes-json")
"""Formats that are written and searched."""
CONTROL = "without-words"
"""Folder and name of a transcript without words, in the same formats."""
WINDOW, STEP = 28, 20
"""Seconds of sound that are recognized at once, and from one such window to the next: they overlap."""


@dataclass(slots=True)
class _Counts:
    """Counts by kind, and what was left in each place."""

    planted: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    sound: Counter[str] = field(default_factory=Counter)
    redactions: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def left(self, place: str, kind: str, call: str, words: Iterable[str]) -> None:
        """Count an item of which words are left."""
        if words := [*words]:
            getattr(self, place)[kind] += 1
            self.examples.append(f"{call}, {kind}, {place}: {' '.join(words)}")


def measure(calls: Sequence[Call], assigned: Mapping[str, Transcript], out: Path, sound: bool) -> dict[str, Any]:
    """Redact each call, also where it is refused as incomplete, and count what is left of what was planted."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    recognizer = Transcriber(assign(Config(), {"runtime.threads": 1})).models.recognizer if sound else None
    counts = _Counts()
    files.write(Transcript(1.0), CONTROL, out / CONTROL, FORMATS, OutputRecord(out / CONTROL, CONTROL))
    for call in calls:
        _measure(call, assigned[call.name], out, recognizer, counts)
    rows = [
        {
            "kind": kind,
            "planted": counts.planted[kind],
            "left_in_words": counts.words[kind],
            "left_in_files": counts.files[kind],
            "left_in_sound": counts.sound[kind] if sound else None,
            "redactions": counts.redactions[kind],
            "false": counts.false[kind],
        }
        for kind in KINDS
        if counts.planted[kind] or counts.redactions[kind]
    ]
    return {"calls": len(calls), "refused": counts.refused, "rows": rows, "examples": counts.examples}


def _measure(call: Call, transcript: Transcript, out: Path, recognizer: Recognizer | None, counts: _Counts) -> None:
    result = _redacted(call, transcript, recognizer, counts)
    folder = out / call.name
    _write(result, folder, call.name)
    before, after = words_of(transcript), words_of(result.transcript)
    again = _recognized(folder, result, recognizer) if recognizer else []
    for item in call.truth["planted"]:
        kind = item["kind"]
        counts.planted[kind] += 1
        counts.left("words", kind, call.name, leftovers(item, after))
        found = files_with(folder, needles(item, before), out / CONTROL)
        counts.left("files", kind, call.name, [f"{name}: {', '.join(hits)}" for name, hits in found.items()])
        counts.left("sound", kind, call.name, leftovers(item, again))
    for redaction in result.plan.redactions:
        counts.redactions[redaction.kind] += 1
        counts.false[redaction.kind] += not any(_overlaps(item, redaction) for item in call.truth["planted"])


def _overlaps(item: Mapping[str, Any], redaction: Redaction) -> bool:
    return bool(item["start"] < redaction.end and redaction.start < item["end"])


def _redacted(call: Call, transcript: Transcript, recognizer: Recognizer | None, counts: _Counts) -> Redacted:
    """The redacted call; one that is refused is counted, and redacted as far as it goes."""
    recording = call.audio if recognizer else None

    def given() -> Recognizer:
        assert recognizer is not None
        return recognizer

    try:
        return redact(transcript, RedactionSettings(KINDS, sound=recognizer is not None), recording, given, call.name)
    except CannotRedact as error:
        counts.refused.append(str(error))
        settings = RedactionSettings(KINDS, sound=recognizer is not None, incomplete=True)
        return redact(transcript, settings, recording, given, call.name)


def _write(result: Redacted, folder: Path, name: str) -> None:
    settings = RedactionSettings(result.plan.kinds, incomplete=True)
    target = Target(folder, name, name, FORMATS)
    for _ in write(result, settings, target, OutputRecord(folder, name)):
        pass


def _recognized(folder: Path, result: Redacted, recognizer: Recognizer) -> list[Word]:
    """The words that are recognized in each channel of the redacted sound."""
    path = next(folder.glob("*.redacted.*"))
    _, decode = media.open_input(path)
    audio = decode(no_progress).audio
    channels = [audio.samples] if audio.channels is None else list(audio.channels)
    language = result.transcript.language or "en"
    words: list[Word] = []
    for samples in channels:
        for first in range(0, len(samples), STEP * RATE):
            (found,) = recognizer.recognize([samples[first : first + WINDOW * RATE]], language)
            words += [replace(word, start=word.start + first / RATE, end=word.end + first / RATE) for word in found]
    return words


def as_table(figures: Mapping[str, Any]) -> str:
    """A Markdown table by kind."""
    heads = ("kind", "planted", "left in words", "in files", "in sound", "redactions", "of nothing planted")
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in figures["rows"]:
        lines.append("| " + " | ".join("–" if value is None else str(value) for value in row.values()) + " |")
    refused = f"{len(figures['refused'])} of {figures['calls']} calls"
    lines.append(f"\nRefused as incomplete, and counted as with `--allow-incomplete`: {refused}.")
    return "\n".join(lines)


def in_all(parts: Sequence[Mapping[str, Any]]) -> str:
    """A sentence on what may not be left, in all calls together."""
    rows = [row for part in parts for row in part["rows"] if row["kind"] in SECRET]
    measured = [place for place in PLACES if all(row[f"left_in_{place}"] is not None for row in rows)]
    left = ", ".join(f"{sum(row[f'left_in_{place}'] for row in rows)} in {place}" for place in measured)
    planted, calls = sum(row["planted"] for row in rows), sum(part["calls"] for part in parts)
    return f"Card numbers and security codes in all {calls} measured calls: {planted} planted; left: {left}."
