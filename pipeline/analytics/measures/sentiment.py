"""Sentiment by VADER's compound score (Hutto & Gilbert 2014); English only, optional."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from collections.abc import Iterable
from typing import Any

from pipeline.core.types import Transcript, Utterance

PACKAGE = "vaderSentiment"
"""The package that computes sentiment, in the extra ``analytics``."""


def method(language: str | None) -> str | None:
    """Name and version of the package that computes the sentiment of a language; None without such a package."""
    if language != "en" or importlib.util.find_spec(PACKAGE) is None:
        return None
    return f"{PACKAGE} {importlib.metadata.version(PACKAGE)}"


def sentiments(transcript: Transcript) -> dict[str, float]:
    """Mean compound score (-1 to 1) of each speaker over utterances, weighted by words; {} without a `method`."""
    return mean_scores(transcript.utterances, transcript.language)


def mean_scores(utterances: Iterable[Utterance], language: str | None) -> dict[str, float]:
    """The same for some utterances of a transcript in ``language``."""
    if method(language) is None:
        return {}
    sums: dict[str, tuple[float, int]] = {}
    for utterance in utterances:
        score, words = sums.get(utterance.speaker, (0.0, 0))
        compound = float(_analyzer().polarity_scores(utterance.text)["compound"])
        sums[utterance.speaker] = score + compound * len(utterance.words), words + len(utterance.words)
    return {speaker: score / words for speaker, (score, words) in sums.items()}


@functools.cache
def _analyzer() -> Any:
    """The analyzer with its lexicon, read once: that takes longer than the scores of a call."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
