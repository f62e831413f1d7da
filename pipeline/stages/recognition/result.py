"""The value of the recognition stage."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.core.types import Notice, Utterance


@dataclass(frozen=True, slots=True)
class Recognition:
    """The words of every speaker, for the assembly to cut into utterances."""

    language: str | None
    """ISO 639-1 code; None without speech where no language was given."""
    spoken: tuple[Utterance, ...] = ()
    """One utterance per speaker, with all their words sorted by time."""
    removed: tuple[Utterance, ...] = ()
    """Words that are marked ``suspect`` and left out of the text, in the same form."""
    notices: tuple[Notice, ...] = ()
    """Notices about the recognition."""
