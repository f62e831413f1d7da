"""``md``: a page to read: title, talk time of each speaker, conversation, passages to check, overlaps, notices.

CommonMark with tables. Everything that could be markup is escaped; ``‖`` marks an utterance that overlaps another
speaker's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.core.doubts import with_marks
from pipeline.core.text import counted
from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.checklist import TITLE, entries
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import clock, millis, whole_seconds
from pipeline.formats.words import overlapping, talk_of

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def dumps(transcript: Transcript, session: str, mark_doubts: bool = False) -> str:
    """The transcript as a page under the title ``session``."""
    transcript = with_marks(transcript) if mark_doubts else transcript
    sections = (
        [f"# {escaped(session)}", _summary(transcript)],
        _speakers(transcript),
        _utterances(transcript),
        _checklist(transcript),
        _ledger(transcript),
        _notices(transcript),
    )
    return "\n\n".join(block for section in sections for block in section) + "\n"


def _summary(transcript: Transcript) -> str:
    facts = [whole_seconds(transcript.duration), counted(len(transcript.speakers), "speaker")]
    if transcript.language:
        facts.append(f"language {escaped(transcript.language)}")
    if not transcript.complete:
        facts.append("**incomplete: only a part of the recording could be read**")
    return " · ".join(facts)


def _speakers(transcript: Transcript) -> list[str]:
    if not transcript.speakers:
        return []
    rows = [(escaped(name), whole_seconds(time), str(words)) for name, (time, words) in talk_of(transcript).items()]
    return [table(("speaker", "talk time", "words"), (":--", "--:", "--:"), rows)]


def _utterances(transcript: Transcript) -> list[str]:
    overlapped = overlapping(transcript.utterances)
    paragraphs = [
        f"**{escaped(u.speaker)}** {whole_seconds(u.start)}{' ‖' if i in overlapped else ''} — {escaped(u.text)}"
        for i, u in enumerate(transcript.utterances)
    ]
    return ["## Conversation", *(paragraphs or ["No speech was found."])]


def _checklist(transcript: Transcript) -> list[str]:
    lines = [" – ".join(escaped(part) for part in entry if part) for entry in entries(transcript)]
    return [f"## {TITLE}", "\n".join(f"- {line}" for line in lines)] if lines else []


def _ledger(transcript: Transcript) -> list[str]:
    if not transcript.overlaps:
        return []
    rows = []
    for region in transcript.overlaps:
        start, end = (clock(time, digits=1) for time in millis(region))
        speakers = ", ".join(map(escaped, region.speakers))
        rows.append((start, end, speakers, region.decision, escaped(region.reason)))
    head = ("from", "to", "speakers", "words from", "why")
    return ["## Overlaps", table(head, ("--:", "--:", ":--", ":--", ":--"), rows)]


def _notices(transcript: Transcript) -> list[str]:
    notices = [f"- **{escaped(notice.code)}**: {escaped(notice.message)}" for notice in transcript.notices]
    return ["## Warnings", "\n".join(notices)] if notices else []


def table(head: Sequence[str], alignment: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are escaped already."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, alignment, *rows))


def escaped(text: str) -> str:
    """Cleaned text with markup escaped; an underscore inside a word ("SPEAKER_00") is not markup and is kept."""
    text = re.sub(r"[&<>]", lambda match: _ENTITIES[match[0]], clean(text))
    return re.sub(r"[\\`*\[\]|~$#]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", text)


FORMAT = Format("md", ".md", encoded(dumps), options=("mark_doubts",), help="Page to read, in Markdown.")
