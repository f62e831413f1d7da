"""A transcript edited by hand made consistent: turns, overlap ledger and list of speakers follow the utterances.

Typical edits are an utterance given to another speaker, a new name, a corrected text, a deleted utterance. Each leaves
other fields that contradict it; these are computed again, and a notice names the place and the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pipeline.core.correction import Correction
from pipeline.core.identity import Identity
from pipeline.core.role import with_labels as roles_with_labels
from pipeline.core.timeline import covered, crop, gaps, intersection, normalize, speech_of, union
from pipeline.core.types import Notice, OverlapDecision, Span, Transcript, Turn, Utterance, join_words

CODE = "recomputed"
"""Code of the notices of this module (see `pipeline.core.notices`)."""
_MAX_PLACES = 3
"""Maximum number of places that a notice names, chosen by hand; further ones are only counted."""

GIVEN = "the name was given by hand"
"""Reason of an identity that is not from voice prints."""
TAKEN = "the name was taken away by hand"
"""Reason of an identity whose name was replaced by the speaker's label."""


@dataclass(frozen=True, slots=True)
class Move:
    """The utterance at ``index`` was given to the speaker ``to``; the turns still give its time to ``source``."""

    index: int
    source: str
    to: str


def notice(places: Sequence[str], what: str) -> Notice:
    """A notice about changed places (``utterances[3].text``)."""
    more = f" and {len(places) - _MAX_PLACES} more" if len(places) > _MAX_PLACES else ""
    return Notice(CODE, f"{', '.join(places[:_MAX_PLACES])}{more}: {what}")


def with_names(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """The transcript with speakers renamed everywhere; two speakers with one name are merged.

    The identity ledger of a renamed speaker says that the name was given by hand.
    """
    identities = tuple(
        _renamed(identity, names[identity.label]) if identity.label in names else identity
        for identity in transcript.identities
    )
    return replace(with_labels(transcript, names), identities=identities)


def with_labels(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """The transcript with other labels of speakers, which are no names of people; two with one label are merged."""

    def renamed(utterances: Iterable[Utterance]) -> tuple[Utterance, ...]:
        return tuple(replace(u, speaker=names.get(u.speaker, u.speaker)) for u in utterances)

    turns = [replace(turn, speaker=names.get(turn.speaker, turn.speaker)) for turn in transcript.turns]
    merged = len({turn.speaker for turn in turns}) < len({turn.speaker for turn in transcript.turns})
    return replace(
        transcript,
        utterances=renamed(transcript.utterances),
        turns=normalize(turns, transcript.duration) if merged else tuple(sorted(turns)),
        overlaps=tuple(
            replace(
                region,
                evidence=tuple(replace(v, speaker=names.get(v.speaker, v.speaker)) for v in region.evidence),
                leaked=renamed(region.leaked),
            )
            for region in transcript.overlaps
        ),
        removed=renamed(transcript.removed),
        corrections=tuple(_relabelled(correction, names) for correction in transcript.corrections),
        identities=tuple(
            identity
            if identity.name is not None
            else replace(identity, speaker=names.get(identity.speaker, identity.speaker))
            for identity in transcript.identities
        ),
        roles=roles_with_labels(transcript.roles, names),
    )


def _relabelled(correction: Correction, names: Mapping[str, str]) -> Correction:
    """The correction with the present labels."""
    speaker = names.get(correction.speaker, correction.speaker)
    after = names.get(correction.after, correction.after) if correction.operation == "assign" else correction.after
    return replace(correction, speaker=speaker, after=after)


def _renamed(identity: Identity, name: str) -> Identity:
    """The identity with the name that a person gave; the speaker's own label takes the name away, everywhere."""
    if name != identity.speaker:
        return replace(identity, name=name, decision="given", reason=GIVEN)
    others = tuple(candidate for candidate in identity.candidates if candidate.name != identity.name)
    return replace(identity, name=None, decision="unknown", reason=TAKEN, candidates=others)


def with_moved_turns(transcript: Transcript) -> Transcript:
    """The transcript with the turns of moved utterances given to their new speakers.

    An utterance counts as moved when its speaker's turns cover less than half of it, and those turns of another speaker
    that contain none of the other's words cover more. A speaker all of whose utterances got one new name is renamed.
    """
    moves = list(_moves(transcript))
    if not moves:
        return transcript
    speaking = {utterance.speaker for utterance in transcript.utterances}
    with_turns = {turn.speaker for turn in transcript.turns}
    names = {m.source: m.to for m in moves if m.source not in speaking and m.to not in with_turns}
    names = {source: to for source, to in names.items() if list(names.values()).count(to) == 1}
    result = with_names(transcript, names)
    for move in moves:
        if move.source not in names:
            result = replace(result, turns=moved_turns(result.turns, result.utterances, move))
    notices = []
    for (source, to), group in groupby(sorted(moves, key=lambda m: (m.source, m.to)), key=lambda m: (m.source, m.to)):
        places = [f"utterances[{move.index}]" for move in group]
        notices.append(notice(places, f"the turns of {source} there were given to {to}"))
    return replace(result, notices=(*result.notices, *notices))


def with_ledger_texts(transcript: Transcript) -> Transcript:
    """The transcript with the texts in the overlap ledger taken from the words."""
    regions = tuple(_with_texts(region, transcript.utterances) for region in transcript.overlaps)
    places = [f"overlaps[{i}].evidence" for i, r in enumerate(regions) if r != transcript.overlaps[i]]
    notices = (notice(places, "the texts were taken from the words again"),) if places else ()
    return replace(transcript, overlaps=regions, notices=(*transcript.notices, *notices))


def _moves(transcript: Transcript) -> Iterable[Move]:
    activity = speech_of(transcript.turns)
    spoken: dict[str, list[Span]] = {}
    for utterance in transcript.utterances:
        spoken.setdefault(utterance.speaker, []).append(utterance.span)
    for i, utterance in enumerate(transcript.utterances):
        span = utterance.span
        present = covered(intersection(crop(activity.get(utterance.speaker, ()), span), [span]))  # seconds
        if present * 2 >= span.duration:
            continue
        free = {  # seconds of each other speaker's turns without words
            speaker: covered(_without(intersection(crop(spans, span), [span]), spoken.get(speaker, ())))
            for speaker, spans in activity.items()
            if speaker != utterance.speaker
        }
        source = max(free, key=lambda speaker: free[speaker], default=None)
        if source is not None and free[source] > max(present, span.duration / 2):
            yield Move(i, source, utterance.speaker)


def moved_turns(before: Sequence[Turn], utterances: Sequence[Utterance], move: Move) -> tuple[Turn, ...]:
    """The turns after a move: a turn without other words of the old speaker moves whole, any other one in part."""
    utterance = utterances[move.index]
    others = [u.span for u in utterances if u.speaker == move.source]
    turns: list[Turn] = []
    spans: list[Span] = [turn.span for turn in before if turn.speaker == move.to]
    for turn in before:
        if turn.speaker == move.to:
            continue
        if turn.speaker != move.source or not intersection([turn.span], [utterance.span]):
            turns.append(turn)
            continue
        shared = bool(intersection([turn.span], others))
        parts = _without(intersection([turn.span], [utterance.span]), others) if shared else (turn.span,)
        spans += parts
        turns += [replace(turn, start=rest.start, end=rest.end) for rest in gaps(parts, turn.span)]
    margins = {turn.span: turn.margin for turn in before if turn.speaker == move.to}
    turns += [Turn(span.start, span.end, move.to, margins.get(span)) for span in union(spans)]
    return tuple(sorted(turns))


def _without(spans: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """The parts of ``spans`` outside ``others``."""
    excluded = tuple(others)
    return tuple(rest for span in spans for rest in gaps(intersection(excluded, [span]), span))


def _with_texts(region: OverlapDecision, utterances: Sequence[Utterance]) -> OverlapDecision:
    inside = {
        voice.speaker: tuple(
            word
            for utterance in utterances
            if utterance.speaker == voice.speaker and utterance.start < region.end and region.start < utterance.end
            for word in utterance.words
            if region.start <= word.middle < region.end
        )
        for voice in region.evidence
    }
    return replace(region, evidence=tuple(replace(v, text=join_words(inside[v.speaker])) for v in region.evidence))
