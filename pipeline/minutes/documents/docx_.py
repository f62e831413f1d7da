"""``minutes-docx``: minutes to hand in, for Word, LibreOffice and others; styles as in `pipeline.formats.docx_`."""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.base import Format
from pipeline.formats.sanitize import xml
from pipeline.minutes.documents.outline import Bullets, Heading, Paragraph, Runs, outline, spaced
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import Minutes


def dumps(transcript: Transcript, session: str) -> bytes:
    """The minutes of a transcript, made with the default settings, under the title ``session``."""
    return render(make_minutes(transcript), session)


def render(minutes: Minutes, session: str) -> bytes:
    """The minutes as a document under the title ``session``."""
    from pipeline.formats.docx_page import Page

    title, *blocks = outline(minutes, session)
    assert isinstance(title, Heading)
    page = Page(xml(title.text), minutes.language, subject="Minutes")
    for block in blocks:
        match block:
            case Heading(level, text):
                page.paragraph([(xml(text), "")], f"Heading {level - 1}")
            case Paragraph(runs):
                page.paragraph(_clean(runs))
            case Bullets(lines):
                for line in lines:
                    page.paragraph(_clean(line), "List Bullet")
            case table:
                rows = ([_clean(cell) for cell in row] for row in table.rows)
                page.table([name.capitalize() for name in table.head], table.widths, rows)
    return page.content()


def _clean(runs: Runs) -> list[tuple[str, str]]:
    return [(spaced(text, xml), style) for text, style in runs]


FORMAT = Format("minutes-docx", ".minutes.docx", dumps, help="Minutes to hand in, as a document.", binary=True)
