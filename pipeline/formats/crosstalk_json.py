"""``json``: Crosstalk's own format, version ``crosstalk/1``: all of a `Transcript`, without loss.

One object: ``version``, then all fields of `Transcript` in the order in which `pipeline.core.types` documents them.
Inside, a field at its default is left out. Times are seconds in whole milliseconds. For readers of the file it also
holds derived values: ``status``, ``speakers`` and ``checksum`` of the transcript, ``start``, ``end`` and ``text`` of an
utterance. Any of these may be left out. Other keys are refused.

    {"version": "crosstalk/1", "duration": 3.5, "status": "ok", "speakers": ["SPEAKER_00"],
     "utterances": [{"speaker": "SPEAKER_00", "start": 0.5, "end": 1.1, "text": "Hello there",
                     "words": [{"start": 0.5, "end": 0.8, "text": "Hello", "probability": 0.93}, ...]}],
     "turns": [{"start": 0.4, "end": 1.2, "speaker": "SPEAKER_00", "margin": 0.21}],
     "overlaps": [{"start": ..., "end": ..., "evidence": [...], "separator": "nmf", "decision": "mixture",
                   "reason": "...", "leaked": [...]}],
     "language": "en", "complete": true, "coverage": {...}, "notices": [{"code": "...", "message": "..."}],
     "provenance": {"source": "meeting.m4a", "sha256": "...", "settings": {...}, "models": {...}, "versions": {...}},
     "removed": [{"speaker": ..., "words": [{..., "suspect": "no time left"}]}], "checksum": "..."}

The same transcript gives the same bytes; settings must be JSON values. Characters that cannot be seen are written as
``\\u`` escapes. Reading is strict: another version, an unknown, missing or repeated key and a value of another type are
each a `FormatError` with the place (``utterances[3].words[0].end``). Keys of version 0.1.0 are read with a notice
(`pipeline.formats.json_aliases`).

The file may be edited by hand; ``checksum`` shows that it was. Derived values are then computed again, each time with a
notice ``recomputed`` in ``notices``: words from an utterance's ``text``, turns from an utterance that was given to
another speaker, the ledger's texts from the words. A name that is changed in ``speakers`` alone is changed everywhere.
``start`` and ``end`` of an utterance cannot be changed without its words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pipeline.core.errors import FormatError
from pipeline.core.serialization import to_plain
from pipeline.core.types import Transcript, Utterance
from pipeline.formats.base import Format, encoded
from pipeline.formats.edited_json import transcript_of
from pipeline.formats.json_aliases import with_current_keys, with_old_keys
from pipeline.formats.rounding import rounded
from pipeline.formats.sanitize import json_text

VERSION = "crosstalk/1"
DERIVED: dict[type, tuple[str, ...]] = {
    Transcript: ("status", "speakers"),
    Utterance: ("start", "end", "text"),
}
_ADDED = ("identities", "corrections", "roles", "pauses")
"""Fields that version 0.1.0 did not have: left out of the checksum where they are empty."""


def dumps(transcript: Transcript, session: str = "") -> str:
    """The whole transcript; ``session`` is not written, since the provenance names the recording."""
    transcript = rounded(transcript)
    data = {"version": VERSION, **_plain(transcript, DERIVED), "checksum": checksum(transcript)}
    return _rendered(data) + "\n"


def loads(text: str) -> Transcript:
    """The transcript that was written or edited; raises `FormatError` naming the place."""
    try:
        data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_unique, parse_constant=_refuse)
        if isinstance(data, list):
            raise FormatError("a JSON array, not a Crosstalk transcript", hint="call a SegLST file *.seglst.json")
        if not isinstance(data, dict) or data.get("version") != VERSION:
            version = data.get("version") if isinstance(data, dict) else None
            raise FormatError(f"version: {version!r} is not {VERSION!r}, the only one this program reads")
        del data["version"]
        data, notices = with_current_keys(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}") from error
    return transcript_of(data, checksum_of_old_keys if notices else checksum, notices)


def checksum(transcript: Transcript) -> str:
    """A hash of everything that does not follow from the rest."""
    return _hash(_plain(transcript, {}))


def checksum_of_old_keys(transcript: Transcript) -> str:
    """The checksum that version 0.1.0 wrote."""
    return _hash(with_old_keys(_plain(transcript, {})))


def _hash(data: dict[str, Any]) -> str:
    data = {name: value for name, value in data.items() if value or name not in _ADDED}
    text = json.dumps(data, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(transcript: Transcript, properties: Mapping[type, tuple[str, ...]]) -> dict[str, Any]:
    """All fields of the transcript; inside them, no field that is at its default."""
    first, *others = (field.name for field in fields(Transcript))
    names = (first, *properties.get(Transcript, ()), *others)
    return {name: to_plain(getattr(transcript, name), compact=True, properties=properties) for name in names}


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
    return json_text(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; ``ValueError`` where a key is repeated."""
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is repeated in one object")
    return values


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a finite number")


FORMAT = Format(
    "json", ".json", encoded(dumps), loads, version=3, help="Everything in the transcript; the format to edit."
)
