"""The embedder ``synthetic``, see `pipeline.models.synthetic`."""

from pipeline.models.synthetic import SyntheticEmbedder

MODEL = SyntheticEmbedder
