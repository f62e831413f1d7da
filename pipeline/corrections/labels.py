"""Which label of a transcript is which label of a file of corrections: by the speech that they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.core.correction import Correction
from pipeline.core.identity import free_label
from pipeline.core.timeline import covered, gaps, intersection, speech_of, turns_of, union
from pipeline.core.types import Span, Transcript
from pipeline.corrections.corrections_file import CorrectionsFile

NEAR = 0.9
"""Share of the largest overlap from which a label stays itself, because others may speak at the same time. Chosen by
hand, above the rounding of a file's turns; a smaller value keeps labels that are another person's now."""
Speech = Mapping[str, Sequence[Span]]
"""When each label speaks."""


class Labels:
    """The labels of a transcript for those of a file.

    Each label of the transcript is the person of the file who has more than half of its speech, as it was before words
    were given to others. ``applied`` pairs corrections of the file with the transcript's entries of the same ones,
    which show the present labels.
    """

    def __init__(
        self, file: CorrectionsFile, transcript: Transcript, applied: Iterable[tuple[Correction, Correction]] = ()
    ) -> None:
        present = speech_of(turns_of(transcript))
        self._silent = {label for label, turns in file.speakers.items() if not turns}
        self._speech = _before_assignments(file)
        self._taken = {*transcript.speakers}
        people = {label: _nearest(label, spans, self._speech) for label, spans in present.items()}
        self._owned: dict[str, list[str]] = {}
        for label, person in people.items():
            if person is not None:
                self._owned.setdefault(person, []).append(label)
        for person, owned in self._owned.items():
            owned.sort(key=lambda label: -covered(intersection(self._speech[person], present[label])))
        self._nearest = {label: _nearest(label, spans, present) for label, spans in self._speech.items()}
        for one, entry in applied:
            if one.operation in ("include", "exclude"):
                continue  # the entry has the speaker who has the words now
            self._owned[one.speaker] = [entry.speaker]
            if one.operation == "assign":
                self._owned[one.after] = [entry.after]

    def owned_by(self, label: str) -> tuple[str, ...]:
        """The transcript's labels of the file's label: several where one person was split, none for an absent one."""
        if label not in self._owned and label in self._taken and (not self._speech or label in self._silent):
            return (label,)  # the file does not say when they speak
        return tuple(self._owned.get(label, ()))

    def places_of(self, label: str) -> tuple[str, ...]:
        """The labels under which words of the file's label are looked for."""
        nearest = self._nearest.get(label)
        return self.owned_by(label) or ((nearest,) if nearest else (label,))

    def target(self, label: str) -> str:
        """The label that gets the words of the file's label; a new one for a speaker whom the transcript has not."""
        owned = self.owned_by(label)
        if not owned:
            owned = (label if label not in self._taken else free_label(self._taken),)
            self._owned[label] = [*owned]
            self._taken.add(owned[0])
        return owned[0]


def _before_assignments(file: CorrectionsFile) -> dict[str, tuple[Span, ...]]:
    """When each label of the file spoke before the corrections that its transcript had already."""
    speech = file.spans()
    for each in reversed(file.corrections):
        if each.operation == "assign" and each.id and each.problem is None and each.start < each.end:
            span = Span(each.start, each.end)
            speech[each.speaker] = union([*speech.get(each.speaker, ()), span])
            others = speech.get(each.after, ())
            speech[each.after] = tuple(rest for other in others for rest in gaps(intersection([span], [other]), other))
    return speech


def _nearest(label: str, spans: Sequence[Span], others: Speech) -> str | None:
    """The label of ``others`` with most of the speech ``spans``, if more than half; the same label where it is near."""
    shared = {other: covered(intersection(spans, speech)) for other, speech in others.items()}
    best = max(shared, key=lambda other: shared[other], default=None)
    if best is None or 2 * shared[best] <= covered(spans):
        return None
    return label if shared.get(label, 0.0) >= NEAR * shared[best] else best
