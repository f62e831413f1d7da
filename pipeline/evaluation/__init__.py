"""Scores as the field counts them, meetings with known truth, and the benchmark made of both."""
