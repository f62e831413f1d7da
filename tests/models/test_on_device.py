"""Separators and embedders on a device that is not the CPU: the results of the CPU, in batches, with few transfers.

The device is simulated (`tests.models.fake_device`): no GPU is needed. Results differ by rounding alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.config.schema import Config, assign
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import CannotSeparate
from pipeline.models.embedders.campplus import CampPlusEmbedder
from pipeline.models.embedders.campplus_network import CampPlus
from pipeline.models.embedders.resemblyzer import ResemblyzerEmbedder
from pipeline.models.embedders.resemblyzer_encoder import SpeakerEncoder
from pipeline.models.protocols import Embedder, Mixture
from pipeline.models.separators import nmf
from pipeline.models.separators.mask_network import RECEPTIVE_FIELD, MaskNetwork
from pipeline.models.separators.nmf import NmfSeparator, NmfSettings
from pipeline.models.separators.nmf_refined import NmfRefinedSeparator
from pipeline.models.separators.spectra import HOP
from pipeline.models.weights import Store
from tests.models.embedders import babble, opened, write_campplus
from tests.models.fake_device import DEVICE, MixedDevices, Transfers, fake_device
from tests.models.synthetic_speech import pair, speaker_signal

CPU = torch.device("cpu")
SMALL = NmfSettings(atoms=200, updates=5)
SOLO = {"ann": speaker_signal(0, 8.0, RATE, seed=1), "bob": speaker_signal(1, 1.6, RATE, seed=2)}
"""The second has too few frames: its dictionary is augmented."""
MIXTURES: list[Mixture] = [(pair(seconds, RATE, seed=7).sum(axis=0), SOLO) for seconds in (3.0, 1.0, 3.7, 6.0, 3.2)]
BATCHES = 3
"""The mixtures have three lengths when they are padded: 2, 4 and 6 s."""


@pytest.fixture
def transfers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Transfers]:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)  # no bfloat16: it rounds
    with fake_device(monkeypatch) as counted:
        yield counted


def refined(device: torch.device) -> NmfRefinedSeparator:
    torch.manual_seed(0)
    network = MaskNetwork().eval()
    torch.nn.init.normal_(network.out.weight, std=1.0)
    return NmfRefinedSeparator(network.to(device), device)


SEPARATORS: dict[str, Callable[[torch.device], NmfSeparator]] = {
    "nmf": lambda device: NmfSeparator(SMALL, device),
    "nmf-refined": refined,
}


def test_the_device_of_the_tests_is_strict_and_counts(transfers: Transfers) -> None:
    tensor = torch.zeros(3).to(DEVICE)
    assert (transfers.into, transfers.out) == (1, 0)
    with pytest.raises(MixedDevices):
        tensor + torch.zeros(3)
    with pytest.raises(TypeError, match="CPU"):
        tensor.numpy()
    assert ((tensor + 1) * torch.ones(3, device=DEVICE)).cpu().tolist() == [1, 1, 1]
    assert float(tensor.max()) == 0
    assert (transfers.into, transfers.out) == (1, 2)


@pytest.mark.parametrize("name", list(SEPARATORS))
def test_sources_are_those_of_the_cpu(name: str, transfers: Transfers) -> None:
    on_cpu, on_device = (SEPARATORS[name](device) for device in (CPU, DEVICE))
    for (mixture, solo), sources in zip(MIXTURES, on_device.separate_batch(MIXTURES), strict=True):
        expected = on_cpu.separate(mixture, solo)
        assert isinstance(sources, np.ndarray)
        assert (sources.shape, sources.dtype) == (expected.shape, np.float32)
        # Padding reaches the last masks of the network: the samples under its receptive field may differ.
        inside = slice(0, len(mixture) - (RECEPTIVE_FIELD * HOP if name == "nmf-refined" else 0))
        np.testing.assert_allclose(sources[:, inside], expected[:, inside], atol=1e-4)


@pytest.mark.parametrize("name", list(SEPARATORS))
def test_a_mixture_has_the_same_sources_alone_and_in_a_batch(name: str, transfers: Transfers) -> None:
    separator = SEPARATORS[name](DEVICE)
    for (mixture, solo), sources in zip(MIXTURES, separator.separate_batch(MIXTURES), strict=True):
        np.testing.assert_allclose(sources, separator.separate(mixture, solo), atol=1e-5)


@pytest.mark.parametrize("name", list(SEPARATORS))
def test_a_batch_takes_one_transfer_in_and_one_out(name: str, transfers: Transfers) -> None:
    separator = SEPARATORS[name](DEVICE)
    separator.separate(*MIXTURES[0])  # the dictionaries, and constants, are on the device now
    transfers.reset()
    separator.separate_batch(MIXTURES)
    assert (transfers.into, transfers.out) == (BATCHES, BATCHES)


def test_a_dictionary_takes_at_most_four_transfers_in(transfers: Transfers) -> None:
    nmf.build_dictionary(SOLO["ann"], SMALL.atoms, DEVICE)  # constants
    transfers.reset()
    for solo, number in (("ann", 1), ("bob", 4)):  # augmentation adds the random draws
        transfers.reset()
        on_device = nmf.build_dictionary(SOLO[solo], SMALL.atoms, DEVICE)
        assert (transfers.into, transfers.out) == (number, 0)
        for array, expected in zip(on_device, nmf.build_dictionary(SOLO[solo], SMALL.atoms), strict=True):
            np.testing.assert_allclose(array.cpu().numpy(), expected, atol=1e-5)


def test_a_mixture_that_cannot_be_separated_leaves_the_others(transfers: Transfers) -> None:
    little = (MIXTURES[0][0], SOLO | {"bob": SOLO["bob"][:100]})
    results = NmfSeparator(SMALL, DEVICE).separate_batch([MIXTURES[1], little, MIXTURES[0]])
    assert [isinstance(result, CannotSeparate) for result in results] == [False, True, False]
    assert "bob" in str(results[1])


def test_batches_are_bounded_by_the_batch_size() -> None:
    prepared = [nmf._Prepared(number, np.zeros(3 * RATE, np.float32), (), ()) for number in range(40)]
    for batch_size, expected in ((32, [31, 9]), (8, [7] * 5 + [5]), (1, [1] * 40)):  # of 4.1 s each
        separator = NmfSeparator(SMALL, DEVICE, batch_size)
        assert [len(batch) for batch in separator._batches(prepared)] == expected
        assert separator.mixtures_at_once == batch_size
    assert NmfSeparator(SMALL, CPU).mixtures_at_once == 1


def test_less_memory_means_smaller_batches_of_the_separator() -> None:
    config = assign(Config(), {"runtime.device": "cuda"})
    half = replace(config, runtime=replace(config.runtime, batch_size=config.runtime.batch_size // 2))
    assert [NmfSeparator.from_config(each, Store()).mixtures_at_once for each in (config, half)] == [32, 16]


@pytest.fixture(scope="module")
def campplus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_campplus(tmp_path_factory.mktemp("models") / "campplus")


CLIPS: list[Samples] = [
    babble(seconds, seed) for seed, seconds in enumerate((0.1, 0.2, 0.31, 1.6, 1.6, 2.0, 2.01, 7.0))
]


def on_device(embedder: Embedder) -> Embedder:
    """The same network on the device."""
    if isinstance(embedder, CampPlusEmbedder):
        network = CampPlus()
        network.load_state_dict(embedder._network.state_dict())
        return CampPlusEmbedder(network, DEVICE, 8)
    torch.manual_seed(0)
    return ResemblyzerEmbedder(SpeakerEncoder(), DEVICE, 8)


@pytest.fixture(params=["campplus", "resemblyzer"])
def on_cpu(request: pytest.FixtureRequest, campplus: Path) -> Embedder:
    if request.param == "campplus":
        return opened(campplus)
    torch.manual_seed(0)
    return ResemblyzerEmbedder(SpeakerEncoder(), CPU, 8)


def test_embeddings_are_those_of_the_cpu_by_one_batch(on_cpu: Embedder, transfers: Transfers) -> None:
    expected = on_cpu.embed(CLIPS)
    embedder = on_device(on_cpu)
    embedder.embed(CLIPS[3:4])  # constants are on the device now
    transfers.reset()
    vectors = embedder.embed(CLIPS)
    assert np.isnan(vectors).any(axis=1).tolist() == [True] + [False] * 7
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    assert transfers.into <= 2  # waveforms, and lengths where they differ
    assert transfers.out == 1


def test_frames_take_one_transfer_a_batch(campplus: Path, transfers: Transfers) -> None:
    cpu = opened(campplus)
    assert isinstance(cpu, CampPlusEmbedder)
    embedder = on_device(cpu)
    assert isinstance(embedder, CampPlusEmbedder)
    pieces = [babble(2.0, seed) for seed in range(9)]
    embedder.forward_frames(pieces[:1])
    transfers.reset()
    frames = embedder.forward_frames(pieces)
    assert (transfers.into, transfers.out) == (2, 2)  # batches of eight
    for one, expected in zip(frames, cpu.forward_frames(pieces), strict=True):
        np.testing.assert_allclose(one, expected, atol=1e-4)
    transfers.reset()
    weights = np.random.default_rng(0).random((3, len(frames[0]))).astype(np.float32)
    np.testing.assert_allclose(embedder.pool(frames[0], weights), cpu.pool(frames[0], weights), atol=1e-5)
    assert (transfers.into, transfers.out) == (2, 1)
