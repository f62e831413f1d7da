"""Redaction of personal data: which spans of a recording hold it, and outputs without them.

``plan`` finds the spans; it reads a transcript and writes nothing.
"""
