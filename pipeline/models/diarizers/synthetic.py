"""The diarizer ``synthetic``, see `pipeline.models.synthetic`."""

from pipeline.models.synthetic import SyntheticDiarizer

MODEL = SyntheticDiarizer
