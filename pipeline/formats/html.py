"""``html``: one page that reads, plays and corrects a transcript; see `pipeline.formats.page`."""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, Sound, encoded

NO_SOUND = Sound(missing="the page was made without the recording")
"""The sound of a page that is made from a transcript alone."""


def dumps(transcript: Transcript, session: str, sound: Sound | None = None) -> str:
    """The page of a transcript under the title ``session``."""
    from pipeline.formats.page.build import page

    return page(transcript, session, sound or NO_SOUND)


FORMAT = Format(
    "html", ".html", encoded(dumps), options=("sound",), help="Page to read, play and correct, in a browser."
)
