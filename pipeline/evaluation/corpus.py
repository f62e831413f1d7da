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

from pipeline.audio import RATE, Samples
from pipeline.errors import FormatError

TICK = RATE // 100
"""Samples in 10 ms: passages start, end and are placed on this grid, so that times with two decimals are exact."""

_QUIET_DB = 35.0
_PAUSE = 25
_SHORTEST = 30


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
    """The recording without silence at its ends: one passage when the text is known, else cut at pauses into 1 to 8 s.

    Words cannot be divided without their times, so a known text stays whole. Silence is what lies 35 dB below the
    loudest 10 ms. Raises `FormatError` for an unreadable file.
    """
    samples, offset = _read(recording)
    islands = _islands(samples)
    if recording.text is not None:
        islands = [(islands[0][0], islands[-1][1])] if islands else []
    else:
        islands = list(_joined(islands, rng))
    return tuple(
        Passage(
            recording.speaker,
            samples[start * TICK : end * TICK],
            recording.text,
            f"{recording.path.name}@{offset + start / 100:.2f}",
        )
        for start, end in islands
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
    lines = (line for file in sorted(chapter.glob("*.trans.txt")) for line in file.read_text("utf-8").splitlines())
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


def _islands(samples: Samples) -> list[tuple[int, int]]:
    """Stretches of speech in ticks, apart by at least a quarter of a second, with 50 ms of rim."""
    frames = samples[: len(samples) // TICK * TICK].reshape(-1, TICK).astype(np.float64)
    power = (frames**2).mean(axis=1)
    if not power.size or power.max() == 0:
        return []
    loud = np.flatnonzero(power > power.max() * 10 ** (-_QUIET_DB / 10))
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > _PAUSE) + 1)
    return [(max(0, int(g[0]) - 5), min(len(power), int(g[-1]) + 6)) for g in groups]


def _joined(islands: list[tuple[int, int]], rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    while islands:
        longest = 100 + int(700 * rng.random())
        start, end = islands.pop(0)
        while islands and islands[0][1] - start <= longest:
            end = islands.pop(0)[1]
        if end - start >= _SHORTEST:
            yield start, end
