"""SpeechBrain's separators behind the protocol: SepFormer, Conv-TasNet and dual-path RNN, from a local folder.

Subakan et al., "Attention is all you need in speech separation", ICASSP 2021; Luo and Mesgarani, "Conv-TasNet",
TASLP 2019; Luo et al., "Dual-path RNN", ICASSP 2020. The three differ in the mask network only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.signal import resample_poly

from pipeline.config.schema import Config
from pipeline.core.audio import RATE, Samples, Sources, rescale_to_mixture
from pipeline.core.errors import BackendError, SettingsError, is_gpu_out_of_memory
from pipeline.models.protocols import SeparatorModel
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    import torch

    from pipeline.models.speechbrain_hparams import Network
    from pipeline.models.weights import Store

CHUNK: Final = 10.0
"""Maximum length separated at once in seconds, chosen by hand: the memory of SepFormer's attention is quadratic."""
OVERLAP: Final = 2.0
"""Overlap of consecutive chunks in seconds, chosen by hand: their sources are matched in it."""
MIN_LENGTH: Final = 0.5
"""Length in seconds to which shorter mixtures are padded with silence: the networks' windows need it."""


class SpeechBrainSeparator(SeparatorModel):
    """A SpeechBrain network behind the protocol `Separator`; sources in any order, at their level in the mixture."""

    version = 1
    requires = ("speechbrain", "torch", "numpy", "scipy")

    def __init__(self, network: Network, rate: int, device: torch.device) -> None:
        self._network = network.to(device)
        self._rate = rate
        self._device = device

    @classmethod
    def weights(cls, config: Config) -> Mapping[str, str]:
        return {"separation": config.separation.model} if config.separation.model else {}

    @classmethod
    def check(cls, config: Config, weights: Store) -> None:
        """Raise `SettingsError` where no model is named: there is no default."""
        if not config.separation.model:
            raise SettingsError("separation.model is not set", hint="set it to a model, for example sepformer-whamr16k")

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> SpeechBrainSeparator:
        """The network named by ``separation.model``; raises `BadModel`, `MissingModel`, `SettingsError`."""
        from pipeline.models.speechbrain_hparams import load_network

        cls.check(config, weights)
        return cls(*load_network(weights.path(cls.weights(config)["separation"])), select_device(config.runtime))

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> Sources:
        """Sources, shape (the network's number, len(mixture)); ``solo`` is not used. Raises `BackendError`."""
        samples = np.asarray(mixture, np.float64)
        resampled = resample_poly(samples, self._rate, RATE) if self._rate != RATE else samples
        padded = np.pad(resampled, (0, max(0, int(MIN_LENGTH * self._rate) - len(resampled))))
        sources = join(self._chunks(padded.astype(np.float32)), int(OVERLAP * self._rate))[:, : len(resampled)]
        if self._rate != RATE:
            sources = resample_poly(sources, RATE, self._rate, axis=1)
        return sources[:, : len(mixture)].astype(np.float32)

    def _chunks(self, mixture: Samples) -> Iterator[Sources]:
        """The sources of each chunk, at their level in the mixture; consecutive chunks overlap by `OVERLAP`."""
        size, step = int(CHUNK * self._rate), int((CHUNK - OVERLAP) * self._rate)
        overlap = size - step
        for first in range(0, max(1, len(mixture) - overlap), step):
            chunk = mixture[first : first + size]
            yield rescale_to_mixture(self._separate_chunk(chunk), chunk)

    def _separate_chunk(self, chunk: Samples) -> Sources:
        import torch

        try:
            with torch.inference_mode():
                output = self._network(torch.from_numpy(np.array(chunk))[None].to(self._device))
        except RuntimeError as error:
            if is_gpu_out_of_memory(error):
                raise
            raise BackendError(f"the separator failed: {str(error).partition(chr(10))[0]}") from error
        sources: Sources = output[0].T.float().cpu().numpy()
        if not np.isfinite(sources).all():
            raise BackendError("the separator returned NaN or infinity")
        return sources


def join(chunks: Iterator[Sources], overlap: int) -> Sources:
    """Join chunks that overlap by ``overlap`` samples: sources are matched by correlation and cross-faded."""
    joined = next(chunks)
    for chunk in chunks:
        both = min(overlap, chunk.shape[1])
        chunk = chunk[_continuation(joined[:, -both:], chunk[:, :both])]
        fade = np.linspace(0, 1, both, dtype=np.float32)
        seam = joined[:, -both:] * (1 - fade) + chunk[:, :both] * fade
        joined = np.concatenate([joined[:, :-both], seam, chunk[:, both:]], axis=1)
    return joined


def _continuation(before: Sources, after: Sources) -> NDArray[np.intp]:
    """The row of ``after`` that continues each row of ``before``: the permutation with the highest correlation."""
    norms = np.linalg.norm(before, axis=1)[:, None] * np.linalg.norm(after, axis=1)
    similarity = np.divide(before @ after.T, norms, out=np.zeros_like(norms), where=norms > 0)
    return linear_sum_assignment(similarity, maximize=True)[1]


MODEL = SpeechBrainSeparator
