"""The plan of redaction: every finder's findings as spans of the recording, with the words in them.

context = tokens, numbers and cues of the transcript
findings = one finder for each kind
plan = spans of covered words and of speech without words, and doubts
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from pipeline.core.timeline import BOUNDARY, MAX_WORDLESS
from pipeline.core.types import Transcript, join_words
from pipeline.redaction.addresses import find_addresses
from pipeline.redaction.cards import find_cards, find_codes
from pipeline.redaction.dates import find_dates
from pipeline.redaction.emails import find_emails
from pipeline.redaction.hits import Findings
from pipeline.redaction.ibans import find_ibans
from pipeline.redaction.names import find_names
from pipeline.redaction.numbers import LANGUAGES
from pipeline.redaction.phones import find_phones
from pipeline.redaction.runs import Context
from pipeline.redaction.tokens import Placed, Talk
from pipeline.redaction.types import Doubt, Kind, Plan, Redaction, parsed_kinds

MARGINS: Final[Mapping[str, float]] = {"card": BOUNDARY, "cvv": BOUNDARY, "iban": BOUNDARY}
"""Seconds that are covered on both sides of a word, by kind: as long as the times of words are uncertain."""
MARGIN: Final = 0.15
"""The same for other kinds: half, because sound at the edge of a word says less than a digit. More covers more of the
words beside it in the sound."""
JOIN: Final = 0.3
"""Longest time in seconds between two covered spans of a speaker that become one. A smaller value leaves pieces of
sound between digits; a larger one covers more."""
Finder = Callable[[Context], Findings]
FINDERS: Final[Mapping[Kind, Finder]] = {
    "card": find_cards,
    "cvv": find_codes,
    "iban": find_ibans,
    "phone": find_phones,
    "email": find_emails,
    "address": find_addresses,
    "name": find_names,
    "date": find_dates,
}
"""The finder of each kind."""


def make_plan(transcript: Transcript, kinds: Iterable[str], known_names: Sequence[str] = ()) -> Plan:
    """What to cover in a recording, and what may be missing.

    ``known_names`` are covered wherever they are said, as are the people of the identity ledger. The plan does not
    depend on how words are cut into utterances. ``SettingsError`` for a kind that is unknown.
    """
    wanted = parsed_kinds(kinds)
    context = Context(Talk.of(transcript), tuple(known_names))
    findings = Findings()
    for kind in wanted:
        findings.extend(FINDERS[kind](context))
    doubts = [*findings.doubts, *_doubts(context, wanted)]
    redactions = [r for kind in wanted for r in _redactions(context, findings, kind)]
    return Plan(
        wanted,
        tuple(sorted(redactions, key=lambda r: (r.start, r.end, wanted.index(r.kind), r.speaker))),
        tuple(sorted(set(doubts), key=lambda d: (d.start, d.end, wanted.index(d.kind), d.reason))),
    )


def _redactions(context: Context, findings: Findings, kind: Kind) -> list[Redaction]:
    """The spans of one kind: those of one speaker do not overlap."""
    spans: dict[str, list[tuple[float, float, int | None, str]]] = {}
    margin = MARGINS.get(kind, MARGIN)
    for hit in findings.hits:
        if hit.kind == kind:
            words = {context.talk.streams[hit.speaker][n].word for n in hit.tokens}
            pieces = ((context.talk.words[n].word, n) for n in words)
            spans.setdefault(hit.speaker, []).extend(
                (word.start - margin, word.end + margin, n, hit.reason) for word, n in pieces
            )
    for item in findings.wordless:
        if item.kind == kind:
            spans.setdefault(item.turn.speaker, []).append((item.turn.start, item.turn.end, None, item.reason))
    return [
        _redaction(context, kind, speaker, group)
        for speaker in sorted(spans)
        for group in _joined(sorted(spans[speaker], key=lambda s: (s[0], s[1], s[2] is None, s[2] or 0)))
    ]


def _joined(spans: Sequence[tuple[float, float, int | None, str]]) -> list[list[tuple[float, float, int | None, str]]]:
    joined: list[list[tuple[float, float, int | None, str]]] = []
    end = 0.0
    for span in spans:
        if not joined or span[0] - end > JOIN:
            joined.append([])
            end = 0.0
        joined[-1].append(span)
        end = max(end, span[1])
    return joined


def _redaction(
    context: Context, kind: Kind, speaker: str, spans: Sequence[tuple[float, float, int | None, str]]
) -> Redaction:
    duration = context.talk.transcript.duration
    placed: list[Placed] = [context.talk.words[n] for n in sorted({n for _, _, n, _ in spans if n is not None})]
    reasons = tuple(dict.fromkeys(reason for _, _, _, reason in spans))
    end = min(max(span[1] for span in spans), duration)
    start = min(max(spans[0][0], 0.0), max(end - 1e-3, 0.0))
    return Redaction(
        kind,
        start,
        end,
        speaker,
        tuple(sorted(item.place for item in placed if item.place is not None)),
        "; ".join(reasons[:3]),
        join_words(tuple(item.word for item in placed)),
    )


def _doubts(context: Context, kinds: Sequence[Kind]) -> Iterable[Doubt]:
    """What cannot be covered in this transcript at all."""
    transcript = context.talk.transcript
    language = transcript.language or "en"
    if transcript.duration and context.talk.words and language != "en":
        known = "number words and " if language in LANGUAGES else ""
        reason = f"language {language}: only {known}numerals are known, cues are English"
        yield from (Doubt(kind, 0.0, transcript.duration, reason) for kind in kinds)
    for turn in context.talk.wordless:
        if turn.duration > MAX_WORDLESS:
            yield Doubt(kinds[0], turn.start, turn.end, "speech without recognized words")
    if not transcript.complete and transcript.duration:
        yield Doubt(kinds[0], 0.0, transcript.duration, "only a part of the recording was transcribed")
