"""Corrections of transcripts: their file, and applying them to the transcript they were made in or to a later one."""

from pipeline.corrections.applying import apply_corrections
from pipeline.corrections.corrections_file import CorrectionsFile, dumps, load, loads

__all__ = ["CorrectionsFile", "apply_corrections", "dumps", "load", "loads"]
