"""pyannote's published pipelines: the same turns as from pyannote's own loader, and none of the files' code is run."""

from __future__ import annotations

import os
import pickle
import shutil
import warnings
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import yaml

from pipeline.config.schema import Config, assign
from pipeline.core.audio import Audio
from pipeline.core.errors import BadModel, MissingModel
from pipeline.core.events import no_progress
from pipeline.models import registry
from pipeline.models.protocols import Diarizer, SpeakerBounds
from pipeline.models.weights import Store
from tests.models.pipelines import AGGLOMERATIVE, VBX, write_pipeline, write_segmentation

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests; each copies it before it changes anything."""
    return write_pipeline(tmp_path_factory.mktemp("published") / "whole")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


def opened(folder: Path) -> Diarizer:
    config = assign(Config(), {"diarization.pipeline": str(folder), "runtime.device": "cpu"})
    made: Diarizer = registry.load("diarizer", "pyannote", config, Store(folder.parent / "none", offline=True))
    return made


def describe(folder: Path, **changes: Any) -> None:
    """Replace dotted entries of ``config.yaml`` (``__`` stands for the dot); None takes an entry out."""
    entries = yaml.safe_load((folder / "config.yaml").read_text())
    for dotted, value in changes.items():
        *path, name = dotted.split("__")
        section = entries
        for part in path:
            section = section[part]
        section[name] = value
        if value is None:
            del section[name]
    (folder / "config.yaml").write_text(yaml.safe_dump(entries))


@pytest.mark.slow
@pytest.mark.parametrize("description", [VBX, AGGLOMERATIVE], ids=["vbx", "agglomerative"])
def test_turns_are_those_of_the_loader_of_pyannote(folder: Path, description: str, sample: Path) -> None:
    from pyannote.audio import Pipeline

    (folder / "config.yaml").write_text(description)
    samples, _ = soundfile.read(sample, dtype="float32")
    audio = Audio(samples[: 20 * 16_000])
    diarizer = opened(folder)
    actual = diarizer.diarize(audio, SpeakerBounds(2, 2), no_progress)

    describe(
        folder, **{f"pipeline__params__{part}": f"$model/{part}" for part in ("segmentation", "embedding", "plda")}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trusted = Pipeline.from_pretrained(folder)
    diarizer._pipeline = trusted  # type: ignore[attr-defined]
    expected = diarizer.diarize(audio, SpeakerBounds(2, 2), no_progress)
    assert len({turn.speaker for turn in actual.turns}) == 2
    assert actual == expected


def test_parts_named_by_a_repository_lie_in_the_folder(folder: Path) -> None:
    (folder / "config.yaml").write_text(AGGLOMERATIVE)
    shutil.rmtree(folder / "plda")
    opened(folder)


class Bomb:
    """Creates a file when it is unpickled by a reader that runs its code."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.system, (f"touch {self.mark}",)


def refused(folder: Path, mark: Path) -> str:
    with pytest.raises(BadModel) as caught:
        opened(folder)
    assert not mark.exists()
    return caught.value.line


POPEN = {"name": "subprocess.Popen", "params": {"args": ["touch", "ran"]}}


@pytest.mark.promise(25)
@pytest.mark.parametrize(
    "changes",
    [
        {"pipeline__name": "subprocess.Popen", "pipeline__params": {"args": ["touch", "ran"]}},
        {"pipeline__name": "os.system"},
        {"pipeline__name": "pyannote.audio.pipelines.OverlappedSpeechDetection"},
        {"pipeline__name": ["pyannote.audio.pipelines.SpeakerDiarization"]},
        {"pipeline": "os.system"},
        {"preprocessors": {"audio": POPEN}},
        {"device": "cuda"},
        {"freeze": {"segmentation": {"threshold": 0.5}}},
        {"pipeline__params__clustering": "OracleClustering"},
        {"pipeline__params__clustering": {"name": "subprocess.Popen"}},
        {"pipeline__params__segmentation": {"checkpoint": "somebody/model", "subfolder": "x"}},
        {"pipeline__params__segmentation": "$model/../../elsewhere"},
        {"pipeline__params__segmentation": "$model//etc"},
        {"pipeline__params__plda": "$model/../plda"},
        {"pipeline__params__cache_dir": "elsewhere"},
        {"pipeline__params__segmentation_step": 1e-9},
        {"params__clustering__threshold": "0.6"},
        {"params__clustering__threshold": float("nan")},
        {"params__clustering__eval": 1},
        {"params__embedding": {"x": 1}},
        {"params": [1]},
    ],
    ids=str,
)
def test_a_description_that_names_anything_unknown_is_refused(
    folder: Path, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    describe(folder, **changes)
    assert str(folder) in refused(folder, tmp_path / "ran")


@pytest.mark.promise(25)
@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch {mark}']",
        "pipeline: !!python/object/apply:subprocess.Popen [[touch, {mark}]]",
        "pipeline: !new:os.system ['touch {mark}']",
        "pipeline: {{name: &a [x], params: *b}}",
        "- 1",
        "",
        "pipeline: \x00",
        "a: " + "[" * 3000,
        "a: " + "x" * 1_100_000,
    ],
    ids=["apply", "popen", "new", "alias", "list", "empty", "nul", "deep", "large"],
)
def test_a_description_that_is_not_plain_is_refused(folder: Path, text: str, tmp_path: Path) -> None:
    (folder / "config.yaml").write_text(text.replace("{mark}", str(tmp_path / "ran")))
    refused(folder, tmp_path / "ran")


@pytest.mark.promise(25)
@pytest.mark.parametrize("part", ["segmentation", "embedding"])
@pytest.mark.parametrize("archive", [True, False])
def test_code_in_a_checkpoint_is_not_run(folder: Path, part: str, archive: bool, tmp_path: Path) -> None:
    path = folder / part / "pytorch_model.bin"
    content = torch.load(path, weights_only=False)
    content["state_dict"] = OrderedDict(content["state_dict"], more=Bomb(tmp_path / "ran"))
    torch.save(content, path, _use_new_zipfile_serialization=archive)
    refused(folder, tmp_path / "ran")


@pytest.mark.promise(25)
@pytest.mark.parametrize("name", ["xvec_transform.npz", "plda.npz"])
def test_code_in_a_plda_is_not_run(folder: Path, name: str, tmp_path: Path) -> None:
    with np.load(folder / "plda" / name) as archive:
        arrays = dict(archive)
    first = next(iter(arrays))
    np.savez(folder / "plda" / name, **{**arrays, first: np.array([Bomb(tmp_path / "ran")])})
    refused(folder, tmp_path / "ran")
    (folder / "plda" / name).write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    refused(folder, tmp_path / "ran")


@pytest.mark.promise(25)
def test_the_module_that_a_checkpoint_names_is_not_imported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hostile.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass PyanNet: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    content = torch.load(folder / "segmentation/pytorch_model.bin", weights_only=False)
    about = {**content["pyannote.audio"], "architecture": {"module": "hostile", "class": "PyanNet"}}
    write_segmentation(folder / "segmentation", **{"pyannote.audio": about})
    opened(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("lstm", {"hidden_size": 10**9, "num_layers": 4, "bidirectional": True, "monolithic": True}),
        ("lstm", {"hidden_size": 64, "num_layers": 4, "bidirectional": True, "monolithic": True}),
        ("linear", {"hidden_size": 128, "num_layers": 10**6}),
        ("sincnet", {"stride": 10, "sample_rate": 8000}),
        ("sincnet", {"stride": "10"}),
        ("lstm", {"proj_size": 3}),
    ],
)
def test_numbers_of_a_checkpoint_have_bounds(folder: Path, section: str, value: dict[str, Any]) -> None:
    content = torch.load(folder / "segmentation/pytorch_model.bin", weights_only=False)
    changed = {**content["hyper_parameters"], section: value}
    write_segmentation(folder / "segmentation", hyper_parameters=changed)
    with pytest.raises(BadModel):
        opened(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [("duration", 1e9), ("duration", "5"), ("classes", ["x"] * 1000), ("classes", None), ("powerset_max_classes", 9)],
)
def test_specifications_of_a_checkpoint_have_bounds(folder: Path, field: str, value: object) -> None:
    content = torch.load(folder / "segmentation/pytorch_model.bin", weights_only=False)
    setattr(content["pyannote.audio"]["specifications"], field, value)
    write_segmentation(folder / "segmentation", **{"pyannote.audio": content["pyannote.audio"]})
    with pytest.raises(BadModel):
        opened(folder)


@pytest.mark.parametrize("missing", ["config.yaml", "segmentation/pytorch_model.bin", "plda/plda.npz"])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(MissingModel):
        opened(folder)


def test_another_architecture_is_refused(folder: Path) -> None:
    shutil.copy(folder / "embedding/pytorch_model.bin", folder / "segmentation/pytorch_model.bin")
    with pytest.raises(BadModel):
        opened(folder)
