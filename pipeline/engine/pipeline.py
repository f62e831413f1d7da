"""The pipeline: a recording in, a transcript out, stage by stage."""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from numpy.typing import NDArray

from pipeline import media
from pipeline.config.presets import required_models, uses_embedder
from pipeline.config.schema import Config, Runtime, as_mapping, check
from pipeline.core.audio import Stream
from pipeline.core.events import Listener, NoticeIssued, Progress, ignore
from pipeline.core.stage import Stage
from pipeline.core.types import Notice, Provenance, Transcript, Turn
from pipeline.engine import preflight
from pipeline.engine.artifact_cache import Cache, NoCache
from pipeline.engine.runner import StageRunner
from pipeline.engine.stage_keys import package_versions
from pipeline.formats.rounding import rounded
from pipeline.media import Decoded
from pipeline.models import registry
from pipeline.models.protocols import Diarizer, Embedder, Recognizer, Separator
from pipeline.models.weights import Store
from pipeline.stages.assembly.stage import STAGE as ASSEMBLY
from pipeline.stages.channels.stage import STAGE as CHANNELS
from pipeline.stages.diarization.stage import STAGE as DIARIZATION
from pipeline.stages.recognition.stage import STAGE as RECOGNITION
from pipeline.stages.separation.stage import STAGE as SEPARATION

if TYPE_CHECKING:
    from pipeline.models.cuda_libraries import Choice

LOG = logging.getLogger("pipeline")
LOG.addHandler(logging.NullHandler())  # a library prints nothing: programs that want the lines add a handler

STAGES: tuple[Stage[Any], ...] = (CHANNELS, DIARIZATION, SEPARATION, RECOGNITION, ASSEMBLY)
"""The pipeline's own stages, in the order in which `run_pipeline` runs them."""
LEAST_BATCH = 4
"""Batch size in windows that is not halved further when a GPU's memory runs out: the CPU is next. Chosen by hand; lower
values keep more recordings on the GPU and try longer."""
Recording: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any]
"""Anything that can be transcribed from Python; torch tensors and other arrays too."""
Decode: TypeAlias = Callable[[Progress], Decoded]
"""Decodes a recording and reports its progress."""


def run_pipeline(decode: Decode, name: str, runner: StageRunner) -> Transcript:
    """The transcript of the recording that ``decode`` returns and that is called ``name``."""
    recording = runner.decode(decode)
    tracks = runner.run(CHANNELS, recording)
    diarization = runner.run(DIARIZATION, tracks)
    separation = runner.run(SEPARATION, tracks, diarization)
    recognition = runner.run(RECOGNITION, tracks, diarization, separation)
    transcript = runner.run(ASSEMBLY, recording, tracks, diarization, separation, recognition)
    return _finished(transcript, recording, name, runner)


def separate_stems(decode: Decode, runner: StageRunner) -> SpeakerStems:
    """A stream per speaker of the recording that ``decode`` returns, without words."""
    recording = runner.decode(decode)
    tracks = runner.run(CHANNELS, recording)
    diarization = runner.run(DIARIZATION, tracks)
    separation = runner.run(SEPARATION, tracks, diarization)
    turns, _, _ = tracks.restore(diarization.turns, separation.regions, ())
    notices = (*recording.notices, *diarization.notices, *separation.notices, *runner.notices)
    return SpeakerStems(recording.duration, turns, tracks.restore_streams(separation.streams), notices)


@dataclass(frozen=True, slots=True)
class SpeakerStems:
    """Turns, and a stream per speaker: separated in overlaps where that was accepted, else the mixture."""

    duration: float
    turns: tuple[Turn, ...]
    streams: tuple[Stream, ...]
    notices: tuple[Notice, ...]


def _finished(transcript: Transcript, recording: Decoded, name: str, runner: StageRunner) -> Transcript:
    """The transcript in whole milliseconds, with its provenance and the runner's notices."""
    provenance = Provenance(
        source=name,
        sha256=recording.sha256,
        settings=_settings(runner),
        models=dict(runner.models.identities),
        versions=package_versions(),
        stages=dict(runner.versions),
    )
    return rounded(replace(transcript, notices=(*transcript.notices, *runner.notices), provenance=provenance))


def _settings(runner: StageRunner) -> dict[str, Any]:
    """Every setting that can change a result, as plain data; those of extension stages with their defaults."""
    settings = as_mapping(runner.config)
    del settings["runtime"]
    settings["stages"] = list(runner.config.stages)
    settings["stage_options"] = {
        each.stage.name: dataclasses.asdict(each.settings) for each in runner.refinements if each.settings is not None
    }
    return settings


class Transcriber:
    """Transcribes recordings with one set of settings; the models are loaded once, when first needed.

    Raises `SettingsError` for impossible settings and `MissingModel` for models that are not installed, before any
    work. Without a ``cache`` nothing is stored on disk.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        store: Store | None = None,
        cache: Cache | None = None,
        listener: Listener = ignore,
    ) -> None:
        self.config = check(config or Config())
        self.models = ModelPool(self.config, store or Store(offline=self.config.runtime.offline))
        preflight.require(self.config, self.models.store)
        self._cache = cache or NoCache()
        self._listener = listener

    def __call__(self, recording: Recording, sample_rate: float | None = None) -> Transcript:
        """The transcript of a recording; raises `pipeline.core.errors.CrosstalkError`.

        It may be a path, bytes, a file opened in binary mode, or an array of samples (numpy or torch) with its
        ``sample_rate``: shape (samples,) or (channels, samples), floats between -1 and 1 or int8, int16, int32, uint8.
        """
        return self._transcribe(*media.open_input(recording, sample_rate, self._track))

    def stream(self, file: BinaryIO) -> Transcript:
        """The transcript of a recording that is read from an open stream."""
        return self._transcribe(
            "stdin", lambda progress: media.decode_stream(file, progress=progress, track=self._track)
        )

    def split(self, recording: Recording, sample_rate: float | None = None) -> SpeakerStems:
        """Each speaker's stream of a recording, which is given as in `__call__`; raises `CrosstalkError`."""
        _, decode = media.open_input(recording, sample_rate, self._track)
        return separate_stems(decode, self._runner())

    def with_config(self, config: Config) -> Transcriber:
        """The same models under settings that differ only where no model depends on them (speakers, channels)."""
        other = Transcriber(config, store=self.models.store, cache=self._cache, listener=self._listener)
        other.models = self.models
        return other

    @property
    def _track(self) -> int | None:
        return self.config.input.track

    def _runner(self) -> StageRunner:
        """A runner for one recording: where that needs less of a GPU's memory, the next one starts with all of it."""
        problem = self.models.choice.problem
        if problem:
            self._listener(NoticeIssued("gpu_unusable", problem))
        return StageRunner(RecordingModels(self.models), self.config, self._cache, self._listener)

    def _transcribe(self, name: str, decode: Decode) -> Transcript:
        runner = self._runner()
        transcript = run_pipeline(decode, name, runner)
        for notice in transcript.notices:
            self._listener(NoticeIssued(notice.code, notice.message))
        for notice in runner.notices:
            LOG.warning("%s: %s", name, notice.message)
        return transcript


class ModelPool:
    """The backends of a run, each loaded when a stage first needs it, then kept: one set serves many recordings."""

    def __init__(self, config: Config, store: Store, choice: Choice | None = None) -> None:
        self._config, self.store = config, store
        self.loads = 0
        """The number of models loaded so far, those that were loaded again counted again."""
        if choice is not None:
            self.choice = choice
        for kind, name in preflight.backend_names(config).items():
            registry.locate(kind, name)  # a wrong name is an error now, not when its stage comes in an hour

    @functools.cached_property
    def diarizer(self) -> Diarizer:
        return self._load("diarizer")  # type: ignore[no-any-return]

    @functools.cached_property
    def separator(self) -> Separator:
        return self._load("separator")  # type: ignore[no-any-return]

    @functools.cached_property
    def embedder(self) -> Embedder | None:
        """None where nothing is separated, so that no source needs to be compared."""
        if not uses_embedder(self._config):
            return None
        return self._load("embedder")  # type: ignore[no-any-return]

    @functools.cached_property
    def recognizer(self) -> Recognizer:
        return self._load("recognizer")  # type: ignore[no-any-return]

    def load(self) -> None:
        """Load every model now, for a clock that should not count it."""
        _ = self.diarizer, self.separator, self.embedder, self.recognizer

    @functools.cached_property
    def choice(self) -> Choice:
        """Where the models compute; the device is tried out when this is first asked. Raises `ResourceError`."""
        return registry.choose_device(self._config)

    def reduced(self) -> ModelPool | None:
        """The same models with less of a GPU's memory: half the batch, then the CPU; None when there is no less."""
        runtime = self.choice.runtime
        if runtime.device == "cpu":
            return None
        half = replace(runtime, batch_size=runtime.batch_size // 2)
        less = half if runtime.batch_size > LEAST_BATCH else replace(runtime, device="cpu")
        return ModelPool(self._config, self.store, replace(self.choice, runtime=less))

    def release(self) -> None:
        """Let go of what is loaded, for the memory; it is loaded again when it is next asked for."""
        for name in ("diarizer", "separator", "embedder", "recognizer"):
            self.__dict__.pop(name, None)

    @functools.cached_property
    def identities(self) -> dict[str, str]:
        """The hash of each model's weights, by the part it plays."""
        return {part: self.store.identity(name) for part, name in required_models(self._config).items()}

    def _load(self, kind: registry.Kind) -> Any:
        self.loads += 1
        config = replace(self._config, runtime=self.choice.runtime)
        return registry.load(kind, preflight.backend_names(self._config)[kind], config, self.store)


class RecordingModels:
    """The models as one recording uses them: where a GPU's memory runs out, the recording goes on with less of it.

    The shared `Models` keep their settings, so that the next recording begins with the whole batch.
    """

    def __init__(self, models: ModelPool) -> None:
        self._models, self._shared = models, models

    @property
    def diarizer(self) -> Diarizer:
        return self._models.diarizer

    @property
    def separator(self) -> Separator:
        return self._models.separator

    @property
    def embedder(self) -> Embedder | None:
        return self._models.embedder

    @property
    def recognizer(self) -> Recognizer:
        return self._models.recognizer

    @property
    def identities(self) -> dict[str, str]:
        return self._shared.identities

    @property
    def runtime(self) -> Runtime:
        return self._models.choice.runtime

    def reduce_memory(self) -> Runtime | None:
        """Go on with less of a GPU's memory; where that is, or None when there is no less."""
        less = self._models.reduced()
        if less is None:
            return None
        self._models.release()
        self._models = less
        return less.choice.runtime
