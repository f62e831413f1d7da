"""Errors of a session in blocks of one minute, the unit of resampling in a comparison of systems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.core.types import Transcript
from pipeline.evaluation.metrics.der import DiarizationErrors, diarization_errors_by_block
from pipeline.evaluation.metrics.scoring import DEFAULT, ScoreConfig, Session, as_session, scored_pair
from pipeline.evaluation.metrics.wer import Pair, WordErrors, align_speakers, count

BLOCK_SECONDS = 60.0
"""Length of a block in seconds. Chosen by hand: much longer than a turn, so that neighbouring blocks hardly share an
error. Longer blocks are fewer, which makes intervals of a comparison less certain; shorter ones depend on each other,
which makes intervals too narrow."""


@dataclass(frozen=True, slots=True)
class BlockErrors:
    """Errors in the block that begins at ``start`` seconds: ``words`` of cpWER's alignment, and DER's ``speech``."""

    start: float
    words: WordErrors
    speech: DiarizationErrors


def errors_by_block(
    reference: Transcript | Session,
    hypothesis: Transcript | Session,
    duration: float,
    config: ScoreConfig = DEFAULT,
) -> tuple[BlockErrors, ...]:
    """The cpWER and DER errors of a session, divided into the blocks of a recording of ``duration`` seconds.

    A reference word belongs to the block in which its middle lies, an insertion to that of the hypothesis word. Both
    scores use the speaker mapping of the whole session. The last block has no end, so the sums are those of `score`.
    """
    pair = scored_pair(as_session(reference), as_session(hypothesis), config)
    starts = [BLOCK_SECONDS * number for number in range(max(1, math.ceil(duration / BLOCK_SECONDS)))]
    words = _pairs_by_block(align_speakers(*pair.tokens).pairs, len(starts))
    speech = diarization_errors_by_block(*pair.turns, starts, config.der_collar, pair.unscored)
    return tuple(BlockErrors(start, count(w), s) for start, w, s in zip(starts, words, speech, strict=True))


def _pairs_by_block(pairs: Sequence[Pair], blocks: int) -> list[list[Pair]]:
    divided: list[list[Pair]] = [[] for _ in range(blocks)]
    for reference, hypothesis in pairs:
        token = reference or hypothesis
        if token:  # never false: a pair has at least one side
            divided[min(int(token.middle // BLOCK_SECONDS), blocks - 1)].append((reference, hypothesis))
    return divided
