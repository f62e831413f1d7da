"""Simulated meetings with known references."""
