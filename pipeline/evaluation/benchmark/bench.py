"""Systems run over recordings with references: accuracy as counts, speed as a ratio, peak memory.

Every system runs in this process on this machine, one after the other per recording, models loaded before the clock
starts. Memory is the process's resident set, sampled while a system works.
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
from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.events import Event, StageFinished
from pipeline.core.timeline import normalize, relabel
from pipeline.core.types import Transcript
from pipeline.engine import preflight
from pipeline.engine.pipeline import Transcriber
from pipeline.evaluation.benchmark.baseline_system import BaselineSystem
from pipeline.evaluation.benchmark.dataset import Recording
from pipeline.evaluation.benchmark.word_to_turn import assign as assign_words
from pipeline.evaluation.metrics.references import REFERENCE, read_recording
from pipeline.evaluation.metrics.scoring import ScoreConfig, Scores, Session, score
from pipeline.models.weights import Store
from pipeline.stages.diarization.stage import speaker_count

COMMON = "common flow"
"""The name of the baseline in results, see `pipeline.config.presets.BASELINE`."""
_TICK = 0.05


@dataclass(frozen=True, slots=True)
class System:
    """A name and settings; with ``rival`` the baseline beside these settings runs instead of the pipeline."""

    name: str
    config: Config
    nearest_other: bool = False

    @property
    def settings(self) -> Config:
        """The settings that are really used."""
        return baseline(self.config) if self.nearest_other else self.config


@dataclass(frozen=True, slots=True)
class Measurement:
    """One system on one recording: scores, seconds of wall time by stage, and the peak of memory in MB."""

    system: str
    recording: Recording
    duration: float
    scores: Scores
    seconds: Mapping[str, float]
    peak_mb: float

    @property
    def real_time_factor(self) -> float:
        return sum(self.seconds.values()) / self.duration


@dataclass(slots=True)
class _Clock:
    """Seconds by stage, as a listener hears of them."""

    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        if isinstance(event, StageFinished):
            self.seconds[event.stage] = self.seconds.get(event.stage, 0.0) + event.seconds


def measure(
    systems: Sequence[System],
    recordings: Sequence[Recording],
    store: Store,
    scoring: ScoreConfig,
    tell: Callable[[Measurement], None] = lambda measurement: None,
) -> tuple[Measurement, ...]:
    """Every system over every recording; the number of speakers is given when the recording names it."""
    for system in systems:
        settings = baseline(system.config) if system.nearest_other else system.config
        preflight.require(settings, store)
    runners = [(system, _runner(system, store)) for system in systems]
    found: list[Measurement] = []
    for recording in recordings:
        reference = read_session(recording)
        for system, run in runners:
            with _peak_memory() as peak:
                transcript, seconds = run(recording)
            scores = score(reference, Session(transcript), scoring).scores
            found.append(Measurement(system.name, recording, transcript.duration, scores, seconds, peak()))
            tell(found[-1])
    return tuple(found)


def read_reference(recording: Recording) -> Transcript:
    """The reference of a recording: words where a file has them, turns from the RTTM beside it."""
    return read_session(recording).transcript


def read_session(recording: Recording) -> Session:
    """`read_reference` with what must not be scored."""
    if not recording.references:
        hint = "put NAME.stm, NAME.rttm or NAME.seglst.json beside it"
        raise FormatError("no reference", where=recording.name, hint=hint)
    return read_recording(recording.references, REFERENCE)


Runner = Callable[[Recording], tuple[Transcript, Mapping[str, float]]]


def _runner(system: System, store: Store) -> Runner:
    if system.nearest_other:
        return _rival_runner(system, store)
    return _own_runner(system, store)


def _own_runner(system: System, store: Store) -> Runner:
    clock = _Clock()
    loaded = Transcriber(system.config, store=store, listener=clock)
    loaded.models.load()

    def run(recording: Recording) -> tuple[Transcript, Mapping[str, float]]:
        clock.seconds = {}
        transcript = loaded.with_config(_counted(system.config, recording))(recording.audio)
        return transcript, clock.seconds

    return run


def _rival_runner(system: System, store: Store) -> Runner:
    flow = BaselineSystem.from_config(system.config, store)

    def run(recording: Recording) -> tuple[Transcript, Mapping[str, float]]:
        config = _counted(system.config, recording)
        clock = _Clock()
        audio = _timed(clock, "decode", lambda: media.decode(recording.audio).audio)
        turns = _timed(clock, "diarization", lambda: flow.turns(audio, speaker_count(config.diarization)))
        words = _timed(clock, "recognition", lambda: flow.words(audio, config.recognition.language))
        tidied = relabel(normalize(turns, audio.duration))
        return Transcript(audio.duration, assign_words(words, tidied), tidied), clock.seconds

    return run


def _counted(config: Config, recording: Recording) -> Config:
    if recording.speakers is None:
        return config
    return assign(config, {"diarization.speakers": recording.speakers})


def _timed(clock: _Clock, stage: str, compute: Callable[[], Any]) -> Any:
    began = time.perf_counter()
    value = compute()
    clock(StageFinished(stage, time.perf_counter() - began))
    return value


@contextmanager
def _peak_memory() -> Iterator[Callable[[], float]]:
    """A function that tells the largest resident set (MB) seen since."""
    stop = threading.Event()
    peaks = [_resident_mb()]

    def watch() -> None:
        while not stop.wait(_TICK):
            peaks[0] = max(peaks[0], _resident_mb())

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
    raise SettingsError("this system does not tell a process's memory", hint="run the benchmark on Linux")
