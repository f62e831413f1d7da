"""``csv``: one row per utterance (RFC 4180 quoting): start, end, speaker, text.

A cell that a spreadsheet would read as a formula (it begins with ``= + - @``) is prefixed with an apostrophe (OWASP).
"""

from __future__ import annotations

import csv
import io

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import cell
from pipeline.formats.tsv import HEADER, rows


def dumps(transcript: Transcript, session: str) -> str:
    """The utterances as rows under a header; ``session`` is not written."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(map(cell, row) for row in rows(transcript))
    return out.getvalue()


FORMAT = Format("csv", ".csv", encoded(dumps), help="Table of utterances for spreadsheets.")
