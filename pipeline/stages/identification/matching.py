"""Which speaker of a recording is which person: similar enough, clearly nearer than others, and both ways.

A threshold alone names strangers. So a speaker is named only if the person is the nearest one to the speaker by a
margin, and the speaker the nearest one to the person (mutual best match, which leaves nothing for an assignment of
several speakers to do).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.core.identity import Candidate, Identity
from pipeline.gallery.people import Person
from pipeline.models.protocols import NameCalibration
from pipeline.stages.identification.speech import SpeakerVoice, common_band

LISTED: Final = 3
"""Number of candidates that the ledger lists. Chosen by hand."""


def identify(
    voices: Mapping[str, SpeakerVoice], people: Sequence[Person], limits: NameCalibration, min_seconds: float
) -> tuple[Identity, ...]:
    """The identity of each speaker, in the order of ``voices``; every voice print of ``people`` counts."""
    ranked = {speaker: rank(voice, people, limits) for speaker, voice in voices.items()}
    nearest: dict[str, tuple[float, str]] = {}  # by the person's name, the speaker with the highest score
    for speaker, candidates in ranked.items():
        for candidate in candidates:
            nearest[candidate.name] = max(
                nearest.get(candidate.name, (-9.0, "")), (_excess(candidate, limits), speaker)
            )
    return tuple(
        _identity(speaker, voices[speaker].seconds, candidates, nearest, limits, min_seconds)
        for speaker, candidates in ranked.items()
    )


def rank(voice: SpeakerVoice, people: Sequence[Person], limits: NameCalibration) -> tuple[Candidate, ...]:
    """All people with the similarity of their nearest voice print, best first.

    A person is compared in the whole band where both have it, else in the telephone's. Similarities of two bands are
    ordered by how far they are above their limits.
    """
    candidates = [c for person in people if (c := _compared(voice, person)) is not None]
    return tuple(sorted(candidates, key=lambda candidate: (-_excess(candidate, limits), candidate.name)))


def _compared(voice: SpeakerVoice, person: Person) -> Candidate | None:
    """The person with the similarity of their nearest voice print; None where no band is common."""
    band = common_band(voice.vectors, {each.band for each in person.prints})
    if band is None:
        return None
    vector = voice.vectors[band]
    prints = (each.array for each in person.prints if each.band == band)
    score = max((float(vector @ array) for array in prints if array.shape == vector.shape), default=-1.0)
    return Candidate(person.name, round(score, 4), band)


def _excess(candidate: Candidate, limits: NameCalibration) -> float:
    return candidate.score - limits.of(candidate.band)


def _identity(
    speaker: str,
    seconds: float,
    candidates: Sequence[Candidate],
    nearest: Mapping[str, tuple[float, str]],
    limits: NameCalibration,
    min_seconds: float,
) -> Identity:
    """The decision on one speaker, by the first reason against naming them after the best candidate."""
    best, second = (*candidates, None, None)[:2]
    margin = round(_excess(best, limits) - _excess(second, limits), 4) if best and second else None
    reason = ""
    if seconds < min_seconds:
        reason = f"only {seconds:.1f} s in which this speaker alone speaks, {min_seconds:g} s are needed"
    elif best is None:
        reason = "there was no voice print to compare with"
    elif best.score < limits.of(best.band):
        reason = f"the nearest voice print has a similarity of {best.score:.2f}, below {limits.of(best.band):.2f}"
    elif second and margin is not None and margin < limits.margin:
        reason = f"{best.name} is nearer than {second.name} by {margin:.2f}, less than {limits.margin:.2f}"
    elif nearest[best.name][1] != speaker:
        reason = f"{nearest[best.name][1]} is nearer to {best.name}"
    evidence = (best.score if best else None, margin, round(seconds, 2), tuple(candidates[:LISTED]))
    if reason or best is None:
        return Identity(speaker, None, "unknown", reason, *evidence)
    return Identity(
        speaker, best.name, "named", f"similarity {best.score:.2f}, at least {limits.of(best.band):.2f}", *evidence
    )
