"""Scores of transcripts against references, as the field counts them. Counts add up over sessions.

Rules for what either side may lack: a transcript without turns has its utterances' spans for turns; a reference session
with turns but no words (RTTM) has nothing to compare words with, so none are counted; an empty hypothesis is all
deletions and missed speech; a speaker without a partner counts as insertions, deletions, false alarm or missed speech;
utterances of one speaker that overlap are taken in order of start, and his overlapping turns count once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import reduce
from typing import Any

from pipeline.errors import FormatError, SettingsError
from pipeline.evaluation import streams
from pipeline.evaluation.attribution import AttributionErrors, OverlapErrors, attribution_errors
from pipeline.evaluation.diarization import DiarizationErrors, JaccardErrors, diarization_errors
from pipeline.evaluation.normalisation import Normalizer, Token, normalizer
from pipeline.evaluation.words import WordErrors, align, align_speakers, count
from pipeline.values import Transcript, Turn


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """How to compare: the normaliser's name, and collars in seconds.

    ``collar`` is tcpWER's, and the most by which a misattributed word may be off. ``der_collar`` is left out on each
    side of every boundary of the reference (pyannote.metrics would say twice that). Overlapped speech is always scored.
    """

    normalizer: str = "basic"
    collar: float = 5.0
    der_collar: float = 0.0

    def __post_init__(self) -> None:
        if not (self.collar >= 0 and self.der_collar >= 0):
            raise SettingsError("collars are seconds, at least 0")


DEFAULT = ScoreConfig()


@dataclass(frozen=True, slots=True)
class SpeakerCounts:
    """Speakers with speech on both sides; ``off`` sums the absolute differences over sessions."""

    reference: int = 0
    hypothesis: int = 0
    off: int = 0

    def __add__(self, other: SpeakerCounts) -> SpeakerCounts:
        return SpeakerCounts(self.reference + other.reference, self.hypothesis + other.hypothesis, self.off + other.off)


@dataclass(frozen=True, slots=True)
class Scores:
    """Every score as counts; ``tcpwer``, ``orcwer`` and ``dicpwer`` are None where meeteval is not installed.

    ``wer`` compares all words of both sides by start of their utterances, whoever said them.
    """

    wer: WordErrors
    cpwer: WordErrors
    tcpwer: WordErrors | None
    orcwer: WordErrors | None
    dicpwer: WordErrors | None
    overlap: OverlapErrors
    attribution: AttributionErrors
    der: DiarizationErrors
    jer: JaccardErrors
    speakers: SpeakerCounts

    def __add__(self, other: Scores) -> Scores:
        return Scores(**{f.name: _sum(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)})


@dataclass(frozen=True, slots=True)
class SessionScores:
    """A session's scores, and the speakers (reference, hypothesis) that cpWER pairs."""

    scores: Scores
    assignment: tuple[tuple[str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Scores by session with the settings they were made with; `total` adds the counts."""

    config: ScoreConfig
    sessions: Mapping[str, SessionScores]

    @property
    def total(self) -> Scores:
        return reduce(Scores.__add__, (session.scores for session in self.sessions.values()))


Sessions = Mapping[str, Transcript]


def score_sessions(reference: Sessions, hypothesis: Sessions, config: ScoreConfig = DEFAULT) -> Report:
    """Score each session of the reference against the hypothesis of the same name.

    One session on either side is compared whatever the names; a hypothesis without any session is silent in all.
    Raises `FormatError` when a session is on one side only.
    """
    if not reference:
        raise FormatError("the reference holds no session")
    hypothesis = hypothesis or {name: Transcript(transcript.duration) for name, transcript in reference.items()}
    if len(reference) == len(hypothesis) == 1:
        hypothesis = dict(zip(reference, hypothesis.values(), strict=True))
    lonely = sorted(set(reference) ^ set(hypothesis))
    if lonely:
        sides = ", ".join(f"{name} ({'reference' if name in reference else 'hypothesis'})" for name in lonely)
        raise FormatError(f"sessions on one side only: {sides}", hint="give the same sessions on both sides")
    return Report(config, {name: score(reference[name], hypothesis[name], config) for name in sorted(reference)})


def score(reference: Transcript, hypothesis: Transcript, config: ScoreConfig = DEFAULT) -> SessionScores:
    """Score one transcript against its reference."""
    theirs, ours = turns_of(reference), turns_of(hypothesis)
    der, jer = diarization_errors(theirs, ours, config.der_collar)
    people = len({turn.speaker for turn in theirs}), len({turn.speaker for turn in ours})
    speakers = SpeakerCounts(*people, abs(people[0] - people[1]))
    normalize = normalizer(config.normalizer)
    wordless = bool(reference.turns) and not reference.utterances
    left, right = _utterances(reference, normalize), [] if wordless else _utterances(hypothesis, normalize)
    tokens, said = [t for u in left for t in u], [t for u in right for t in u]
    alignment = align_speakers(tokens, said)
    attribution, overlap = attribution_errors(alignment, theirs, config.collar)
    more = streams.available()
    scores = Scores(
        wer=count(align(tokens, said)),
        cpwer=count(alignment.pairs),
        tcpwer=streams.tcp_errors(left, right, config.collar) if more else None,
        orcwer=streams.orc_errors(left, right) if more else None,
        dicpwer=streams.di_cp_errors(left, right) if more else None,
        overlap=overlap,
        attribution=attribution,
        der=der,
        jer=jer,
        speakers=speakers,
    )
    return SessionScores(scores, alignment.assignment)


def turns_of(transcript: Transcript) -> tuple[Turn, ...]:
    """Who speaks when: the turns, or the utterances' spans where there are none."""
    return transcript.turns or tuple(Turn(u.start, u.end, u.speaker) for u in transcript.utterances)


def _utterances(transcript: Transcript, normalize: Normalizer) -> list[list[Token]]:
    ordered = sorted(transcript.utterances, key=lambda utterance: utterance.start)
    return [tokens for utterance in ordered if (tokens := list(normalize.tokens(utterance)))]


def _sum(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one + other
