"""A document of headings, paragraphs, tables and lists for the format ``docx``, written by python-docx.

Whatever the text is, it is text: python-docx writes it into ``w:t`` elements, and a field code is another element.
Readers restyle the document by its styles: ``Utterance`` for paragraphs; ``Speaker``, ``Time`` and ``Overlap`` for
characters; ``Title``, ``Heading 1``, ``List Bullet`` and ``Table Grid`` as usual.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import CharacterStyle
from docx.text.paragraph import Paragraph

Runs = Sequence[tuple[str, str]]
"""Pieces of text, each with the name of its character style or an empty name."""
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""Date of the parts in the file, the earliest that ZIP can hold: equal transcripts give equal files."""
_GREY = RGBColor(0x59, 0x59, 0x59)
"""Colour of times: its contrast to white is 7 to 1, as WCAG 2 asks for at level AAA."""
_OUR_LANGUAGE = "en"
"""The language of the words that this format adds, such as headings."""
_DATES = ("created", "modified", "lastPrinted")
"""Properties with the dates of the template, which say nothing about the document."""


class Page:
    """A document under a title; ``language`` is that of the conversation, None where it is unknown."""

    def __init__(self, title: str, language: str | None, subject: str = "Transcript") -> None:
        self._document = docx.Document()
        self._add_styles()
        self._set_language(language)
        self._set_properties(title, subject, language)
        self._ids = {style.name: style.style_id for style in self._document.styles}
        self.paragraph([(title, "")], "Title")

    def heading(self, text: str) -> None:
        """A heading of the first level."""
        self.paragraph([(text, "")], "Heading 1")

    def paragraph(self, runs: Runs, style: str = "Normal") -> None:
        """A paragraph of pieces of text."""
        paragraph = self._document.add_paragraph()
        paragraph._p.style = self._ids[style]
        self._write(paragraph, runs)

    def bullets(self, heading: str, lines: Sequence[str]) -> None:
        """A list under a heading; nothing where the list is empty."""
        if lines:
            self.heading(heading)
        for line in lines:
            self.paragraph([(line, "")], "List Bullet")

    def table(self, head: Sequence[str], widths: Sequence[float], rows: Iterable[Sequence[Runs]]) -> None:
        """A table; its header row is marked as one and repeated on each page. ``widths`` are in centimetres."""
        table = self._document.add_table(rows=0, cols=len(head), style="Table Grid")
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
        for number, row in enumerate(([[(title, "Strong")] for title in head], *rows)):
            added = table.add_row()
            properties = added._tr.get_or_add_trPr()
            properties.append(OxmlElement("w:cantSplit"))
            if number == 0:
                properties.append(OxmlElement("w:tblHeader"))
            for cell, runs in zip(added.cells, row, strict=True):
                self._write(cell.paragraphs[0], runs)

    def content(self) -> bytes:
        """The document as a file; the same document is always the same bytes."""
        written, result = io.BytesIO(), io.BytesIO()
        self._document.save(written)
        with ZipFile(written) as source, ZipFile(result, "w") as target:
            for name in source.namelist():
                part = ZipInfo(name, _ZIP_DATE)
                part.compress_type = ZIP_DEFLATED
                target.writestr(part, source.read(name))
        return result.getvalue()

    def _write(self, paragraph: Paragraph, runs: Runs) -> None:
        """Add pieces of text; styles are given by their identifiers, because python-docx searches for names slowly."""
        for text, style in runs:
            element = paragraph.add_run(text)._r
            if style:
                element.style = self._ids[style]

    def _add_styles(self) -> None:
        styles = self._document.styles
        utterance = styles.add_style("Utterance", WD_STYLE_TYPE.PARAGRAPH)
        utterance.base_style = styles["Normal"]
        utterance.quick_style = True
        for name in ("Speaker", "Time", "Overlap"):
            style = styles.add_style(name, WD_STYLE_TYPE.CHARACTER)
            assert isinstance(style, CharacterStyle)
            style.quick_style = True
            style.font.bold = True if name == "Speaker" else None
            style.font.italic = True if name == "Overlap" else None
            if name == "Time":
                style.font.color.rgb, style.font.size = _GREY, Pt(9)
        for name in ("Heading 1", "Overlap"):
            styles[name].element.get_or_add_rPr().append(_language(_OUR_LANGUAGE))

    def _set_language(self, language: str | None) -> None:
        """The language of all text that has none; without ``language``, that of the reader's program."""
        for place in self._document.styles.element.iter(qn("w:rPrDefault")):
            for old in list(place.iter(qn("w:lang"))):
                parent = old.getparent()
                assert parent is not None
                parent.remove(old)
                if language:
                    parent.append(_language(language))

    def _set_properties(self, title: str, subject: str, language: str | None) -> None:
        properties = self._document.core_properties
        properties.title, properties.subject, properties.author = title[:255], subject, "Crosstalk"
        properties.language, properties.comments, properties.keywords = (language or "")[:255], "", ""
        element = properties._element
        for date in [each for each in element if each.tag.rpartition("}")[2] in _DATES]:
            element.remove(date)
        package = self._document.part.package
        for key in [key for key, each in package.rels.items() if each.reltype.endswith("/thumbnail")]:
            del package.rels[key]


def _language(language: str) -> BaseOxmlElement:
    element = OxmlElement("w:lang")
    for kind in ("w:val", "w:eastAsia", "w:bidi"):
        element.set(qn(kind), language)
    return element
