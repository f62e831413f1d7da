"""The native format's JSON data as a transcript, with what was edited by hand made to agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pipeline.core.errors import FormatError
from pipeline.core.types import Notice, Span, Transcript, Utterance
from pipeline.formats.decoding import decoded
from pipeline.formats.editing import notice, with_ledger_texts, with_moved_turns, with_names
from pipeline.formats.retexting import retexted
from pipeline.formats.rounding import rounded

_TOLERANCE = 0.00051
"""Seconds by which a start or end may differ from the words': a tool may have rounded it."""


@dataclass(frozen=True, slots=True)
class _Claims:
    """What an utterance's object says beside its speaker and words; ``invented``: it had no words."""

    start: float | None
    end: float | None
    text: str | None
    invented: bool = False


def transcript_of(data: dict[str, Any], checksum: Callable[[Transcript], str]) -> Transcript:
    """The transcript in ``data`` (without ``version``); raises `FormatError` naming the place."""
    stated = {name: data.pop(name, None) for name in ("status", "speakers", "checksum")}
    listed = data.get("utterances", [])
    claims = [_take_claims(item, f"utterances[{i}]") for i, item in enumerate(_listed(listed))]
    for region in _listed(data.get("overlaps")):
        for item in _listed(region.get("leaked") if isinstance(region, dict) else None):
            _take_claims(item, "overlaps.leaked")
    for item in _listed(data.get("removed")):
        _take_claims(item, "removed")
    read: tuple[Utterance, ...] = decoded(listed, tuple[Utterance, ...], "utterances")
    rest: Transcript = decoded({**data, "utterances": []}, Transcript, "")
    written = _with_utterances(rest, read)
    intact = stated["checksum"] == checksum(written) and not any(claim.invented for claim in claims)
    corrected, notices = _corrected(read, claims)
    result = replace(_with_utterances(rest, corrected), notices=(*rest.notices, *notices))
    if notices:
        result = rounded(result)
    return _agreeing(result, stated, intact, bool(notices))


def _agreeing(transcript: Transcript, stated: dict[str, Any], intact: bool, corrected: bool) -> Transcript:
    """Names, turns, ledger and the list of speakers brought together."""
    speakers = _stated_speakers(stated["speakers"])
    if intact and speakers is not None and len(speakers) == len(transcript.speakers):
        names = {old: new for old, new in zip(transcript.speakers, speakers, strict=True) if old != new}
        if names:
            told = notice(["speakers"], f"{', '.join(f'{a} is {b}' for a, b in names.items())}, everywhere")
            renamed = with_names(transcript, names)
            transcript = replace(renamed, notices=(*renamed.notices, told))
        speakers = transcript.speakers
    if not intact:
        transcript = with_moved_turns(transcript)
    if corrected or (not intact and stated["checksum"] is not None):
        transcript = with_ledger_texts(transcript)
    differing = [
        name
        for name, claim, true in (
            ("status", stated["status"], transcript.status),
            ("speakers", speakers, transcript.speakers),
        )
        if claim is not None and claim != true
    ]
    told_last = (notice(differing, "computed from utterances and turns again"),) if differing else ()
    return replace(transcript, notices=(*transcript.notices, *told_last))


def _take_claims(item: Any, place: str) -> _Claims:
    """Remove what follows from the words from an utterance's object; one without words gets those of its text."""
    if not isinstance(item, dict):
        return _Claims(None, None, None)
    start, end, text = (item.pop(name, None) for name in ("start", "end", "text"))
    for name, value, kind in (("start", start, float), ("end", end, float), ("text", text, str)):
        if value is not None:
            decoded(value, kind, f"{place}.{name}")
    if item.get("words") or text is None or start is None or end is None:
        return _Claims(start, end, text)
    span = decoded({"start": start, "end": end}, Span, place)
    new = retexted((), text, span)
    item["words"] = [
        {"start": w.start, "end": w.end, "text": w.text, **({"no_space": True} if w.no_space else {})} for w in new
    ] or [{"start": start, "end": end, "text": ""}]
    return _Claims(start, end, text, invented=True)


def _corrected(read: tuple[Utterance, ...], claims: list[_Claims]) -> tuple[tuple[Utterance, ...], list[Notice]]:
    """The utterances with the texts that they say they have, and what is to be told about it."""
    found: list[Utterance] = []
    changed: list[str] = []
    deleted: list[str] = []
    for i, (utterance, claim) in enumerate(zip(read, claims, strict=True)):
        _check_times(utterance, claim, f"utterances[{i}]")
        words = utterance.words
        if claim.text is not None and claim.text != utterance.text:
            words = retexted(words, claim.text, utterance.span)
        if claim.invented or words != utterance.words:
            if not any(word.text for word in words):
                deleted.append(f"utterances[{i}]")
                continue
            changed.append(f"utterances[{i}].words")
        found.append(replace(utterance, words=words))
    notices = [notice(changed, "taken from the text, which differs; the times of new words are estimated")] * bool(
        changed
    )
    return tuple(found), notices + [notice(deleted, "left out, since the text is empty")] * bool(deleted)


def _check_times(utterance: Utterance, claim: _Claims, place: str) -> None:
    """A start or end that somebody has changed cannot be followed: it does not say when the words begin."""
    for name, value, true, which in (
        ("start", claim.start, utterance.start, "first"),
        ("end", claim.end, utterance.end, "last"),
    ):
        if value is not None and abs(value - true) > _TOLERANCE:
            raise FormatError(
                f"{place}.{name}: is {value:g}, but the {which} word {'starts' if name == 'start' else 'ends'} "
                f"at {true:g}",
                hint=f"change the times of the words, or leave {name!r} out",
            )


def _with_utterances(rest: Transcript, utterances: tuple[Utterance, ...]) -> Transcript:
    ordered = tuple(sorted(utterances, key=lambda utterance: utterance.start))
    try:
        return replace(rest, utterances=ordered)
    except ValueError as error:
        raise FormatError(f"utterances: {error}") from error


def _stated_speakers(stated: Any) -> tuple[str, ...] | None:
    speakers: tuple[str, ...] | None = decoded(stated, tuple[str, ...] | None, "speakers")
    return speakers


def _listed(value: Any) -> list[Any]:
    """The items of an array; none of what is not one, which the strict reading refuses afterwards."""
    return value if isinstance(value, list) else []
