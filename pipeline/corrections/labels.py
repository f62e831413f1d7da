"""Which label of a transcript is which label of a file of corrections: by the speech that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from pipeline.core.timeline import by_speaker, covered, intersection, union
from pipeline.core.types import Span, Transcript

NEAR = 0.9
"""Share of the largest overlap from which a label stays itself, because others may speak at the same time. Chosen by
hand, above the rounding of a file's turns; a smaller value keeps labels that are another person's now."""


class Labels:
    """The labels of a transcript by those of a file, whose ``speakers`` have their speech.

    A label of the file is the one of the transcript that has most of its speech, if that is more than half. One without
    turns stays as it is, and so does one that the transcript has by an earlier correction.
    """

    def __init__(self, speakers: Mapping[str, Sequence[Span]], transcript: Transcript) -> None:
        speech = {s: union(turn.span for turn in turns) for s, turns in by_speaker(transcript.turns).items()}
        self._taken = {*transcript.speakers}
        self._labels = {label: best for label, spans in speakers.items() if (best := _nearest(label, spans, speech))}
        self._people = {other: best for other, spans in speech.items() if (best := _nearest(other, spans, speakers))}
        made = {each.after for each in transcript.corrections if each.operation == "assign" and each.problem is None}
        self._lasting = {label for label, spans in speakers.items() if not spans} | (made - speakers.keys())

    def of(self, label: str) -> str:
        """The transcript's label; a new one for a speaker whom the transcript does not have."""
        if label not in self._labels:
            is_same = label not in self._taken or label in self._lasting
            self._labels[label] = label if is_same else self._new()
        self._taken.add(self._labels[label])
        return self._labels[label]

    def all_of(self, label: str) -> tuple[str, ...]:
        """The transcript's labels whose speech is mostly that label's: several where one person was split."""
        return tuple(other for other, person in self._people.items() if person == label) or (self.of(label),)

    def _new(self) -> str:
        return next(name for name in (f"SPEAKER_{number:02d}" for number in count()) if name not in self._taken)


def _nearest(label: str, spans: Sequence[Span], others: Mapping[str, Sequence[Span]]) -> str | None:
    """The label of ``others`` with most of the speech ``spans``, if more than half; the same label where it is near."""
    shared = {other: covered(intersection(spans, speech)) for other, speech in others.items()}
    best = max(shared, key=lambda other: shared[other], default=None)
    if best is None or 2 * shared[best] <= covered(spans):
        return None
    return label if shared.get(label, 0.0) >= NEAR * shared[best] else best
