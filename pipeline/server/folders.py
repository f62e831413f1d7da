"""Folders of requests and jobs: their names cannot be guessed, and they can be removed while a worker writes there."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final

from pipeline.server.log import LOG

DELETED: Final = ".deleted-"
"""Beginning of the names of folders that are being removed."""
_OWN: Final = re.compile(rf"[0-9a-f]{{32}}|{re.escape(DELETED)}[0-9a-f]{{16}}")
"""Names of folders that a server makes."""


def new_name() -> str:
    """The name of a new folder."""
    return secrets.token_hex(16)


def remove(folder: Path) -> None:
    """Remove a folder if it is there: it is renamed first, so that whoever still writes there finds no folder."""
    gone = folder.with_name(f"{DELETED}{secrets.token_hex(8)}")
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return
    except OSError:  # a full disk: it is removed under its own name
        gone = folder
    try:
        shutil.rmtree(gone)
    except FileNotFoundError:  # a writer was still at it; the next start removes the rest
        pass
    except OSError as error:
        LOG.error("files that should be deleted are left until the next start: %s", type(error).__name__)


def remove_leftovers(parent: Path, known: Collection[str] = ()) -> None:
    """Remove the folders that a server before this one left, but ``known`` ones, and nothing that is not a server's."""
    for path in parent.iterdir():
        if path.name not in known and _OWN.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
