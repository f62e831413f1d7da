"""Benchmarks, their recordings and their results; run from the repository's folder with ``python -m``."""
