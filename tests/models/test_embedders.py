"""The contract of every embedder; ECAPA-TDNN and ResNet34 agree with their vendors' inference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.config.presets import load_preset
from pipeline.config.schema import Config, assign
from pipeline.core.audio import RATE, Samples
from pipeline.core.types import Word
from pipeline.models import registry
from pipeline.models.protocols import Embedder, EmbedderCalibration, FrameEmbedder
from pipeline.models.synthetic import SyntheticEmbedder, synthesize
from pipeline.models.weights import CATALOGUE, Store
from tests.max_examples import at_most
from tests.models.embedders import WRITERS, babble, opened, write_wespeaker

DIMENSIONS = {"resemblyzer": 256, "campplus": 192, "ecapa-voxceleb": 12, "wespeaker-resnet34": 256, "synthetic": 6}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("embedders")
    return {name: write(root / name) for name, write in WRITERS.items()}


@pytest.fixture(scope="module", params=list(DIMENSIONS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def embedder(kind: str, folders: dict[str, Path]) -> Embedder:
    return SyntheticEmbedder() if kind == "synthetic" else opened(folders[kind])


def clip(kind: str, seconds: float, seed: int) -> Samples:
    """A clip for an embedder; for the synthetic one, synthetic tones."""
    if kind == "synthetic":
        return synthesize([Word(0.0, seconds, f"{'abc'[seed % 3]}{seed}"), Word(0.0, seconds / 2, "d1")], seconds)
    return babble(seconds, seed)


def test_every_embedder_that_ships_is_here() -> None:
    assert set(DIMENSIONS) == set(registry.names("embedder"))
    assert set(WRITERS) <= set(CATALOGUE)
    assert set(WRITERS) == set(registry.names("embedder")) - {"synthetic"}


def test_embeddings_have_length_one_and_short_clips_are_nan(kind: str, embedder: Embedder) -> None:
    clips = [clip(kind, 1.6, 1), clip(kind, 0.4, 2), np.zeros(0, np.float32), np.zeros(RATE, np.float32)]
    vectors = embedder.embed(clips)
    assert vectors.shape == (4, DIMENSIONS[kind])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[:2], axis=1), 1, atol=1e-5)
    assert np.isnan(vectors[2:]).all()
    if kind != "synthetic":  # which embeds a single frame
        assert np.isnan(embedder.embed([clip(kind, 0.15, 1)])).all()


def test_no_clips_give_no_embeddings(kind: str, embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, DIMENSIONS[kind])


@at_most(5)
@given(
    lengths=st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.9, 0.9, 0.9]), min_size=2, max_size=5),
    order=st.randoms(use_true_random=False),
)
def test_a_clip_is_the_same_alone_among_others_and_in_any_order(
    kind: str, embedder: Embedder, lengths: list[float], order: np.random.Generator
) -> None:
    clips = [clip(kind, seconds, seed) for seed, seconds in enumerate(lengths)]
    together = embedder.embed(clips)
    np.testing.assert_allclose(together, np.concatenate([embedder.embed([one]) for one in clips]), atol=2e-5)
    rows = list(range(len(clips)))
    order.shuffle(rows)
    np.testing.assert_allclose(embedder.embed([clips[row] for row in rows]), together[rows], atol=2e-5)


def test_embeddings_of_speakers_differ_and_clips_are_unchanged(kind: str, embedder: Embedder) -> None:
    clips = [clip(kind, 1.6, 1), clip(kind, 1.6, 2)]
    copies = [one.copy() for one in clips]
    one, other = embedder.embed(clips)
    assert float(one @ other) < (1 - 1e-4 if kind == "resemblyzer" else 0.9)  # whose weights are random
    assert all(np.array_equal(a, b) for a, b in zip(clips, copies, strict=True))
    for samples in clips:
        samples.setflags(write=False)
    np.testing.assert_array_equal(embedder.embed(clips), np.stack([one, other]))


def unit(vectors: torch.Tensor) -> NDArray[np.float32]:
    normalized: NDArray[np.float32] = torch.nn.functional.normalize(vectors, dim=-1).detach().numpy()
    return normalized


@pytest.mark.filterwarnings("ignore")  # warnings of the vendor's library
@pytest.mark.parametrize("seconds", [0.3, 1.6, 5.0])
def test_ecapa_agrees_with_speechbrain(seconds: float, folders: dict[str, Path], tmp_path: Path) -> None:
    from speechbrain.inference.classifiers import EncoderClassifier

    folder = folders["ecapa-voxceleb"]
    vendor = EncoderClassifier.from_hparams(source=str(folder), savedir=str(tmp_path / "kept"))
    clips = [babble(seconds, seed) for seed in range(4)]
    expected = vendor.encode_batch(torch.from_numpy(np.stack(clips)))[:, 0]
    np.testing.assert_allclose(opened(folder).embed(clips), unit(expected), atol=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # warnings of the vendor's library
@pytest.mark.parametrize("seconds", [0.3, 1.6, 5.0])
@pytest.mark.parametrize("settings", [{}, {"window_type": "povey", "frame_length": 20, "num_mel_bins": 24}])
def test_resnet_agrees_with_pyannote(seconds: float, settings: dict[str, object], tmp_path: Path) -> None:
    from pyannote.audio import Model

    folder = write_wespeaker(tmp_path / "model", **settings)
    vendor = Model.from_pretrained(folder / "pytorch_model.bin").eval()
    assert type(vendor).__name__ == "WeSpeakerResNet34"
    clips = [babble(seconds, seed) for seed in range(4)]
    with torch.inference_mode():
        expected = vendor(torch.from_numpy(np.stack(clips))[:, None])
    np.testing.assert_allclose(opened(folder).embed(clips), unit(expected), atol=1e-4)


@pytest.mark.filterwarnings("ignore")  # warnings of the vendor's library
def test_one_pass_gives_the_embeddings_of_all_speakers_as_pyannote_pools_them(folders: dict[str, Path]) -> None:
    from pyannote.audio import Model

    folder = folders["wespeaker-resnet34"]
    vendor = Model.from_pretrained(folder / "pytorch_model.bin").eval()
    embedder = opened(folder)
    assert isinstance(embedder, FrameEmbedder)
    blocks = [babble(5.0, 1), babble(5.0, 2), babble(0.1, 3), babble(3.0, 4)]
    features = embedder.forward_frames(blocks)
    assert [len(frames) for frames in features] == [63, 63, 0, 38]
    for block, frames in zip(blocks, features, strict=True):
        if len(frames):
            weights = np.random.default_rng(0).random((3, len(frames))).astype(np.float32)
            with torch.inference_mode():
                expected = vendor(torch.from_numpy(block)[None, None], torch.from_numpy(weights)[None])[0]
            np.testing.assert_allclose(embedder.pool(frames, weights), unit(expected), atol=1e-4)
            np.testing.assert_allclose(
                embedder.pool(frames, np.ones_like(weights[:1])), embedder.embed([block]), atol=1e-4
            )
    assert np.isnan(embedder.pool(features[2], np.zeros((2, 0), np.float32))).all()
    silent = np.stack([np.zeros(63, np.float32), np.ones(63, np.float32)])
    assert np.isnan(embedder.pool(features[0], silent)).all(axis=1).tolist() == [True, False]


@pytest.mark.parametrize("seconds", [0.3, 0.6, 0.8])
def test_frames_of_campplus_with_local_context_are_those_of_a_short_clip(
    folders: dict[str, Path], seconds: float
) -> None:
    embedder = opened(folders["campplus"])
    assert isinstance(embedder, FrameEmbedder)
    clip = babble(seconds, 1)
    (frames,) = embedder.forward_frames([clip])
    pooled = embedder.pool(frames, np.ones((1, len(frames)), np.float32))
    assert float(pooled[0] @ embedder.embed([clip])[0]) > 0.99  # deviations of n and of n - 1


def test_frames_of_campplus_depend_on_the_sound_near_them(folders: dict[str, Path]) -> None:
    embedder = opened(folders["campplus"])
    assert isinstance(embedder, FrameEmbedder)
    speech, other = babble(12.0, 1), babble(12.0, 1)
    other[8 * RATE :] = babble(4.0, 2)
    one, two = embedder.forward_frames([speech, other])
    assert len(one) == 599
    scale = np.abs(one).max()
    assert np.abs(one - two)[:100].max() < 1e-2 * scale  # six seconds away
    assert np.abs(one - two)[400:].max() > 0.1 * scale
    assert embedder.forward_frames([speech[:100]])[0].shape == (0, one.shape[1])


@pytest.mark.parametrize("seconds", [0.2, 1.6, 5.0])
def test_the_features_of_campplus_are_kaldis(seconds: float) -> None:
    import torchaudio.compliance.kaldi as kaldi

    from pipeline.models.embedders.campplus_network import features_of

    clips = torch.from_numpy(np.stack([babble(seconds, seed) for seed in range(3)]))
    bands = torch.stack([kaldi.fbank(clip[None], num_mel_bins=80, sample_frequency=RATE, dither=0.0) for clip in clips])
    torch.testing.assert_close(features_of(clips), bands, atol=2e-3, rtol=0)


@pytest.mark.weights
def test_campplus_discriminates_speakers_of_a_real_call(shared_data: Path) -> None:
    config = assign(Config(), {"embedding.model": "campplus"})
    embedder: Embedder = registry.load("embedder", "campplus", config, Store(offline=True))
    files = [shared_data / "calls" / f"enroll_{name}.wav" for name in ("katie", "steve")]
    samples = [soundfile.read(file, dtype="float32")[0] for file in files]
    one, two = (embedder.embed([speech[: 3 * RATE], speech[3 * RATE : 6 * RATE]]) for speech in samples)
    assert min(one[0] @ one[1], two[0] @ two[1]) > 0.5
    assert np.max(one @ two.T) < 0.3


def test_the_weights_of_a_folder_are_in_the_identity_and_a_class_has_no_weights(folders: dict[str, Path]) -> None:
    store = Store(folders["resemblyzer"].parent / "models", offline=True)
    seen = {store.identity(str(folder)) for folder in folders.values()}
    assert len(seen) == len(folders)
    for folder in folders.values():
        config = assign(Config(), {"embedding.model": str(folder)})
        assert registry.required_models(config)["embedding"] == str(folder)
    for model in ("synthetic", "tests.faults:PlainEmbedder"):
        assert "embedding" not in registry.required_models(assign(Config(), {"embedding.model": model}))


def test_the_published_preset_uses_ecapa() -> None:
    published = load_preset("published")
    assert published.embedding.model == "ecapa-voxceleb"
    assert {"ecapa-voxceleb", "speaker-diarization-community-1"} <= set(registry.required_model_names(published))
    assert "resemblyzer" not in registry.required_model_names(published)


def test_each_embedder_has_its_calibration(folders: dict[str, Path]) -> None:
    assert opened(folders["resemblyzer"]).calibration == EmbedderCalibration()
    assert opened(folders["campplus"]).calibration.within_floor == 0.3
    for finer in ("ecapa-voxceleb", "wespeaker-resnet34"):
        scale = opened(folders[finer]).calibration
        assert scale.between > EmbedderCalibration().between
        assert scale.margin > EmbedderCalibration().margin
