"""Files of embedders that are refused, and run nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pipeline.config.schema import Config, assign
from pipeline.core.errors import BadModel, MissingModel, SettingsError
from pipeline.models import registry
from pipeline.models.weights import Store
from tests.models.embedders import ECAPA, WRITERS, opened, write_ecapa, write_wespeaker
from tests.models.synthetic_speech import Payload

ODD = {
    "rate": ("n_mels: !ref <n_mels>", "n_mels: !ref <n_mels>\n    sample_rate: 8000"),
    "normalisation": ("norm_type: sentence", "norm_type: batch"),
    "other layers": ("[16, 16, 16, 16, 48]", "[16, 16, 16, 32, 48]"),
    "no layers": ("[16, 16, 16, 16, 48]", "[16]"),
    "memory": ("[16, 16, 16, 16, 48]", "[16, 16, 16, 16, 480000000]"),
    "texts": ("[16, 16, 16, 16, 48]", "[a, b, c, d, e]"),
    "other network": ("    embedding_model: !ref <embedding_model>", "    embedding_model: !ref <compute_features>"),
    "no network": ("    embedding_model: !ref <embedding_model>", ""),
    "code": ("n_mels: 24", "n_mels: !apply:os.mkdir [{folder}/ran]"),
    "object": ("out_n_neurons: 5", "out_n_neurons: !new:os.mkdir [{folder}/ran]"),
}


@pytest.mark.promise(25)
@pytest.mark.parametrize("odd", list(ODD))
def test_other_descriptions_are_refused_and_run_nothing(odd: str, tmp_path: Path) -> None:
    folder = write_ecapa(tmp_path)
    was, now = ODD[odd]
    assert was in ECAPA
    text = ECAPA.replace(was, now, 1).replace("{folder}", str(folder))
    (folder / "hyperparams.yaml").write_text(text)
    with pytest.raises(BadModel):
        opened(folder)
    assert not (folder / "ran").exists()


@pytest.mark.promise(25)
@pytest.mark.parametrize("kind", ["ecapa-voxceleb", "wespeaker-resnet34", "campplus"])
@pytest.mark.parametrize("damage", ["code", "empty", "torn", "other"])
def test_other_weights_are_refused_and_run_nothing(kind: str, damage: str, tmp_path: Path) -> None:
    folder = WRITERS[kind](tmp_path)
    path = folder / registry.declaration("embedder", kind).layout
    if damage == "code":
        torch.save({"state_dict": {"layer": Payload(folder)}, "layer": Payload(folder)}, path)
    elif damage == "other":
        torch.save({"state_dict": {"layer": torch.zeros(3)}, "layer": torch.zeros(3)}, path)
    else:
        path.write_bytes(path.read_bytes()[: 0 if damage == "empty" else path.stat().st_size // 2])
    with pytest.raises(BadModel):
        opened(folder)
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    "changes",
    [{"dither": 1.0}, {"num_mel_bins": 24}, {"sample_rate": 8000}, {"window_type": "magic"}, {"frame_shift": 0}],
    ids=str,
)
def test_settings_of_another_network_are_refused(changes: dict[str, object], tmp_path: Path) -> None:
    path = write_wespeaker(tmp_path) / "pytorch_model.bin"
    checkpoint = torch.load(path, weights_only=False)  # a trusted file, just written
    checkpoint["hyper_parameters"] |= changes
    torch.save(checkpoint, path)
    with pytest.raises(BadModel):
        opened(tmp_path)


def test_another_network_of_pyannotes_is_refused(tmp_path: Path) -> None:
    path = write_wespeaker(tmp_path) / "pytorch_model.bin"
    checkpoint = torch.load(path, weights_only=False)  # a trusted file, just written
    checkpoint["pyannote.audio"]["architecture"]["class"] = "PyanNet"
    torch.save(checkpoint, path)
    with pytest.raises(BadModel, match="PyanNet"):
        opened(tmp_path)


def test_a_folder_without_weights_is_refused_and_one_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"embedding_model\.ckpt"):
        opened(tmp_path)
    config = assign(Config(), {"embedding.model": "ecapa-voxceleb"})
    with pytest.raises(MissingModel, match="transcribe models pull ecapa-voxceleb"):
        registry.load("embedder", "ecapa-voxceleb", config, Store(tmp_path / "models", offline=True))
