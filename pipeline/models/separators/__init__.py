"""Separation of overlapping speech."""
