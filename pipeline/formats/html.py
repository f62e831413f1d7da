"""``html``: one page that reads, plays and corrects a transcript; see `pipeline.formats.page`."""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, Sound, encoded

NO_SOUND = Sound(missing="the page was made without the recording")
"""The sound of a page that is made from a transcript alone."""


def dumps(transcript: Transcript, session: str, sound: Sound | None = None, save: str = "") -> str:
    """The page of a transcript under the title ``session``; it saves corrections at the address ``save``."""
    from pipeline.formats.page.build import page

    return page(transcript, session, sound or NO_SOUND, save=save)


def sound_in(content: bytes) -> Sound:
    """The sound of a page; a missing one for a file that is no such page."""
    from pipeline.formats.page.build import sound_of

    return sound_of(content.decode("utf-8", "replace"))


FORMAT = Format(
    "html",
    ".html",
    encoded(dumps),
    options=("sound", "save"),
    version=3,
    sound_in=sound_in,
    help="Page to read, play and correct, in a browser.",
)
