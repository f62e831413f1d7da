"""The separator ``synthetic``, see `pipeline.models.synthetic`."""

from pipeline.models.synthetic import SyntheticSeparator

MODEL = SyntheticSeparator
