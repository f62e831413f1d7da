"""The identity ledger: who each speaker of a recording is, with the evidence for it. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import count
from typing import Literal

IdentityDecision = Literal["named", "unknown", "given"]
"""``named``: by voice prints; ``unknown``: no name without enough evidence; ``given``: by a person."""
_LABEL = re.compile(r"(SPEAKER|CHANNEL)_\d+", re.IGNORECASE)
NAME_LENGTH = 80
"""Maximum number of characters of a name. Chosen by hand: longer ones do not fit into tables and file names."""
MAX_UNDECIDED = 3
"""Maximum number of names that are offered for one speaker. Chosen by hand; more make a longer list."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person whose voice prints were compared with a speaker."""

    name: str
    """Name in the gallery."""
    score: float
    """Cosine similarity of the speaker's embedding to the nearest voice print of the person."""
    band: str = "wide"
    """Band of the comparison: `wide`, or `narrow` where the speech or the voice print is a telephone's."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An entry of the identity ledger: the decision on one speaker, its evidence and reason."""

    speaker: str
    """Label of the speaker before they were named."""
    name: str | None
    """The name that the transcript has for them; null for none."""
    decision: IdentityDecision
    """`named` by voice prints, `unknown`, or `given` by a person."""
    reason: str
    """Why: see the list of reasons."""
    score: float | None = None
    """Cosine similarity to the best candidate; null where nothing was compared."""
    margin: float | None = None
    """How much further above its limit that score is than the second best candidate's; null without a second one."""
    seconds: float | None = None
    """Seconds of single-speaker speech that the embedding was computed from."""
    candidates: tuple[Candidate, ...] = ()
    """The best candidates, best first."""

    @property
    def undecided(self) -> tuple[Candidate, ...]:
        """Up to `MAX_UNDECIDED` people whom a speaker without a name may be, the best first."""
        return self.candidates[:MAX_UNDECIDED] if self.decision == "unknown" else ()

    @property
    def label(self) -> str:
        """The speaker's label in the transcript."""
        return self.name or self.speaker


def is_label(name: str) -> bool:
    """Whether the name is like the label of an unnamed speaker (SPEAKER_00)."""
    return bool(_LABEL.fullmatch(name))


def check_name(name: str) -> str:
    """The name; raises ``ValueError`` for one that no list, table or command line could hold."""
    if not name.strip() or name != name.strip():
        raise ValueError("a name has no spaces at its ends, and at least one other character")
    if len(name) > NAME_LENGTH:
        raise ValueError(f"a name has at most {NAME_LENGTH} characters, this one has {len(name)}")
    if "=" in name or "," in name or not name.isprintable():
        raise ValueError("a name has no '=', no ',', no line break and no other control character")
    if is_label(name):
        raise ValueError("a name does not look like the label of an unnamed speaker")
    return name


def free_label(taken: Collection[str]) -> str:
    """The first label of an unnamed speaker that is not ``taken``.

    >>> free_label({"SPEAKER_00", "Ana"})
    'SPEAKER_01'
    """
    return next(label for label in map("SPEAKER_{:02d}".format, count()) if label not in taken)
