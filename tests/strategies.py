"""Hypothesis strategies for the pipeline's values: small by default, always valid, hostile on demand.

Valid: ``0 <= start < end <= duration``, utterances and turns sorted, words and turns of one speaker never overlap
(those of different speakers do). ``hostile=True`` puts markup, line breaks, control and direction characters into words
and names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from hypothesis import strategies as st

from pipeline.core.correction import Correction, Operation
from pipeline.core.identity import Candidate, Identity
from pipeline.core.pause import Pause
from pipeline.core.role import RoleDecision, RoleEvidence
from pipeline.core.types import (
    Coverage,
    Notice,
    OverlapDecision,
    Provenance,
    Span,
    SpeakerEvidence,
    Transcript,
    Turn,
    Utterance,
    Word,
)

LABELS = ("SPEAKER_00", "SPEAKER_01", "SPEAKER_02", "SPEAKER_03")
TEXTS = (
    "Yes",
    "and",
    "then",
    "he",
    "said,",
    "well.",
    "Wirklich?",
    "don't",
    "twenty",
    "-five",
    "жaр",
    "日本",
    "evening",
)
VENOM = (
    "-->", "00:00:01,000 --> 00:00:02,000", "<script>alert(1)</script>", "</v>", "<v Mallory>", "&lt;", "&amp", "<b>",
    "{\\an8}", ";;", ";; gone", "<o,f0,male>", "<NA>", "SPEAKER", "=cmd|' /C calc'!A0", "+1", "-five", "@SUM(A1)",
    '"', '""x', "a\tb", "a\nb", "\n\n7\n", "a\r\nb", "\x00", "\x1b[31m", "\x1c", "\x85", "\u2028", "\u202eevil",
    "| x |", "![i](http://x)", "[l](javascript:1)", "**b**", "`c`", "_e_", "# h", "\\", "NOTE", "WEBVTT", "STYLE",
    "\u2066", "\ufeff", "'", ",", "1", "12", "e\u0301", "早上好", "می‌روم", "👩‍👧",
    "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}x", "x" * 60,
)  # fmt: skip


EVIDENCE = (
    {},
    {"probability": 0.93},
    {"probability": 0.5, "margin": 0.25},
    {"probability": 1.0, "origin": "separated", "margin": -1 / 3},
    {"no_space": True},
    {"probability": 0.1, "suspect": "the same phrase five times"},
)


def times(least: int = 1, most: int = 3000) -> st.SearchStrategy[float]:
    """A number of seconds of at least a millisecond, mostly one that no decimal is equal to."""
    return st.integers(least, most).map(lambda n: n / 500 if n % 3 == 0 else n / 717)


@st.composite
def rows_of_spans(draw: st.DrawFn, most: int = 3) -> tuple[Span, ...]:
    """Spans in order of time that do not overlap, some of them touching."""
    spans, time = [], 0.0
    for gap, length in draw(st.lists(st.tuples(times(0), times()), max_size=most)):
        spans.append(Span(time + max(gap - 1.0, 0.0), time + max(gap - 1.0, 0.0) + length))
        time = spans[-1].end
    return tuple(spans)


def texts(hostile: bool = False) -> st.SearchStrategy[str]:
    """A word's text: without surrounding space and not empty; a hostile one may be anything."""
    return st.sampled_from(VENOM) | st.text(max_size=6) if hostile else st.sampled_from(TEXTS)


def names(hostile: bool = False) -> st.SearchStrategy[str]:
    """A speaker's label."""
    return st.sampled_from(LABELS + VENOM if hostile else LABELS)


@st.composite
def utterances(
    draw: st.DrawFn, speakers: Sequence[str] = LABELS, hostile: bool = False, most: int = 3
) -> tuple[Utterance, ...]:
    """The utterances of some speakers, sorted by start; those of one speaker do not overlap."""
    lines: list[Utterance] = []
    for speaker in speakers:
        words: list[Word] = []
        for span in draw(rows_of_spans(most)):
            text, evidence, goes_on = draw(st.tuples(texts(hostile), st.sampled_from(EVIDENCE), st.booleans()))
            word = Word(span.start, span.end, text, **evidence)
            if words and not goes_on:
                lines.append(Utterance(speaker, tuple(words)))
                words = []
            words.append(word)
        if words:
            lines.append(Utterance(speaker, tuple(words)))
    return tuple(sorted(lines, key=lambda utterance: (utterance.start, utterance.speaker)))


@st.composite
def turns(draw: st.DrawFn, speakers: Sequence[str] = LABELS, most: int = 3) -> tuple[Turn, ...]:
    """Sorted turns; turns of one speaker never overlap."""
    spans = [(speaker, span) for speaker in speakers for span in draw(rows_of_spans(most))]
    margin, loudness = draw(st.none() | st.floats(-1, 1)), draw(st.none() | st.floats(-70, 0))
    return tuple(sorted(Turn(span.start, span.end, speaker, margin, loudness) for speaker, span in spans))


@st.composite
def regions(draw: st.DrawFn, speakers: Sequence[str] = LABELS, hostile: bool = False) -> OverlapDecision:
    """An entry of the overlap ledger, some evidence measured and some not."""
    (start, length), measured = draw(st.tuples(times(), times())), st.sampled_from([None, 0.5, -1 / 3, -60.0])
    several = draw(st.lists(st.sampled_from(speakers), min_size=min(2, len(speakers)), max_size=3, unique=True))
    text = texts(hostile)
    return OverlapDecision(
        start=start,
        end=start + length,
        evidence=tuple(
            SpeakerEvidence(name, draw(text), draw(measured), draw(measured), draw(measured)) for name in several
        ),
        separator=draw(st.sampled_from(["nmf", "sepformer", "passthrough"])),
        decision=draw(st.sampled_from(["mixture", "separated"])),
        reason=draw(text),
        leaked=draw(utterances(speakers, hostile, most=1)),
    )


def notices(hostile: bool = False) -> st.SearchStrategy[Notice]:
    """A warning."""
    return st.builds(Notice, code=st.sampled_from(["gap", "few_speakers"]), message=texts(hostile))


def provenances(hostile: bool = False) -> st.SearchStrategy[Provenance]:
    """Provenance; settings are any JSON values, a hostile source has undecodable bytes."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    settings = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2), max_leaves=4
    )
    sources = ["meeting.m4a", "a b.wav"] + ["\udcff\n.wav", "=x;;<b>.wav", ".wav", ""] * hostile
    mapping = st.dictionaries(st.sampled_from(["torch", "av", "numpy"]), st.text(max_size=4))
    everything = st.dictionaries(st.text(max_size=4), settings, max_size=3)
    return st.builds(Provenance, st.sampled_from(sources), st.just("0" * 64), everything, mapping, mapping)


def identities(speakers: Sequence[str], hostile: bool = False) -> st.SearchStrategy[tuple[Identity, ...]]:
    """An identity ledger of some of the speakers."""
    scores = st.sampled_from([None, 0.5, -1 / 3])
    candidate = st.builds(Candidate, texts(hostile), st.sampled_from([0.5, -1 / 3]), st.just("narrow"))
    entry = st.builds(
        Identity, st.sampled_from(speakers), st.none() | texts(hostile), st.sampled_from(["named", "unknown", "given"]),
        texts(hostile), scores, scores, scores, st.lists(candidate, max_size=2).map(tuple),
    )  # fmt: skip
    return st.lists(entry, max_size=2).map(tuple)


def roles(speakers: Sequence[str], hostile: bool = False) -> st.SearchStrategy[tuple[RoleDecision, ...]]:
    """A role ledger of some of the speakers, one entry for each."""
    part = st.builds(RoleEvidence, times(), times(), texts(hostile), texts(hostile), st.sampled_from([None, 0.5]))
    entry = st.builds(
        RoleDecision, st.sampled_from(speakers), st.none() | texts(hostile), st.sampled_from(["phrase", "unknown"]),
        texts(hostile), st.lists(part, max_size=2).map(tuple),
    )  # fmt: skip
    return st.lists(entry, max_size=2, unique_by=lambda each: each.speaker).map(tuple)


def corrections(speakers: Sequence[str], hostile: bool = False) -> st.SearchStrategy[Correction]:
    """A correction of a ledger, of any operation."""
    texts = st.sampled_from([*TEXTS, *VENOM] if hostile else TEXTS)
    return st.builds(
        Correction,
        st.sampled_from(get_args(Operation)),
        st.sampled_from(speakers),
        times().map(lambda time: round(time, 3)),
        times().map(lambda time: round(time, 3)),
        texts,
        st.sampled_from(speakers),
        texts,
        problem=st.none() | texts,
    )


@st.composite
def pauses(draw: st.DrawFn) -> tuple[Pause, ...]:
    """Pauses in order of time that do not overlap."""
    kinds, levels = st.sampled_from(["silence", "music", "sound"]), st.none() | st.floats(-70, 0)
    return tuple(Pause(span.start, span.end, draw(kinds), draw(levels)) for span in draw(rows_of_spans()))


@st.composite
def transcripts(draw: st.DrawFn, hostile: bool = False, ledger: bool = True) -> Transcript:
    """A transcript of at most four speakers; ``ledger=False`` leaves overlaps, coverage and provenance out."""
    speakers = draw(st.lists(names(hostile), min_size=1, max_size=4, unique=True))
    lines, speaker_turns = draw(utterances(speakers, hostile)), draw(turns(speakers))
    overlaps = draw(st.lists(regions(speakers, hostile), max_size=2)) if ledger else []
    silent = draw(pauses()) if ledger else ()
    ends = [0.0, *(item.end for items in (lines, speaker_turns, overlaps, silent) for item in items)]
    return Transcript(
        duration=max(ends) + draw(st.sampled_from([0.0, 1.5])),
        utterances=lines,
        turns=speaker_turns,
        overlaps=tuple(sorted(overlaps, key=lambda region: region.start)),
        language=draw(st.none() | st.sampled_from(["en", "de", "zh"])),
        complete=draw(st.booleans()),
        coverage=draw(st.none() | st.builds(Coverage, *[times()] * 5)) if ledger else None,
        notices=tuple(draw(st.lists(notices(hostile), max_size=2))),
        provenance=draw(st.none() | provenances(hostile)) if ledger else None,
        identities=draw(identities(speakers, hostile)) if ledger else (),
        corrections=tuple(draw(st.lists(corrections(speakers, hostile), max_size=2))) if ledger else (),
        roles=draw(roles(speakers, hostile)) if ledger else (),
        pauses=silent,
    )
