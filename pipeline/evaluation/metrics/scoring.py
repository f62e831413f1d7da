"""Scores of transcripts against references. Counts of sessions can be added.

Rules for incomplete input:

- A transcript without turns uses the spans of its utterances as turns.
- If the format of either side has no words (RTTM), no words are counted: word errors cannot be measured.
- An empty hypothesis counts as deletions and missed speech. A session on one side only is compared with silence.
- A speaker without a partner counts as insertions, deletions, false alarm or missed speech.
- Overlapping utterances of one speaker are ordered by start; their overlapping turns count once.
- Spans that the reference excludes from scoring are removed from both sides: words whose middle lies inside, and that
  part of the turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Literal

from pipeline.core import timeline
from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.types import Notice, Span, Transcript, Turn, Unscored, Utterance
from pipeline.evaluation.metrics import meeteval_metrics
from pipeline.evaluation.metrics.attribution import AttributionErrors, OverlapErrors, attribution_errors
from pipeline.evaluation.metrics.der import DiarizationErrors, JaccardErrors, diarization_errors
from pipeline.evaluation.metrics.error_causes import ErrorCauses, Removed, error_causes
from pipeline.evaluation.metrics.normalization import Normalizer, Token, normalizer
from pipeline.evaluation.metrics.scripts import by_character, is_unspaced
from pipeline.evaluation.metrics.unscored import Channels, is_inside, remove_unscored, split_by_channel
from pipeline.evaluation.metrics.wer import WordErrors, align, align_speakers, count

Evidence = Literal["turns", "utterances", "words"]
"""The source of times in a transcript: speaker turns, spans of utterances, or times of single words."""


@dataclass(frozen=True, slots=True)
class Session:
    """A transcript to be scored, with the evidence that its format provides.

    ``words``: source of the word times (``utterances``: interpolated), None if the format has no words. ``turns``:
    source of the turns. ``unscored``: spans of a reference excluded from scoring, on one channel if both sides have
    ``channels``, else on all.
    """

    transcript: Transcript
    words: Evidence | None = "words"
    turns: Evidence = "turns"
    unscored: tuple[Unscored, ...] = ()
    channels: Channels = field(default_factory=dict)


def as_session(transcript: Transcript | Session) -> Session:
    """A transcript as a session. With turns, no words and no provenance, its format is taken to have no words."""
    if isinstance(transcript, Session):
        return transcript
    wordless = transcript.turns and not transcript.utterances and transcript.provenance is None
    return Session(transcript, None if wordless else "words", "turns" if transcript.turns else "utterances")


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """Settings of a comparison: the name of the normalizer, and collars in seconds.

    ``collar``: collar of tcpWER, and the maximum distance of a misattributed word. ``der_collar``: excluded on each
    side of every reference boundary (half the collar of pyannote.metrics). Overlapped speech is always scored.
    """

    normalizer: str = "basic"
    collar: float = 5.0
    der_collar: float = 0.0

    def __post_init__(self) -> None:
        if not (self.collar >= 0 and self.der_collar >= 0):
            raise SettingsError("collars must be at least 0 seconds")


DEFAULT = ScoreConfig()
"""The settings of `score` without options: normalizer basic, tcpWER collar 5 s, DER collar 0 s."""


@dataclass(frozen=True, slots=True)
class SpeakerCounts:
    """Number of speakers with speech on each side; ``off`` is the sum over sessions of the absolute difference."""

    reference: int = 0
    hypothesis: int = 0
    off: int = 0

    def __add__(self, other: SpeakerCounts) -> SpeakerCounts:
        return SpeakerCounts(self.reference + other.reference, self.hypothesis + other.hypothesis, self.off + other.off)


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores as counts; ``tcpwer``, ``orcwer`` and ``dicpwer`` are None if meeteval is not installed.

    ``wer`` compares all words in order of utterance start, ignoring speakers. ``cer`` and ``cpcer`` are ``wer`` and
    ``cpwer`` with each character of a script without spaces as a word; None if no text is in such a script, otherwise
    ``overlap`` and ``attribution`` also count characters.
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
    """Scores of a session, the speaker pairs (reference, hypothesis) of cpWER, and the evidence of both sides.

    ``words`` and ``turns``: evidence of (reference, hypothesis), see `Session`. ``unscored``: seconds excluded.
    ``causes``: those of the errors that cpWER counts, or cpCER where there is one.
    """

    scores: Scores
    assignment: tuple[tuple[str | None, str | None], ...]
    words: tuple[Evidence | None, Evidence | None] = ("words", "words")
    turns: tuple[Evidence, Evidence] = ("turns", "turns")
    unscored: float = 0.0
    causes: ErrorCauses = field(default_factory=ErrorCauses)


@dataclass(frozen=True, slots=True)
class Report:
    """Scores by session, their settings, and notices; `total` and `causes` are sums over the sessions."""

    config: ScoreConfig
    sessions: Mapping[str, SessionScores]
    notices: tuple[Notice, ...] = ()

    @property
    def total(self) -> Scores:
        return reduce(Scores.__add__, (session.scores for session in self.sessions.values()))

    @property
    def causes(self) -> ErrorCauses:
        return reduce(ErrorCauses.__add__, (session.causes for session in self.sessions.values()))


Sessions = Mapping[str, Transcript] | Mapping[str, Session]


def score_sessions(reference: Sessions, hypothesis: Sessions, config: ScoreConfig = DEFAULT) -> Report:
    """Score each reference session against the hypothesis session with the same name.

    If both sides have one session, they are compared even if their names differ. A session on one side only is compared
    with silence. Notices report both, and hypotheses with more errors than the reference has words.
    """
    if not reference:
        raise FormatError("the reference contains no session")
    left = {name: as_session(transcript) for name, transcript in reference.items()}
    right = {name: as_session(transcript) for name, transcript in hypothesis.items()}
    notices: list[Notice] = []
    if len(left) == len(right) == 1:
        (name,), (other,) = left, right
        right = {name: right[other]}
        if name != other:
            notices.append(Notice("names_differ", f"session {other} is compared with reference session {name}"))
    elif right:
        notices += _unmatched_notices(left, right)
    sessions = {
        name: score(
            left[name] if name in left else _silence(right[name], left),
            right[name] if name in right else _silence(left[name], right),
            config,
        )
        for name in sorted({*left, *right})
    }
    return Report(config, sessions, (*notices, *_plausibility_notices(sessions)))


def score(
    reference: Transcript | Session, hypothesis: Transcript | Session, config: ScoreConfig = DEFAULT
) -> SessionScores:
    """Score one transcript against its reference."""
    truth, estimate = as_session(reference), as_session(hypothesis)
    pair = scored_pair(truth, estimate, config)
    left, right = pair.tokens
    unspaced = any(is_unspaced(token.text) for token in left or right)
    left_units, right_units = (list(by_character(side)) for side in (left, right))
    alignment = align_speakers(left_units, right_units)
    turns, estimated_turns = pair.turns
    attribution, overlap = attribution_errors(alignment, turns, config.collar)
    der, jer = diarization_errors(turns, estimated_turns, config.der_collar, pair.unscored)
    counts = [len({t.speaker for t in timeline.without(side, pair.unscored)}) for side in pair.turns]
    with_meeteval = meeteval_metrics.available()
    scores = Scores(
        wer=count(align(left, right)),
        cpwer=count(align_speakers(left, right).pairs if unspaced else alignment.pairs),
        cer=count(align(left_units, right_units)) if unspaced else None,
        cpcer=count(alignment.pairs) if unspaced else None,
        tcpwer=meeteval_metrics.tcp_errors(*pair.utterances, config.collar) if with_meeteval else None,
        orcwer=meeteval_metrics.orc_errors(*pair.utterances) if with_meeteval else None,
        dicpwer=meeteval_metrics.di_cp_errors(*pair.utterances) if with_meeteval else None,
        overlap=overlap,
        attribution=attribution,
        der=der,
        jer=jer,
        speakers=SpeakerCounts(counts[0], counts[1], abs(counts[0] - counts[1])),
    )
    causes = error_causes(alignment, turns, estimated_turns, pair.removed, config.collar)
    evidence = (truth.words, estimate.words), (truth.turns, estimate.turns)
    excluded = timeline.covered(time.span for time in truth.unscored)
    return SessionScores(scores, alignment.assignment, *evidence, excluded, causes)


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """What is scored of a reference and a hypothesis, in this order: tokens by utterance, and turns.

    ``unscored``: spans that are excluded from the turns as well; their tokens are already left out. ``removed``: tokens
    that the pipeline of the hypothesis removed from the text.
    """

    utterances: tuple[list[list[Token]], list[list[Token]]]
    turns: tuple[tuple[Turn, ...], tuple[Turn, ...]]
    unscored: tuple[Span, ...]
    removed: Removed

    @property
    def tokens(self) -> tuple[list[Token], list[Token]]:
        """All tokens in order of utterance start."""
        left, right = ([token for tokens in side for token in tokens] for side in self.utterances)
        return left, right


def scored_pair(reference: Session, hypothesis: Session, config: ScoreConfig) -> ScoredPair:
    """The scored parts of both sides; without tokens if the format of either side has no words."""
    truth, estimate, unscored = _scored(reference, hypothesis)
    normalize = normalizer(config.normalizer)
    has_words = truth.words is not None and estimate.words is not None
    texts = (side.transcript.utterances if has_words else () for side in (truth, estimate))
    left, right = (_tokens(utterances, normalize, unscored) for utterances in texts)
    turns = timeline.turns_of(truth.transcript), timeline.turns_of(estimate.transcript)
    return ScoredPair((left, right), turns, unscored, _removed(estimate.transcript, normalize, unscored))


def _scored(reference: Session, hypothesis: Session) -> tuple[Session, Session, tuple[Span, ...]]:
    """Both sides without the spans unscored on single channels, and the spans unscored on all channels."""
    spans, by_channel = split_by_channel(reference.unscored, reference.channels, hypothesis.channels)
    left, right = (
        replace(side, transcript=remove_unscored(side.transcript, side.channels, by_channel))
        for side in (reference, hypothesis)
    )
    return left, right, spans


def _silence(other: Session, side: Mapping[str, Session]) -> Session:
    """An empty session with the evidence of ``side``, for comparison with a session that ``side`` lacks."""
    example = next(iter(side.values()), other)
    return replace(example, transcript=Transcript(other.transcript.duration), unscored=())


def _unmatched_notices(reference: Mapping[str, Session], hypothesis: Mapping[str, Session]) -> list[Notice]:
    """Notices about sessions on one side only."""
    missing = [name for name in reference if name not in hypothesis]
    extra = [name for name in hypothesis if name not in reference]
    texts = {
        "no_hypothesis": (missing, "only in the reference: words count as deletions, speech as missed"),
        "no_reference": (extra, "only in the hypothesis: words count as insertions, speech as false alarm"),
    }
    return [Notice(code, f"{_enumerate(names)} {text}") for code, (names, text) in texts.items() if names]


def _plausibility_notices(sessions: Mapping[str, SessionScores]) -> list[Notice]:
    """Notices about sessions with words on one side only, and about pairs that are probably different recordings."""
    texts = {
        "no_words": "without word errors: the format of one side has no words",
        "unrelated": "with an error rate above 100 %: check that it is the same recording",
    }
    names = {
        "no_words": [n for n, session in sessions.items() if len({words is None for words in session.words}) > 1],
        "unrelated": [n for n, session in sessions.items() if _is_implausible(session.scores)],
    }
    return [Notice(code, f"{_enumerate(names[code])} {text}") for code, text in texts.items() if names[code]]


def _is_implausible(scores: Scores) -> bool:
    rates = ((scores.cpcer or scores.cpwer).error_rate, scores.der.error_rate)
    return any(rate is not None and rate > 1 for rate in rates)


def _enumerate(names: Sequence[str]) -> str:
    """``session a``, or ``5 sessions (a, b, c, ...)``."""
    some = ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
    return f"session {some}" if len(names) == 1 else f"{len(names)} sessions ({some})"


def _tokens(utterances: Iterable[Utterance], normalize: Normalizer, unscored: Sequence[Span]) -> list[list[Token]]:
    """Tokens outside of ``unscored`` by utterance, ordered by utterance start; without empty utterances."""
    ordered = sorted(utterances, key=lambda utterance: utterance.start)
    scored = [[t for t in normalize.tokens(utterance) if not is_inside(t, unscored)] for utterance in ordered]
    return [tokens for tokens in scored if tokens]


def _removed(transcript: Transcript, normalize: Normalizer, unscored: Sequence[Span]) -> Removed:
    """The tokens of the words that the pipeline removed from the text, in the units of the alignment."""
    leaked = [utterance for region in transcript.overlaps for utterance in region.leaked]
    hallucinations, duplicates = (
        [unit for tokens in _tokens(utterances, normalize, unscored) for unit in by_character(tokens)]
        for utterances in (transcript.removed, leaked)
    )
    return Removed(hallucinations, duplicates)


def _sum(one: WordErrors | None, other: WordErrors | None) -> WordErrors | None:
    return None if one is None or other is None else one + other
