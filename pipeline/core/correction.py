"""Corrections: what a person changed in a transcript, each with its place in time and text. Standard library only.

In a file, labels are those of the transcript that was corrected: a name changes no label in other corrections, so that
the order of names and other corrections does not matter. In a transcript's ledger, labels are its present ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operation = Literal["name", "assign", "text", "split", "join", "check", "include", "exclude"]
"""``name``: the ``speaker`` is called ``after``, everywhere · ``assign``: the words ``before`` are those of ``after``
instead · ``text``: the words ``before`` are in truth ``after`` · ``split``: a line begins at ``start`` · ``join``: the
line that begins at ``start`` continues the same speaker's line before it · ``check``: the line was checked ·
``include``, ``exclude``: in the minutes, the words ``before`` are, or are not, an item of the kind ``after``."""
ITEM_KINDS = ("points", "decisions", "actions", "questions")
"""The kinds of items of minutes, as their JSON has them: the values of ``after`` for `include` and `exclude`."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One change by a person, anchored in time and text."""

    operation: Operation
    """`name`, `assign`, `text`, `split`, `join`, `check`, `include` or `exclude`."""
    speaker: str
    """Label of the speaker whose words are corrected, before the change."""
    start: float = 0.0
    """Start of the words in seconds; 0 for a name."""
    end: float = 0.0
    """End of the words in seconds; 0 for a name."""
    before: str = ""
    """The words at the place before the change; for `split` and `join` the first word of the line; empty for words that
    are inserted."""
    after: str = ""
    """The words after the change (empty: deleted), the label of the speaker who gets them, the name, or for `include`
    and `exclude` the kind of item."""
    left: str = ""
    """Up to `CONTEXT` words of the same line before ``before``."""
    right: str = ""
    """Up to `CONTEXT` words of the same line after ``before``."""
    problem: str | None = None
    """Why the correction is not applied; null where it is."""
    id: str = ""
    """Hash of the correction as it stood in its file, by which it is applied once; empty before that."""


CONTEXT = 4
"""Words of context on each side of a correction. Chosen by hand: enough to find the place among repeated words."""
