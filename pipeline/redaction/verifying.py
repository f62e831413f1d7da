"""Verification: the muted spans of the redacted recording are transcribed again, with the sound around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from pipeline.core.audio import RATE, to_sample
from pipeline.core.errors import CrosstalkError
from pipeline.core.text import letters
from pipeline.core.timeline import BOUNDARY
from pipeline.core.types import Transcript, Word
from pipeline.redaction.spans import MutedSpan
from pipeline.redaction.terms import MIN_DIGITS, NUMBERS, digits_of, longest_common
from pipeline.redaction.types import Plan, Redaction

if TYPE_CHECKING:
    from pipeline.core.audio import Samples
    from pipeline.models.protocols import Recognizer

Result = Literal["verified", "came back", "not verified"]
"""``verified``: no planned word or digit was recognized · ``came back``: one was · ``not verified``: nothing could be
recognized, or there is no recording."""
CONTEXT: Final = 2.0
"""Seconds of the recording on each side of a muted span that are transcribed with it. Chosen by hand: recognizers guess
words in clips of silence."""
SHARED: Final = 1.0
"""Seconds that two windows of one long span share."""
MIN_LETTERS: Final = 3
"""Fewest letters of a word that counts as come back. Chosen by hand; shorter ones are guessed in silence."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result for one muted span; ``reason`` says why it is not verified, without the words."""

    result: Result
    reason: str = ""


def verify(
    samples: Samples, transcript: Transcript, plan: Plan, spans: Sequence[MutedSpan], recognizer: Recognizer
) -> tuple[Check, ...]:
    """A check for each span of the muted recording; ``transcript`` is the original one, of the same length."""
    return tuple(_check(samples, transcript, plan, span, recognizer) for span in spans)


def _check(samples: Samples, transcript: Transcript, plan: Plan, span: MutedSpan, recognizer: Recognizer) -> Check:
    try:
        words = tuple(_recognized(samples, span, recognizer, transcript.language or "en"))
    except CrosstalkError as error:
        return Check("not verified", error.what)
    except Exception as error:  # a recognizer may be anyone's code, and raise anything
        return Check("not verified", f"the recognizer failed: {type(error).__name__}")
    redactions = tuple(plan.redactions[number] for number in span.redactions)
    inside = [word for word in words if span.start <= word.middle <= span.end]
    if any(_is_planned(word, redactions) for word in inside):
        return Check("came back", "a word of it was recognized in the muted span")
    if _numbers_return(words, redactions, _known_digits(transcript, plan, span)):
        return Check("came back", "digits of it were recognized around the muted span")
    return Check("verified")


def _recognized(samples: Samples, span: MutedSpan, recognizer: Recognizer, language: str) -> Iterator[Word]:
    """The words around a span, with their times in the recording."""
    from pipeline.models.protocols import max_seconds

    start, end = max(0.0, span.start - CONTEXT), min(len(samples) / RATE, span.end + CONTEXT)
    length = max_seconds(recognizer)
    while start < end:
        window = samples[to_sample(start) : to_sample(min(end, start + length))]
        for word in recognizer.recognize([window], language)[0]:
            yield Word(word.start + start, word.end + start, word.text)
        start = start + length - SHARED if start + length < end else end


def _is_planned(word: Word, redactions: Sequence[Redaction]) -> bool:
    """Whether a word inside a muted span is one of its words, or any digit where digits are redacted."""
    folded = letters(word.text)
    if any(redaction.kind in NUMBERS for redaction in redactions) and digits_of([word.text]):
        return True
    planned = {letters(token) for redaction in redactions for token in redaction.text.split()}
    return len(folded) >= MIN_LETTERS and folded in planned


def _numbers_return(words: Sequence[Word], redactions: Sequence[Redaction], known: str) -> bool:
    """Whether digits of a redaction are among the words, that are not also in what is known to stand beside it."""
    found = digits_of(word.text for word in sorted(words, key=lambda word: word.start))
    for redaction in redactions:
        digits = digits_of(redaction.text.split())
        common = longest_common(found, digits)
        if len(common) >= min(MIN_DIGITS, max(len(digits), 1)) and len(digits) > 1 and common not in known:
            return True
    return False


def _known_digits(transcript: Transcript, plan: Plan, span: MutedSpan) -> str:
    """The digits that are not redacted around a span."""
    planned = {place for each in plan.redactions for place in each.words}
    start, end = span.start - CONTEXT - BOUNDARY, span.end + CONTEXT + BOUNDARY
    words = [
        word
        for i, line in enumerate(transcript.utterances)
        for j, word in enumerate(line.words)
        if (i, j) not in planned and word.start < end and start < word.end
    ]
    return digits_of(word.text for word in sorted(words, key=lambda word: word.start))
