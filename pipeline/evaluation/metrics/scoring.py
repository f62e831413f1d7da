"""Scores of transcripts against references, as the field counts them. Counts add up over sessions.

Rules for what either side may lack: a transcript without turns has its utterances' spans for turns; where the format of
either side holds no words (RTTM) word errors cannot be measured, so no words are counted; an empty hypothesis is all
deletions and missed speech; a session on one side only is compared with silence; a speaker without a partner counts as
insertions, deletions, false alarm or missed speech; utterances of one speaker that overlap are taken in order of start,
and their overlapping turns count once. What the reference marks as not to be scored is left out on both sides: words
whose middle lies there, and that part of the turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Literal

from pipeline.core import timeline
from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.types import Notice, Span, Transcript, Unscored
from pipeline.evaluation.metrics import meeteval_metrics
from pipeline.evaluation.metrics.attribution import AttributionErrors, OverlapErrors, attribution_errors
from pipeline.evaluation.metrics.der import DiarizationErrors, JaccardErrors, diarization_errors
from pipeline.evaluation.metrics.normalization import Normalizer, Token, normalizer
from pipeline.evaluation.metrics.scripts import by_character, is_unspaced
from pipeline.evaluation.metrics.unscored import Channels, cut, divide, lies_in
from pipeline.evaluation.metrics.wer import WordErrors, align, align_speakers, count

Evidence = Literal["turns", "utterances", "words"]
"""What a transcript knows of time: who speaks when, spans of utterances, or times of single words."""


@dataclass(frozen=True, slots=True)
class Session:
    """A transcript to be scored, with what its format can know.

    ``words`` says what word times are from (``utterances``: interpolated), None when the format holds no words;
    ``turns`` what the turns are from. In ``unscored`` times of a reference nothing is scored: of one channel where both
    sides know the ``channels`` of their speakers, else of all.
    """

    transcript: Transcript
    words: Evidence | None = "words"
    turns: Evidence = "turns"
    unscored: tuple[Unscored, ...] = ()
    channels: Channels = field(default_factory=dict)


def as_session(transcript: Transcript | Session) -> Session:
    """A transcript as a session. One with turns, without words, and made by no recogniser never had words."""
    if isinstance(transcript, Session):
        return transcript
    wordless = transcript.turns and not transcript.utterances and transcript.provenance is None
    return Session(transcript, None if wordless else "words", "turns" if transcript.turns else "utterances")


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

    ``wer`` compares all words of both sides by start of their utterances, whoever speaks. ``cer`` and ``cpcer`` are the
    same as ``wer`` and ``cpwer`` with each character of a script without spaces as a word; None when no text is in such
    a script, otherwise ``overlap`` and ``attribution`` count so, too.
    """

    wer: WordErrors
    cpwer: WordErrors
    cer: WordErrors | None
    cpcer: WordErrors | None
    tcpwer: WordErrors | None
    orcwer: WordErrors | None
    dicpwer: WordErrors | None
    overlap: OverlapErrors
    attribution: AttributionErrors
    der: DiarizationErrors
    jer: JaccardErrors
    speakers: SpeakerCounts

    def __add__(self, other: Scores) -> Scores:
        unspaced = self.cer or other.cer
        return Scores(
            wer=self.wer + other.wer,
            cpwer=self.cpwer + other.cpwer,
            cer=(self.cer or self.wer) + (other.cer or other.wer) if unspaced else None,
            cpcer=(self.cpcer or self.cpwer) + (other.cpcer or other.cpwer) if unspaced else None,
            tcpwer=_sum(self.tcpwer, other.tcpwer),
            orcwer=_sum(self.orcwer, other.orcwer),
            dicpwer=_sum(self.dicpwer, other.dicpwer),
            overlap=self.overlap + other.overlap,
            attribution=self.attribution + other.attribution,
            der=self.der + other.der,
            jer=self.jer + other.jer,
            speakers=self.speakers + other.speakers,
        )


@dataclass(frozen=True, slots=True)
class SessionScores:
    """A session's scores, the speakers (reference, hypothesis) that cpWER pairs, and what they were computed from.

    ``words`` and ``turns`` are the evidence of the reference and of the hypothesis, see `Session`; ``unscored`` counts
    the seconds left out.
    """

    scores: Scores
    assignment: tuple[tuple[str | None, str | None], ...]
    words: tuple[Evidence | None, Evidence | None] = ("words", "words")
    turns: tuple[Evidence, Evidence] = ("turns", "turns")
    unscored: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """Scores by session with the settings they were made with; `total` adds the counts; ``notices`` are warnings."""

    config: ScoreConfig
    sessions: Mapping[str, SessionScores]
    notices: tuple[Notice, ...] = ()

    @property
    def total(self) -> Scores:
        return reduce(Scores.__add__, (session.scores for session in self.sessions.values()))


Sessions = Mapping[str, Transcript] | Mapping[str, Session]


def score_sessions(reference: Sessions, hypothesis: Sessions, config: ScoreConfig = DEFAULT) -> Report:
    """Score each session of the reference against the hypothesis of the same name.

    One session on either side is compared whatever the names; a session on one side only is compared with silence. The
    report's notices say so, and doubt hypotheses with more errors than the reference has words.
    """
    if not reference:
        raise FormatError("the reference holds no session")
    left = {name: as_session(transcript) for name, transcript in reference.items()}
    right = {name: as_session(transcript) for name, transcript in hypothesis.items()}
    notices: list[Notice] = []
    if len(left) == len(right) == 1:
        (name,), (other,) = left, right
        right = {name: right[other]}
        if name != other:
            notices.append(Notice("names_differ", f"session {other} is compared with the reference {name}"))
    elif right:
        notices += _one_sided(left, right)
    sessions = {
        name: score(
            left[name] if name in left else _silence(right[name], left),
            right[name] if name in right else _silence(left[name], right),
            config,
        )
        for name in sorted({*left, *right})
    }
    return Report(config, sessions, (*notices, *_doubts(sessions)))


def score(
    reference: Transcript | Session, hypothesis: Transcript | Session, config: ScoreConfig = DEFAULT
) -> SessionScores:
    """Score one transcript against its reference."""
    truth, guess, unscored = _scored(as_session(reference), as_session(hypothesis))
    normalize = normalizer(config.normalizer)
    measurable = truth.words is not None and guess.words is not None
    left, right = (_utterances(side, normalize, unscored) if measurable else [] for side in (truth, guess))
    tokens, found = [t for u in left for t in u], [t for u in right for t in u]
    unspaced = any(is_unspaced(token.text) for token in tokens or found)
    units, found_units = (list(by_character(side)) for side in (tokens, found))
    alignment = align_speakers(units, found_units)
    theirs, ours = timeline.turns_of(truth.transcript), timeline.turns_of(guess.transcript)
    attribution, overlap = attribution_errors(alignment, theirs, config.collar)
    der, jer = diarization_errors(theirs, ours, config.der_collar, unscored)
    people = [len({t.speaker for t in timeline.without(side, unscored)}) for side in (theirs, ours)]
    more = meeteval_metrics.available()
    scores = Scores(
        wer=count(align(tokens, found)),
        cpwer=count(align_speakers(tokens, found).pairs if unspaced else alignment.pairs),
        cer=count(align(units, found_units)) if unspaced else None,
        cpcer=count(alignment.pairs) if unspaced else None,
        tcpwer=meeteval_metrics.tcp_errors(left, right, config.collar) if more else None,
        orcwer=meeteval_metrics.orc_errors(left, right) if more else None,
        dicpwer=meeteval_metrics.di_cp_errors(left, right) if more else None,
        overlap=overlap,
        attribution=attribution,
        der=der,
        jer=jer,
        speakers=SpeakerCounts(people[0], people[1], abs(people[0] - people[1])),
    )
    evidence = (truth.words, guess.words), (truth.turns, guess.turns)
    return SessionScores(
        scores, alignment.assignment, *evidence, timeline.covered(time.span for time in truth.unscored)
    )


def _scored(truth: Session, guess: Session) -> tuple[Session, Session, tuple[Span, ...]]:
    """Both sides without what is unscored on single channels, and the spans that are unscored on all."""
    spans, single = divide(truth.unscored, truth.channels, guess.channels)
    left, right = (replace(s, transcript=cut(s.transcript, s.channels, single)) for s in (truth, guess))
    return left, right, spans


def _silence(other: Session, side: Mapping[str, Session]) -> Session:
    """What is compared with a session that ``side`` lacks: an empty transcript of the evidence of that side."""
    like = next(iter(side.values()), other)
    return replace(like, transcript=Transcript(other.transcript.duration), unscored=())


def _one_sided(left: Mapping[str, Session], right: Mapping[str, Session]) -> list[Notice]:
    lost, spare = ([n for n in one if n not in other] for one, other in ((left, right), (right, left)))
    texts = {
        "no_hypothesis": (lost, "only in the reference: words count as deletions, speech as missed"),
        "no_reference": (spare, "only in the hypothesis: words count as insertions, speech as false alarm"),
    }
    return [Notice(code, f"{_listed(names)} {text}") for code, (names, text) in texts.items() if names]


def _doubts(sessions: Mapping[str, SessionScores]) -> list[Notice]:
    """Warnings about what was scored: words on one side only, or hardly the same recording."""
    texts = {
        "no_words": "without word errors: the format of one side holds no words",
        "unrelated": "with an error rate above 100 %, worse than an empty hypothesis: is it the same recording?",
    }
    names = {
        "no_words": [n for n, session in sessions.items() if len({words is None for words in session.words}) > 1],
        "unrelated": [n for n, session in sessions.items() if _is_doubtful(session.scores)],
    }
    return [Notice(code, f"{_listed(names[code])} {text}") for code, text in texts.items() if names[code]]


def _is_doubtful(scores: Scores) -> bool:
    rates = ((scores.cpcer or scores.cpwer).error_rate, scores.der.error_rate)
    return any(rate is not None and rate > 1 for rate in rates)


def _listed(names: Sequence[str]) -> str:
    """``session a``, or ``5 sessions (a, b, c, ...)``."""
    some = ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
    return f"session {some}" if len(names) == 1 else f"{len(names)} sessions ({some})"


def _utterances(session: Session, normalize: Normalizer, unscored: Sequence[Span]) -> list[list[Token]]:
    """The tokens of each utterance by start, without those in ``unscored`` spans."""
    ordered = sorted(session.transcript.utterances, key=lambda utterance: utterance.start)
    found = [[t for t in normalize.tokens(utterance) if not lies_in(t, unscored)] for utterance in ordered]
    return [tokens for tokens in found if tokens]


def _sum(one: WordErrors | None, other: WordErrors | None) -> WordErrors | None:
    return None if one is None or other is None else one + other
