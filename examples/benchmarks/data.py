"""Recordings of the benchmarks, and where their results are written.

Real recordings are used where the development recordings are available (``shared/data`` in a folder above the
repository). Elsewhere pyannote's sample call provides the voices.
"""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from pipeline import formats, media
from pipeline.cli.simulate import write_meetings
from pipeline.core.errors import SettingsError
from pipeline.evaluation.benchmark.dataset import Recording, find_recordings
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.evaluation.simulation.corpus import find_speakers
from pipeline.evaluation.simulation.meeting import MeetingConfig
from pipeline.evaluation.simulation.rendering import Acoustics

ROOT = Path(__file__).parents[2]
"""The repository."""
RESULTS = Path(__file__).parent
"""Folder of the measured figures, one JSON file per benchmark."""
WORK = ROOT / "out" / "bench"
"""Folder of simulated recordings and intermediate files."""
ACOUSTICS = Acoustics(level_spread=6.0, snr=25.0)
"""Acoustics of the simulated meetings; chosen by hand. Both values are in dB."""
PARTS = Path(__file__).with_name("parts.yaml")
"""The division of the development recordings and voices into train, tune and test."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of meetings simulated from voices of ``corpus``, a folder of the development recordings."""

    name: str
    corpus: str
    meetings: tuple[MeetingConfig, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the development data: recordings by path, names of voices by corpus, and simulated groups.

    ``shared_with_tune``: recordings of the part tune that were used in training without being measured for it.
    """

    recordings: tuple[str, ...] = ()
    voices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    shared_with_tune: tuple[str, ...] = ()


def read_parts() -> dict[str, Part]:
    """The parts by name, as `PARTS` has them."""
    content = yaml.safe_load(PARTS.read_text(encoding="utf-8"))
    meetings = content.pop("meetings")
    return {
        name: Part(
            recordings=tuple(part.get("recordings", ())),
            voices={corpus: tuple(names) for corpus, names in part["voices"].items()},
            groups=tuple(_group(group, meetings[group["meetings"]]) for group in part.get("groups", ())),
            shared_with_tune=tuple(part.get("shared_with_tune", ())),
        )
        for name, part in content.items()
    }


def _group(group: Mapping[str, Any], meetings: list[Mapping[str, Any]]) -> Group:
    configs = tuple(
        MeetingConfig(
            Conversation(meeting["speakers"], meeting["length"], meeting["overlap"]),
            Acoustics(meeting["level_spread"], meeting["snr"], meeting["reverberation"]),
            seed,
        )
        for seed, meeting in enumerate(meetings, group["first_seed"])
    )
    return Group(group["name"], group["corpus"], configs)


def gather_part(part: Part, only: Iterable[str] = ()) -> Iterator[Recording]:
    """The recordings of a part, simulated ones written into `WORK`; with ``only``, those of the groups named there.

    Real recordings are in the group of their folder. Raises `SettingsError` without the development recordings.
    """
    shared = shared_data()
    if shared is None:
        hint = "put them into shared/data in a folder above the repository"
        raise SettingsError("the parts need the development recordings", where=str(PARTS), hint=hint)
    paths = [shared / path for path in part.recordings]
    for folder in dict.fromkeys(path.parent for path in paths):
        if not only or folder.name in only:
            yield from (recording for recording in find_recordings(folder) if recording.audio in paths)
    for group in part.groups:
        if not only or group.name in only:
            voices = find_speakers(shared / group.corpus)
            folder = WORK / "parts" / group.name
            write_meetings({name: voices[name] for name in part.voices[group.corpus]}, list(group.meetings), folder)
            yield from find_recordings(folder)


def gather_real() -> Iterator[Recording]:
    """The sample call, and real meetings where they are available."""
    yield from find_recordings(sample_folder())
    shared = shared_data()
    if shared:
        yield from find_recordings(shared / "ami")


def shared_data() -> Path | None:
    """Folder of the development recordings; ``None`` if it does not exist."""
    return next((f / "shared" / "data" for f in ROOT.parents if (f / "shared" / "data").is_dir()), None)


def held_out(speakers: Iterable[str]) -> list[str]:
    """Every third speaker in the order of their names: not used for training, only for measuring."""
    return sorted(speakers)[::3]


def speakers() -> Path:
    """A corpus of single speakers with texts, from which meetings are simulated."""
    shared = shared_data()
    return shared / "librispeech" / "test-other" if shared else sample_speakers()


def simulated(corpus: Path, group: str, conversations: list[Conversation]) -> tuple[Recording, ...]:
    """Meetings of a corpus with the benchmark's fixed seeds, written into a folder ``group`` of `WORK`."""
    configs = [MeetingConfig(conversation, ACOUSTICS, seed) for seed, conversation in enumerate(conversations, 100)]
    write_meetings(find_speakers(corpus), configs, WORK / group)
    return find_recordings(WORK / group)


def repeated(recording: Recording, minutes: int, group: str) -> Recording:
    """The recording repeated to a length in minutes, in a folder ``group`` of `WORK`; without a reference."""
    samples, rate = soundfile.read(recording.audio, dtype="int16")
    path = WORK / group / f"{minutes}-minutes.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.resize(samples, minutes * 60 * rate), rate)
    return Recording(path.stem, path, (), recording.speakers, group)


def sample_folder() -> Path:
    """The folder of pyannote.audio's sample call, ``sample.wav``, with .rttm and .stm."""
    spec = importlib.util.find_spec("pyannote.audio")
    assert spec
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / "sample"


def sample_speakers() -> Path:
    """The sample call cut into its speakers' utterances, listed in a CSV file as ``transcribe simulate`` reads it."""
    folder = sample_folder()
    truth = formats.loads((folder / "sample.stm").read_text(encoding="utf-8"), "stm")
    audio = media.decode(folder / "sample.wav").audio
    target = WORK / "voices"
    target.mkdir(parents=True, exist_ok=True)
    with (target / "voices.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "speaker", "text"])
        for number, utterance in enumerate(truth.utterances):
            media.export(audio.crop(utterance.span).copy(), target / f"{number:02d}.wav", "wav")
            writer.writerow([f"{number:02d}.wav", utterance.speaker, utterance.text])
    return target / "voices.csv"


def write_block(page: Path, name: str, text: str) -> None:
    """Replace the text between the markers ``NAME:begin`` and ``NAME:end`` of a page."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    whole = page.read_text(encoding="utf-8")
    before, after = whole.partition(begin)[0], whole.partition(end)[2]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
