"""``NAME.redaction.json``: what was redacted, without the words. Format ``crosstalk-redaction/1``; times in seconds.

{"version": "crosstalk-redaction/1", "recording": {"sha256": "9f…", "duration": 61.3}, "kinds": ["card", "cvv"],
 "sound": {"file": "call.redacted.wav", "cover": "silence", "fade": 0.01, "padding": [0.15, 0.5]},
 "redactions": [{"kind": "card", "start": 12.1, "end": 17.8, "speaker": "customer", "words": 16, "reason": "…",
                 "muted": [11.6, 18.2], "verification": "verified", "why": ""}],
 "muted": [{"start": 11.6, "end": 18.2, "seconds": 6.6, "speakers": ["agent"], "words": 1}],
 "problems": [{"start": 40.0, "end": 44.1, "reason": "…"}], "unchecked_speech": 0.0, "complete": false}
"""

from __future__ import annotations

import json
from typing import Any, Final

from pipeline.formats.sanitize import json_text
from pipeline.redaction.redacting import Redacted, unchecked_speech
from pipeline.redaction.settings import RedactionSettings
from pipeline.redaction.sound import FADE
from pipeline.redaction.spans import MAX_PADDING, MIN_PADDING, MutedSpan, cut_words
from pipeline.redaction.types import Redaction
from pipeline.redaction.verifying import Check

VERSION: Final = "crosstalk-redaction/1"
"""Name and version of the format; it changes if keys change."""
SUFFIX: Final = ".redaction.json"
"""Suffix of the files."""
TEXT_ONLY: Final = Check("not verified", "there is no redacted recording")
"""The check of a redaction in the texts alone."""


def dumps(result: Redacted, settings: RedactionSettings, sound_name: str) -> str:
    """The content of the file; ``sound_name`` is the name of the redacted recording."""
    provenance = result.original.provenance
    content = {
        "version": VERSION,
        "recording": {"sha256": provenance.sha256 if provenance else None, "duration": result.original.duration},
        "kinds": list(result.plan.kinds),
        "sound": _sound(result, settings, sound_name),
        "redactions": [_redaction(result, number, each) for number, each in enumerate(result.plan.redactions)],
        "muted": [_muted(result, span) for span in result.spans],
        "problems": [
            {"start": _rounded(each.start), "end": _rounded(each.end), "reason": each.reason}
            for each in result.problems
        ],
        "unchecked_speech": _rounded(unchecked_speech(result)),
        "complete": not result.problems,
    }
    lines = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).split("\n")
    return "\n".join(map(json_text, lines)) + "\n"


def _sound(result: Redacted, settings: RedactionSettings, name: str) -> dict[str, Any] | None:
    if result.sound is None:
        return None
    padding = [MIN_PADDING, MAX_PADDING]
    return {"file": name, "sha256": result.sound.sha256, "cover": settings.cover, "fade": FADE, "padding": padding}


def _redaction(result: Redacted, number: int, redaction: Redaction) -> dict[str, Any]:
    found = [
        (span, check) for span, check in zip(result.spans, result.checks, strict=False) if number in span.redactions
    ]
    span, check = found[0] if found else (None, TEXT_ONLY)
    return {
        "kind": redaction.kind,
        "start": _rounded(redaction.start),
        "end": _rounded(redaction.end),
        "speaker": result.labels.get(redaction.speaker, redaction.speaker),
        "words": len(redaction.words),
        "reason": redaction.reason,
        "muted": None if span is None else [_rounded(span.start), _rounded(span.end)],
        "verification": check.result,
        "why": check.reason,
    }


def _muted(result: Redacted, span: MutedSpan) -> dict[str, Any]:
    """A muted span, with the words beside it that it also mutes, counted, and whose they are."""
    cut = cut_words(result.original, result.plan, span.span)
    speakers = dict.fromkeys(result.labels.get(speaker, speaker) for speaker, _ in cut)
    seconds = _rounded(span.end - span.start)
    return {
        "start": _rounded(span.start),
        "end": _rounded(span.end),
        "seconds": seconds,
        "speakers": list(speakers),
        "words": len(cut),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
