"""Sentiment by VADER's compound score (Hutto & Gilbert 2014); English only, optional."""

from __future__ import annotations

import importlib.metadata
import importlib.util

from pipeline.core.types import Transcript

PACKAGE = "vaderSentiment"
"""The package that computes sentiment, in the extra ``analytics``."""


def method(language: str | None) -> str | None:
    """Name and version of the package that computes the sentiment of a language; None without such a package."""
    if language != "en" or importlib.util.find_spec(PACKAGE) is None:
        return None
    return f"{PACKAGE} {importlib.metadata.version(PACKAGE)}"


def sentiments(transcript: Transcript) -> dict[str, float]:
    """Mean compound score (-1 to 1) of each speaker over utterances, weighted by words; {} without a `method`."""
    if method(transcript.language) is None:
        return {}
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    sums: dict[str, tuple[float, int]] = {}
    for utterance in transcript.utterances:
        score, words = sums.get(utterance.speaker, (0.0, 0))
        compound = float(analyzer.polarity_scores(utterance.text)["compound"])
        sums[utterance.speaker] = score + compound * len(utterance.words), words + len(utterance.words)
    return {speaker: score / words for speaker, (score, words) in sums.items()}
