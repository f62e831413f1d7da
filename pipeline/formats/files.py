"""Transcripts and speakers' audio as files: ``STEM.FORMAT`` in a folder, each complete or absent."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, Unpack, cast, get_args

from pipeline import formats, media
from pipeline.core.atomic_write import NAME_BYTES
from pipeline.core.audio import Stream
from pipeline.core.choices import comma_list, one_of
from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.output_record import OutputRecord
from pipeline.core.types import Transcript, Turn
from pipeline.formats.base import SUFFIX_BYTES, Options, Sound
from pipeline.formats.sanitize import distinct, token

SoundOf = Callable[[Path], Sound]
"""Makes the recording's sound for the file at a path."""


def parse_formats(text: str) -> tuple[str, ...]:
    """The formats in a comma list, each once; raises `SettingsError` for an unknown one and for equal suffixes."""
    names = comma_list(text, formats.names(), "--format")
    users: dict[str, str] = {}
    for name in names:
        try:
            suffix = formats.suffix(name)
        except FormatError as error:
            raise SettingsError(error.what, where="--format", hint=error.hint) from error
        other = users.setdefault(suffix, name)
        if other != name:
            what = f"the formats {other!r} and {name!r} have the same suffix {suffix}"
            raise SettingsError(what, where="--format", hint="write them into different folders with two runs")
    return names


def shortened(stem: str, room: int = NAME_BYTES - SUFFIX_BYTES) -> str:
    """``stem`` when it has at most ``room`` bytes, else its beginning, ``~`` and eight hexadecimal digits of its hash.

    The default leaves room for every suffix of a result. Equal stems give equal names.
    """
    whole = os.fsencode(stem)
    if len(whole) <= room:
        return stem
    beginning = whole[: room - 9].decode("utf-8", "ignore") if _is_text(stem) else os.fsdecode(whole[: room - 9])
    return f"{beginning}~{hashlib.sha256(whole).hexdigest()[:8]}"


def _is_text(stem: str) -> bool:
    """Whether the name is UTF-8, which must not be cut inside a character."""
    return not any(0xDC80 <= ord(c) <= 0xDCFF for c in stem)


def output_paths(stem: str, folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """The files of one recording in the formats ``names``."""
    return tuple(folder / f"{stem}{formats.suffix(name)}" for name in names)


def expected_paths(stem: str, folder: Path, names: Iterable[str], **options: Unpack[Options]) -> tuple[Path, ...]:
    """The files that `write` will write, as far as they are known before the speakers are.

    With ``per_speaker``, these are also the existing files with default speaker names.
    """
    chosen = tuple(names)
    paths = output_paths(stem, folder, chosen)
    if not options.get("per_speaker") or not folder.is_dir():
        return paths
    suffixes = "|".join(re.escape(format_.suffix) for format_ in map(formats.get, chosen) if format_.per_speaker)
    return (*paths, *_with_default_speakers(stem, folder, suffixes)) if suffixes else paths


def refuse_collisions(stems: Sequence[str], names: Sequence[str]) -> None:
    """Raise `SettingsError` when two recordings would be written to one file."""
    files = [path.name for stem in stems for path in output_paths(stem, Path(), names)]
    duplicate = next((file for file, count in Counter(files).items() if count > 1), None)
    if duplicate is not None:
        raise SettingsError(
            f"two recordings would both be written to {duplicate!r}",
            hint="transcribe them into different folders with --output-dir",
        )


def write(
    transcript: Transcript,
    stem: str,
    folder: Path,
    names: Sequence[str],
    record: OutputRecord,
    sound_of: SoundOf | None = None,
    **options: Unpack[Options],
) -> tuple[Path, ...]:
    """Write the transcript in each format and return the paths; `OutputExists` when one must not be replaced.

    ``options`` are as in `pipeline.formats.dumps`; ``sound_of`` makes the sound for a format that plays it. With
    ``per_speaker``, the formats that declare it also write a file for each speaker, ``STEM.SPEAKER.FORMAT``.
    """
    parts = list(zip(output_paths(stem, folder, names), names, [transcript] * len(names), strict=True))
    if options.get("per_speaker"):
        for path, (name, speaker) in speaker_paths(transcript.speakers, stem, folder, names).items():
            parts.append((path, name, _only(transcript, speaker)))
    paths = tuple(path for path, _, _ in parts)
    record.check(paths)
    chosen = {key: value for key, value in options.items() if isinstance(value, bool)}
    for path, name, part in parts:
        if sound_of is not None and "sound" in formats.get(name).options:
            options["sound"] = sound_of(path)
        record.write(path, formats.dumps(part, name, stem, **options), chosen)
    return paths


def speaker_paths(
    speakers: Iterable[str], stem: str, folder: Path, names: Iterable[str]
) -> dict[Path, tuple[str, str]]:
    """The files of single speakers, ``STEM.SPEAKER.FORMAT``, each with its format and speaker."""
    stems = _speaker_stems(speakers, stem)
    chosen = [name for name in names if formats.get(name).per_speaker]
    pairs = [(name, speaker) for name in chosen for speaker in stems]
    return {path: (n, speaker) for n, speaker in pairs for path in output_paths(stems[speaker], folder, [n])}


def _only(transcript: Transcript, speaker: str) -> Transcript:
    """The turns and utterances of one speaker."""
    utterances = tuple(utterance for utterance in transcript.utterances if utterance.speaker == speaker)
    turns = tuple(turn for turn in transcript.turns if turn.speaker == speaker)
    return replace(transcript, utterances=utterances, turns=turns, overlaps=())


def _speaker_stems(speakers: Iterable[str], stem: str) -> dict[str, str]:
    """``STEM.SPEAKER`` for each speaker: fit for file names, and distinct also where case makes no difference."""
    stems: dict[str, str] = {}
    for name, spelled in distinct(speakers, lambda name: token(name).replace("/", "_").replace("\\", "_")).items():
        while shortened(f"{stem}.{spelled}").casefold() in map(str.casefold, stems.values()):
            spelled += "_"
        stems[name] = shortened(f"{stem}.{spelled}")
    return stems


AudioFormat = Literal["wav", "flac", "mp3", "m4a"]


def parse_audio_format(text: str) -> AudioFormat:
    """A format of the speakers' audio files; raises `SettingsError` for any other."""
    return cast(AudioFormat, one_of(text, get_args(AudioFormat), "audio format", "--format"))


def stem_paths(speakers: Iterable[str], stem: str, folder: Path, kind: AudioFormat) -> tuple[Path, ...]:
    """The speakers' audio files: ``STEM.SPEAKER.FORMAT``."""
    return tuple(folder / f"{stem}.{name.replace('/', '_')}.{kind}" for name in distinct(speakers).values())


def check_stems(stem: str, folder: Path, kind: AudioFormat, record: OutputRecord) -> None:
    """Raise `OutputExists` before any work when `write_stems` would have to replace a file that it must not.

    The speakers are not known yet: the label track and existing files with default speaker names are checked.
    """
    existing = _with_default_speakers(stem, folder, rf"\.{kind}") if folder.is_dir() else []
    record.check([*output_paths(stem, folder, ["labels"]), *existing])


def _with_default_speakers(stem: str, folder: Path, suffixes: str) -> list[Path]:
    """The files of the folder that are named after a speaker without a name; ``suffixes`` is a regular expression."""
    default = re.compile(rf"{re.escape(stem)}\.(SPEAKER_|CHANNEL_)\d+({suffixes})")
    return sorted(path for path in folder.iterdir() if default.fullmatch(path.name))


def write_stems(
    streams: Sequence[Stream],
    turns: Sequence[Turn],
    duration: float,
    stem: str,
    folder: Path,
    kind: AudioFormat,
    record: OutputRecord,
) -> Iterator[Path]:
    """Write each speaker's audio as long as the recording, and a label track for Audacity; yields the paths."""
    paths = stem_paths((stream.speaker for stream in streams), stem, folder, kind)
    (labels,) = output_paths(stem, folder, ["labels"])
    record.check([*paths, labels])
    for stream, path in zip(streams, paths, strict=True):
        record.write(path, media.encode_stem(stream, duration, kind))
        yield path
    record.write(labels, formats.dumps(Transcript(duration, turns=tuple(turns)), "labels", stem))
    yield labels
