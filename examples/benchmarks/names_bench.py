"""Benchmark of names (`make bench-names`): wrong names and known people left unnamed.

    python -m examples.benchmarks.names_bench [--update]

Run it in the repository's folder; it needs the development recordings. A trial is a recording of one person and a
gallery that is drawn at random; in half of the trials the person is not in it. Voices are those of LibriSpeech, the
telephone is G.711 at 8 kHz, far microphones are VOiCES (enrolled by the nearest one) and AMI's headset mix (enrolled in
one part of a meeting, measured in the other). The limits were chosen on the voices of the part train: of LibriSpeech's,
only the others are looked for, in galleries of both. Whole runs: ten simulated meetings of five people, four of them
enrolled.
``--update`` writes examples/benchmarks/names.json, the picture and the tables in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.benchmarks import data
from pipeline import media
from pipeline.config.schema import Config, assign
from pipeline.core.audio import RATE, Audio, Samples
from pipeline.core.events import no_progress
from pipeline.core.timeline import by_speaker, covered, intersection, single_speaker
from pipeline.core.types import Span
from pipeline.engine.pipeline import Transcriber
from pipeline.evaluation.benchmark.bench import read_reference
from pipeline.evaluation.benchmark.dataset import find_recordings
from pipeline.evaluation.benchmark.tables import machine
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.evaluation.simulation.corpus import Recording, find_speakers
from pipeline.evaluation.simulation.meeting import Meeting, MeetingConfig, simulate
from pipeline.gallery.people import Person, VoicePrint, encoded_vector
from pipeline.models.protocols import Embedder, NameCalibration
from pipeline.stages.channels.tracks import Track, Tracks
from pipeline.stages.diarization.stage import diarize
from pipeline.stages.identification.matching import identify
from pipeline.stages.identification.speech import SpeakerVoice, common_band, embed_speaker, telephone_band
from pipeline.stages.identification.stage import speaker_voices

TRIALS = 2000
"""Trials of each row."""
ENROLLMENT, GALLERIES = (3, 10, 30), (2, 10, 20, 100)
"""Seconds of enrolment and numbers of people."""
TEST = 5
"""Seconds of the recording of a trial."""
MEETINGS, MEETING = 10, 300.0
"""Number of simulated meetings, and their length in seconds."""
TIMED = 4
"""Meetings whose time counts: measure it on an idle machine."""
HEADINGS = ("voices", "enrolment", "gallery", "people", "wrong names", "known, unnamed")


@dataclass(frozen=True, slots=True, eq=False)
class PersonVoices:
    """One person: voices of enrolment by its seconds, and of recordings."""

    enrolled: Mapping[int, SpeakerVoice]
    tests: tuple[SpeakerVoice, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """The trials of one condition: counts of wrong names, and of known people that were left unnamed."""

    voices: str
    enrolment: int
    gallery: int
    people: int
    trials: int
    wrong: int
    known: int
    unnamed: int


def main() -> None:
    """Measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--telephone-mean", action="store_true", help="print the mean vector of the telephone's band")
    parser.add_argument("--update", action="store_true", help="write names.json, the picture and docs/benchmarks.md")
    options = parser.parse_args()
    transcriber = Transcriber(assign(Config(), {"identification.names": True}))
    embedder, limits = transcriber.models.embedder, transcriber.voices.limits
    assert embedder is not None
    if options.telephone_mean:
        sys.stdout.write(telephone_mean(embedder) + "\n")
        return
    sets = dict(gather(embedder))
    rows = [row for name, voices in sets.items() for row in measure(name, voices, limits)]
    figures: dict[str, Any] = {"machine": machine(), "rows": [asdict(row) for row in rows]}
    figures["meetings"] = meetings(transcriber, embedder)
    figures["curves"] = {name: curve(voices) for name, voices in sets.items()}
    sys.stdout.write(as_table(rows) + "\n" + json.dumps(figures["meetings"]) + "\n")
    if options.update:
        (data.RESULTS / "names.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "benchmarks.md", "names", as_table(rows))
        draw(figures["curves"], data.ROOT / "docs" / "images" / "names.png")


def gather(embedder: Embedder) -> Iterator[tuple[str, dict[str, PersonVoices]]]:
    """The voices of each condition by person."""
    shared = data.shared_data()
    if shared is None:
        sys.exit("the development recordings are not here: put them into shared/data in a folder above the repository")
    clean = dict(_speech(shared / "librispeech"))
    yield "clean", {name: _voices(whole, tests, embedder) for name, (whole, tests) in clean.items()}
    yield (
        "microphone, then telephone",
        {n: _voices(whole, [telephone(each) for each in tests], embedder) for n, (whole, tests) in clean.items()},
    )
    yield (
        "telephone",
        {n: _voices(telephone(w), [telephone(each) for each in tests], embedder) for n, (w, tests) in clean.items()},
    )
    yield "far microphones, noise (VOiCES)", dict(_far(shared / "noise", embedder))
    yield "AMI, headset mix", dict(_meeting(shared / "ami_long", embedder))


def telephone_mean(embedder: Embedder) -> str:
    """The mean over the voices of the part train, of both kinds of speech, for `NameCalibration.telephone_mean`."""
    shared = data.shared_data()
    assert shared
    vectors = []
    for name, (whole, tests) in _speech(shared / "librispeech"):
        if name in trained():
            speech = [whole, telephone(whole), *(telephone(test) for test in tests)]
            vectors.append(embedder.embed([telephone_band(each) for each in speech]).mean(axis=0))
    return encoded_vector(np.mean(vectors, axis=0))


def trained() -> frozenset[str]:
    """The voices on which the limits and the telephone's mean were chosen: they are in galleries only."""
    return frozenset(name for names in data.read_parts()["train"].voices.values() for name in names)


def _speech(corpus: Path) -> Iterator[tuple[str, tuple[Samples, list[Samples]]]]:
    """Speech to enrol, and recordings of `TEST` seconds, of each speaker with enough of it.

    Of speakers with several utterances, these are different ones; of the others, parts of one.
    """
    for folder in (corpus / "test-other", corpus / "train-clean-100-voices"):
        for name, recordings in find_speakers(folder).items():
            utterances = [media.decode(each.path).audio.samples for each in recordings]
            half = len(utterances) // 2
            whole = np.concatenate(utterances[:half]) if half else utterances[0][: -TEST * RATE]
            tests = [each[-TEST * RATE :] for each in utterances[half:] if len(each) >= TEST * RATE]
            if tests and len(whole) >= ENROLLMENT[0] * RATE:
                yield name, (whole, tests)


def _far(folder: Path, embedder: Embedder) -> Iterator[tuple[str, PersonVoices]]:
    """VOiCES' readers: the recording by the nearest microphone is enrolled, the others are measured."""
    readers: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.flac")):
        readers.setdefault(path.stem.split("_")[1], []).append(path)
    for name, paths in readers.items():
        near, *others = sorted(paths, key=lambda path: (path.stem.split("_")[4], "_none_" not in path.stem))
        whole, *tests = (media.decode(path).audio.samples for path in (near, *others))
        yield name, _voices(whole, tests, embedder)


def _meeting(folder: Path, embedder: Embedder) -> Iterator[tuple[str, PersonVoices]]:
    """The speakers of the first part of a meeting, and their passages of `TEST` seconds in the second part."""
    first, second = find_recordings(folder)
    spans = [single_speaker(read_reference(each).turns) for each in (first, second)]
    audio = [media.decode(each.audio).audio for each in (first, second)]
    for name in sorted(spans[0].keys() & spans[1].keys()):
        whole, tests = (
            np.concatenate([each.crop(span) for span in own[name] if span.duration >= 1])
            for each, own in zip(audio, spans, strict=True)
        )
        pieces = [tests[i : i + TEST * RATE] for i in range(0, len(tests) - TEST * RATE, TEST * RATE)]
        yield name, _voices(whole, pieces, embedder)


def _voices(whole: Samples, tests: Sequence[Samples], embedder: Embedder) -> PersonVoices:
    enrolled = {s: _voice(whole[: s * RATE], embedder) for s in ENROLLMENT if len(whole) >= s * RATE}
    return PersonVoices(enrolled, tuple(_voice(each, embedder) for each in tests))


def _voice(samples: Samples, embedder: Embedder) -> SpeakerVoice:
    audio = Audio(np.array(samples, np.float32))
    return embed_speaker(audio, [Span(0.0, audio.duration)], embedder, both_bands=True)


def telephone(samples: Samples) -> Samples:
    """The samples through a telephone: 8 kHz, 8 bits by the µ-law (ITU-T G.711)."""
    from scipy.signal import resample_poly

    low = resample_poly(samples, 1, 2)
    peak = np.abs(low).max() + 1e-9
    code = np.round(np.sign(low) * np.log1p(255 * np.abs(low) / peak) / np.log(256) * 127) / 127
    decoded = np.sign(code) * (256 ** np.abs(code) - 1) / 255 * peak
    return np.asarray(resample_poly(decoded, 2, 1), np.float32)


def measure(name: str, voices: Mapping[str, PersonVoices], limits: NameCalibration) -> Iterator[Row]:
    """A row for each enrolment and size of the gallery that there are people for."""
    for seconds in ENROLLMENT:
        able = {person: each for person, each in voices.items() if seconds in each.enrolled and each.tests}
        people = {n: _person(n, each.enrolled[seconds]) for n, each in able.items()}
        for size in sorted({min(size, len(able) - 1) for size in GALLERIES}) if len(able) > GALLERIES[0] else ():
            yield _trials(name, seconds, size, able, people, limits)


def _trials(
    name: str,
    seconds: int,
    size: int,
    voices: Mapping[str, PersonVoices],
    people: Mapping[str, Person],
    limits: NameCalibration,
) -> Row:
    """Trials with galleries of ``size`` people; in every second one the person is not in it."""
    rng = np.random.default_rng(0)
    names = sorted(voices)
    tested = sorted(voices.keys() - trained())
    wrong = unnamed = 0
    for trial in range(TRIALS):
        person = tested[rng.integers(len(tested))]
        is_known = trial % 2 == 0
        others = rng.choice([each for each in names if each != person], size - is_known, replace=False)
        gallery = [people[each] for each in (*others, *[person] * is_known)]
        tests = voices[person].tests
        (identity,) = identify({"speaker": tests[rng.integers(len(tests))]}, gallery, limits, 0.0)
        wrong += identity.name not in (None, person) or (identity.name is not None and not is_known)
        unnamed += is_known and identity.name is None
    return Row(name, seconds, size, len(tested), TRIALS, int(wrong), TRIALS // 2, int(unnamed))


def _person(name: str, voice: SpeakerVoice) -> Person:
    prints = [
        VoicePrint(encoded_vector(vector), band, voice.seconds, "bench", "bench", "2026-01-01")
        for band, vector in voice.vectors.items()
    ]
    return Person(name, tuple(prints))


def curve(voices: Mapping[str, PersonVoices]) -> dict[str, list[float]]:
    """Similarities of pairs with 10 s of enrolment, of one person and of two, as percentiles 0 to 100."""
    same: list[float] = []
    different: list[float] = []
    for name, each in voices.items():
        for other, second in voices.items() if name not in trained() else ():
            for test in second.tests if 10 in each.enrolled else ():
                band = common_band(test.vectors, each.enrolled[10].vectors) or "narrow"
                score = float(test.vectors[band] @ each.enrolled[10].vectors[band])
                (same if name == other else different).append(score)
    grid = np.linspace(0, 100, 201)
    return {
        kind: np.round(np.percentile(scores, grid), 4).tolist() if scores else []
        for kind, scores in (("same", same), ("different", different))
    }


def draw(curves: Mapping[str, Mapping[str, Sequence[float]]], path: Path) -> None:
    """Errors of pairs by limit: one person below it (solid), two people at or above it (dashed)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    limits = np.linspace(-0.2, 1, 241)
    for number, (name, scores) in enumerate(curves.items()):
        if scores["same"] and scores["different"]:
            rejected, accepted = (_share_below(scores[kind], limits) for kind in ("same", "different"))
            axes.plot(limits, 100 * rejected, color=f"C{number}", label=name)
            axes.plot(limits, 100 * (1 - accepted), color=f"C{number}", linestyle="--")
    axes.set(xlim=(0, 1), ylim=(0, 30), xlabel="limit of the similarity")
    axes.set_ylabel("pairs, %: one person below the limit (solid),\ntwo people above it (dashed)")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)


def _share_below(percentiles: Sequence[float], limits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.interp(limits, percentiles, np.linspace(0, 1, len(percentiles)), left=0.0, right=1.0)


def meetings(transcriber: Transcriber, embedder: Embedder) -> dict[str, Any]:
    """Ten meetings of five people, four of them enrolled by other utterances: right names, and a named stranger."""
    shared = data.shared_data()
    assert shared
    voices = find_speakers(shared / "librispeech" / "test-other")
    spoken = {name: recordings[len(recordings) // 2 :] for name, recordings in voices.items()}
    people = {name: _person(name, _voice(_joined(r[: len(r) // 2]), embedder)) for name, r in voices.items()}
    counts = {"meetings": MEETINGS, "all_right": 0, "stranger_named": 0, "seconds": 0.0, "identification": 0.0}
    for seed in range(MEETINGS):
        config = MeetingConfig(Conversation(5, MEETING, 0.1), data.ACOUSTICS, 2000 + seed)
        meeting = simulate(spoken, config)
        truth = {turn.speaker for turn in meeting.transcript.turns}
        stranger = sorted(truth)[seed % len(truth)]
        known = tuple(people[name] for name in sorted(truth - {stranger}))
        found, seconds = _names(transcriber, meeting, known)
        counts["all_right"] += all(found.get(name) == name for name in truth - {stranger})
        counts["stranger_named"] += found.get(stranger) is not None
        if seed < TIMED:
            counts["seconds"] += MEETING
            counts["identification"] += seconds
    return counts


def _joined(recordings: Sequence[Recording]) -> Samples:
    return np.concatenate([media.decode(each.path).audio.samples for each in recordings])


def _names(transcriber: Transcriber, meeting: Meeting, known: Sequence[Person]) -> tuple[dict[str, str], float]:
    """The name of the speaker that shares most time with each reference speaker, and the seconds that naming took."""
    _, decode = media.open_input(meeting.audio.mixture, meeting.audio.rate)
    mixture = decode(no_progress).audio
    settings = {"diarization.speakers": meeting.config.conversation.speakers}
    diarization = diarize(mixture, transcriber.models.diarizer, assign(Config(), settings).diarization)
    began = time.perf_counter()
    embedder, limits = transcriber.models.embedder, transcriber.voices.limits
    assert embedder is not None
    voices = speaker_voices(Tracks((Track(mixture),)), diarization, embedder, both_bands=False)
    identities = identify(voices, known, limits, transcriber.config.identification.min_seconds)
    seconds = time.perf_counter() - began
    spans = {s: [turn.span for turn in turns] for s, turns in by_speaker(diarization.turns).items()}
    names: dict[str, str] = {}
    for speaker, turns in by_speaker(meeting.transcript.turns).items():
        shared = {s: covered(intersection(own, [turn.span for turn in turns])) for s, own in spans.items()}
        best = max(shared, key=lambda label: shared[label])
        name = next(each.name for each in identities if each.speaker == best)
        if name is not None:
            names[speaker] = name
    return names, seconds


def as_table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = [f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}"]
    for row in rows:
        wrong = f"{row.wrong} of {row.trials} ({100 * row.wrong / row.trials:.1f} %)"
        unnamed = f"{row.unnamed} of {row.known} ({100 * row.unnamed / row.known:.1f} %)"
        lines.append(f"| {row.voices} | {row.enrolment} s | {row.gallery} | {row.people} | {wrong} | {unnamed} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
