"""Frozen values and what works on them: standard library and numpy only."""
