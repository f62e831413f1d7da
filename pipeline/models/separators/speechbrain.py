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
"""Longest piece separated at once, in seconds: memory grows with its square in SepFormer's attention."""
SHARED: Final = 2.0
"""Seconds that neighbouring chunks share: long enough to tell which source goes on as which."""
SHORTEST: Final = 0.5
"""Shorter mixtures are padded with silence to so many seconds: the networks' windows need some length."""


class SpeechBrainSeparator(SeparatorModel):
    """Sources in an order of the network's own, at the level they have in the mixture."""

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
            raise SettingsError("separation.model is not set", hint="name a model, such as sepformer-whamr16k")

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> SpeechBrainSeparator:
        """The network named by ``separation.model``; raises `BadModel`, `MissingModel`, `SettingsError`."""
        from pipeline.models.speechbrain_hparams import load_network

        cls.check(config, weights)
        return cls(*load_network(weights.path(cls.weights(config)["separation"])), select_device(config.runtime))

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> Sources:
        """Sources, shape (what the network gives, len(mixture)); ``solo`` is not used. Raises `BackendError`."""
        wide = np.asarray(mixture, np.float64)
        slow = resample_poly(wide, self._rate, RATE) if self._rate != RATE else wide
        padded = np.pad(slow, (0, max(0, int(SHORTEST * self._rate) - len(slow))))
        sources = join(self._chunks(padded.astype(np.float32)), int(SHARED * self._rate))[:, : len(slow)]
        if self._rate != RATE:
            sources = resample_poly(sources, RATE, self._rate, axis=1)
        return sources[:, : len(mixture)].astype(np.float32)

    def _chunks(self, mixture: Samples) -> Iterator[Sources]:
        """Each chunk's sources, level restored; every chunk shares `SHARED` seconds with the next."""
        size, step = int(CHUNK * self._rate), int((CHUNK - SHARED) * self._rate)
        shared = size - step
        for first in range(0, max(1, len(mixture) - shared), step):
            chunk = mixture[first : first + size]
            yield rescale_to_mixture(self._separated(chunk), chunk)

    def _separated(self, chunk: Samples) -> Sources:
        import torch

        try:
            with torch.inference_mode():
                found = self._network(torch.from_numpy(np.array(chunk))[None].to(self._device))
        except RuntimeError as error:
            if is_gpu_out_of_memory(error):
                raise
            raise BackendError(f"the separator failed: {str(error).partition(chr(10))[0]}") from error
        sources: Sources = found[0].T.float().cpu().numpy()
        if not np.isfinite(sources).all():
            raise BackendError("the separator gave numbers that are none")
        return sources


def join(chunks: Iterator[Sources], shared: int) -> Sources:
    """Chunks that share ``shared`` samples with the next as one: sources carried on by correlation, cross-faded."""
    whole = next(chunks)
    for chunk in chunks:
        both = min(shared, chunk.shape[1])
        chunk = chunk[_continuation(whole[:, -both:], chunk[:, :both])]
        fade = np.linspace(0, 1, both, dtype=np.float32)
        seam = whole[:, -both:] * (1 - fade) + chunk[:, :both] * fade
        whole = np.concatenate([whole[:, :-both], seam, chunk[:, both:]], axis=1)
    return whole


def _continuation(before: Sources, after: Sources) -> NDArray[np.intp]:
    """Which row of ``after`` goes on from each row of ``before``: the permutation that correlates best."""
    norms = np.linalg.norm(before, axis=1)[:, None] * np.linalg.norm(after, axis=1)
    likeness = np.divide(before @ after.T, norms, out=np.zeros_like(norms), where=norms > 0)
    return linear_sum_assignment(likeness, maximize=True)[1]


MODEL = SpeechBrainSeparator
