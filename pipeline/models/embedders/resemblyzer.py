"""Resemblyzer's speaker encoder: an LSTM over 40 mel bands from 1.6 s of speech to an embedding.

Wan et al., "Generalized end-to-end loss for speaker verification", ICASSP 2018; weights of the Resemblyzer package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.config.schema import Config
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import BadModel
from pipeline.models.protocols import EmbedderCalibration, EmbedderModel
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from pipeline.models.embedders.resemblyzer_encoder import SpeakerEncoder
    from pipeline.models.weights import Store

WIDTH = 256
"""Dimension of an embedding."""
PARTIAL = 160
"""Mel frames of one partial utterance, 10 ms each: the encoder was trained on 1.6 s."""
PARTIAL_STEP = 77
"""Frames between the starts of partials: the original's 1.3 partials per second."""
COVERAGE = 0.75
"""Minimum share of audio in the last partial, as in the original; else it is left out."""
LOUDNESS = 10 ** (-30 / 20)
"""Root mean square to which quieter speech is amplified: -30 dBFS, as in the original."""
HOP = 160
"""Samples between mel frames (10 ms)."""
GAP = 3
"""Frames of silence between clips whose spectra are computed at once: more than the two half windows (25 ms) that reach
into it."""
MIN_SAMPLES = RATE // 5
"""Minimum length of a clip in samples (0.2 s); chosen by hand. Shorter clips have no embedding."""


_Cut: TypeAlias = tuple[Samples, list[int]]
"""Audio at 16 kHz, and the first mel frame of each of its partials."""


class ResemblyzerEmbedder(EmbedderModel):
    """The encoder behind the protocol `Embedder`."""

    version = 1
    requires = ("torch", "numpy")
    layout = "model.safetensors"
    calibration = EmbedderCalibration()

    def __init__(self, encoder: SpeakerEncoder, device: torch.device, batch_size: int) -> None:
        self._encoder = encoder.to(device).eval()
        self._device = device
        self._batch_size = batch_size

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> ResemblyzerEmbedder:
        """The encoder with the weights named by ``embedding.model``; raises `BadModel`, `MissingModel`."""
        from safetensors.torch import load_file

        from pipeline.models.embedders.resemblyzer_encoder import SpeakerEncoder

        name = config.embedding.model
        runtime = config.runtime
        encoder = SpeakerEncoder()
        tensors = load_file(weights.path(name) / cls.layout)
        try:
            encoder.load_state_dict({k: v for k, v in tensors.items() if not k.startswith("similarity_")})
        except RuntimeError as error:
            raise BadModel("not the weights of Resemblyzer's encoder", where=name) from error
        return cls(encoder, select_device(runtime), runtime.batch_size)

    def embed(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        """Unit vectors, shape (clips, 256), of clips at 16 kHz; NaN for a clip under 0.2 s.

        A longer clip's vector is the mean of its partials, as in the original.
        """
        audible = [i for i, clip in enumerate(clips) if len(clip) >= MIN_SAMPLES and np.any(clip)]
        cut = [_cut(clips[i]) for i in audible]
        sums = np.zeros((len(clips), WIDTH), np.float32)
        if audible:
            clip_indices = np.repeat(audible, [len(starts) for _, starts in cut])
            np.add.at(sums, clip_indices, self._encode(cut))
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(sums, norms, out=np.full_like(sums, np.nan), where=norms > 0)
        return unit

    def _encode(self, cut: Sequence[_Cut]) -> NDArray[np.float32]:
        """The vectors of the partials of clips, shape (partials, 256)."""
        import torch

        # On a GPU, the spectra of all clips are computed at once.
        lines = [[each] for each in cut] if self._device.type == "cpu" else [cut]
        with torch.inference_mode():
            partials = torch.cat([_partials(*_join(line), self._device) for line in lines])  # (partials, 160, 40)
            vectors = [self._encoder(batch) for batch in torch.split(partials, self._batch_size)]
            result: NDArray[np.float32] = torch.cat(vectors).cpu().numpy()
        return result


def _cut(clip: Samples) -> _Cut:
    """A clip, amplified and padded with silence where needed, and the first mel frame of each of its partials."""
    loudness = float(np.sqrt(np.mean(np.square(clip, dtype=np.float64))))
    audio = (clip * max(1.0, LOUDNESS / loudness)).astype(np.float32)
    frames = len(audio) // HOP + 1
    grid = range(0, max(1, frames - PARTIAL + PARTIAL_STEP + 1), PARTIAL_STEP)
    starts = [start for start in grid if start == 0 or (len(audio) / HOP - start) >= COVERAGE * PARTIAL]
    padding = (starts[-1] + PARTIAL) * HOP - len(audio)
    return np.pad(audio, (0, max(0, padding))), starts


def _join(cut: Sequence[_Cut]) -> _Cut:
    """Clips one after the other, with silence in between so that a window meets one clip alone."""
    parts: list[Samples] = []
    starts: list[int] = []
    length = 0
    for audio, clip_starts in cut:
        gap = -length % HOP + GAP * HOP if parts else 0
        starts += [(length + gap) // HOP + start for start in clip_starts]
        parts += [np.zeros(gap, np.float32), audio]
        length += gap + len(audio)
    return np.concatenate(parts), starts


def _partials(audio: Samples, starts: list[int], device: torch.device) -> Tensor:
    """The mel spectra of partials that begin at the frames ``starts``, shape (partials, 160, 40)."""
    import torch

    from pipeline.models.embedders.resemblyzer_encoder import mel_power

    mels = mel_power(torch.from_numpy(audio).to(device))  # (frames, 40)
    return torch.stack([mels[start : start + PARTIAL] for start in starts])


MODEL = ResemblyzerEmbedder
