"""``md``: a page to read: title, who talked how long, the conversation, what to check, overlap ledger, warnings.

CommonMark with tables. Everything that could be markup is escaped; ``‖`` marks an utterance during which somebody else
talks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.core.types import Transcript
from pipeline.formats.checklist import TITLE, entries
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import clock, millis
from pipeline.formats.words import overlapping

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def dumps(transcript: Transcript, session: str) -> str:
    """The transcript as a page under the title ``session``."""
    sections = (
        [f"# {_escaped(session)}", _summary(transcript)],
        _speakers(transcript),
        _utterances(transcript),
        _checklist(transcript),
        _ledger(transcript),
        _warnings(transcript),
    )
    return "\n\n".join(block for section in sections for block in section) + "\n"


def _summary(transcript: Transcript) -> str:
    count = len(transcript.speakers)
    facts = [_time(transcript.duration), f"{count} speaker{'' if count == 1 else 's'}"]
    if transcript.language:
        facts.append(f"language {_escaped(transcript.language)}")
    if not transcript.complete:
        facts.append("**incomplete: only a part of the recording could be read**")
    return " · ".join(facts)


def _speakers(transcript: Transcript) -> list[str]:
    if not transcript.speakers:
        return []
    talk = dict.fromkeys(transcript.speakers, 0.0)
    said = dict.fromkeys(transcript.speakers, 0)
    for turn in transcript.turns:
        talk[turn.speaker] += turn.duration
    for utterance in transcript.utterances:
        said[utterance.speaker] += len(utterance.words)
    rows = [(_escaped(name), _time(talk[name]), str(said[name])) for name in transcript.speakers]
    return [_table(("speaker", "talk time", "words"), (":--", "--:", "--:"), rows)]


def _utterances(transcript: Transcript) -> list[str]:
    marked = overlapping(transcript.utterances)
    said = [
        f"**{_escaped(u.speaker)}** {_time(u.start)}{' ‖' if i in marked else ''} — {_escaped(u.text)}"
        for i, u in enumerate(transcript.utterances)
    ]
    return ["## Conversation", *(said or ["No speech was found."])]


def _checklist(transcript: Transcript) -> list[str]:
    lines = [" – ".join(_escaped(part) for part in entry if part) for entry in entries(transcript)]
    return [f"## {TITLE}", "\n".join(f"- {line}" for line in lines)] if lines else []


def _ledger(transcript: Transcript) -> list[str]:
    if not transcript.overlaps:
        return []
    rows = []
    for region in transcript.overlaps:
        start, end = (clock(time, digits=1) for time in millis(region))
        who = ", ".join(map(_escaped, region.speakers))
        rows.append((start, end, who, region.decision, _escaped(region.reason)))
    head = ("from", "to", "speakers", "words from", "why")
    return ["## Overlaps", _table(head, ("--:", "--:", ":--", ":--", ":--"), rows)]


def _warnings(transcript: Transcript) -> list[str]:
    notices = [f"- **{_escaped(notice.code)}**: {_escaped(notice.message)}" for notice in transcript.notices]
    return ["## Warnings", "\n".join(notices)] if notices else []


def _table(head: Sequence[str], alignment: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, alignment, *rows))


def _time(seconds: float) -> str:
    return clock(round(seconds * 1000), digits=0)


def _escaped(text: str) -> str:
    """Clean text without markup; an underscore inside a word ("SPEAKER_00") is none and stays readable."""
    text = re.sub(r"[&<>]", lambda found: _ENTITIES[found[0]], clean(text))
    return re.sub(r"[\\`*\[\]|~$#]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", text)
