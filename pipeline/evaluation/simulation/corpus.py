"""Voices to make meetings of: recordings of one speaker each, found in a folder or a CSV, cut into passages."""

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
"""Samples in 10 ms: passages start, end and are placed on this grid, so that times with two decimals are exact."""

_RANGE_DB = 35.0
_FLAT_DB = 6.0
_FAINT_DB = 6.0
_PAUSE = 30
_RIM = 10
_BLIP = 8
_SILENT_DB = -119.0


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, or its part ``start`` to ``end`` seconds, in which one speaker talks; ``text`` None when not known."""

    path: Path
    speaker: str
    text: str | None = None
    start: float = 0.0
    end: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """What can be put into a meeting: samples at 16 kHz without silence at the ends, a whole number of ticks long.

    ``source`` names the file and the sample it was taken from.
    """

    speaker: str
    samples: Samples
    text: str | None
    source: str

    @property
    def ticks(self) -> int:
        return len(self.samples) // TICK


Voices = Mapping[str, tuple[Recording, ...]]


def find_voices(where: Path) -> dict[str, tuple[Recording, ...]]:
    """The recordings of each speaker, sorted, in one of three layouts; no audio is read.

    A CSV with the columns path, speaker, text and optionally start, end (seconds), paths relative to it; LibriSpeech's
    ``speaker/chapter/*.flac`` with ``*.trans.txt``; or a folder of ``SPEAKER-anything.flac`` (or wav), texts not known.
    Raises `FormatError` when there is none of these.
    """
    found = list(_from_csv(where) if where.is_file() else _from_folder(where))
    if not found:
        raise FormatError(
            "no voices here", where=str(where), hint="give LibriSpeech's layout, SPEAKER-name.flac files, or a CSV"
        )
    voices: dict[str, list[Recording]] = {}
    for recording in sorted(found, key=lambda r: (r.speaker, str(r.path), r.start)):
        if not recording.speaker or set(recording.speaker) & set("/\\\0"):
            raise FormatError(f"{recording.speaker!r} cannot name a speaker's file", where=str(recording.path))
        voices.setdefault(recording.speaker, []).append(recording)
    return {speaker: tuple(recordings) for speaker, recordings in voices.items()}


def passages(recording: Recording, rng: np.random.Generator) -> tuple[Passage, ...]:
    """The recording without its silence: one passage when the text is known, else cut at pauses into about 1 to 8 s.

    Words cannot be divided without their times, so a known text stays whole. Pauses of over 0.3 s are shortened to
    0.2 s and the ends are trimmed, so that a passage, and the turn it makes, is speech throughout. Raises `FormatError`
    for an unreadable file.
    """
    samples, offset = _read(recording)
    level = _level(samples)
    islands = _islands(level)
    pieces = [islands] * bool(islands) if recording.text is not None else _joined(islands, rng)
    return tuple(
        Passage(
            recording.speaker,
            np.concatenate([samples[start * TICK : end * TICK] for start, end in piece]),
            recording.text,
            f"{recording.path.name}@{offset + piece[0][0] / 100:.2f}",
        )
        for piece in (_trimmed(piece, level) for piece in pieces)
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
                hint = "columns: path, speaker, text, and optionally start, end in seconds"
                raise FormatError(f"bad row {number}: {error}", where=str(path), hint=hint) from error


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
    """The power of every tick in dB."""
    frames = samples[: len(samples) // TICK * TICK].reshape(-1, TICK).astype(np.float64)
    level: NDArray[np.float64] = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    return level


def _islands(level: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Stretches of speech in ticks, with 0.1 s of rim on either side, where pauses last at least 0.3 s.

    Speech is what lies above a third of the way, in dB, from the recording's own floor (5th percentile) to its top
    (95th), and at most 35 dB below that; all of it where the two are less than 6 dB apart.
    """
    if not (level > _SILENT_DB).any():
        return []
    floor, top = np.percentile(level, (5, 95))
    threshold = max(top - _RANGE_DB, floor + (top - floor) / 3) if top - floor > _FLAT_DB else -np.inf
    loud = np.flatnonzero(level > threshold)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > _PAUSE) + 1)
    return [(max(0, int(g[0]) - _RIM), min(len(level), int(g[-1]) + 1 + _RIM)) for g in groups if len(g) >= _BLIP]


def _trimmed(piece: list[tuple[int, int]], level: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The islands without what is silent at the very ends: less than 6 dB above the recording's floor."""
    heard = level > np.percentile(level, 5) + _FAINT_DB
    first, last = np.flatnonzero(heard[slice(*piece[0])]), np.flatnonzero(heard[slice(*piece[-1])])
    if not len(first) or not len(last):
        return piece
    begin, end = piece[0][0] + int(first[0]), piece[-1][0] + int(last[-1]) + 1
    return [(begin, end)] if len(piece) == 1 else [(begin, piece[0][1]), *piece[1:-1], (piece[-1][0], end)]


def _joined(islands: list[tuple[int, int]], rng: np.random.Generator) -> Iterator[list[tuple[int, int]]]:
    """Neighbouring islands, as many as last 1 to 8 s together; shorter than that only what stands alone."""
    while islands:
        longest = 100 + int(700 * rng.random())
        piece = [islands.pop(0)]
        while islands and sum(end - start for start, end in [*piece, islands[0]]) <= longest:
            piece.append(islands.pop(0))
        yield piece
