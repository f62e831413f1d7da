"""Measure systems on recordings with references: error counts, real-time factor, peak memory.

For each recording the systems run one after the other in this process; models are loaded before the measurement starts.
Memory is the resident set of the process, sampled while a system runs. Repeated runs get the recording disturbed
(`pipeline.evaluation.benchmark.disturbance`), in the same way for every system.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import media
from pipeline.config.presets import baseline
from pipeline.config.schema import Config, assign
from pipeline.core.audio import RATE
from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.events import Event, StageFinished
from pipeline.core.timeline import normalize, relabel
from pipeline.core.types import Transcript
from pipeline.engine import preflight
from pipeline.engine.pipeline import Transcriber
from pipeline.evaluation.benchmark.baseline_system import BaselineSystem
from pipeline.evaluation.benchmark.dataset import Recording
from pipeline.evaluation.benchmark.disturbance import disturb, shift, undo_shift
from pipeline.evaluation.benchmark.word_to_turn import assign as assign_words
from pipeline.evaluation.metrics.blocks import BlockErrors, errors_by_block
from pipeline.evaluation.metrics.references import REFERENCE, read_recording
from pipeline.evaluation.metrics.scoring import ScoreConfig, Scores, Session, score
from pipeline.models.protocols import SpeakerBounds
from pipeline.models.weights import Store

BASELINE_NAME = "baseline"
"""The name of the baseline system in results, see `pipeline.config.presets.BASELINE`."""
_MEMORY_INTERVAL = 0.05
"""Seconds between two samples of the resident set. Chosen by hand; a longer interval can miss short peaks."""


@dataclass(frozen=True, slots=True)
class System:
    """A name and settings. With ``is_baseline`` the baseline for these settings runs instead of the pipeline."""

    name: str
    config: Config
    is_baseline: bool = False

    @property
    def settings(self) -> Config:
        """The effective settings."""
        return baseline(self.config) if self.is_baseline else self.config


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of a system on a recording: scores, errors by block, seconds by stage, and peak memory in MB.

    ``run``: 0 with the recording as it is, from 1 on disturbed.
    """

    system: str
    recording: Recording
    duration: float
    scores: Scores
    seconds: Mapping[str, float]
    peak_mb: float
    blocks: tuple[BlockErrors, ...]
    run: int

    @property
    def real_time_factor(self) -> float:
        return sum(self.seconds.values()) / self.duration


Runner = Callable[[Recording, int], tuple[Transcript, Mapping[str, float]]]
"""From a recording and the number of the run to the transcript and the seconds by stage."""


@dataclass(slots=True)
class _StageTimes:
    """Listener that adds up seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        if isinstance(event, StageFinished):
            self.seconds[event.stage] = self.seconds.get(event.stage, 0.0) + event.seconds


def measure(
    systems: Sequence[System],
    recordings: Sequence[Recording],
    store: Store,
    scoring: ScoreConfig,
    on_measurement: Callable[[Measurement], None] = lambda measurement: None,
    repeat: int = 1,
) -> tuple[Measurement, ...]:
    """Measure every system on every recording, ``repeat`` times, of which the first is with the recording as it is.

    Systems get the number of speakers if the recording has it.
    """
    for system in systems:
        preflight.require(system.settings, store)
    runners = {system.name: _runner(system, store) for system in systems}
    measurements: list[Measurement] = []
    for recording in recordings:
        for measured in _measure(recording, runners, scoring, repeat):
            measurements.append(measured)
            on_measurement(measured)
    return tuple(measurements)


def _measure(
    recording: Recording, runners: Mapping[str, Runner], scoring: ScoreConfig, repeat: int
) -> Iterator[Measurement]:
    """All runs of all systems on one recording; their blocks are the same, since the first run sets the duration."""
    reference = read_session(recording)
    duration = 0.0
    for system, run in runners.items():
        for number in range(repeat):
            with sampled_peak(_resident_mb, _MEMORY_INTERVAL) as peak:
                transcript, seconds = run(recording, number)
            session = Session(undo_shift(transcript, shift(number) / RATE) if number else transcript)
            duration = duration or transcript.duration
            yield Measurement(
                system=system,
                recording=recording,
                duration=session.transcript.duration,
                scores=score(reference, session, scoring).scores,
                seconds=seconds,
                peak_mb=peak(),
                blocks=errors_by_block(reference, session, duration, scoring),
                run=number,
            )


def read_reference(recording: Recording) -> Transcript:
    """The reference of a recording: words from the first file with words, turns from the RTTM if there is one."""
    return read_session(recording).transcript


def read_session(recording: Recording) -> Session:
    """The reference of a recording with its unscored spans."""
    if not recording.references:
        hint = "put NAME.stm, NAME.rttm or NAME.seglst.json next to the recording"
        raise FormatError("no reference", where=recording.name, hint=hint)
    return read_recording(recording.references, REFERENCE)


def _runner(system: System, store: Store) -> Runner:
    return _baseline_runner(system, store) if system.is_baseline else _pipeline_runner(system, store)


def _pipeline_runner(system: System, store: Store) -> Runner:
    times = _StageTimes()
    transcriber = Transcriber(system.config, store=store, listener=times)
    transcriber.models.load()

    def run(recording: Recording, number: int) -> tuple[Transcript, Mapping[str, float]]:
        times.seconds = {}
        transcribe = transcriber.with_config(_with_speakers(system.config, recording))
        if number == 0:
            return transcribe(recording.audio), times.seconds
        audio = disturb(media.decode(recording.audio, track=system.config.input.track).audio, number)
        samples = audio.samples if audio.channels is None else audio.channels
        return transcribe(samples, audio.rate), times.seconds

    return run


def _baseline_runner(system: System, store: Store) -> Runner:
    baseline_system = BaselineSystem.from_config(system.config, store)

    def run(recording: Recording, number: int) -> tuple[Transcript, Mapping[str, float]]:
        config = _with_speakers(system.config, recording)
        bounds = SpeakerBounds(*config.diarization.speaker_bounds)
        times = _StageTimes()
        audio = disturb(_timed(times, "decode", lambda: media.decode(recording.audio).audio), number)
        raw_turns = _timed(times, "diarization", lambda: baseline_system.turns(audio, bounds))
        words = _timed(times, "recognition", lambda: baseline_system.words(audio, config.recognition.language))
        turns = relabel(normalize(raw_turns, audio.duration))
        return Transcript(audio.duration, assign_words(words, turns), turns), times.seconds

    return run


def _with_speakers(config: Config, recording: Recording) -> Config:
    """The settings with the number of speakers of the recording, if it has one."""
    if recording.speakers is None:
        return config
    return assign(config, {"diarization.speakers": recording.speakers})


def _timed(times: _StageTimes, stage: str, compute: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    value = compute()
    times(StageFinished(stage, time.perf_counter() - start))
    return value


@contextmanager
def sampled_peak(read: Callable[[], float], interval: float) -> Iterator[Callable[[], float]]:
    """A function that returns the largest value of ``read`` since entry, sampled every ``interval`` seconds."""
    stop = threading.Event()
    peaks = [read()]

    def watch() -> None:
        while not stop.wait(interval):
            peaks[0] = max(peaks[0], read())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: peaks[0]
    finally:
        stop.set()
        thread.join()


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SettingsError(
        "cannot read the memory of a process on this operating system", hint="run the benchmark on Linux"
    )
