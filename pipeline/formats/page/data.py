"""What the page knows of a transcript, as JSON: times in milliseconds, speakers as numbers. ``reading.js`` reads it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import accumulate
from typing import Any

from pipeline.core.doubts import Doubt, find_doubts
from pipeline.core.types import Transcript, Word
from pipeline.formats.base import PEAK_SECONDS, Sound
from pipeline.formats.sanitize import clean, json_text
from pipeline.formats.timestamps import milliseconds


def page_data(
    transcript: Transcript, session: str, sound: Sound, minutes: Mapping[str, Any] | None = None, save: str = ""
) -> str:
    """The data of the page as JSON that may stand in a script element: no ``<`` and no invisible character."""
    numbers = {label: number for number, label in enumerate(_labels(transcript))}
    lines = [[numbers[u.speaker], [_word(word) for word in u.words]] for u in transcript.utterances]
    turns = [[numbers[t.speaker], milliseconds(t.start), milliseconds(t.end)] for t in transcript.turns]
    ledger = [_shortened(asdict(each)) for each in transcript.corrections]
    content = {
        "session": clean(session),
        "source": transcript.provenance.source if transcript.provenance else "",
        "sha256": transcript.provenance.sha256 if transcript.provenance else None,
        "duration": transcript.duration,
        "language": transcript.language,
        "complete": transcript.complete,
        "key": hashlib.sha256(script_json([list(numbers), lines, turns, ledger]).encode()).hexdigest()[:16],
        "speakers": list(numbers),
        "names": [clean(label) for label in numbers],
        "lines": lines,
        "turns": turns,
        "overlaps": [
            [milliseconds(o.start), milliseconds(o.end), o.decision, clean(o.reason)] for o in transcript.overlaps
        ],
        "doubts": [*_names(transcript, numbers), *_doubts(transcript, numbers)],
        "ledger": ledger,
        "notices": [clean(notice.message) for notice in transcript.notices],
        "minutes": _cleaned(minutes),
        "save": save,
        "sound": {"type": sound.media_type, "link": sound.link, "missing": clean(sound.missing)},
        "peaks": base64.b64encode(sound.peaks).decode(),
        "step": PEAK_SECONDS,
    }
    return script_json(content)


def _labels(transcript: Transcript) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*transcript.speakers, *(s for o in transcript.overlaps for s in o.speakers))))


def _word(word: Word) -> list[int | str]:
    """Start, end, text; and what is unusual: ``n`` no space before it, ``c`` a person wrote it."""
    flags = "n" * word.no_space + "c" * (word.origin == "corrected")
    item: list[int | str] = [milliseconds(word.start), milliseconds(word.end), clean(word.text)]
    return [*item, flags] if flags else item


def _doubts(transcript: Transcript, numbers: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The doubts, the most doubtful first; words by their number in the transcript."""
    firsts = [0, *accumulate(len(utterance.words) for utterance in transcript.utterances)]
    together = {(o.start, o.end): o.speakers for o in transcript.overlaps}
    for doubt in find_doubts(transcript):
        first = firsts[doubt.utterance] if doubt.utterance is not None else 0
        words = (doubt.words[0] + first, doubt.words[1] + first) if doubt.words else (0, 0)
        speakers = together.get((doubt.start, doubt.end), ()) if doubt.kind == "overlap" else ()
        yield _item(doubt, numbers, words, [numbers[speaker] for speaker in speakers])


def _item(doubt: Doubt, numbers: Mapping[str, int], words: tuple[int, int], speakers: list[int]) -> dict[str, Any]:
    return {
        "kind": doubt.kind,
        "start": milliseconds(doubt.start),
        "end": milliseconds(doubt.end),
        "reason": clean(doubt.reason),
        "text": clean(doubt.text),
        "speaker": None if doubt.speaker is None else numbers[doubt.speaker],
        "words": words,
        "speakers": speakers,
        "candidates": [],
    }


def _names(transcript: Transcript, numbers: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Speakers without a name for whom there are candidates, with the longest utterance of each."""
    for identity in transcript.identities:
        own = [utterance for utterance in transcript.utterances if utterance.speaker == identity.label]
        candidates = identity.undecided
        if not candidates or not own:
            continue
        longest = max(own, key=lambda utterance: utterance.span.duration)
        scores = ", ".join(f"{clean(each.name)} (similarity {each.score:.2f})" for each in candidates)
        doubt = Doubt(longest.start, longest.end, "speaker", 0.0, f"perhaps {scores}", identity.label)
        item = _item(doubt, numbers, (0, 0), [])
        yield {**item, "kind": "name", "candidates": [clean(each.name) for each in candidates]}


def _cleaned(value: Any) -> Any:
    """Plain data with its texts cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {key: _cleaned(each) for key, each in value.items()}
    return [_cleaned(each) for each in value] if isinstance(value, list | tuple) else value


def _shortened(correction: Mapping[str, Any]) -> dict[str, Any]:
    """A correction without its empty fields."""
    return {key: value for key, value in correction.items() if value not in ("", 0.0, None)}


def script_json(value: Any) -> str:
    """JSON on one line that may stand in a script element; ``<`` and everything invisible is written as an escape."""
    return json_text(json.dumps(value, ensure_ascii=False, separators=(",", ":"))).replace("<", "\\u003c")
