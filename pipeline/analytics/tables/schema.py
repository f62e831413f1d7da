"""The tables and their columns: name, type, unit and meaning of each, from which ``docs/tables.md`` is generated.

The name of a column ends in its unit (`ENDINGS`): ``talk_s``, ``word_count``, ``silence_ratio``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from pipeline.core.role import RoleBasis

ENDINGS: Mapping[str, str] = MappingProxyType({
    "s": "_s", "count": "_count", "ratio": "_ratio", "LUFS": "_lufs", "words/min": "_per_minute",
})  # fmt: skip
"""The ending of the names of columns with this unit; columns with another unit, or without one, have none of them."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``unit`` is "" for text and truth values."""

    name: str
    type: type
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row of it is, and its columns in order."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def types(self) -> dict[str, type]:
        """The type of each column, by name."""
        return {column.name: column.type for column in self.columns}


def _text(name: str, meaning: str) -> Column:
    return Column(name, str, "", meaning)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, bool, "", meaning)


def _count(name: str, meaning: str) -> Column:
    return Column(name, int, "count", meaning)


def _seconds(name: str, meaning: str) -> Column:
    return Column(name, float, "s", meaning)


def _ratio(name: str, meaning: str) -> Column:
    return Column(name, float, "ratio", meaning)


def _loudness(name: str, meaning: str) -> Column:
    return Column(name, float, "LUFS", meaning)


def _number(name: str, unit: str, meaning: str) -> Column:
    return Column(name, float, unit, meaning)


_CALL = _text("call", "Name of the call in the folder (`team/call7`).")
_START = _seconds("start_s", "Start, from the beginning of the recording.")
_END = _seconds("end_s", "End, from the beginning of the recording.")
_SPEAKER = _text("speaker", "Label of the speaker.")
_WORDS_PER_MINUTE = _number("words_per_minute", "words/min", "Words per minute of speech; empty without speech.")
_SENTIMENT = _number("sentiment", "−1 to 1", "Mean sentiment; empty where no method knows the language.")

_CALLS = Table("calls", "One row per call. The columns of a manifest follow, under their names, as text.", (
    _CALL,
    _text("recorded", "When the recording was made, by the tags of its file (ISO 8601); empty where they do not say."),
    _text("recorded_day", "The day of `recorded`; empty where it is missing, or later than the day after the report."),
    _text("sha256", "SHA-256 of the recording's file."),
    _text("duplicate_of", "First call (by name) whose recording has the same content; empty for all others."),
    _flag("recording_exists", "Whether the recording still exists; empty if unknown."),
    _seconds("duration_s", "Length of the recording."),
    _text("language", "ISO 639-1 code; empty without speech."),
    _flag("complete", "False if the recording was cut short."),
    _text("warnings", "Codes of the call's notices, separated by spaces."),
    _text("role_decisions", "Each role or label with what decided it: `agent (phrase); customer (other)`."),
    _count("speaker_count", "Speakers."),
    _count("unknown_role_count", "Speakers whose role was looked for and is unknown."),
    _count("word_count", "Words."),
    _seconds("speech_s", "Time in which at least one speaker speaks."),
    _seconds("silence_s", "Time in which no speaker speaks."),
    _ratio("silence_ratio", "`silence_s` divided by `duration_s`."),
    _seconds("dead_air_s", "Total length of dead air: silences of at least 3 s between the first and the last speech."),
    _count("dead_air_count", "Silences that are dead air."),
    _seconds("longest_silence_s", "Longest time without speech between the first and the last speech."),
    _seconds("longest_silence_start_s", "Start of that silence."),
    _seconds("hold_s", "Waits with music, and others of at least 10 s; empty if the audio was not measured."),
    _seconds("music_s", "Time with music and without speech; empty if the audio was not measured."),
    _seconds("first_response_s", "Wait before the first answer: the agent's if the role is known; empty without one."),
    _text("ended_by", "Label of the speaker who says the first goodbye near the end; empty without goodbyes."),
    _count("question_count", "Question marks; empty in a transcript without punctuation."),
    _seconds("overlap_s", "Time with two or more speakers."),
    _ratio("overlap_ratio", "`overlap_s` divided by `speech_s`."),
    _count("start_count", "Overlaps in which both speakers begin together."),
    _count("backchannel_count", "Overlaps that are backchannels."),
    _count("turn_end_count", "Overlaps with the end of a turn."),
    _count("interruption_count", "Overlaps that are interruptions."),
    _count("passed_rule_count", "Rules that passed."),
    _count("failed_rule_count", "Rules that failed."),
    _count("failed_critical_rule_count", "Rules of severity `critical` that failed."),
    _count("decision_count", "Decisions in the minutes; empty without minutes."),
    _count("action_count", "Actions in the minutes; empty without minutes."),
))  # fmt: skip
_SPEAKERS = Table("speakers", "One row per speaker of a call.", (
    _CALL,
    _SPEAKER,
    _text("role", "Role of the speaker (`agent`); empty if unknown."),
    _text("person", "Name of an enrolled person; empty if unknown."),
    _seconds("talk_s", "Length of the speaker's turns, each moment counted once."),
    _ratio("talk_ratio", "`talk_s` divided by that of all speakers of the call."),
    _count("talk_spurt_count", "Talk spurts: turns joined over pauses of at most 0.5 s."),
    _count("word_count", "Words."),
    _WORDS_PER_MINUTE,
    _seconds("longest_monologue_s", "Longest time in which the speaker holds the floor."),
    _count("response_count", "Talk spurts that answer another speaker without overlap."),
    _seconds("response_latency_mean_s", "Mean silence before the speaker's responses."),
    _seconds("response_latency_median_s", "Median silence before the speaker's responses."),
    _count("interruption_count", "Interruptions by this speaker."),
    _count("interrupted_count", "Interruptions of this speaker after which they stopped first."),
    _count("backchannel_count", "Backchannels by this speaker."),
    _count("question_count", "Question marks of this speaker; empty in a transcript without punctuation."),
    _SENTIMENT,
    _loudness("loudness_lufs", "Median loudness of the speaker's turns; empty if unknown."),
    _seconds("shouting_s", "Turns at least 9 LU above the speaker's median; empty with fewer than 5 measured turns."),
))  # fmt: skip
_ROLES = Table("roles", "One row per piece of evidence for a speaker's role, and one where a decision has none.", (
    _CALL,
    _SPEAKER,
    _text("role", "The role; empty if it is unknown."),
    _text("decision", f"What decided: {', '.join(f'`{basis}`' for basis in get_args(RoleBasis))}."),
    _text("reason", "The reason, one sentence."),
    _START,
    _END,
    _text("evidence", "The words that were said."),
    _text("phrase", "The phrase that they match."),
    _number("confidence", "0 to 1", "Confidence of the match."),
))  # fmt: skip
_TURNS = Table("turns", "One row per turn.", (
    _CALL, _SPEAKER, _START, _END,
    _number("margin", "−2 to 2", "Similarity to this speaker minus that to the nearest other; empty if unknown."),
    _loudness("loudness_lufs", "Loudness of the turn; empty if unknown."),
))  # fmt: skip
_WORDS = Table("words", "One row per word.", (
    _CALL, _SPEAKER, _START, _END,
    _text("text", "The word."),
    _number("probability", "0 to 1", "Probability that the recognizer gives the word."),
    _text("origin", "Audio that the word was recognized from."),
    _text("suspect", "Why the word may be wrong; empty for most."),
))  # fmt: skip
_OVERLAPS = Table("overlaps", "One row per overlap of two talk spurts.", (
    _CALL, _START, _END,
    _text("kind", "`start`, `backchannel`, `turn_end` or `interruption`."),
    _text("holder", "Speaker who began first."),
    _text("incomer", "Speaker who began second."),
    _text("yielded", "Speaker who stopped first in an interruption."),
    _text("holder_text", "Words of the holder during the overlap."),
    _text("incomer_text", "Words of the incomer during the overlap."),
    _seconds("holder_remaining_s", "What was left of the holder's talk spurt when the incomer began."),
    _count("incomer_word_count", "Words of the incomer's talk spurt."),
    _seconds("incomer_after_s", "How long the incomer goes on after the holder ended."),
    _number("margin", "−2 to 2", "Lowest margin of the turns in the overlap; empty if unknown."),
))  # fmt: skip
_FINDINGS = Table("findings", "One row per piece of evidence of a rule, and one where a rule has none.", (
    _CALL,
    _text("rule", "Name of the rule."),
    _text("severity", "`info`, `warning` or `critical`."),
    _flag("passed", "Whether the rule passed; empty where it does not apply."),
    _text("expected", "What the rule asks, one line."),
    _text("reason", "Why the rule does not apply; empty otherwise."),
    _text("measure", "The measure that decided; empty for phrases."),
    _number("measured_value", "that of the measure", "Its value; empty for a speaker."),
    _number("limit_value", "that of the measure", "The limit that decided; empty for a speaker."),
    _text("measured_label", "The measured speaker, where the measure is one (`ended_by`)."),
    _START, _END, _SPEAKER,
    _text("role", "Role of the speaker; empty if unknown."),
    _text("text", "The words that were said."),
    _text("phrase", "The phrase that they match."),
    _number("similarity", "0 to 1", "Similarity of text and phrase."),
    _number("confidence", "0 to 1", "Confidence of the match."),
))  # fmt: skip
_PAUSES = Table("pauses", "One row per span of at least 3 s without speech.", (
    _CALL, _START, _END,
    _text("kind", "`silence`, `music` or `sound`."),
    _loudness("level_lufs", "Loudness of the span; empty below −70 LUFS."),
))  # fmt: skip
_QUARTERS = Table("quarters", "One row per quarter of a call and speaker: four equal parts of the recording.", (
    _CALL,
    Column("quarter", int, "1 to 4", "Number of the quarter."),
    _START, _END, _SPEAKER,
    _seconds("talk_s", "Length of the speaker's turns in the quarter."),
    _count("word_count", "Words in the quarter."),
    _WORDS_PER_MINUTE, _SENTIMENT,
    _loudness("loudness_lufs", "Loudness of the speaker's turns in the quarter."),
))  # fmt: skip
_MINUTES = Table("minutes", "One row per item of the minutes (`transcribe batch --minutes`).", (
    _CALL,
    _text("kind", "`points`, `decisions`, `actions` or `questions`."),
    _START, _END, _SPEAKER,
    _text("text", "The words that were said."),
    _text("who", "Who does an action, as said."),
    _text("due", "When an action is due, as said."),
))  # fmt: skip
_FAILURES = Table("failures", "One row per recording that could not be transcribed, by its last attempt.", (
    _CALL,
    _text("path", "The recording."),
    _flag("recording_exists", "Whether the recording exists; empty if unknown."),
    _text("status", "How the attempt ended (`refused`, `failed`, `crashed`, ...)."),
    _text("reason", "The error."),
))  # fmt: skip
_SKIPPED = Table("skipped", "One row per file, folder or row of a manifest that the last search left out.", (
    _text("path", "The file or folder, or the line of a manifest."),
    _text("reason", "Why it was left out."),
))  # fmt: skip

TABLES: Mapping[str, Table] = MappingProxyType({
    table.name: table
    for table in (
        _CALLS, _SPEAKERS, _ROLES, _TURNS, _WORDS, _OVERLAPS, _FINDINGS, _PAUSES, _QUARTERS, _MINUTES, _FAILURES,
        _SKIPPED,
    )
})  # fmt: skip
"""All tables by name, in the order in which they are written and documented."""


_BUILT_IN: Mapping[str, str] = MappingProxyType({column.name.casefold(): column.name for column in _CALLS.columns})


def clash(name: str, other: str | None = None) -> str | None:
    """The column of ``calls``, or the ``other`` one, that a manifest's column ``name`` clashes with; None without one.

    Names that differ only in case clash, as in most databases. A column does not clash with an ``other`` of its name.
    """
    differs = other is not None and other != name and other.casefold() == name.casefold()
    return _BUILT_IN.get(name.casefold()) or (other if differs else None)


def all_columns() -> Iterator[tuple[Table, Column]]:
    """Every column with its table."""
    return ((table, column) for table in TABLES.values() for column in table.columns)
