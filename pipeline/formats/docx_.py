"""``docx``: a document to hand in: title, facts, speakers, conversation, passages to check, warnings.

Office Open XML (https://ecma-international.org/publications-and-standards/standards/ecma-376/), for Word, LibreOffice
and others. Utterances, names, times and remarks on overlaps have named styles: see `pipeline.formats.docx_page`. The
conversation consists of paragraphs, or it is a table whose columns NVivo imports as a transcript:
https://help-nv.qsrinternational.com/12/win/v12.1.90-d3ea61/Content/files/import-audio-video-transcripts.htm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pipeline.core.text import counted
from pipeline.core.types import Transcript, Utterance
from pipeline.formats.base import Format
from pipeline.formats.checklist import TITLE, entries
from pipeline.formats.sanitize import distinct, xml
from pipeline.formats.timestamps import clock, millis, whole_seconds
from pipeline.formats.words import partners, talk_of

if TYPE_CHECKING:
    from pipeline.formats.docx_page import Runs

TOGETHER = "at the same time as"
"""The words before the names of the speakers that an utterance overlaps."""


def dumps(transcript: Transcript, session: str, table: bool = False) -> bytes:
    """The transcript as a document under the title ``session``; ``table``: the conversation is a table."""
    from pipeline.formats.docx_page import Page

    names = distinct(transcript.speakers, lambda name: xml(name) or "_")
    page = Page(xml(session), transcript.language)
    for fact in _facts(transcript):
        page.paragraph([(fact, "")])
    if names:
        page.heading("Speakers")
        page.table(("Speaker", "Talk time", "Words"), (6.0, 4.0, 4.0), _speakers(transcript, names))
    page.heading("Conversation")
    if not transcript.utterances:
        page.paragraph([("No speech was found.", "")])
    elif table:
        page.table(("Timespan", "Speaker", "Content"), (4.2, 3.0, 8.8), _rows(transcript, names))
    else:
        for runs in _paragraphs(transcript, names):
            page.paragraph(runs, "Utterance")
    checks = [" – ".join(xml(part) for part in entry if part) for entry in entries(transcript)]
    page.bullets(TITLE, checks)
    page.bullets("Warnings", [xml(notice.message) for notice in transcript.notices])
    return page.content()


def _facts(transcript: Transcript) -> Iterator[str]:
    facts = [f"Duration {whole_seconds(transcript.duration)}", counted(len(transcript.speakers), "speaker")]
    if transcript.language:
        facts.append(f"language {xml(transcript.language)}")
    yield " · ".join(facts)
    if not transcript.complete:
        yield "Incomplete: only a part of the recording could be read."


def _speakers(transcript: Transcript, names: Mapping[str, str]) -> Iterator[tuple[Runs, ...]]:
    for speaker, (seconds, words) in talk_of(transcript).items():
        yield [(names[speaker], "Speaker")], [(whole_seconds(seconds), "Time")], [(str(words), "")]


def _paragraphs(transcript: Transcript, names: Mapping[str, str]) -> Iterator[Runs]:
    """Each utterance: speaker, time, who talks at the same time, and the text."""
    for utterance, others in _with_others(transcript, names):
        together = [(" ", ""), (f"({TOGETHER} {others})", "Overlap")] if others else []
        who, when = (names[utterance.speaker], "Speaker"), (whole_seconds(utterance.start), "Time")
        yield [who, (" ", ""), when, *together, (f": {xml(utterance.text)}", "")]


def _rows(transcript: Transcript, names: Mapping[str, str]) -> Iterator[tuple[Runs, ...]]:
    """Each utterance: its time as NVivo reads it, the speaker, and the text with who talks at the same time."""
    for utterance, others in _with_others(transcript, names):
        span = " - ".join(clock(time, digits=1) for time in millis(utterance))
        together = [(f"({TOGETHER} {others})", "Overlap"), (" ", "")] if others else []
        yield [(span, "Time")], [(names[utterance.speaker], "Speaker")], [*together, (xml(utterance.text), "")]


def _with_others(transcript: Transcript, names: Mapping[str, str]) -> Iterator[tuple[Utterance, str]]:
    """The utterances, each with the names of the other speakers who talk during it."""
    others = partners(transcript.utterances)
    for i, utterance in enumerate(transcript.utterances):
        yield utterance, " and ".join(names[speaker] for speaker in others.get(i, ()))


FORMAT = Format(
    "docx", ".docx", dumps, options=("table",), help="Document to hand in, as paragraphs or as a table.", binary=True
)
