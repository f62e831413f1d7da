"""GPU out of memory: half the batch, then the CPU, with the same text; the next recording has the full batch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import formats
from pipeline.config.schema import Config, Runtime
from pipeline.core.audio import Samples
from pipeline.core.errors import OutOfMemory
from pipeline.core.events import Event, NoticeIssued, StageFinished
from pipeline.core.types import Transcript, Word
from pipeline.engine.artifact_cache import DiskCache
from pipeline.engine.pipeline import Transcriber
from pipeline.models import cuda_libraries, torch_runtime
from pipeline.models.synthetic import SyntheticRecognizer, SyntheticSeparator
from pipeline.models.weights import Store
from tests import world


class OutOfMemoryError(RuntimeError):
    """Named like the exception of torch."""


class Hungry(SyntheticRecognizer):
    """Runs out of memory on a GPU unless the batch is small enough."""

    enough = 0
    tried: list[tuple[str, int]] = []  # noqa: RUF012

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    @classmethod
    def from_config(cls, config: Config, models: Store) -> Hungry:
        return cls(config.runtime)

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        self.tried.append((self.runtime.device, self.runtime.batch_size))
        if self.enough == 0 and self.runtime.device == "cpu":
            return super().recognize(windows, language, fallback)
        if self.runtime.batch_size > self.enough:
            raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().recognize(windows, language, fallback)


class HungrySeparator(SyntheticSeparator):
    """A separator that runs out of memory on a GPU."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> HungrySeparator:
        made = cls()
        made.full = config.runtime.device != "cpu"  # type: ignore[attr-defined]
        return made

    def separate(self, mixture: Samples, solo: object) -> object:  # type: ignore[override]
        if self.full:  # type: ignore[attr-defined]
            raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().separate(mixture, solo)  # type: ignore[arg-type]


SETTINGS = {"recognition.backend": "tests.test_gpu_memory:Hungry", "runtime.batch_size": 16}


@pytest.fixture(autouse=True)
def _a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_runtime, "count_gpus", lambda: 1)
    monkeypatch.setattr(cuda_libraries, "load_cublas", lambda: ())
    monkeypatch.setattr(cuda_libraries, "try_torch", lambda name: None)
    monkeypatch.setattr(Hungry, "tried", [])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return world.write_wav(tmp_path / "talk.wav", world.OVERLAPPING)


def text(transcript: Transcript) -> bytes:
    return formats.dumps(replace(transcript, notices=()), "json")


@pytest.mark.slow
@pytest.mark.promise(22)
@pytest.mark.parametrize(
    ("enough", "tries"),
    [(16, [("cuda", 16)]), (8, [("cuda", 16), ("cuda", 8)]), (0, [("cuda", 16), ("cuda", 8), ("cuda", 4), ("cpu", 4)])],
)
def test_less_memory_gives_the_same_text(
    enough: int, tries: list[tuple[str, int]], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hungry, "enough", 16)
    plenty = Transcriber(world.settings(SETTINGS))(path)
    Hungry.tried.clear()
    monkeypatch.setattr(Hungry, "enough", enough)
    transcript = Transcriber(world.settings(SETTINGS))(path)
    assert text(transcript) == text(plenty)
    assert list(dict.fromkeys(Hungry.tried)) == tries
    assert [notice.code for notice in transcript.notices] == ["reduced_memory"] * (enough < 16)


def test_the_next_recording_begins_with_the_whole_batch(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[Event] = []
    run = Transcriber(world.settings(SETTINGS), listener=events.append)
    monkeypatch.setattr(Hungry, "enough", 4)
    with caplog.at_level(logging.WARNING, "pipeline"):
        run(path)
    assert len(caplog.records) == 1
    assert [event.code for event in events if isinstance(event, NoticeIssued)] == ["reduced_memory"]
    Hungry.tried.clear()
    events.clear()
    monkeypatch.setattr(Hungry, "enough", 16)
    assert run.with_config(world.settings(SETTINGS))(path).notices == ()
    assert set(Hungry.tried) == {("cuda", 16)}
    assert not [event for event in events if isinstance(event, NoticeIssued)]
    assert run.models.choice.runtime == replace(run.config.runtime, device="cuda")


def test_memory_that_runs_out_while_separating_is_no_failure_of_the_separator(path: Path) -> None:
    changes = {"separation.backend": "tests.test_gpu_memory:HungrySeparator", "runtime.batch_size": 4}
    transcript = Transcriber(world.settings(changes))(path)
    assert [notice.code for notice in transcript.notices] == ["reduced_memory"]
    plain = Transcriber(world.settings({"separation.backend": "synthetic"}))(path)
    assert [region.decision for region in transcript.overlaps] == [region.decision for region in plain.overlaps]


@pytest.mark.slow
def test_results_with_less_memory_are_cached_separately(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cached(batch: int) -> list[bool]:
        events: list[Event] = []
        settings = world.settings({**SETTINGS, "runtime.batch_size": batch})
        Transcriber(settings, cache=DiskCache(tmp_path / "cache"), listener=events.append)(path)
        return [event.cached for event in events if isinstance(event, StageFinished) and event.stage == "recognition"]

    monkeypatch.setattr(Hungry, "enough", 8)
    assert cached(16) == [False]
    count = len(Hungry.tried)
    assert cached(8) == [False]  # other keys: the first stages were computed with other batch sizes
    assert cached(8) == [True]
    Hungry.tried.clear()
    cached(16)
    assert Hungry.tried == [("cuda", 16)]  # the full batch is tried again, then the cached result is used
    assert count > 1
    monkeypatch.setattr(torch_runtime, "count_gpus", lambda: 0)
    monkeypatch.setattr(Hungry, "enough", 99)
    assert cached(16) == [False]
    assert cached(4) == [True]  # on a CPU the batch size changes nothing


def test_no_memory_at_all_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hungry, "enough", -1)
    with pytest.raises(OutOfMemory) as caught:
        Transcriber(world.settings(SETTINGS | {"runtime.device": "cpu"}))(path)
    assert "\n" not in caught.value.line
