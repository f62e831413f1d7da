"""The four stages: pure functions from values and a model to values."""
