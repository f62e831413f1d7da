"""Word error rates computed by meeteval: tcpWER, ORC-WER and DI-cpWER (extra ``score``)."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from pipeline.core.errors import SettingsError
from pipeline.evaluation.metrics.normalization import Token
from pipeline.evaluation.metrics.wer import WordErrors

Utterances = Sequence[Sequence[Token]]
"""The tokens of each utterance; those of one utterance have one speaker."""


def available() -> bool:
    """Whether meeteval is installed."""
    return importlib.util.find_spec("meeteval") is not None


def tcp_errors(reference: Utterances, hypothesis: Utterances, collar: float) -> WordErrors:
    """tcpWER (von Neumann et al., 2023): cpWER in which words match only within ``collar`` seconds.

    Reference words are placed at their spans, hypothesis words at their middles.
    """
    wer = _meeteval()
    if not (reference and hypothesis):
        return _one_sided(reference, hypothesis)
    left, right = (_segments([[t] for utterance in side for t in utterance]) for side in (reference, hypothesis))
    unsorted = {"reference_sort": False, "hypothesis_sort": False}
    with _quiet():
        result = wer.wer.time_constrained_minimum_permutation_word_error_rate(left, right, collar=collar, **unsorted)
    return _errors(result)


def orc_errors(reference: Utterances, hypothesis: Utterances) -> WordErrors:
    """ORC-WER (Sklyar et al., 2022): each reference utterance is assigned to the hypothesis speaker with fewest errors.

    Uses meeteval's greedy search; the exact search takes time exponential in the number of speakers.
    """
    wer = _meeteval()
    if not (reference and hypothesis):
        return _one_sided(reference, hypothesis)
    with _quiet():
        return _errors(wer.wer.greedy_orc_word_error_rate(_segments(reference), _segments(hypothesis)))


def di_cp_errors(reference: Utterances, hypothesis: Utterances) -> WordErrors:
    """DI-cpWER (diarization-invariant): each hypothesis utterance is assigned to the speaker with fewest errors."""
    wer = _meeteval()
    if not (reference and hypothesis):
        return _one_sided(reference, hypothesis)
    with _quiet():
        return _errors(wer.wer.greedy_di_cp_word_error_rate(_segments(reference), _segments(hypothesis)))


def _meeteval() -> ModuleType:
    if not available():
        hint = "pip install 'crosstalk-transcribe[score]' (needs a C compiler)"
        raise SettingsError("tcpWER, ORC-WER and DI-cpWER need meeteval", hint=hint)
    import meeteval

    module: ModuleType = meeteval.wer
    return module


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress meeteval's warnings about overlapping words of one speaker; `scoring` documents how they are treated."""
    previous_level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(previous_level)


def _segments(utterances: Utterances) -> Any:
    import meeteval

    return meeteval.io.SegLST(
        [
            {
                "session_id": "session",
                "speaker": tokens[0].speaker,
                "start_time": tokens[0].start,
                "end_time": max(token.end for token in tokens),
                "words": " ".join(token.text for token in tokens),
            }
            for tokens in utterances
        ]
    )


def _errors(result: Any) -> WordErrors:
    hits = result.length - result.substitutions - result.deletions
    return WordErrors(hits, result.substitutions, result.deletions, result.insertions)


def _one_sided(reference: Utterances, hypothesis: Utterances) -> WordErrors:
    return WordErrors(deletions=sum(map(len, reference)), insertions=sum(map(len, hypothesis)))
