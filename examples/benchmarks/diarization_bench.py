"""Benchmark of diarization alone (`make bench-diarization`): Crosstalk beside pyannote's stock pipeline.

    python -m examples.benchmarks.diarization_bench [--only GROUP ...] [--update]

Run it in the repository's folder. The recordings are pyannote's sample call, real meetings where they are available,
and 21 simulated meetings of five minutes with two to six speakers and 10 or 25 % of overlap. The default segmentation
was not trained on their 42 speakers. Seven of the meetings, with 21 of the speakers, are a held-out set: they must not
be used to choose settings. The stock pipeline runs on the published segmentation, and on Crosstalk's.
``--update`` writes examples/benchmarks/diarization.json and the table in docs/benchmarks.md. `make bench` measures the
time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from examples.benchmarks import data
from pipeline import media
from pipeline.cli.simulate import write_meetings
from pipeline.config.presets import baseline
from pipeline.config.schema import Config, assign
from pipeline.core.events import no_progress
from pipeline.core.types import Turn
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

FIRST_SEED, MEETINGS, HELD_OUT = 1000, 21, 7
STOCK, STOCK_TRAINED = "stock pipeline", "stock pipeline, our segmentation"
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
    audible: int
    """Speakers who talk for a second or more."""
    found: int
    errors: DiarizationErrors


def main() -> None:
    """Simulate, measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="*", help="groups of recordings to measure")
    parser.add_argument("--update", action="store_true", help="write diarization.json and docs/benchmarks.md")
    options = parser.parse_args()
    recordings = [r for r in gather() if not options.only or r.group in options.only]
    diarizers = load()
    results = [result for recording in recordings for result in measure(recording, diarizers)]
    table = as_table(results)
    sys.stdout.write(table + "\n")
    if options.update:
        figures = {"machine": machine(), "results": [asdict(result) for result in results]}
        (data.RESULTS / "diarization.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "benchmarks.md", "diarization", table)


def gather() -> Iterator[Recording]:
    """The sample call, real meetings, and two groups of simulated meetings."""
    yield from data.gather_real()
    shared = data.shared_data()
    if shared is None:
        return
    voices = find_speakers(shared / "librispeech" / "train-clean-100-voices")
    speakers = data.held_out(voices)
    tuning, held_out = range(MEETINGS - HELD_OUT), range(MEETINGS - HELD_OUT, MEETINGS)
    for group, seeds, names in (("meetings", tuning, speakers[::2]), ("set-aside", held_out, speakers[1::2])):
        folder = data.WORK / "diarization" / group
        write_meetings({name: voices[name] for name in names}, [meeting(seed) for seed in seeds], folder)
        yield from find_recordings(folder)


def meeting(seed: int) -> MeetingConfig:
    """A meeting of two to six speakers with 10 or 25 % of overlap; every combination occurs."""
    conversation = Conversation(2 + seed % 5, 300.0, (0.1, 0.25)[seed // 5 % 2])
    return MeetingConfig(conversation, data.ACOUSTICS, FIRST_SEED + seed)


def load() -> dict[str, Diarizer]:
    """The stock pipeline on both segmentations, and Crosstalk's diarizer."""
    store = Store(offline=True)
    stock = assign(Config(), {"diarization.method": "pyannote"})
    return {
        STOCK: registry.load("diarizer", "pyannote", baseline(Config()), store),
        STOCK_TRAINED: registry.load("diarizer", "pyannote", stock, store),
        OURS: registry.load("diarizer", "pyannote", Config(), store),
    }


def measure(recording: Recording, diarizers: dict[str, Diarizer]) -> Iterator[Result]:
    """Every diarizer with the number of speakers given, and Crosstalk also without."""
    audio = media.decode(recording.audio).audio
    truth = read_reference(recording).turns
    speakers = len({turn.speaker for turn in truth})
    given, open_count = SpeakerBounds(speakers, speakers), SpeakerBounds()
    systems = (
        (STOCK, STOCK, given),
        (STOCK_TRAINED, STOCK_TRAINED, given),
        (OURS, OURS, given),
        (OPEN, OURS, open_count),
    )
    for system, diarizer, bounds in systems:
        turns = diarizers[diarizer].diarize(audio, bounds, no_progress).turns
        result = score(recording, truth, system, audio.duration, turns)
        yield result
        rate = 100 * (result.errors.error_rate or 0)
        sys.stderr.write(f"{recording.group}/{recording.name}  {system}: DER {rate:.1f} %\n")


def score(recording: Recording, truth: Sequence[Turn], system: str, duration: float, turns: Sequence[Turn]) -> Result:
    """The result of a system that found ``turns`` in a recording of ``duration`` seconds."""
    speech = {turn.speaker: 0.0 for turn in truth}  # seconds by speaker
    for turn in truth:
        speech[turn.speaker] += turn.duration
    audible = sum(seconds >= 1.0 for seconds in speech.values())
    errors, _ = diarization_errors(truth, turns)
    found = len({turn.speaker for turn in turns})
    return Result(recording.group, recording.name, system, duration, len(speech), audible, found, errors)


def as_table(results: Sequence[Result]) -> str:
    """A Markdown row per group and system; rates are of the summed errors."""
    rows = [HEADINGS, tuple("---" for _ in HEADINGS)]
    for group, system in dict.fromkeys((r.group, r.system) for r in results):
        rows.append(_row(group, system, [r for r in results if (r.group, r.system) == (group, system)]))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(group: str, system: str, results: Sequence[Result]) -> tuple[str, ...]:
    errors = sum((r.errors for r in results), DiarizationErrors())
    parts = (errors.errors, errors.missed, errors.false_alarm, errors.confusion)
    near = sum(r.audible - 1 <= r.found <= r.speakers + 1 for r in results)
    shares = (f"{100 * part / errors.total:.1f} %" for part in parts)
    return (f"{group} ({len(results)})", system, *shares, f"{near} of {len(results)}")


if __name__ == "__main__":
    main()
