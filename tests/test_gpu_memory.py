"""A GPU whose memory runs out costs time, not text: half the batch, then the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline import formats
from pipeline.audio import Samples
from pipeline.backends.replay import ReplayRecognizer
from pipeline.config import Config, Runtime
from pipeline.errors import OutOfMemory
from pipeline.run import Transcriber
from pipeline.store import Store
from pipeline.values import Word
from tests import world


class OutOfMemoryError(RuntimeError):
    """Named like torch's."""


class Hungry(ReplayRecognizer):
    """Runs out of memory on a GPU unless the batch is small enough."""

    enough = 0
    tried: list[tuple[str, int]] = []  # noqa: RUF012

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    @classmethod
    def from_config(cls, config: Config, models: Store) -> Hungry:
        return cls(config.runtime)

    def recognize(self, windows: Sequence[Samples], language: str, rescue: bool = False) -> list[tuple[Word, ...]]:
        self.tried.append((self.runtime.device, self.runtime.batch_size))
        if self.enough == 0 and self.runtime.device == "cpu":
            return super().recognize(windows, language, rescue)
        if self.runtime.batch_size > self.enough:
            raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().recognize(windows, language, rescue)


SETTINGS = {"recognition.backend": "tests.test_gpu_memory:Hungry", "runtime.batch_size": 16}


@pytest.mark.promise(22)
@pytest.mark.parametrize(
    ("enough", "tries"),
    [(16, [("auto", 16)]), (8, [("auto", 16), ("auto", 8)]), (0, [("auto", 16), ("auto", 8), ("auto", 4), ("cpu", 4)])],
)
def test_less_memory_gives_the_same_text(
    enough: int, tries: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.write_wav(tmp_path / "talk.wav")
    monkeypatch.setattr(Hungry, "enough", 16)
    plenty = formats.dumps(Transcriber(world.settings(SETTINGS))(path), "json")
    monkeypatch.setattr(Hungry, "enough", enough)
    monkeypatch.setattr(Hungry, "tried", [])
    assert formats.dumps(Transcriber(world.settings(SETTINGS))(path), "json") == plenty
    assert list(dict.fromkeys(Hungry.tried)) == tries


def test_no_memory_at_all_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hungry, "enough", -1)
    with pytest.raises(OutOfMemory, match="the GPU's memory ran out in recognition; --device cpu"):
        Transcriber(world.settings(SETTINGS | {"runtime.device": "cpu"}))(world.write_wav(tmp_path / "talk.wav"))
