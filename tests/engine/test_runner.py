"""Keys change with everything that changes a result, and with nothing else; finished stages are not computed again."""

from __future__ import annotations

import dataclasses
import threading
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.config.schema import Config, assign
from pipeline.core.audio import Audio, Clip, Stream
from pipeline.core.errors import BackendError
from pipeline.core.events import Event, Listener, Progress, StageAdvanced, StageFinished, ignore
from pipeline.core.stage import Stage
from pipeline.core.types import OverlapDecision, SpeakerEvidence
from pipeline.engine import stage_keys
from pipeline.engine.artifact_cache import Cache, DiskCache, NoCache
from pipeline.engine.pipeline import Transcriber
from pipeline.engine.runner import StageRunner
from pipeline.media import Decoded
from pipeline.models.protocols import Diarization
from pipeline.stages.channels.stage import STAGE as CHANNELS
from pipeline.stages.channels.stage import Tracks
from pipeline.stages.channels.tracks import Track
from pipeline.stages.diarization.stage import STAGE as DIARIZATION
from pipeline.stages.recognition.result import Recognition
from pipeline.stages.recognition.stage import STAGE as RECOGNITION
from pipeline.stages.separation.result import Separation
from pipeline.stages.separation.stage import STAGE as SEPARATION
from tests import world
from tests.faults import StumblingRecognizer
from tests.max_examples import at_most
from tests.tones import conversations

STAGES = ("diarization", "separation", "recognition")
AUDIO = Audio(np.zeros(16_000, np.float32))
OTHERS = {
    "diarization.backend": "synthetic",
    "embedding.model": "ecapa-voxceleb",
    "separation.backend": "synthetic",
    "recognition.backend": "synthetic",
    "recognition.language": "de",
    "recognition.options": {"beam_size": 3},
    "runtime.device": "cpu",
}
"""Another value for settings that are not texts."""


class Models:
    """The models of a runner that computes no stage."""

    diarizer = embedder = separator = recognizer = None

    def __init__(self, config: Config, identities: dict[str, str]) -> None:
        self.identities, self.runtime = identities, config.runtime

    def reduce_memory(self) -> None:
        return None


class KeyRecorder(NoCache):
    """Stores nothing; remembers the keys that were asked for."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def read(self, key: str, suffix: str) -> None:
        self.keys.append(key)


def without_work(stage: Stage[Any], value: Any) -> Stage[Any]:
    """The stage, which returns the value without computing anything."""
    return dataclasses.replace(stage, run=lambda *inputs: value)


TRACKS = without_work(CHANNELS, Tracks(()))
TURNS = without_work(DIARIZATION, Diarization(()))
STREAMS = without_work(SEPARATION, Separation((), ()))
WORDS = without_work(RECOGNITION, Recognition(None))


def recording(sha256: str = "0", samples: Any = AUDIO.samples) -> Decoded:
    return Decoded(Audio(samples), sha256, True, (), 1.0)


def runner(config: Config | None = None, cache: Cache | None = None, listener: Listener = ignore) -> StageRunner:
    config = config or Config()
    return StageRunner(Models(config, {}), config, cache or NoCache(), listener)


def keys(config: Config, identities: dict[str, str] | None = None, sha256: str = "0") -> tuple[str, ...]:
    """The keys of the three cached stages, in order."""
    cache = KeyRecorder()
    steps = StageRunner(Models(config, identities or {}), config, cache, ignore)
    steps.decode(lambda progress: recording(sha256))
    for stage in (TRACKS, TURNS, STREAMS, WORDS):
        steps.run(stage)
    return tuple(cache.keys)


def every_setting() -> Iterator[tuple[str, Any]]:
    """Each setting of the config with a value other than its default."""
    for section in dataclasses.fields(Config):
        values = getattr(Config(), section.name)
        if not dataclasses.is_dataclass(values):
            continue  # the extension stages: see test_extensions
        hints = typing.get_type_hints(type(values))
        for name, hint in hints.items():
            dotted = f"{section.name}.{name}"
            if typing.get_origin(hint) is Mapping and dotted not in OTHERS:
                continue  # the default model has no options
            yield dotted, OTHERS.get(dotted) or another(getattr(values, name), hint)


def another(value: Any, hint: Any) -> Any:
    if typing.get_origin(hint) is Literal:
        return next(option for option in typing.get_args(hint) if option != value)
    kind = typing.get_args(hint)[0] if isinstance(hint, types.UnionType) else hint
    return {
        bool: lambda: not value,
        int: lambda: (value or 0) + 3,
        float: lambda: (value or 0) + 0.25,
        str: lambda: "x",
    }[kind]()


@pytest.mark.promise(16)
@pytest.mark.parametrize(("dotted", "value"), list(every_setting()), ids=str)
def test_a_setting_changes_the_keys_of_its_stage_and_later_ones(dotted: str, value: Any) -> None:
    section = dotted.partition(".")[0]
    changed = [one != other for one, other in zip(keys(Config()), keys(assign(Config(), {dotted: value})), strict=True)]
    first = {"embedding": 0, **{stage: number for number, stage in enumerate(STAGES)}}.get(section, len(STAGES))
    assert changed == [number >= first for number in range(len(STAGES))]


@pytest.mark.promise(16)
@pytest.mark.parametrize(
    ("part", "first"),
    [("pipeline", 0), ("segmentation", 0), ("embedding", 0), ("separation", 1), ("recognition", 2)],
)
def test_other_weights_change_the_keys_of_their_results(part: str, first: int) -> None:
    config = assign(Config(), {"diarization.pipeline": "published"} if part == "pipeline" else {})
    before, after = keys(config, {part: "sha256:1"}), keys(config, {part: "sha256:2"})
    assert [one != other for one, other in zip(before, after, strict=True)] == [number >= first for number in range(3)]


@pytest.mark.promise(16)
@pytest.mark.parametrize("number", range(3))
def test_a_raised_version_recomputes_its_stage_and_later_ones(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = [TURNS, STREAMS, WORDS]
    before = chained(stages)
    stages[number] = dataclasses.replace(stages[number], version=stages[number].version + 1)
    after = chained(stages)
    assert [one != other for one, other in zip(before, after, strict=True)] == [each >= number for each in range(3)]


def chained(stages: list[Stage[Any]]) -> list[str]:
    cache = KeyRecorder()
    steps = runner(cache=cache)
    steps.decode(lambda progress: recording())
    for stage in stages:
        steps.run(stage)
    return cache.keys


@pytest.mark.promise(16)
def test_another_decoder_or_package_recomputes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(Config())
    monkeypatch.setattr(stage_keys, "DECODER_VERSION", stage_keys.DECODER_VERSION + 1)
    decoded = keys(Config())
    versions = stage_keys.package_versions()
    monkeypatch.setattr(stage_keys, "package_versions", lambda: {**versions, "numpy": "0"})
    assert not set(before) & set(decoded)
    assert not {*before, *decoded} & set(keys(Config()))


def test_the_key_of_the_words_is_known_without_running_anything() -> None:
    identities = {"recognition": "sha256:1"}
    assert stage_keys.recognition_key("0", Config(), identities) == keys(Config(), identities)[-1]


def test_a_stage_gets_only_the_models_that_it_declares() -> None:
    def run(models: Any, settings: Any, progress: Progress) -> Diarization:
        return Diarization((), models.recognizer)

    with pytest.raises(BackendError) as caught:
        runner().run(dataclasses.replace(DIARIZATION, run=run))
    assert "uses=('recognizer',)" in caught.value.hint


@pytest.mark.parametrize(
    "wrong", [{"name": "My stage"}, {"name": ""}, {"version": 0}, {"version": True}, {"uses": ("oracle",)}]
)
def test_a_wrong_declaration_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="stage"):
        dataclasses.replace(DIARIZATION, **wrong)


def test_the_same_recipe_has_the_same_keys_and_another_recording_has_others() -> None:
    assert keys(Config()) == keys(Config())
    assert not set(keys(Config())) & set(keys(Config(), sha256="1"))
    assert len(set(keys(Config()))) == 3


def test_progress_is_reported_and_cached_stages_are_marked(tmp_path: Path) -> None:
    def report(models: Models, settings: Any, progress: Progress) -> Diarization:
        progress(1, 2)
        return Diarization(())

    events: list[Event] = []
    for _ in range(2):
        steps = runner(cache=DiskCache(tmp_path), listener=events.append)
        steps.decode(lambda progress: recording())
        steps.run(dataclasses.replace(DIARIZATION, run=report))
    assert [(e.done, e.total) for e in events if isinstance(e, StageAdvanced) and e.stage != "decode"] == [(1, 2)]
    finished = [event for event in events if isinstance(event, StageFinished) and event.stage == "diarization"]
    assert [event.cached for event in finished] == [False, True]


@given(cuts=st.lists(st.tuples(st.integers(0, 15_000), st.integers(1, 1_000), st.booleans()), max_size=6))
def test_a_separation_comes_back_from_the_cache(
    cuts: list[tuple[int, int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = DiskCache(tmp_path_factory.mktemp("cache"))
    audio = Audio((np.arange(16_000) / 20_000).astype(np.float32))
    clips = tuple(
        Clip((np.arange(n) / 32_768).astype(np.float32), first / 16_000, "separated")
        if separated
        else Clip(audio.samples[first : first + n], first / 16_000)
        for first, n, separated in sorted(cuts)
    )
    region = OverlapDecision(
        0.25, 0.5, (SpeakerEvidence("A", similarity=0.5), SpeakerEvidence("B")), "synthetic", "separated", "why"
    )
    separation = Separation((Stream("A", clips), Stream("B", clips[:1])), (region,))
    stage = without_work(SEPARATION, separation)
    for _ in range(2):
        back = runner(cache=cache).run(stage, Tracks((Track(audio),)))
        assert back.regions == separation.regions
        for stream, original in zip(back.streams, separation.streams, strict=True):
            assert stream.speaker == original.speaker
            for one, other in zip(stream.clips, original.clips, strict=True):
                assert (one.start, one.origin) == (other.start, other.origin)
                assert np.array_equal(one.samples, other.samples)


def cached_run(cache: DiskCache, path: Path, changes: dict[str, Any] | None = None) -> tuple[bytes, list[str]]:
    """The transcript's bytes, and the stages that came from the cache."""
    events: list[Event] = []
    run = Transcriber(world.settings(changes), cache=cache, listener=events.append)
    text = formats.dumps(run(path), "json")
    return text, [event.stage for event in events if isinstance(event, StageFinished) and event.cached]


@pytest.mark.promise(17)
def test_a_stage_finished_before_a_failure_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stumbling = {"recognition.backend": "tests.faults:StumblingRecognizer"}
    path, cache = world.write_wav(tmp_path / "talk.wav"), DiskCache(tmp_path / "cache")
    whole = formats.dumps(Transcriber(world.settings(stumbling))(path), "json")
    monkeypatch.setattr(StumblingRecognizer, "failures", 2)
    for _ in range(2):
        with pytest.raises(BackendError):
            cached_run(cache, path, stumbling)
    assert cached_run(cache, path, stumbling) == (whole, ["diarization", "separation"])
    monkeypatch.setattr(StumblingRecognizer, "calls", 0)
    assert cached_run(cache, path, stumbling) == (whole, list(STAGES))
    assert StumblingRecognizer.calls == 0


@pytest.mark.promise(16)
def test_a_change_of_the_last_stage_recomputes_only_the_last(tmp_path: Path) -> None:
    path, cache = world.write_wav(tmp_path / "talk.wav"), DiskCache(tmp_path / "cache")
    cached_run(cache, path)
    assert cached_run(cache, path, {"recognition.strategy": "streams"})[1] == ["diarization", "separation"]
    assert cached_run(cache, path, {"runtime.threads": 2})[1] == list(STAGES)
    assert cached_run(cache, path, {"assembly.pause": 0.0})[1] == list(STAGES)


@at_most(15)
@given(
    words=conversations(most=4), spoil=st.sampled_from([b"", b"{", b"null", b'{"turns": 5}', b"[1, 2]", b"\xff\x00"])
)
def test_a_damaged_cache_counts_as_absent(
    words: tuple[Any, ...], spoil: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = DiskCache(tmp_path_factory.mktemp("cache"))
    changes = {"separation.backend": "synthetic"}
    whole = formats.dumps(world.transcribed(words, changes=changes, cache=cache), "json")
    for path in cache.root.glob("*/*"):
        path.write_bytes(spoil)
    assert formats.dumps(world.transcribed(words, changes=changes, cache=cache), "json") == whole


@at_most(15)
@given(words=conversations(), strategy=st.sampled_from(["mixture", "streams"]))
def test_a_cached_run_gives_the_same_bytes(
    words: tuple[Any, ...], strategy: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = DiskCache(tmp_path_factory.mktemp("cache"))
    changes = {"separation.backend": "synthetic", "recognition.strategy": strategy}
    alone = formats.dumps(world.transcribed(words, changes=changes), "json")
    for _ in range(2):
        assert formats.dumps(world.transcribed(words, changes=changes, cache=cache), "json") == alone
        for path in sorted(cache.root.glob("*/*.json"), key=lambda path: path.stat().st_mtime_ns)[-1:]:
            path.unlink()


class LoadingModels(Models):
    """Models of which one kind is noticed when it is loaded, and another cannot be."""

    def __init__(self) -> None:
        super().__init__(Config(), {})
        self.loaded = threading.Event()

    @property
    def recognizer(self) -> None:  # type: ignore[override]
        self.loaded.set()

    @property
    def separator(self) -> None:  # type: ignore[override]
        raise BackendError("the weights cannot be read")


def test_models_of_later_stages_are_loaded_while_a_stage_is_computed() -> None:
    models, prepared = LoadingModels(), threading.Event()
    steps = StageRunner(models, Config(), NoCache(), ignore)
    steps.expect(RECOGNITION, SEPARATION, dataclasses.replace(WORDS, uses=(), prepare=prepared.set))
    steps.decode(lambda progress: recording())

    def compute(*inputs: Any) -> Diarization:
        assert models.loaded.wait(10)
        assert prepared.wait(10)  # also after a model that cannot be loaded
        return Diarization(())

    assert steps.run(dataclasses.replace(TURNS, run=compute)) == Diarization(())


def test_where_every_stage_is_cached_no_model_is_loaded(tmp_path: Path) -> None:
    for attempt in range(2):
        models = LoadingModels()
        steps = StageRunner(models, Config(), DiskCache(tmp_path), ignore)
        if attempt:
            steps.expect(RECOGNITION)
        steps.decode(lambda progress: recording())
        steps.run(TURNS)
        assert not models.loaded.wait(0.1)
