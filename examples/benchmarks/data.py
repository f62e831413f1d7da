"""Recordings of the benchmarks, and where their results are written.

Real recordings are used where the development recordings are available (``shared/data`` in a folder above the
repository). Elsewhere pyannote's sample call provides the voices.
"""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline import formats, media
from pipeline.cli.simulate import write_meetings
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


def gather_real() -> Iterator[Recording]:
    """The sample call, and real meetings where they are available."""
    spec = importlib.util.find_spec("pyannote.audio")
    assert spec
    assert spec.submodule_search_locations
    yield from find_recordings(Path(next(iter(spec.submodule_search_locations))) / "sample")
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


def sample_speakers() -> Path:
    """The sample call cut into its speakers' utterances, listed in a CSV file as ``transcribe simulate`` reads it."""
    spec = importlib.util.find_spec("pyannote.audio")
    assert spec
    assert spec.submodule_search_locations
    folder = Path(next(iter(spec.submodule_search_locations))) / "sample"
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
