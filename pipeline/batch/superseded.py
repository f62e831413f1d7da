"""Results of a recording's earlier content are archived, so that no transcript lies beside a different recording."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.batch.discovery import Recording
from pipeline.batch.journal import Journal
from pipeline.core.atomic_write import as_error, make_folder
from pipeline.core.errors import OutputError

ARCHIVE = Path(".crosstalk", "replaced")
"""Folder of archived results, in the output folder."""


def archive_outdated(journal: Journal, recording: Recording, written: Sequence[str] = ()) -> str:
    """Move a recording's outdated results, except those just ``written``; a sentence about it, or ""."""
    moved = 0
    for name in journal.outdated(recording):
        source, target = journal.out / name, journal.out / ARCHIVE / name
        if name in written or not source.is_file():
            continue
        try:
            make_folder(target.parent)
            os.replace(source, target)  # noqa: PTH105 — atomic
        except OSError as error:
            return f"results of the earlier content remain: {as_error(error, target).line}"
        except OutputError as error:
            return f"results of the earlier content remain: {error.line}"
        moved += 1
    return f"{moved} results of the earlier content were moved to {journal.out / ARCHIVE}" if moved else ""
