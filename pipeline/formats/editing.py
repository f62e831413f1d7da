"""What follows from a transcript that somebody has edited by hand: turns, ledger and list of speakers made to agree.

People move an utterance to another speaker, give one a new name, correct a text, delete what nobody said. Each of that
leaves something else behind that says the opposite. It is computed anew here, and a notice says what and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pipeline.core.timeline import by_speaker, covered, crop, gaps, intersection, normalize, union
from pipeline.core.types import Notice, OverlapDecision, Span, Transcript, Turn, Utterance, join_words

CODE = "recomputed"
_NAMED = 3
"""Places that a notice names; of more it gives the number."""


@dataclass(frozen=True, slots=True)
class Move:
    """The utterance at ``index`` belongs to ``to`` now, while the turns still give its time to ``source``."""

    index: int
    source: str
    to: str


def notice(places: Sequence[str], what: str) -> Notice:
    """A notice about the places (``utterances[3].text``) that were found changed."""
    named = ", ".join(places[:_NAMED]) + (f" and {len(places) - _NAMED} more" if len(places) > _NAMED else "")
    return Notice(CODE, f"{named}: {what}")


def with_names(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """The transcript with speakers renamed everywhere; two that have one name now are one speaker."""

    def utterances(those: Iterable[Utterance]) -> tuple[Utterance, ...]:
        return tuple(replace(u, speaker=names.get(u.speaker, u.speaker)) for u in those)

    turns = [replace(turn, speaker=names.get(turn.speaker, turn.speaker)) for turn in transcript.turns]
    merged = len({turn.speaker for turn in turns}) < len({turn.speaker for turn in transcript.turns})
    return replace(
        transcript,
        utterances=utterances(transcript.utterances),
        turns=normalize(turns, transcript.duration) if merged else tuple(sorted(turns)),
        overlaps=tuple(
            replace(
                region,
                evidence=tuple(replace(v, speaker=names.get(v.speaker, v.speaker)) for v in region.evidence),
                leaked=utterances(region.leaked),
            )
            for region in transcript.overlaps
        ),
    )


def with_moved_turns(transcript: Transcript) -> Transcript:
    """The time of every utterance that was moved to another speaker goes with it.

    An utterance counts as moved when its speaker's turns cover less than half of it and another speaker's turns, in
    which that one says nothing else, cover more. Who has lost all utterances to a new name is renamed.
    """
    moves = list(_moves(transcript))
    if not moves:
        return transcript
    speaking = {utterance.speaker for utterance in transcript.utterances}
    having_turns = {turn.speaker for turn in transcript.turns}
    names = {m.source: m.to for m in moves if m.source not in speaking and m.to not in having_turns}
    names = {source: to for source, to in names.items() if list(names.values()).count(to) == 1}
    result = with_names(transcript, names)
    for move in moves:
        if move.source not in names:
            result = replace(result, turns=_moved(result, move))
    notices = []
    for (source, to), group in groupby(sorted(moves, key=lambda m: (m.source, m.to)), key=lambda m: (m.source, m.to)):
        places = [f"utterances[{move.index}]" for move in group]
        notices.append(notice(places, f"{to} speaks, so the turns of {source} there are theirs now"))
    return replace(result, notices=(*result.notices, *notices))


def with_ledger_texts(transcript: Transcript) -> Transcript:
    """The texts in the overlap ledger follow from the words again."""
    regions = tuple(_retold(region, transcript.utterances) for region in transcript.overlaps)
    places = [f"overlaps[{i}].evidence" for i, r in enumerate(regions) if r != transcript.overlaps[i]]
    told = (notice(places, "their texts were computed from the words again"),) if places else ()
    return replace(transcript, overlaps=regions, notices=(*transcript.notices, *told))


def _moves(transcript: Transcript) -> Iterable[Move]:
    turns = {s: union(turn.span for turn in own) for s, own in by_speaker(transcript.turns).items()}
    said: dict[str, list[Span]] = {}
    for utterance in transcript.utterances:
        said.setdefault(utterance.speaker, []).append(utterance.span)
    for i, utterance in enumerate(transcript.utterances):
        whole = utterance.span
        own = covered(intersection(crop(turns.get(utterance.speaker, ()), whole), [whole]))
        if own * 2 >= whole.duration:
            continue
        free = {
            speaker: covered(_without(intersection(crop(theirs, whole), [whole]), said.get(speaker, ())))
            for speaker, theirs in turns.items()
            if speaker != utterance.speaker
        }
        source = max(free, key=lambda speaker: free[speaker], default=None)
        if source is not None and free[source] > max(own, whole.duration / 2):
            yield Move(i, source, utterance.speaker)


def _moved(transcript: Transcript, move: Move) -> tuple[Turn, ...]:
    """The turns after a move: a turn in which the old speaker says nothing else goes as a whole, else a part of it."""
    utterance = transcript.utterances[move.index]
    other = [u.span for u in transcript.utterances if u.speaker == move.source]
    kept: list[Turn] = []
    given: list[Span] = [turn.span for turn in transcript.turns if turn.speaker == move.to]
    for turn in transcript.turns:
        if turn.speaker == move.to:
            continue
        if turn.speaker != move.source or not intersection([turn.span], [utterance.span]):
            kept.append(turn)
            continue
        shared = bool(intersection([turn.span], other))
        part = _without(intersection([turn.span], [utterance.span]), other) if shared else (turn.span,)
        given += part
        kept += [replace(turn, start=rest.start, end=rest.end) for rest in gaps(part, turn.span)]
    margins = {turn.span: turn.margin for turn in transcript.turns if turn.speaker == move.to}
    kept += [Turn(span.start, span.end, move.to, margins.get(span)) for span in union(given)]
    return tuple(sorted(kept))


def _without(spans: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    taken = tuple(others)
    return tuple(rest for span in spans for rest in gaps(intersection(taken, [span]), span))


def _retold(region: OverlapDecision, utterances: Sequence[Utterance]) -> OverlapDecision:
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
