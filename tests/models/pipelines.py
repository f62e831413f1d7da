"""Published diarization pipelines in pyannote's layout, small, with checkpoints as pyannote.audio writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.models.embedders import write_wespeaker

VBX = """
dependencies:
  pyannote.audio: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    segmentation_batch_size: 32
    embedding: $model/embedding
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}
  segmentation: {threshold: 0.5, min_duration_off: 0.0}
"""
"""The file of ``speaker-diarization-community-1``, with a threshold, since the segmentation here is multilabel."""
AGGLOMERATIVE = """
version: 3.1.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: AgglomerativeClustering
    embedding: pyannote/wespeaker-voxceleb-resnet34-LM
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    segmentation: pyannote/segmentation-3.0
    segmentation_batch_size: 32
params:
  clustering: {method: centroid, min_cluster_size: 12, threshold: 0.7}
  segmentation: {threshold: 0.5, min_duration_off: 0.0}
"""
"""The file of ``speaker-diarization-3.1``: the parts are named by repositories of the hub."""


def write_pipeline(folder: Path, description: str = VBX) -> Path:
    """A whole folder; the segmentation is the one that comes with Crosstalk, the rest has random weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(description)
    write_segmentation(folder / "segmentation")
    write_wespeaker(folder / "embedding")
    write_plda(folder / "plda")
    return folder


def write_segmentation(folder: Path, **changes: Any) -> Path:
    """A PyanNet's checkpoint; ``changes`` replace whole entries of it."""
    from pipeline.models.diarizers.pyannote_segmentation import load_pyannote_segmentation
    from pipeline.models.weights import Store

    folder.mkdir(parents=True, exist_ok=True)
    network = load_pyannote_segmentation("crosstalk-segmentation", Store(offline=True))
    checkpoint: dict[str, Any] = {
        "epoch": 3,
        "pytorch-lightning_version": "2.0.0",
        "state_dict": network.state_dict(),
        "hyper_parameters": dict(network.hparams),
    }
    network.on_save_checkpoint(checkpoint)
    torch.save({**checkpoint, **changes}, folder / "pytorch_model.bin")
    return folder


def write_plda(folder: Path) -> Path:
    """A random PLDA for embeddings of 256 values."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    lda = random.standard_normal((256, 128)) / 16
    np.savez(folder / "xvec_transform.npz", mean1=np.zeros(256), mean2=np.zeros(128), lda=lda)
    mixing = np.eye(128) + random.standard_normal((128, 128)) / 100
    np.savez(folder / "plda.npz", mu=np.zeros(128), tr=mixing, psi=np.linspace(4.0, 0.1, 128))
    return folder
