"""Old spellings of settings: they are read for one more version, with a notice that names the new spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.core.errors import SettingsError
from pipeline.core.types import Notice

CODE = "deprecated_setting"
"""The code of the notices."""
ALIASES: Mapping[str, str] = {
    "diarization.clustering": "diarization.method",
    "diarization.method=tracklets": "diarization.method=windowed",
    "diarization.method=stock": "diarization.method=pyannote",
    "diarization.embedding": "embedding.model",
    "diarization.backend=replay": "diarization.backend=synthetic",
    "embedding.model=replay": "embedding.model=synthetic",
    "separation.backend=mixture": "separation.backend=passthrough",
    "separation.backend=exemplar": "separation.backend=nmf",
    "separation.backend=refined": "separation.backend=nmf-refined",
    "separation.backend=replay": "separation.backend=synthetic",
    "recognition.backend=replay": "recognition.backend=synthetic",
    "recognition.strategy=passages": "recognition.strategy=mixture",
    "recognition.beam_size": "recognition.options.beam_size",
    "recognition.compute_type": "recognition.options.compute_type",
    "assembly.longest": "assembly.max_utterance",
}
"""Old and new spelling, as of ``--set``: of a key (``section.key``), or of a value (``section.key=value``, with the new
key). Keys are renamed before values."""


def with_current_names(values: Mapping[Any, Any], where: str = "") -> tuple[dict[Any, Any], tuple[Notice, ...]]:
    """Nested settings in the current spelling, and a notice for each old one.

    Raises `SettingsError` where a setting is given in both spellings.
    """
    current = _copied(values)
    notices: list[Notice] = []
    for old, new in ALIASES.items():
        if _rename_value(current, old, new) if "=" in old else _rename_key(current, old, new, where):
            message = f"{old} is an old spelling of {new}; the next version will refuse it"
            notices.append(Notice(CODE, f"{where}: {message}".removeprefix(": ")))
    return current, tuple(notices)


def _rename_key(values: dict[Any, Any], old: str, new: str, where: str) -> bool:
    """Move the value of an old key to the new key; whether it was there."""
    *above, key = old.split(".")
    section = _section(values, above)
    if section is None or key not in section:
        return False
    value = section.pop(key)
    *above, key = new.split(".")
    target = values
    for name in above:
        target = target.setdefault(name, {})
        if not isinstance(target, dict):  # refused by whoever reads the result
            return True
    if key in target:
        raise SettingsError(f"{old} is an old spelling of {new}: give only one of them", where=where)
    target[key] = value
    return True


def _rename_value(values: dict[Any, Any], old: str, new: str) -> bool:
    """Replace an old value by the new one; whether it was there."""
    path, _, value = old.partition("=")
    *above, key = path.split(".")
    section = _section(values, above)
    if section is None or not isinstance(section.get(key), str) or section[key] != value:
        return False
    section[key] = new.partition("=")[2]
    return True


def _section(values: dict[Any, Any], path: list[str]) -> dict[Any, Any] | None:
    """The mapping under ``path``; None where there is none."""
    section: Any = values
    for name in path:
        section = section.get(name) if isinstance(section, dict) else None
    return section if isinstance(section, dict) else None


def _copied(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """The mapping with its nested mappings copied."""
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in values.items()}
