"""A plan applied to a transcript: a marker in place of the words, in the text and in every ledger."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from pipeline.core.correction import Correction
from pipeline.core.timeline import middle
from pipeline.core.types import OverlapDecision, Provenance, Span, Transcript, Utterance, Word, join_words
from pipeline.redaction.labels import with_labels
from pipeline.redaction.terms import NUMBERS, Terms, digits_of, marker, terms_of
from pipeline.redaction.types import Kind, Plan, Redaction

Value = TypeVar("Value")
QUOTES: Final = frozenset({"text", "before", "after", "left", "right", "phrase"})
"""Fields of ledgers that quote the recording: the strict rule holds for them."""
STRUCTURE: Final = frozenset({
    "speaker", "decision", "code", "operation", "origin", "separator", "kind", "band", "role", "sha256", "recorded",
})  # fmt: skip
"""Fields of ledgers with values of the program, and labels, which `labels` replaces: they are not searched."""
PUNCTUATION: Final = ".,;:?!…。？！"
"""Signs at the end of a covered word that stay behind the marker."""
MIN_OLD_DIGITS: Final = 3
"""Fewest digits of corrected words that are taken for a part of a number: a security code has three."""
NEAR: Final = 2.0
"""Seconds from a number's redaction in which digits of removed words belong to it. Chosen by hand above the difference
of times between two speakers' streams."""
_NOT_SEARCHED: Final = frozenset({
    "duration", "utterances", "turns", "overlaps", "language", "complete", "coverage", "provenance", "removed",
})  # fmt: skip
"""Fields of a transcript that are numbers, or are redacted in their own way; any other is searched."""


def redacted(transcript: Transcript, plan: Plan) -> Transcript:
    """The transcript without the words of the plan.

    In each utterance, a run of words of one redaction becomes one marker such as ``[card]`` with the times of the run.
    Ledgers, notices, settings and the name of the recording are searched for the same words. Where names are redacted,
    speakers lose theirs, and the identity ledger its candidates.
    """
    terms = terms_of(plan)
    marks = _marks(transcript, plan)
    lines = tuple(_with_markers(line, each) for line, each in zip(transcript.utterances, marks, strict=True))
    result = replace(
        transcript,
        utterances=lines,
        overlaps=tuple(_region(region, lines, plan, terms) for region in transcript.overlaps),
        removed=_ledger_lines(transcript.removed, plan, terms),
        provenance=_provenance(transcript.provenance, terms),
        **{name: _searched(getattr(transcript, name), terms) for name in _searched_fields()},
    )
    corrections = (_without_old_text(each, plan) for each in result.corrections)
    result = replace(result, corrections=tuple(map(_without_stale_id, transcript.corrections, corrections)))
    return with_labels(result, transcript) if "name" in plan.kinds else result


def _searched_fields() -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(Transcript) if f.name not in _NOT_SEARCHED)


@dataclass(frozen=True, slots=True)
class _Mark:
    """The redaction that a word belongs to: its number in the plan, and its kind."""

    number: int
    kind: Kind


def _marks(transcript: Transcript, plan: Plan) -> Sequence[Mapping[int, _Mark]]:
    """For each utterance, the words to cover by index. A word of two redactions belongs to the first."""
    marks: list[dict[int, _Mark]] = [{} for _ in transcript.utterances]
    for number, redaction in enumerate(plan.redactions):
        for line, word in redaction.words:
            marks[line].setdefault(word, _Mark(number, redaction.kind))
    return marks


def _with_markers(line: Utterance, marks: Mapping[int, _Mark]) -> Utterance:
    """The utterance with one marker for each run of words of one redaction."""
    if not marks:
        return line
    words: list[Word] = []
    before: _Mark | None = None
    for index, word in enumerate(line.words):
        mark = marks.get(index)
        if mark is None:
            words.append(word)
            before = None
            continue
        text = f"{marker(mark.kind)}{_ending(word.text)}"
        if mark == before:
            words[-1] = replace(words[-1], text=text, end=max(words[-1].end, word.end))
        else:
            words.append(replace(word, text=text, probability=None, suspect=None))
        before = mark
    return replace(line, words=tuple(words))


def _ending(text: str) -> str:
    """The punctuation at the end of a covered word, which divides the text into sentences."""
    return text[len(text.rstrip(PUNCTUATION)) :]


def _ledger_lines(lines: Iterable[Utterance], plan: Plan, terms: Terms) -> tuple[Utterance, ...]:
    """Utterances that are in no text: words inside the time of a redaction, and words of the plan anywhere."""
    return tuple(_with_markers(_searched(line, terms), _ledger_marks(line, plan, terms)) for line in lines)


def _ledger_marks(line: Utterance, plan: Plan, terms: Terms) -> dict[int, _Mark]:
    marks: dict[int, _Mark] = {}
    for index, word in enumerate(line.words):
        beside = NEAR if digits_of([word.text]) else 0.0  # the same number may stand at other times in another stream
        number = next((n for n, r in enumerate(plan.redactions) if _meets(word, r, beside)), None)
        kind = terms.kind_of(word.text)
        if number is not None:
            marks[index] = _Mark(number, plan.redactions[number].kind)
        elif kind is not None:
            marks[index] = _Mark(-1, kind)
    return marks


def _meets(word: Word, redaction: Redaction, beside: float) -> bool:
    """Whether a word lies in the time of a redaction, or ``beside`` seconds from that of a number."""
    margin = beside if redaction.kind in NUMBERS else 0.0
    return word.start < redaction.end + margin and redaction.start < word.end + margin


def _region(region: OverlapDecision, lines: Sequence[Utterance], plan: Plan, terms: Terms) -> OverlapDecision:
    """An entry of the overlap ledger; near a redaction, its texts are taken from the redacted words."""
    is_near = any(r.start < region.end and region.start < r.end for r in plan.redactions)
    evidence = region.evidence
    if is_near:
        evidence = tuple(replace(each, text=_text_in(lines, each.speaker, region)) for each in evidence)
    evidence = tuple(replace(each, text=terms.distinct(each.text)) for each in evidence)
    leaked = _ledger_lines(region.leaked, plan, terms)
    return replace(region, evidence=evidence, leaked=leaked, reason=terms.distinct(region.reason))


def _text_in(lines: Sequence[Utterance], speaker: str, region: OverlapDecision) -> str:
    words = [word for line in lines if line.speaker == speaker for word in line.words]
    return join_words(tuple(word for word in words if region.start <= middle(word) < region.end))


def _searched(value: Value, terms: Terms, name: str = "") -> Value:
    """A ledger, or a value in it, with markers in place of the words of the plan."""
    changed: Any = value
    if isinstance(value, str):
        if name not in STRUCTURE:
            changed = terms.strict(value) if name in QUOTES else terms.distinct(value)
    elif isinstance(value, Word):
        changed = replace(value, suspect=None if value.suspect is None else terms.distinct(value.suspect))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        changed = replace(value, **{key: _searched(item, terms, key) for key, item in items.items()})
    elif isinstance(value, Mapping):
        changed = {terms.distinct(key): _searched(item, terms, key) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        changed = type(value)(_searched(item, terms, name) for item in value)
    return changed  # type: ignore[no-any-return]


def _without_old_text(correction: Correction, plan: Plan) -> Correction:
    """A correction without old words that may be another spelling of what is redacted.

    They are in no text, so that no plan knows them: those of a redacted time, and numbers anywhere.
    """
    times = (r.kind for r in plan.redactions if r.start < correction.end and correction.start < r.end)
    inside: Kind | None = next(times, None) if correction.operation == "text" else None
    number = next((each for each in plan.kinds if each in NUMBERS), None)
    old = {"before": inside, "left": None, "right": None}
    for field, kind in old.items():
        has_number = len(digits_of(getattr(correction, field).split())) >= MIN_OLD_DIGITS
        old[field] = kind or (number if has_number else None)
    marks = {field: marker(kind) for field, kind in old.items() if kind and getattr(correction, field)}
    return replace(correction, **marks)  # type: ignore[arg-type]


def _without_stale_id(before: Correction, after: Correction) -> Correction:
    """A correction whose texts were redacted loses its hash, from which short texts could be guessed."""
    return after if replace(after, id=before.id) == before else replace(after, id="")


def _provenance(provenance: Provenance | None, terms: Terms) -> Provenance | None:
    if provenance is None:
        return None
    settings = _searched(provenance.settings, terms)
    return replace(provenance, source=terms.distinct(provenance.source), settings=settings)


def with_recording(transcript: Transcript, source: str, sha256: str | None) -> Transcript:
    """The transcript as that of the redacted recording: no page is made with the sound of the other.

    ``source`` is empty and ``sha256`` None where no redacted recording is written; the hash is then left as it is.
    """
    provenance = transcript.provenance
    if provenance is None:
        return transcript
    settings = dict(provenance.settings)
    if isinstance(settings.get("input"), Mapping):
        settings["input"] = {**settings["input"], "track": None}  # the redacted recording has one track
    provenance = replace(provenance, source=source, sha256=sha256 or provenance.sha256, settings=settings)
    return replace(transcript, provenance=provenance)


def text_between(transcript: Transcript, span: Span, speaker: str | None = None) -> str:
    """The words of a redacted transcript whose middle lies in a span, of one speaker or of all, in order of time."""
    lines = [line for line in transcript.utterances if speaker in (None, line.speaker)]
    words = sorted((w for line in lines for w in line.words), key=lambda w: w.start)
    return join_words(tuple(word for word in words if span.start <= middle(word) < span.end))
