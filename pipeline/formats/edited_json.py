"""The JSON data of a transcript, checked, and made consistent again where it was edited by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pipeline.core.errors import FormatError
from pipeline.core.serialization import DataError, from_plain
from pipeline.core.types import Notice, Span, Transcript, Utterance
from pipeline.formats.editing import notice, with_ledger_texts, with_moved_turns
from pipeline.formats.naming import with_given_names
from pipeline.formats.retexting import retexted
from pipeline.formats.rounding import rounded

Value = TypeVar("Value")

_TOLERANCE = 0.00051
"""Seconds by which an utterance's start or end may differ from its words': half a millisecond and a margin, because
another program may have rounded it. A larger difference is an edit, which is refused."""


@dataclass(frozen=True, slots=True)
class _Derived:
    """The derived values in an utterance's object; ``estimated``: it had no words, which were made from the text."""

    start: float | None
    end: float | None
    text: str | None
    estimated: bool = False


def transcript_of(
    data: dict[str, Any], checksum: Callable[[Transcript], str], notices: tuple[Notice, ...] = ()
) -> Transcript:
    """The transcript in ``data`` (without ``version``) with further ``notices``; raises `FormatError`."""
    stated = {name: data.pop(name, None) for name in ("status", "speakers", "checksum")}
    items = data.get("utterances", [])
    derived = [_take_derived(item, f"utterances[{i}]") for i, item in enumerate(_items(items))]
    for region in _items(data.get("overlaps")):
        for item in _items(region.get("leaked") if isinstance(region, dict) else None):
            _take_derived(item, "overlaps.leaked")
    for item in _items(data.get("removed")):
        _take_derived(item, "removed")
    utterances = _read(tuple[Utterance, ...], items, "utterances")
    rest = _read(Transcript, {**data, "utterances": []}, "")
    written = _with_utterances(rest, utterances)
    intact = stated["checksum"] == checksum(written) and not any(values.estimated for values in derived)
    corrected, corrections = _corrected(utterances, derived)
    result = replace(_with_utterances(rest, corrected), notices=(*rest.notices, *notices, *corrections))
    if corrections:
        result = rounded(result)
    return _consistent(result, stated, written.speakers if intact else None, bool(corrections))


def _read(kind: type[Value], data: Any, place: str) -> Value:
    """``data`` as a value of type ``kind``; raises `FormatError` with the place."""
    try:
        return from_plain(kind, data, place)
    except DataError as error:
        raise FormatError(error.line(quote=False), hint=error.hint) from error


def _consistent(
    transcript: Transcript, stated: dict[str, Any], names_before: tuple[str, ...] | None, corrected: bool
) -> Transcript:
    """The transcript with names, turns, ledger and the list of speakers made to agree.

    ``names_before``: the speakers before the corrections, which may change their order, if nothing but derived values
    was edited; else ``None``.
    """
    intact = names_before is not None
    speakers = None if stated["speakers"] is None else _read(tuple[str, ...], stated["speakers"], "speakers")
    if names_before is not None and speakers is not None and len(speakers) == len(names_before):
        names = {old: new for old, new in zip(names_before, speakers, strict=True) if old != new}
        if names:
            changes = notice(["speakers"], f"{', '.join(f'{a} is {b}' for a, b in names.items())}, everywhere")
            renamed = with_given_names(transcript, names)
            transcript = replace(renamed, notices=(*renamed.notices, changes))
        speakers = transcript.speakers
    if not intact:
        transcript = with_moved_turns(transcript)
    if corrected or (not intact and stated["checksum"] is not None):
        transcript = with_ledger_texts(transcript)
    differing = [
        name
        for name, value, computed in (
            ("status", stated["status"], transcript.status),
            ("speakers", speakers, transcript.speakers),
        )
        if value is not None and value != computed
    ]
    last = (notice(differing, "computed from utterances and turns again"),) if differing else ()
    return replace(transcript, notices=(*transcript.notices, *last))


def _take_derived(item: Any, place: str) -> _Derived:
    """Remove the derived values from an utterance's object; one without words gets words from its text."""
    if not isinstance(item, dict):
        return _Derived(None, None, None)
    start, end, text = (item.pop(name, None) for name in ("start", "end", "text"))
    for name, value, kind in (("start", start, float), ("end", end, float), ("text", text, str)):
        if value is not None:
            _read(kind, value, f"{place}.{name}")
    if item.get("words") or text is None or start is None or end is None:
        return _Derived(start, end, text)
    span = _read(Span, {"start": start, "end": end}, place)
    item["words"] = [
        {"start": w.start, "end": w.end, "text": w.text, **({"no_space": True} if w.no_space else {})}
        for w in retexted((), text, span)
    ] or [{"start": start, "end": end, "text": ""}]
    return _Derived(start, end, text, estimated=True)


def _corrected(
    utterances: tuple[Utterance, ...], derived: list[_Derived]
) -> tuple[tuple[Utterance, ...], list[Notice]]:
    """The utterances with words that agree with their texts, and notices about the changes."""
    corrected: list[Utterance] = []
    changed: list[str] = []
    deleted: list[str] = []
    for i, (utterance, values) in enumerate(zip(utterances, derived, strict=True)):
        _check_times(utterance, values, f"utterances[{i}]")
        words = utterance.words
        if values.text is not None and values.text != utterance.text:
            words = retexted(words, values.text, utterance.span)
        if values.estimated or words != utterance.words:
            if not any(word.text for word in words):
                deleted.append(f"utterances[{i}]")
                continue
            changed.append(f"utterances[{i}].words")
        corrected.append(replace(utterance, words=words))
    what = "taken from the text, which differs; the times of new words are estimated"
    notices = [notice(changed, what)] * bool(changed)
    return tuple(corrected), notices + [notice(deleted, "left out, since the text is empty")] * bool(deleted)


def _check_times(utterance: Utterance, derived: _Derived, place: str) -> None:
    """`FormatError` for a changed start or end: the words' times do not follow from it."""
    for name, value, computed, which in (
        ("start", derived.start, utterance.start, "first"),
        ("end", derived.end, utterance.end, "last"),
    ):
        if value is not None and abs(value - computed) > _TOLERANCE:
            raise FormatError(
                f"{place}.{name}: is {value:g}, but the {which} word {'starts' if name == 'start' else 'ends'} "
                f"at {computed:g}",
                hint=f"change the times of the words, or leave {name!r} out",
            )


def _with_utterances(rest: Transcript, utterances: tuple[Utterance, ...]) -> Transcript:
    ordered = tuple(sorted(utterances, key=lambda utterance: utterance.start))
    try:
        return replace(rest, utterances=ordered)
    except ValueError as error:
        raise FormatError(f"utterances: {error}") from error


def _items(value: Any) -> list[Any]:
    """The items of an array; none for anything else, which `_read` refuses afterwards."""
    return value if isinstance(value, list) else []
