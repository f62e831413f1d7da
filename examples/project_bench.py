"""The project's own benchmark (`make bench`): ours beside the common flow on the same models, in one process.

    python examples/project_bench.py [--only GROUP ...] [--update]
    python examples/project_bench.py --memory MINUTES ... [--update]

Meetings simulated from real voices with known truth, real meetings where the development recordings are at hand (a
sibling folder ``shared/data``), and pyannote's sample call; without them the voices are the sample call's own two.
``--update`` writes the figures into examples/bench/ and docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from pipeline import formats, media
from pipeline.cli.bench import parse_systems
from pipeline.cli.simulate import write_meetings
from pipeline.evaluation.benchmark.bench import Measurement, measure
from pipeline.evaluation.benchmark.dataset import Recording, find_recordings
from pipeline.evaluation.benchmark.tables import as_data, as_table, draw, summarize
from pipeline.evaluation.metrics.scoring import ScoreConfig
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.evaluation.simulation.corpus import find_speakers
from pipeline.evaluation.simulation.meeting import MeetingConfig
from pipeline.evaluation.simulation.rendering import Acoustics
from pipeline.models.weights import Store

ROOT = Path(__file__).parent.parent
WORK = ROOT / "out" / "bench"
SYSTEMS = {
    "default,separation.backend=mixture": "Crosstalk, overlaps not separated",
    "default,separation.backend=refined": "Crosstalk",
}
MEETINGS = {0.0: ((2, 3, 4), 120.0), 0.1: ((2, 4), 600.0), 0.2: ((2, 3), 600.0), 0.4: ((2, 3), 600.0)}
"""By overlap: how many people talk, and for how many seconds."""
ACOUSTICS = Acoustics(level_spread=6.0, snr=25.0)


def main() -> None:
    """Simulate, measure, print; write the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="*", help="groups to run")
    parser.add_argument("--memory", nargs="*", type=int, metavar="MINUTES", help="peak memory for such long recordings")
    parser.add_argument("--update", action="store_true", help="write examples/bench/ and docs/benchmarks.md")
    options = parser.parse_args()
    if options.memory:
        measure_memory(options.memory, options.update)
        return
    recordings = [r for r in gather() if not options.only or r.group in options.only]
    systems = [replace(s, name=SYSTEMS.get(s.name, s.name)) for s in parse_systems(list(SYSTEMS), baseline=True)]
    measured = measure(systems, recordings, Store(offline=True), ScoreConfig("basic"), on_measurement=_tell)
    rows = summarize(measured)
    sys.stdout.write(as_table(rows) + "\n")
    if options.update:
        folder = ROOT / "examples" / "bench"
        folder.mkdir(exist_ok=True)
        (folder / "results.json").write_text(as_data(measured, systems), encoding="utf-8")
        draw(rows, ROOT / "docs" / "images" / "chart.png")
        write_block(ROOT / "docs" / "benchmarks.md", "bench", as_table(rows))


def gather() -> Iterator[Recording]:
    """What is real, and simulated meetings by overlap."""
    yield from gather_real()
    for overlap, (people, length) in MEETINGS.items():
        conversations = [Conversation(n, length, overlap) for n in (people if shared_data() else people[:1])]
        yield from simulated(voices(), f"simulated-{round(100 * overlap):02d}", conversations)


def gather_real() -> Iterator[Recording]:
    """The sample call, and real meetings where there are any."""
    spec = importlib.util.find_spec("pyannote.audio")
    assert spec
    assert spec.submodule_search_locations
    yield from find_recordings(Path(next(iter(spec.submodule_search_locations))) / "sample")
    shared = shared_data()
    if shared:
        yield from find_recordings(shared / "ami")


def shared_data() -> Path | None:
    """The development recordings, where they are at hand."""
    return next((f / "shared" / "data" for f in ROOT.parents if (f / "shared" / "data").is_dir()), None)


def untaught(speakers: Iterable[str]) -> list[str]:
    """Every third, in the order of their names: taught the default segmentation nothing, and is for measuring."""
    return sorted(speakers)[::3]


def voices() -> Path:
    """Single speakers with texts to make meetings of."""
    shared = shared_data()
    return shared / "librispeech" / "test-other" if shared else sample_voices()


def simulated(speakers: Path, group: str, conversations: list[Conversation]) -> tuple[Recording, ...]:
    """Meetings with the bench's fixed seeds, written once into `WORK`."""
    configs = [MeetingConfig(conversation, ACOUSTICS, seed) for seed, conversation in enumerate(conversations, 100)]
    write_meetings(find_speakers(speakers), configs, WORK / group)
    return find_recordings(WORK / group)


def sample_voices() -> Path:
    """The sample call cut into its speakers' utterances, as the CSV that `simulate` reads."""
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
        for number, said in enumerate(truth.utterances):
            media.export(audio.crop(said.span).copy(), target / f"{number:02d}.wav", "wav")
            writer.writerow([f"{number:02d}.wav", said.speaker, said.text])
    return target / "voices.csv"


def measure_memory(lengths: list[int], update: bool) -> None:
    """Peak memory of the command on a meeting repeated to so many minutes, each in a process of its own."""
    conversation = Conversation(4 if shared_data() else 2, 600.0, 0.1)
    ((audio, rate),) = (soundfile.read(r.audio, dtype="int16") for r in simulated(voices(), "memory", [conversation]))
    rows = ["| minutes | peak MB |", "|---|---|"]
    for minutes in lengths:
        path = WORK / "memory" / f"{minutes}-minutes.wav"
        soundfile.write(path, np.resize(audio, minutes * 60 * rate), rate)
        command = [sys.executable, "-m", "pipeline", str(path), "--no-cache", "--quiet", "-o", str(WORK), "-f", "json"]
        child = subprocess.Popen([*command, "--speakers", str(conversation.speakers)])
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise SystemExit(f"the run on {minutes} minutes failed")
        rows.append(f"| {minutes} | {usage.ru_maxrss / 1024:.0f} |")
        sys.stdout.write(rows[-1] + "\n")
    if update:
        write_block(ROOT / "docs" / "benchmarks.md", "memory", "\n".join(rows))


def write_block(page: Path, name: str, text: str) -> None:
    """Put a text between a page's marks."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    whole = page.read_text(encoding="utf-8")
    before, after = whole.partition(begin)[0], whole.partition(end)[2]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _tell(measured: Measurement) -> None:
    cpwer = measured.scores.cpwer
    sys.stderr.write(
        f"{measured.recording.group}/{measured.recording.name}  {measured.system}: cpWER {cpwer.errors}/{cpwer.words}, "
        f"{measured.real_time_factor:.3f} x real time\n"
    )


if __name__ == "__main__":
    main()
