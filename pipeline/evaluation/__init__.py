"""Scores against references, simulated meetings with exact references, and the benchmark."""
