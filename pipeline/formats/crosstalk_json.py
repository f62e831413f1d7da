"""``json``: Crosstalk's own format, version ``crosstalk/1``: everything a `Transcript` holds, and nothing lost.

One object: ``version``, then all fields of `Transcript` in the order in which `pipeline.core.types` documents them.
Inside, a field at its default is left out. Times are seconds in whole milliseconds. For readers of the file it also
says what follows from the rest: ``status``, ``speakers`` and ``checksum`` of the transcript, ``start``, ``end`` and
``text`` of an utterance. Any of these may be left out. Nothing else is allowed.

    {"version": "crosstalk/1", "duration": 3.5, "status": "ok", "speakers": ["SPEAKER_00"],
     "utterances": [{"speaker": "SPEAKER_00", "start": 0.5, "end": 1.1, "text": "Hello there",
                     "words": [{"start": 0.5, "end": 0.8, "text": "Hello", "probability": 0.93}, ...]}],
     "turns": [{"start": 0.4, "end": 1.2, "speaker": "SPEAKER_00", "margin": 0.21}],
     "overlaps": [{"start": ..., "end": ..., "voices": [...], "separator": "exemplar", "decision": "mixture",
                   "reason": "...", "leaked": [...]}],
     "language": "en", "complete": true, "coverage": {...}, "warnings": [{"code": "...", "message": "..."}],
     "provenance": {"source": "meeting.m4a", "sha256": "...", "settings": {...}, "models": {...}, "versions": {...}},
     "removed": [{"speaker": ..., "words": [{..., "suspect": "no time left"}]}], "checksum": "..."}

The same transcript gives the same bytes; settings must be JSON values. Characters that cannot be seen are written as
``\\u`` escapes. Reading is strict: another version, an unknown, missing or doubled key, a value of the wrong kind are
each a `FormatError` with the place (``utterances[3].words[0].end``).

The file may be edited by hand, and ``checksum`` tells that it was. What follows from the change is computed anew, each
time with a notice ``recomputed`` in ``warnings``: words from an utterance's ``text``, turns from an utterance that was
given to another speaker, the ledger's texts from the words. A name that is changed in ``speakers`` alone is changed
everywhere. ``start`` and ``end`` of an utterance cannot be changed without its words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Utterance
from pipeline.formats.base import Format, encoded
from pipeline.formats.edited_json import transcript_of
from pipeline.formats.rounding import rounded

VERSION = "crosstalk/1"
DERIVED: dict[type, tuple[str, ...]] = {
    Transcript: ("status", "speakers"),
    Utterance: ("start", "end", "text"),
}


def dumps(transcript: Transcript, session: str = "") -> str:
    """The whole transcript; ``session`` is not written: the recording's name is in the provenance."""
    transcript = rounded(transcript)
    data = {"version": VERSION, **_plain(transcript, DERIVED), "checksum": checksum(transcript)}
    return _rendered(data) + "\n"


def loads(text: str) -> Transcript:
    """The transcript that was written or edited; raises `FormatError` naming the place."""
    try:
        data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}") from error
    if isinstance(data, list):
        raise FormatError("a JSON array, not a Crosstalk transcript", hint="call a SegLST file *.seglst.json")
    if not isinstance(data, dict) or data.get("version") != VERSION:
        found = data.get("version") if isinstance(data, dict) else None
        raise FormatError(f"version: {found!r} is not {VERSION!r}, the only one this program reads")
    del data["version"]
    return transcript_of(data, checksum)


def checksum(transcript: Transcript) -> str:
    """A hash of everything that does not follow from the rest."""
    text = json.dumps(_plain(transcript, {}), sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: Any, derived: Mapping[type, tuple[str, ...]]) -> Any:
    """A value as JSON types; the first field, what is derived, then the other fields; mappings sorted by key."""
    if is_dataclass(value):
        whole = isinstance(value, Transcript)
        first, *others = [f.name for f in fields(value) if whole or getattr(value, f.name) != _default(f)]
        names = (first, *derived.get(type(value), ()), *others)
        return {name: _plain(getattr(value, name), derived) for name in names}
    if isinstance(value, Mapping):
        return {key: _plain(value[key], derived) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_plain(item, derived) for item in value]
    return value


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _rendered(value: Any, indent: str = "") -> str:
    """JSON with a line for each object or array that holds no other: a word is a line."""
    inner = indent + "  "
    if isinstance(value, dict) and any(isinstance(item, dict | list) for item in value.values()):
        items = [f"{_atom(key)}: {_rendered(item, inner)}" for key, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        items = [_rendered(item, inner) for item in value]
    else:
        return _atom(value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{closing}"


def _atom(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


FORMAT = Format("json", ".json", encoded(dumps), loads, help="Everything in the transcript; the format to edit.")
