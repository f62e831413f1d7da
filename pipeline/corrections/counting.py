"""What a person changed in a transcript, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from pipeline.core.correction import Correction
from pipeline.core.text import counted
from pipeline.core.types import Transcript
from pipeline.formats.timestamps import minutes


@dataclass(frozen=True, slots=True)
class Changes:
    """The corrections of a transcript, counted."""

    words: int
    """Words of the transcript, with the corrections."""
    changed: int
    """Words changed, added or taken out."""
    moved: int
    """Words given to another speaker."""
    names: int
    """Speakers who were given a name."""
    checked: int
    """Lines marked as checked."""
    included: int = 0
    """Items added to the minutes."""
    excluded: int = 0
    """Items taken out of the minutes."""
    misfits: tuple[Correction, ...] = ()
    """Corrections that are not applied."""

    @property
    def line(self) -> str:
        """The numbers as a sentence for people."""
        parts = [f"{self.changed:,} of {self.words:,} words changed"]
        parts += [f"{self.moved:,} given to another speaker"] * bool(self.moved)
        parts += [f"{counted(self.names, 'name')} given"] * bool(self.names)
        parts += [f"{counted(self.checked, 'line')} checked"] * bool(self.checked)
        parts += [f"{counted(self.included, 'item')} added to the minutes"] * bool(self.included)
        parts += [f"{counted(self.excluded, 'item')} taken out of the minutes"] * bool(self.excluded)
        return ", ".join(parts)


def count_changes(transcript: Transcript) -> Changes:
    """The numbers of the transcript's corrections."""
    applied = [each for each in transcript.corrections if each.problem is None]
    return Changes(
        words=len(transcript.words),
        changed=sum(_edits(each) for each in applied if each.operation == "text"),
        moved=sum(len(each.before.split()) for each in applied if each.operation == "assign"),
        names=len({each.speaker for each in applied if each.operation == "name"}),
        checked=sum(each.operation == "check" for each in applied),
        included=sum(each.operation == "include" for each in applied),
        excluded=sum(each.operation == "exclude" for each in applied),
        misfits=tuple(each for each in transcript.corrections if each.problem is not None),
    )


def misfit_line(correction: Correction) -> str:
    """A correction that is not applied, for people; the words of the recording are not in it."""
    return f"{minutes(correction.start)} {correction.speaker}, {correction.operation}: {correction.problem}"


def _edits(correction: Correction) -> int:
    return Levenshtein.distance(correction.before.split(), correction.after.split())
