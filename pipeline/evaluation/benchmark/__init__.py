"""Accuracy, speed and memory of several systems on the same recordings."""
