"""Diarizers, embedders, separators and recognizers, and their weights."""
