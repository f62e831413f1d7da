"""SpeechBrain's separators: three kinds that separate, chunks that join, and files that run no code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.schema import Config, SeparationConfig
from pipeline.core.audio import RATE
from pipeline.core.errors import BackendError, BadModel, SettingsError
from pipeline.models.separators.speechbrain import SpeechBrainSeparator, join
from pipeline.models.speechbrain_hparams import load_network
from pipeline.models.weights import Store
from tests.models.synthetic_speech import KINDS, REST, SEPFORMER, Payload, improvement, pair, train, write_blank


def opened(folder: Path) -> SpeechBrainSeparator:
    config = Config(separation=SeparationConfig(backend="speechbrain", model=str(folder)))
    return SpeechBrainSeparator.from_config(config, Store(root=folder.parent / "models", offline=True))


@pytest.fixture(scope="module", params=list(KINDS))
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network trained on two synthetic speakers in a few seconds; shared by the tests below."""
    folder = write_blank(tmp_path_factory.mktemp(request.param), request.param)
    train(folder, steps=60)  # gives 10.5 to 13 dB; below 40 it comes near the 8 asked for
    return folder


@pytest.mark.slow
def test_a_trained_network_separates_at_the_level_of_the_mixture(trained: Path) -> None:
    sources = pair(6.0, RATE, seed=5)
    estimates = opened(trained).separate(sources.sum(axis=0), {})
    assert estimates.shape == sources.shape
    assert estimates.dtype == np.float32
    assert improvement(estimates, sources) >= 8
    assert estimates.std() == pytest.approx(sources.std(), rel=0.2)


@pytest.mark.slow
def test_sources_stay_in_their_rows_over_chunks(trained: Path) -> None:
    sources = pair(25.0, RATE, seed=6)
    assert improvement(opened(trained).separate(sources.sum(axis=0), {}), sources) >= 8


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("rate", [8000, 16000])
def test_any_length_gives_finite_sources_of_that_length(kind: str, rate: int, tmp_path: Path) -> None:
    separator = opened(write_blank(tmp_path, kind, rate))
    for length in (1, 2, 4001, 16001):
        noise = np.random.default_rng(length).normal(0, 0.1, length).astype(np.float32)
        estimates = separator.separate(noise, {})
        assert estimates.shape == (2, length)
        assert np.isfinite(estimates).all()
    assert not separator.separate(np.zeros(8000, np.float32), {}).any()


@given(st.permutations([0, 1, 2]), st.lists(st.permutations([0, 1, 2]), min_size=1, max_size=4))
def test_chunks_join_to_the_whole_however_their_rows_are_ordered(first: list[int], orders: list[list[int]]) -> None:
    whole = np.random.default_rng(0).normal(size=(3, 100 + 80 * len(orders))).astype(np.float32)
    chunks = [whole[order, 80 * n : 80 * n + 100] for n, order in enumerate([first, *orders])]
    np.testing.assert_allclose(join(iter(chunks), 20), whole[first], atol=1e-6)


def test_weights_that_give_no_numbers_are_an_error(tmp_path: Path) -> None:
    path = write_blank(tmp_path, "conv-tasnet") / "decoder.ckpt"
    torch.save({name: value * torch.nan for name, value in torch.load(path).items()}, path)
    with pytest.raises(BackendError):
        opened(tmp_path).separate(np.ones(8000, np.float32), {})


def test_a_model_must_be_named() -> None:
    with pytest.raises(SettingsError, match="model"):
        SpeechBrainSeparator.from_config(Config(), Store(offline=True))


HOSTILE = {
    "apply": "x: !apply:os.mkdir [{folder}/ran]",
    "python object": "x: !!python/object/apply:os.mkdir ['{folder}/ran']",
    "python name": "x: !!python/name:os.system",
    "new": "x: !new:os.mkdir [{folder}/ran]",
    "name": "x: !name:subprocess.run",
    "module": "x: !module:os",
    "include": "x: !include:/etc/hostname",
    "copy": "x: !copy <num_spks>",
    "loop": "num: !ref <num>\nwidth: !ref <num>",
    "memory": "width: 1000000000",
    "layers": "SBtf: !new:speechbrain.lobes.models.dual_path.SBTransformerBlock\n  num_layers: 100000\n  d_model: 32",
    "list": "width: [1, 2]",
    "rate": "sample_rate: 44100",
    "modules": "modules: []",
    "no yaml": "a: b: c: {",
    "too long": "# " + "x" * 1_100_000,
}


@pytest.mark.promise(25)
@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_descriptions_are_refused_and_run_nothing(name: str, tmp_path: Path) -> None:
    write_blank(tmp_path, "sepformer")
    text = SEPFORMER + REST.format(rate=8000) + HOSTILE[name].replace("{folder}", str(tmp_path)) + "\n"
    (tmp_path / "hyperparams.yaml").write_text(text)
    with pytest.raises(BadModel):
        load_network(tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.promise(25)
def test_weights_that_would_run_code_are_refused(tmp_path: Path) -> None:
    write_blank(tmp_path, "conv-tasnet")
    torch.save({"layer": Payload(tmp_path)}, tmp_path / "masknet.ckpt")
    with pytest.raises(BadModel):
        load_network(tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("damage", ["missing", "empty", "other", "number"])
def test_weights_of_something_else_are_refused(damage: str, tmp_path: Path) -> None:
    path = write_blank(tmp_path, "dprnn") / "masknet.ckpt"
    path.unlink()
    if damage == "empty":
        path.touch()
    elif damage == "other":
        torch.save({"layer": torch.zeros(3)}, path)
    elif damage == "number":
        torch.save({"layer": 3}, path)
    with pytest.raises(BadModel):
        load_network(tmp_path)
