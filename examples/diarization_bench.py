"""Who speaks when, by itself (`make bench-diarization`): ours beside the stock pipeline.

    python examples/diarization_bench.py [--only GROUP ...] [--update]

pyannote's sample call, real meetings where the development recordings are at hand (a sibling folder ``shared/data``),
and 21 meetings of two to six people simulated from 42 voices of which none taught the default segmentation: five
minutes, a tenth or a quarter of the speech overlapped. Seven of them, from 21 of the voices, are set aside: never to be
looked at while settings are chosen. The stock pipeline runs on the published segmentation, and on ours.
`make bench` measures the time. ``--update`` writes examples/bench/diarization.json and the table in
docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import project_bench as project

from pipeline import media
from pipeline.cli.simulate import write_meetings
from pipeline.config.presets import baseline
from pipeline.config.schema import Config, assign
from pipeline.core.events import no_progress
from pipeline.evaluation.benchmark.bench import read_reference
from pipeline.evaluation.benchmark.dataset import Recording, find_recordings
from pipeline.evaluation.benchmark.tables import machine
from pipeline.evaluation.metrics.der import DiarizationErrors, diarization_errors
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.evaluation.simulation.corpus import find_speakers
from pipeline.evaluation.simulation.meeting import MeetingConfig
from pipeline.models import registry
from pipeline.models.protocols import Diarizer, SpeakerBounds
from pipeline.models.weights import Store

FIRST_SEED, MEETINGS, ASIDE = 1000, 21, 7
STOCK, TAUGHT = "stock pipeline", "stock pipeline, our segmentation"
OURS, OPEN = "Crosstalk", "Crosstalk, number not given"
HEADINGS = ("recordings", "system", "DER", "missed", "false alarm", "confusion", "count within one")


@dataclass(frozen=True, slots=True)
class Result:
    """One system on one recording; times are in seconds."""

    group: str
    name: str
    system: str
    duration: float
    speakers: int
    heard: int
    """Those of the speakers who talk for a second or more."""
    found: int
    errors: DiarizationErrors


def main() -> None:
    """Simulate, measure, print; write the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="*", help="groups to run")
    parser.add_argument("--update", action="store_true", help="write examples/bench/ and docs/benchmarks.md")
    options = parser.parse_args()
    recordings = [r for r in gather() if not options.only or r.group in options.only]
    diarizers = load()
    results = [result for recording in recordings for result in measure(recording, diarizers)]
    table = as_table(results)
    sys.stdout.write(table + "\n")
    if options.update:
        data = {"machine": machine(), "results": [asdict(result) for result in results]}
        path = project.ROOT / "examples" / "bench" / "diarization.json"
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        project.write_block(project.ROOT / "docs" / "benchmarks.md", "diarization", table)


def gather() -> Iterator[Recording]:
    """The sample call, real meetings, and simulated ones in two groups."""
    yield from project.gather_real()
    shared = project.shared_data()
    if shared is None:
        return
    voices = find_speakers(shared / "librispeech" / "train-clean-100-voices")
    untaught = project.untaught(voices)
    tuned, aside = range(MEETINGS - ASIDE), range(MEETINGS - ASIDE, MEETINGS)
    for group, seeds, names in (("meetings", tuned, untaught[::2]), ("set-aside", aside, untaught[1::2])):
        folder = project.WORK / "diarization" / group
        write_meetings({name: voices[name] for name in names}, [meeting(seed) for seed in seeds], folder)
        yield from find_recordings(folder)


def meeting(seed: int) -> MeetingConfig:
    """Two to six people, a tenth or a quarter of their speech overlapped; every mix of them comes up."""
    conversation = Conversation(2 + seed % 5, 300.0, (0.1, 0.25)[seed // 5 % 2])
    return MeetingConfig(conversation, project.ACOUSTICS, FIRST_SEED + seed)


def load() -> dict[str, Diarizer]:
    """The stock pipeline on both segmentations, and ours."""
    store = Store(offline=True)
    taught = assign(Config(), {"diarization.clustering": "stock"})
    return {
        STOCK: registry.load("diarizer", "pyannote", baseline(Config()), store),
        TAUGHT: registry.load("diarizer", "pyannote", taught, store),
        OURS: registry.load("diarizer", "pyannote", Config(), store),
    }


def measure(recording: Recording, diarizers: dict[str, Diarizer]) -> Iterator[Result]:
    """All with the number of speakers given, and ours without."""
    audio = media.decode(recording.audio).audio
    truth = read_reference(recording).turns
    talked = {turn.speaker: 0.0 for turn in truth}
    for turn in truth:
        talked[turn.speaker] += turn.duration
    people, heard = len(talked), sum(seconds >= 1.0 for seconds in talked.values())
    told, untold = SpeakerBounds(people, people), SpeakerBounds()
    for system, way, count in ((STOCK, STOCK, told), (TAUGHT, TAUGHT, told), (OURS, OURS, told), (OPEN, OURS, untold)):
        turns = diarizers[way].diarize(audio, count, no_progress).turns
        errors, _ = diarization_errors(truth, turns)
        found = len({turn.speaker for turn in turns})
        yield Result(recording.group, recording.name, system, audio.duration, people, heard, found, errors)
        sys.stderr.write(f"{recording.group}/{recording.name}  {system}: DER {100 * (errors.error_rate or 0):.1f} %\n")


def as_table(results: Sequence[Result]) -> str:
    """A Markdown row for each group and system; errors are added up before dividing."""
    rows = [HEADINGS, tuple("---" for _ in HEADINGS)]
    for group, system in dict.fromkeys((r.group, r.system) for r in results):
        rows.append(_row(group, system, [r for r in results if (r.group, r.system) == (group, system)]))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(group: str, system: str, results: Sequence[Result]) -> tuple[str, ...]:
    errors = sum((r.errors for r in results), DiarizationErrors())
    parts = (errors.errors, errors.missed, errors.false_alarm, errors.confusion)
    near = sum(r.heard - 1 <= r.found <= r.speakers + 1 for r in results)
    shares = (f"{100 * part / errors.total:.1f} %" for part in parts)
    return (f"{group} ({len(results)})", system, *shares, f"{near} of {len(results)}")


if __name__ == "__main__":
    main()
