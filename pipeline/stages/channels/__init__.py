"""Tracks of a recording, and bleed between its channels."""
