"""Results of an earlier content of a recording: moved aside, so that no transcript lies beside another recording."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.batch.discovery import Recording
from pipeline.batch.journal import Journal
from pipeline.core.atomic_write import as_error, make_folder
from pipeline.core.errors import OutputError

ASIDE = Path(".crosstalk", "replaced")
"""Where they go, in the output folder."""


def move_aside(journal: Journal, recording: Recording, written: Sequence[str] = ()) -> str:
    """Move the outdated results of a recording, but for those just ``written``; a sentence that says so, or ""."""
    moved = 0
    for name in journal.outdated(recording):
        source, target = journal.out / name, journal.out / ASIDE / name
        if name in written or not source.is_file():
            continue
        try:
            make_folder(target.parent)
            os.replace(source, target)  # noqa: PTH105 — as everywhere
        except OSError as error:
            return f"results of the earlier content are still there: {as_error(error, target).line}"
        except OutputError as error:
            return f"results of the earlier content are still there: {error.line}"
        moved += 1
    return f"{moved} results of the earlier content were moved to {journal.out / ASIDE}" if moved else ""
