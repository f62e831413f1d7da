from __future__ import annotations

import numpy as np

from pipeline.core.audio import RATE
from pipeline.models.protocols import Embedder


def embedder() -> Embedder:
    import torch

    from pipeline.models.embedders.resemblyzer import ResemblyzerEmbedder
    from pipeline.models.embedders.resemblyzer_encoder import SpeakerEncoder

    torch.manual_seed(0)
    return ResemblyzerEmbedder(SpeakerEncoder(), torch.device("cpu"), 4)


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(int(seconds * RATE))).astype(np.float32)


def test_embeddings_have_length_one_and_short_or_silent_clips_are_nan() -> None:
    vectors = embedder().embed([noise(0.5), noise(3), noise(0.1), np.zeros(RATE, np.float32)])
    assert vectors.shape == (4, 256)
    assert np.allclose(np.linalg.norm(vectors[:2], axis=1), 1, atol=1e-5)
    assert np.isnan(vectors[2:]).all()


def test_a_clip_is_the_same_alone_and_among_others_and_however_quiet() -> None:
    clips = [noise(1.6, seed) for seed in range(5)]
    together = embedder().embed(clips)
    assert np.allclose(together, np.concatenate([embedder().embed([clip]) for clip in clips]), atol=1e-5)
    quiet = [(clip * 10 ** (-45 / 20)).astype(np.float32) for clip in clips]
    quieter = [(clip * 10 ** (-55 / 20)).astype(np.float32) for clip in clips]
    assert np.allclose(embedder().embed(quiet), embedder().embed(quieter), atol=1e-4)


def test_no_clips_give_no_embeddings() -> None:
    assert embedder().embed([]).shape == (0, 256)


def test_the_mel_bands_are_torchaudios_bit_for_bit() -> None:
    import torch
    import torchaudio.functional

    from pipeline.models.embedders.resemblyzer_encoder import mel_bands

    expected = torchaudio.functional.melscale_fbanks(201, 0.0, 8000.0, 40, RATE, norm="slaney", mel_scale="slaney")
    bands = mel_bands(torch.device("cpu"))
    assert bands.shape == (201, 40)
    assert torch.equal(bands, expected)


def test_spectra_of_clips_in_a_row_are_those_of_each_alone() -> None:
    import torch

    from pipeline.models.embedders.resemblyzer import _cut, _join, _partials

    cut = [_cut(noise(seconds, seed)) for seed, seconds in enumerate((1.6, 0.25, 3.333, 1.6))]
    alone = torch.cat([_partials(*each, torch.device("cpu")) for each in cut])
    torch.testing.assert_close(_partials(*_join(cut), torch.device("cpu")), alone, atol=1e-6, rtol=1e-4)


def test_a_tone_is_in_its_mel_band() -> None:
    import torch

    from pipeline.models.embedders.resemblyzer_encoder import mel_power

    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(RATE) / RATE)
    mels = mel_power(tone)
    assert mels.shape == (101, 40)
    # Slaney's scale: 15 mel at 1 kHz of 45.2 at 8 kHz, in 41 steps: bands 12 and 13 meet there
    assert int(mels[50].argmax()) in (12, 13)
