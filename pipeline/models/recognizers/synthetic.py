"""The recognizer ``synthetic``, see `pipeline.models.synthetic`."""

from pipeline.models.synthetic import SyntheticRecognizer

MODEL = SyntheticRecognizer
