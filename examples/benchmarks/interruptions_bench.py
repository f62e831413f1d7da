"""Benchmark of the kinds of overlaps: precision and recall by kind, on calls with overlaps of known kinds.

    python -m examples.benchmarks.interruptions_bench [--transcribe CALLS] [--set tune|test] [--update]

Run it in the repository's folder, with the development recordings. The definition of the kinds was chosen on the set
``tune`` and is reported on ``test``: other speech of the same speakers. Reference turns: exact times and words of 40
calls of two minutes. With ``--transcribe``, the first CALLS are also rendered and transcribed, with one channel per
speaker and mixed. ``--update`` writes interruptions.json and the table in docs/analytics.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile

from examples.benchmarks import data
from examples.benchmarks.interruptions_calls import KIND, Call, SpeakerClips, Truth, gather_clips, make_call
from pipeline import formats, transcribe
from pipeline.analytics.measures.interactions import OverlapEvent, overlap_events
from pipeline.core.errors import SettingsError
from pipeline.core.timeline import by_speaker, covered, intersection
from pipeline.core.types import Transcript
from pipeline.evaluation.benchmark.tables import machine
from pipeline.evaluation.simulation.rendering import render

SETS = {
    "tune": ("es2002a_0056", ("trn03", "trn04", "trn05", "trn07")),
    "test": ("es2002a_0420", ("trn08", "trn09", "dev00", "dev01")),
}
"""Name -> the meeting whose speakers make the calls, and recordings with more backchannels."""
SPEAKERS = ("FEE005", "MEE008")
"""The two who speak most in both meetings."""
CALLS, LENGTH = 40, 120.0
"""Calls with reference turns, and seconds of each."""
SHORT = 60.0
"""Seconds of each call that is transcribed."""
KINDS = ("backchannel", "interruption", "turn_end", "start")
TOLERANCE = 0.3
"""Seconds between the times of an overlap and of its event, within which they are the same: as in `core.timeline`."""
Event = tuple[float, float, str, str]
"""Start, end, kind and incomer of an overlap."""


@dataclass(frozen=True, slots=True)
class Count:
    """Overlaps of one kind: how many are known, how many were found, and how many of those are right."""

    known: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        return self.right / self.known if self.known else None


def previous_kind(event: OverlapEvent) -> str:
    """The kind by the definition of the analytics format 2, which knew lengths and counts of words only."""
    duration = event.end - event.start + event.incomer_after
    if event.kind == "start":
        return "start"
    if not event.incomer_after and duration <= 1.0 and event.incomer_words <= 3 and event.holder_remaining > duration:
        return "backchannel"
    if event.holder_remaining <= 0.5 and event.holder_remaining <= duration:
        return "turn_end"
    return "interruption"


METHODS: Mapping[str, Callable[[OverlapEvent], str]] = {"format 2": previous_kind, "now": lambda event: event.kind}
"""Name of a definition -> the kind that it gives an event."""


def main() -> None:
    """Make the calls, score both definitions and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--transcribe", type=int, default=0, metavar="CALLS", help="calls that are transcribed, too")
    parser.add_argument("--set", choices=list(SETS), default="test", help="set of calls")
    parser.add_argument("--update", action="store_true", help="write interruptions.json and docs/analytics.md")
    options = parser.parse_args()
    clips = _clips(options.set)
    calls = [make_call(clips, seed, LENGTH) for seed in range(CALLS)]
    results = {"reference turns": measure_kinds([(call, call.reference()) for call in calls])}
    if options.transcribe:
        short = [make_call(clips, 1000 + seed, SHORT) for seed in range(options.transcribe)]
        for layout in ("channels", "mixed"):
            rows = [(call, _transcribed(call, f"{options.set}{number}", layout)) for number, call in enumerate(short)]
            results[f"transcripts, {layout}"] = measure_kinds(rows)
    sys.stdout.write(as_table(results) + "\n")
    if options.update:
        text = json.dumps({"machine": machine(), "set": options.set, "results": results}, indent=1) + "\n"
        (data.RESULTS / "interruptions.json").write_text(text, encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "analytics.md", "interruptions-bench", as_table(results))


def _clips(name: str) -> SpeakerClips:
    shared = data.shared_data()
    meeting, further = SETS[name]
    if shared is None:
        hint = "put them into shared/data in a folder above the repository"
        raise SettingsError("the benchmark needs the development recordings", where=__file__, hint=hint)
    others = [shared / "ami" / f"{name}.wav" for name in further]
    return gather_clips(shared / "ami_long" / f"{meeting}.flac", SPEAKERS, others)


def measure_kinds(rows: Sequence[tuple[Call, Transcript]]) -> dict[str, Any]:
    """Counts by definition and kind, and by the way in which overlaps were made."""
    return {name: _by_kind(rows, kind_of) for name, kind_of in METHODS.items()}


def _by_kind(rows: Sequence[tuple[Call, Transcript]], kind_of: Callable[[OverlapEvent], str]) -> dict[str, Any]:
    counts = dict.fromkeys(KINDS, Count(0, 0, 0))
    ways: dict[str, dict[str, int]] = {}
    for call, transcript in rows:
        labels = _labels(call.reference(), transcript)
        events = [(e.start, e.end, kind_of(e), labels.get(e.incomer, e.incomer)) for e in overlap_events(transcript)]
        pairs = match(call.truths, events)
        for truth, event in pairs:
            found = ways.setdefault(truth.way, {})
            kind = event[2] if event else "not found"
            found[kind] = found.get(kind, 0) + 1
        counts = {kind: _added(counts[kind], kind, call.truths, events, pairs) for kind in KINDS}
    plain = {kind: {"known": one.known, "found": one.found, "right": one.right} for kind, one in counts.items()}
    return {"kinds": plain, "ways": ways}


def _added(
    count: Count,
    kind: str,
    truths: Iterable[Truth],
    events: Iterable[Event],
    pairs: Iterable[tuple[Truth, Event | None]],
) -> Count:
    return Count(
        count.known + sum(KIND[truth.way] == kind for truth in truths),
        count.found + sum(event[2] == kind for event in events),
        count.right + sum(event is not None and event[2] == kind == KIND[truth.way] for truth, event in pairs),
    )


def match(truths: Sequence[Truth], events: Sequence[Event]) -> list[tuple[Truth, Event | None]]:
    """Each known overlap with the event of the same incomer that shares most time with it, each event once.

    Two who begin at the same time match whoever is taken for the incomer.
    """
    free, pairs = list(events), list[tuple[Truth, Event | None]]()
    for truth in truths:

        def shared(event: Event, truth: Truth = truth) -> float:
            return min(event[1], truth.end) - max(event[0], truth.start)

        fitting = [
            event
            for event in free
            if shared(event) > -TOLERANCE and (event[3] == truth.incomer or truth.way == "start")
        ]
        best = max(fitting, key=shared, default=None)
        if best is not None:
            free.remove(best)
        pairs.append((truth, best))
    return pairs


def _labels(reference: Transcript, transcript: Transcript) -> dict[str, str]:
    """For each label of the transcript the speaker of the reference with whom it shares most time."""
    known = {name: [turn.span for turn in group] for name, group in by_speaker(reference.turns).items()}
    labels: dict[str, str] = {}
    for label, group in by_speaker(transcript.turns).items():
        shares = {name: covered(intersection([turn.span for turn in group], spans)) for name, spans in known.items()}
        labels[label] = max(shares, key=lambda name: shares[name])
    return labels


def _transcribed(call: Call, name: str, layout: str) -> Transcript:
    """The transcript of the rendered call, made once."""
    placements, passages = call.placements()
    audio = render(placements, passages, round(call.end + 1.0), data.ACOUSTICS, np.random.default_rng(0))
    samples = audio.channels if layout == "channels" else audio.mixture
    digest = hashlib.sha256(samples.tobytes()).hexdigest()[:8]
    path = data.WORK / "interruptions" / f"{name}-{layout}-{digest}.wav"
    result = path.with_suffix(".json")
    if not result.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, audio.rate, subtype="PCM_16")
        settings: dict[str, Any] = {"roles": ",".join(SPEAKERS)} if layout == "channels" else {"speakers": 2}
        transcript = transcribe(path, offline=True, cache=False, language="en", **settings)
        result.write_bytes(formats.dumps(transcript, "json"))
    return formats.loads(result.read_text(encoding="utf-8"), "json")


def as_table(results: Mapping[str, Any]) -> str:
    """A Markdown table of precision and recall by kind and definition."""
    lines = ["| calls | kind | overlaps | " + " | ".join(f"{name}: precision, recall" for name in METHODS) + " |"]
    lines.append("|---" * (3 + len(METHODS)) + "|")
    for name, methods in results.items():
        for kind in KINDS:
            counts = [Count(**method["kinds"][kind]) for method in methods.values()]
            cells = [f"{_percent(count.precision)}, {_percent(count.recall)}" for count in counts]
            lines.append(f"| {name} | `{kind}` | {counts[0].known} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


if __name__ == "__main__":
    main()
