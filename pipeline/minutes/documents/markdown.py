"""``minutes``: minutes to read, in CommonMark with tables; everything that could be markup is escaped."""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.markdown import escaped, table
from pipeline.minutes.documents.outline import Block, Bullets, Heading, Paragraph, Runs, outline, spaced
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import Minutes

_MARKS = {"": "", "Time": "", "Speaker": "**", "Emphasis": "*"}


def dumps(transcript: Transcript, session: str) -> str:
    """The minutes of a transcript, made with the default settings, under the title ``session``."""
    return render(make_minutes(transcript), session)


def render(minutes: Minutes, session: str) -> str:
    """The minutes under the title ``session``."""
    return "\n\n".join(_block(block) for block in outline(minutes, session)) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {escaped(text)}"
        case Paragraph(runs):
            return _text(runs)
        case Bullets(lines):
            return "\n".join(f"- {_text(line)}" for line in lines)
    rows = ([_text(cell) for cell in row] for row in block.rows)
    return table(block.head, (":--", *["--:"] * (len(block.head) - 1)), rows)


def _text(runs: Runs) -> str:
    return "".join(_run(text, _MARKS[style]) for text, style in runs)


def _run(text: str, mark: str) -> str:
    words = spaced(text, escaped)
    return f"{mark}{words}{mark}" if words.strip() else words


FORMAT = Format("minutes", ".minutes.md", encoded(dumps), help="Minutes to read, in Markdown.")
