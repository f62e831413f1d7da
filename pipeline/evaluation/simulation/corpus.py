"""Single-speaker recordings for simulated meetings, from a folder or a CSV, and their division into passages."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import FormatError
from pipeline.core.text import read_text

TICK = RATE // 100
"""Samples in 10 ms. Passages start, end and are placed on this grid, so that times with two decimals are exact."""

_MAX_RANGE_DB = 35.0
"""Maximum distance of the speech threshold from the level of speech (95th percentile), in dB. Chosen by hand; a higher
value keeps quieter speech in recordings with little noise."""
_FLAT_DB = 6.0
"""Difference between speech and noise level, in dB, up to which all of a recording is speech. Chosen by hand."""
_EDGE_DB = 6.0
"""Level above the noise, in dB, needed by the first and last tick of a passage. Chosen by hand; higher
values trim more."""
_MIN_PAUSE = 30
"""Minimum length of a pause in ticks. Chosen by hand; a lower value cuts recordings into shorter passages."""
_MARGIN = 10
"""Ticks kept before and after speech. Chosen by hand; a lower value can cut soft sounds at the edges of words."""
_MIN_SPEECH = 8
"""Minimum number of ticks above the threshold in a segment of speech. Chosen by hand; drops clicks."""
_SILENT_DB = -119.0
"""Level up to which a tick is digital silence, in dB: just above the 1e-12 (-120 dB) that avoids log of zero."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, or a range of it in seconds, with speech of one speaker; ``text`` is None if unknown."""

    path: Path
    speaker: str
    text: str | None = None
    start: float = 0.0
    end: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """Speech for a meeting: samples at 16 kHz, a whole number of ticks, without silence at the ends.

    ``source``: the file and the second at which the passage starts in it.
    """

    speaker: str
    samples: Samples
    text: str | None
    source: str

    @property
    def ticks(self) -> int:
        return len(self.samples) // TICK


Speakers = Mapping[str, tuple[Recording, ...]]
"""Recordings by speaker."""


def find_speakers(where: Path) -> dict[str, tuple[Recording, ...]]:
    """The recordings of each speaker, sorted. No audio is read.

    Three layouts: a CSV with the columns path (relative to the CSV), speaker, text and optionally start, end in
    seconds; ``speaker/chapter/*.flac`` with ``*.trans.txt`` as in LibriSpeech; a folder of ``SPEAKER-anything.flac``
    or ``.wav``, without texts. Raises `FormatError` if there are no recordings.
    """
    recordings = list(_from_csv(where) if where.is_file() else _from_folder(where))
    if not recordings:
        hint = "give a folder in LibriSpeech's layout, a folder of SPEAKER-name.flac files, or a CSV"
        raise FormatError("contains no recordings of single speakers", where=str(where), hint=hint)
    by_speaker: dict[str, list[Recording]] = {}
    for recording in sorted(recordings, key=lambda r: (r.speaker, str(r.path), r.start)):
        if not recording.speaker or set(recording.speaker) & set("/\\\0"):
            raise FormatError(f"speaker name {recording.speaker!r} cannot be a file name", where=str(recording.path))
        by_speaker.setdefault(recording.speaker, []).append(recording)
    return {speaker: tuple(recordings) for speaker, recordings in by_speaker.items()}


def passages(recording: Recording, rng: np.random.Generator) -> tuple[Passage, ...]:
    """The speech of a recording: one passage if its text is known, else passages of about 1 to 8 s, cut at pauses.

    A text without word times cannot be divided. Pauses longer than 0.3 s are shortened to 0.2 s and the ends are
    trimmed, so that a passage contains only speech. Raises `FormatError` for an unreadable file.
    """
    samples, offset = _read(recording)
    level = _level(samples)
    segments = _speech_segments(level)
    groups = [segments] * bool(segments) if recording.text is not None else _grouped(segments, rng)
    return tuple(
        Passage(
            recording.speaker,
            np.concatenate([samples[start * TICK : end * TICK] for start, end in group]),
            recording.text,
            f"{recording.path.name}@{offset + group[0][0] / 100:.2f}",
        )
        for group in (_trimmed(group, level) for group in groups)
    )


def _from_csv(path: Path) -> Iterator[Recording]:
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                yield Recording(
                    path.parent / row["path"],
                    row["speaker"],
                    row.get("text") or None,
                    float(row.get("start") or 0),
                    float(row["end"]) if row.get("end") else None,
                )
            except (KeyError, ValueError, TypeError) as error:
                hint = "the columns are path, speaker, text, and optionally start and end in seconds"
                raise FormatError(f"line {number}: {error}", where=str(path), hint=hint) from error


def _from_folder(folder: Path) -> Iterator[Recording]:
    for path in sorted(folder.glob("*/*/*.flac")):
        texts = _transcripts(path.parent)
        if path.stem in texts:
            yield Recording(path, path.parent.parent.name, texts[path.stem])
    for path in sorted([*folder.glob("*.flac"), *folder.glob("*.wav")]):
        speaker, dash, _ = path.stem.partition("-")
        if dash:
            yield Recording(path, speaker)


def _transcripts(chapter: Path) -> dict[str, str]:
    lines = (line for file in sorted(chapter.glob("*.trans.txt")) for line in read_text(file).content.splitlines())
    return {name: text for name, _, text in (line.partition(" ") for line in lines)}


def _read(recording: Recording) -> tuple[Samples, float]:
    try:
        with soundfile.SoundFile(recording.path) as file:
            rate = int(file.samplerate)
            file.seek(round(recording.start * rate))
            count = -1 if recording.end is None else round((recording.end - recording.start) * rate)
            samples: NDArray[np.float64] = file.read(count, dtype="float64", always_2d=True).mean(axis=1)
    except (OSError, soundfile.SoundFileError, ValueError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(recording.path)) from error
    if rate != RATE:
        step = gcd(rate, RATE)
        samples = resample_poly(samples, RATE // step, rate // step)
    return samples.astype(np.float32), recording.start


def _level(samples: Samples) -> NDArray[np.float64]:
    """Power of each tick in dB; shape (ticks,)."""
    frames = samples[: len(samples) // TICK * TICK].reshape(-1, TICK).astype(np.float64)  # (ticks, TICK)
    level: NDArray[np.float64] = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    return level


def _speech_segments(level: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Segments of speech in ticks, separated by pauses of at least 0.3 s, with a margin of 0.1 s on each side.

    The threshold is a third of the distance in dB from the noise level (5th percentile) to the speech level (95th),
    and at most 35 dB below the speech level. If the two differ by less than 6 dB, everything is speech.
    """
    if not (level > _SILENT_DB).any():
        return []
    floor, top = np.percentile(level, (5, 95))
    threshold = max(top - _MAX_RANGE_DB, floor + (top - floor) / 3) if top - floor > _FLAT_DB else -np.inf
    loud = np.flatnonzero(level > threshold)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > _MIN_PAUSE) + 1)
    return [
        (max(0, int(g[0]) - _MARGIN), min(len(level), int(g[-1]) + 1 + _MARGIN))
        for g in groups
        if len(g) >= _MIN_SPEECH
    ]


def _trimmed(group: list[tuple[int, int]], level: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The segments without ticks at both ends that are less than 6 dB above the noise level."""
    audible = level > np.percentile(level, 5) + _EDGE_DB
    first, last = np.flatnonzero(audible[slice(*group[0])]), np.flatnonzero(audible[slice(*group[-1])])
    if not len(first) or not len(last):
        return group
    start, end = group[0][0] + int(first[0]), group[-1][0] + int(last[-1]) + 1
    return [(start, end)] if len(group) == 1 else [(start, group[0][1]), *group[1:-1], (group[-1][0], end)]


def _grouped(segments: list[tuple[int, int]], rng: np.random.Generator) -> Iterator[list[tuple[int, int]]]:
    """Groups of consecutive segments with a total length up to a random limit of 1 to 8 s, or of one longer segment."""
    while segments:
        limit = 100 + int(700 * rng.random())
        group = [segments.pop(0)]
        while segments and sum(end - start for start, end in [*group, segments[0]]) <= limit:
            group.append(segments.pop(0))
        yield group
