"""NMF with a mask network: masks stay valid for any output, blocks have no effect, and SI-SDR improves."""

from __future__ import annotations

from pathlib import Path
from time import sleep

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from pipeline.config.schema import Config, SeparationConfig
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import BackendError, BadModel
from pipeline.models.separators import nmf, nmf_refined
from pipeline.models.separators.dictionaries import Dictionary, build_dictionary
from pipeline.models.separators.mask_network import RECEPTIVE_FIELD, MaskNetwork
from pipeline.models.separators.nmf import NmfSeparator, contributions
from pipeline.models.separators.nmf_refined import SETTINGS, NmfRefinedSeparator
from pipeline.models.separators.spectra import Matrix, to_spectrum
from pipeline.models.torch_runtime import bfloat16_autocast, single_threaded_pool
from pipeline.models.weights import Store
from tests.max_examples import at_most
from tests.models.synthetic_speech import improvement, pair, speaker_signal

CPU = torch.device("cpu")
SEPARATOR = NmfRefinedSeparator.from_config(Config(), Store(offline=True))
SOLO = {"ann": speaker_signal(0, 4.0, RATE, seed=1), "bob": speaker_signal(1, 4.0, RATE, seed=2)}


def untrained(std: float = 0.0, seed: int = 0) -> MaskNetwork:
    """A network without corrections, or with random ones."""
    torch.manual_seed(seed)
    network = MaskNetwork().eval()
    torch.nn.init.normal_(network.out.weight, std=std) if std else None
    return network


def mixture_magnitudes(seconds: float, seed: int) -> tuple[Matrix, Matrix]:
    """The magnitudes of a mixture of two speakers, and the contribution of each speaker's dictionary."""
    magnitude = np.abs(to_spectrum(pair(seconds, RATE, seed).sum(axis=0)))
    return magnitude, contributions(
        magnitude, [build_dictionary(solo, SETTINGS.atoms) for solo in SOLO.values()], SETTINGS
    )


def test_a_network_without_corrections_leaves_the_masks_of_nmf() -> None:
    mixture = pair(2.0, RATE, seed=3).sum(axis=0)
    estimates = NmfRefinedSeparator(untrained(), CPU).separate(mixture, SOLO)
    np.testing.assert_allclose(estimates, NmfSeparator(SETTINGS).separate(mixture, SOLO), atol=1e-3)


@at_most(10)
@given(st.integers(1, 20_000), st.integers(0, 3))
def test_sources_add_up_to_the_mixture_for_any_network_output(length: int, seed: int) -> None:
    mixture = np.random.default_rng(seed).normal(0, 0.1, length).astype(np.float32)
    estimates = NmfRefinedSeparator(untrained(1.0, seed), CPU).separate(mixture, SOLO)
    np.testing.assert_allclose(estimates.sum(axis=0), mixture, atol=1e-4)


def test_order_and_names_of_speakers_change_no_bit() -> None:
    mixture = pair(1.0, RATE, seed=4).sum(axis=0)
    estimates = SEPARATOR.separate(mixture, SOLO)
    swapped = SEPARATOR.separate(mixture, {"x": SOLO["bob"], "y": SOLO["ann"]})
    np.testing.assert_array_equal(estimates, swapped[::-1])


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    magnitude, explained = mixture_magnitudes(6.0, seed=5)
    separator = NmfRefinedSeparator(untrained(1.0), CPU)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)  # no bfloat16: it rounds
    whole = separator._masks(magnitude, explained)
    monkeypatch.setattr(nmf_refined, "FRAMES", 50)
    np.testing.assert_allclose(separator._masks(magnitude, explained), whole, atol=1e-4)


def test_concurrent_separations_give_the_same_bytes_and_build_each_dictionary_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[bytes] = []

    def note(solo: Samples, count: int, device: torch.device) -> Dictionary:
        built.append(solo.tobytes())
        return build_dictionary(solo, count, device)

    monkeypatch.setattr(nmf, "build_dictionary", note)
    mixtures = [pair(seconds, RATE, seed=7).sum(axis=0) for seconds in (0.5, 1.0, 1.5, 2.0)]
    separator = NmfRefinedSeparator(untrained(1.0), CPU)
    with separator.executor() as pool:
        estimates = [each.tobytes() for each in pool.map(lambda mixture: separator.separate(mixture, SOLO), mixtures)]
        sequential = [pool.submit(separator.separate, mixture, SOLO).result().tobytes() for mixture in mixtures]
    assert estimates == sequential
    assert sorted(built) == sorted(solo.tobytes() for solo in SOLO.values())


def test_a_pool_restores_the_threads_and_cancels_waiting_tasks() -> None:
    before = torch.get_num_threads()
    with single_threaded_pool(CPU) as pool:
        assert torch.get_num_threads() == 1
        tasks = [pool.submit(sleep, 0.2) for _ in range(50)]
    assert torch.get_num_threads() == before
    assert tasks[-1].cancelled()
    assert sum(not task.cancelled() for task in tasks) < len(tasks)
    assert all(task.done() for task in tasks)


def test_padding_changes_no_mask_beyond_the_receptive_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    magnitude, explained = mixture_magnitudes(2.0, seed=8)
    separator = NmfRefinedSeparator(untrained(1.0), CPU)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    filled = separator._masks(magnitude, explained)
    monkeypatch.setattr(nmf_refined, "LENGTH_MULTIPLE", 1)
    bare = separator._masks(magnitude, explained)
    assert filled.shape == bare.shape
    np.testing.assert_allclose(filled[:, :-RECEPTIVE_FIELD], bare[:, :-RECEPTIVE_FIELD], atol=1e-4)


def test_bfloat16_is_for_processors_that_have_it_and_changes_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mixture, estimates = pair(2.0, RATE, seed=6).sum(axis=0), []
    for able in (False, True):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: {"avx512_bf16": able}, raising=False)
        with bfloat16_autocast(CPU):
            assert torch.is_autocast_enabled("cpu") == able
        estimates.append(SEPARATOR.separate(mixture, SOLO))
    assert 0 < np.mean((estimates[0] - estimates[1]) ** 2) < 1e-3 * np.mean(estimates[0] ** 2)


def test_silence_and_little_single_speaker_speech_are_as_with_nmf() -> None:
    assert np.isfinite(SEPARATOR.separate(np.zeros(RATE, np.float32), SOLO)).all()
    with pytest.raises(BackendError, match="bob"):
        SEPARATOR.separate(np.zeros(RATE, np.float32), SOLO | {"bob": SOLO["bob"][:100]})


def test_other_weights_are_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "model.safetensors")
    config = Config(separation=SeparationConfig(model=str(tmp_path)))
    with pytest.raises(BadModel, match="mask network"):
        NmfRefinedSeparator.from_config(config, Store(offline=True))


@pytest.mark.slow
def test_real_speakers_outside_the_training_data_improve(shared_data: Path) -> None:
    from tests.models.test_nmf import real_pairs

    gains = [
        [improvement(s.separate(sources.sum(axis=0), solo), sources) for s in (NmfSeparator(), SEPARATOR)]
        for sources, solo in real_pairs(shared_data)
    ]
    alone, refined_gain = np.mean(gains, axis=0)
    assert refined_gain >= alone + 1.5
