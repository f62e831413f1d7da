"""Keys: what changes a result changes them, nothing else does. Finished stages are never computed again."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import formats
from pipeline.config.schema import Config, assign
from pipeline.core.audio import Audio, Clip, Stream
from pipeline.core.errors import BackendError
from pipeline.core.events import Event, StageAdvanced, StageFinished, ignore
from pipeline.core.types import OverlapDecision, SpeakerEvidence
from pipeline.engine.artifact_cache import DiskCache, NoCache
from pipeline.engine.pipeline import Transcriber
from pipeline.engine.runner import StageRunner
from pipeline.models.protocols import Diarization
from pipeline.stages.recognition.stage import Recognition
from pipeline.stages.separation.result import Separation
from tests import world
from tests.faults import StumblingRecognizer
from tests.tones import conversations

STAGES = ("diarization", "separation", "recognition")
AUDIO = Audio(np.zeros(16_000, np.float32))
OTHERS = {
    "diarization.backend": "synthetic",
    "diarization.embedding": "ecapa-voxceleb",
    "separation.backend": "synthetic",
    "recognition.backend": "synthetic",
    "recognition.language": "de",
    "recognition.options": {"beam_size": 3},
    "runtime.device": "cpu",
}
"""Another value for settings that a text will not do for."""


class Recording(NoCache):
    """Keeps nothing but the keys asked for."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def load(self, key: str, kind: type[Any]) -> None:
        self.keys.append(key)


def keys(config: Config, identities: dict[str, str] | None = None, sha256: str = "0") -> tuple[str, ...]:
    """The keys of the three stages, in order."""
    cache = Recording()
    steps = StageRunner(identities or {}, config, cache, ignore)
    steps.begin(sha256, {"torch": "2"})
    steps.run("diarization", Diarization, lambda p: Diarization(()))
    steps.run_separation(AUDIO, lambda p: Separation((), ()))
    steps.run("recognition", Recognition, lambda p: Recognition(None))
    return tuple(cache.keys)


def every_setting() -> Iterator[tuple[str, Any]]:
    """Each setting of the config with a value other than its default."""
    for section in dataclasses.fields(Config):
        values = getattr(Config(), section.name)
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
    return {bool: lambda: not value, int: lambda: (value or 0) + 3, float: lambda: value + 0.25, str: lambda: "x"}[
        kind
    ]()


@pytest.mark.promise(16)
@pytest.mark.parametrize(("dotted", "value"), list(every_setting()), ids=str)
def test_a_setting_changes_the_keys_of_its_stage_and_later_ones(dotted: str, value: Any) -> None:
    section = dotted.partition(".")[0]
    changed = [one != other for one, other in zip(keys(Config()), keys(assign(Config(), {dotted: value})), strict=True)]
    depends = STAGES.index(section) if section in STAGES else len(STAGES)
    assert changed == [number >= depends for number in range(len(STAGES))]


@pytest.mark.promise(16)
@pytest.mark.parametrize(
    ("part", "first"),
    [("pipeline", 0), ("segmentation", 0), ("embedding", 0), ("separation", 1), ("recognition", 2)],
)
def test_other_weights_change_the_keys_of_what_they_make(part: str, first: int) -> None:
    was, now = keys(Config(), {part: "sha256:1"}), keys(Config(), {part: "sha256:2"})
    assert [one != other for one, other in zip(was, now, strict=True)] == [number >= first for number in range(3)]


def test_the_same_recipe_has_the_same_keys_and_another_recording_others() -> None:
    assert keys(Config()) == keys(Config())
    assert not set(keys(Config())) & set(keys(Config(), sha256="1"))
    assert len(set(keys(Config()))) == 3


def test_progress_is_told_and_a_cached_stage_says_so(tmp_path: Path) -> None:
    events: list[Event] = []
    for _ in range(2):
        steps = StageRunner({}, Config(), DiskCache(tmp_path), events.append)
        steps.begin("0", {"torch": "2"})
        steps.run("diarization", Diarization, lambda progress: progress(1, 2) or Diarization(()))  # type: ignore[func-returns-value]
    assert [(e.done, e.total) for e in events if isinstance(e, StageAdvanced)] == [(1, 2)]
    assert [e.cached for e in events if isinstance(e, StageFinished)] == [False, True]


@given(cuts=st.lists(st.tuples(st.integers(0, 15_000), st.integers(1, 1_000), st.booleans()), max_size=6))
def test_a_separation_comes_back_from_the_cache(
    cuts: list[tuple[int, int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = DiskCache(tmp_path_factory.mktemp("cache"))
    audio = Audio((np.arange(16_000) / 20_000).astype(np.float32))
    clips = tuple(
        Clip((np.arange(n) / 32_768).astype(np.float32), first / 16_000, "separated")
        if apart
        else Clip(audio.samples[first : first + n], first / 16_000)
        for first, n, apart in sorted(cuts)
    )
    region = OverlapDecision(
        0.25, 0.5, (SpeakerEvidence("A", similarity=0.5), SpeakerEvidence("B")), "synthetic", "separated", "why"
    )
    kept = Separation((Stream("A", clips), Stream("B", clips[:1])), (region,))
    for _ in range(2):
        steps = StageRunner({}, Config(), cache, ignore)
        back = steps.run_separation([audio], lambda p: kept)
        assert back.regions == kept.regions
        for mine, theirs in zip(back.streams, kept.streams, strict=True):
            assert mine.speaker == theirs.speaker
            for one, other in zip(mine.clips, theirs.clips, strict=True):
                assert (one.start, one.origin) == (other.start, other.origin)
                assert np.array_equal(one.samples, other.samples)


def finished(cache: DiskCache, path: Path, changes: dict[str, Any] | None = None) -> tuple[str, list[str]]:
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
            finished(cache, path, stumbling)
    assert finished(cache, path, stumbling) == (whole, ["diarization", "separation"])
    monkeypatch.setattr(StumblingRecognizer, "calls", 0)
    assert finished(cache, path, stumbling) == (whole, list(STAGES))
    assert StumblingRecognizer.calls == 0


@pytest.mark.promise(16)
def test_a_change_of_the_last_stage_redoes_only_the_last(tmp_path: Path) -> None:
    path, cache = world.write_wav(tmp_path / "talk.wav"), DiskCache(tmp_path / "cache")
    finished(cache, path)
    assert finished(cache, path, {"recognition.strategy": "streams"})[1] == ["diarization", "separation"]
    assert finished(cache, path, {"runtime.threads": 2})[1] == list(STAGES)
    assert finished(cache, path, {"assembly.pause": 0.0})[1] == list(STAGES)


@settings(max_examples=15)
@given(
    words=conversations(most=4), spoil=st.sampled_from([b"", b"{", b"null", b'{"turns": 5}', b"[1, 2]", b"\xff\x00"])
)
def test_a_damaged_cache_counts_as_absent(
    words: tuple[Any, ...], spoil: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = DiskCache(tmp_path_factory.mktemp("cache"))
    changes = {"separation.backend": "synthetic"}
    whole = formats.dumps(world.heard(words, changes=changes, cache=cache), "json")
    for path in cache.root.glob("*/*"):
        path.write_bytes(spoil)
    assert formats.dumps(world.heard(words, changes=changes, cache=cache), "json") == whole


@settings(max_examples=15)
@given(words=conversations(), strategy=st.sampled_from(["passages", "streams"]))
def test_a_cached_run_gives_the_same_bytes(
    words: tuple[Any, ...], strategy: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = DiskCache(tmp_path_factory.mktemp("cache"))
    changes = {"separation.backend": "synthetic", "recognition.strategy": strategy}
    alone = formats.dumps(world.heard(words, changes=changes), "json")
    for _ in range(2):
        assert formats.dumps(world.heard(words, changes=changes, cache=cache), "json") == alone
        for path in sorted(cache.root.glob("*/*.json"), key=lambda path: path.stat().st_mtime_ns)[-1:]:
            path.unlink()
