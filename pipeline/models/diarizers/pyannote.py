"""The diarizer ``pyannote``: pyannote's segmentation with this project's clustering, or one of pyannote's pipelines.

The settings ``diarization`` choose: a published pipeline (``pipeline``), pyannote's own clustering
(``method: pyannote``, see `pipeline.models.diarizers.stock`), or the joint assignment of this project
(`pipeline.models.diarizers.windowed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.config.schema import Config
from pipeline.models import registry
from pipeline.models.protocols import Diarizer, DiarizerModel, Embedder
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    from pipeline.models.weights import Store


class PyannoteDiarizer(DiarizerModel):
    """Builds the configured diarizer."""

    version = 2
    requires = ("pyannote.audio", "torch", "numpy", "scipy")

    @classmethod
    def weights(cls, config: Config) -> Mapping[str, str]:
        settings = config.diarization
        return {"pipeline": settings.pipeline} if settings.pipeline else {"segmentation": settings.segmentation}

    @classmethod
    def uses_embedder(cls, config: Config) -> bool:
        """A published pipeline brings its own embedding model."""
        return not config.diarization.pipeline

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> Diarizer:
        """The configured diarizer; raises `BadModel`, `MissingModel`."""
        settings, runtime = config.diarization, config.runtime
        if settings.pipeline is None and settings.method == "windowed":
            from pipeline.models.diarizers.windowed import WindowedDiarizer

            return WindowedDiarizer.from_config(config, weights)

        from pipeline.models.diarizers.published import load_published
        from pipeline.models.diarizers.pyannote_segmentation import load_pyannote_segmentation
        from pipeline.models.diarizers.stock import StockDiarizer, assemble

        device = select_device(runtime)
        if settings.pipeline is not None:
            return StockDiarizer(load_published(weights.path(settings.pipeline), device, runtime.batch_size))
        network = load_pyannote_segmentation(settings.segmentation, weights)
        embedder: Embedder = registry.load("embedder", config.embedding.model, config, weights)
        return StockDiarizer(assemble(network, embedder, config).to(device))


MODEL = PyannoteDiarizer
