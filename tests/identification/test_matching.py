"""Matching of speakers and people: laws that hold for any similarities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.gallery.people import Band, Person, VoicePrint, encoded_vector
from pipeline.models.protocols import NameCalibration
from pipeline.stages.identification.matching import LISTED, identify, rank
from pipeline.stages.identification.speech import SpeakerVoice

LIMITS = NameCalibration(wide=0.5, narrow=0.6, margin=0.1)
AXES = 4
VECTORS = st.lists(st.floats(-1, 1), min_size=AXES, max_size=AXES).filter(lambda v: np.linalg.norm(v) > 0.1)
BANDS: tuple[Band, ...] = ("wide", "narrow")


def unit(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


def voice_print(values: list[float], band: Band = "wide") -> VoicePrint:
    return VoicePrint(encoded_vector(unit(values)), band, 10.0, "embedder", "clip.wav", "2026-11-28")


def voice(values: list[float], seconds: float = 10.0, bands: tuple[Band, ...] = BANDS) -> SpeakerVoice:
    return SpeakerVoice(seconds, {band: unit(values) for band in bands})


PEOPLE = st.lists(
    st.tuples(st.lists(st.builds(voice_print, VECTORS, st.sampled_from(BANDS)), max_size=3)), max_size=4
).map(lambda rows: tuple(Person(f"P{n}", tuple(prints)) for n, (prints,) in enumerate(rows)))
VOICES = st.lists(
    st.builds(voice, VECTORS, st.floats(0, 20), st.sampled_from([(), ("narrow",), BANDS])), max_size=4
).map(lambda rows: {f"SPEAKER_{n:02d}": row for n, row in enumerate(rows)})


@pytest.mark.promise(27)
@given(VOICES, PEOPLE)
def test_a_name_has_evidence_and_no_name_is_given_twice(
    voices: dict[str, SpeakerVoice], people: tuple[Person, ...]
) -> None:
    identities = identify(voices, people, LIMITS, 3.0)
    assert [identity.speaker for identity in identities] == list(voices)
    named = [identity for identity in identities if identity.name is not None]
    assert len({identity.name for identity in named}) == len(named)
    for identity in identities:
        assert identity.reason
        assert (identity.decision == "named") == (identity.name is not None)
        assert len(identity.candidates) <= LISTED
    for identity in named:
        best = identity.candidates[0]
        assert (identity.name, identity.score) == (best.name, best.score)
        assert best.score >= LIMITS.of(best.band)
        assert identity.margin is None or identity.margin >= LIMITS.margin
        assert voices[identity.speaker].seconds >= 3.0


@given(VOICES, PEOPLE, st.randoms())
def test_the_order_of_people_and_speakers_changes_nothing(
    voices: dict[str, SpeakerVoice], people: tuple[Person, ...], random: object
) -> None:
    labels, shuffled = list(voices), list(people)
    random.shuffle(labels)  # type: ignore[attr-defined]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = identify({label: voices[label] for label in labels}, shuffled, LIMITS, 3.0)
    assert {i.speaker: i.name for i in other} == {i.speaker: i.name for i in identify(voices, people, LIMITS, 3.0)}


@given(VECTORS, PEOPLE)
def test_a_further_print_never_makes_a_person_less_similar(values: list[float], people: tuple[Person, ...]) -> None:
    more = tuple(replace(person, prints=(*person.prints, voice_print(values))) for person in people if person.prints)
    speaker = voice(values)
    before = {c.name: c.score for c in rank(speaker, people, LIMITS) if c.band == "wide"}
    after = {c.name: c.score for c in rank(speaker, more, LIMITS)}
    assert all(after[name] >= score for name, score in before.items())


def test_only_equal_bands_are_compared() -> None:
    ana = Person("Ana", (voice_print([1, 0, 0, 0], "narrow"), voice_print([0, 1, 0, 0], "wide")))
    (both,) = rank(voice([1, 0, 0, 0]), [ana], LIMITS)
    (telephone,) = rank(voice([1, 0, 0, 0], bands=("narrow",)), [ana], LIMITS)
    assert (both.band, both.score) == ("wide", 0.0)
    assert (telephone.band, telephone.score) == ("narrow", 1.0)
    assert rank(voice([1, 0, 0, 0], bands=("narrow",)), [Person("Bob", (voice_print([1, 0, 0, 0]),))], LIMITS) == ()


def test_each_reason() -> None:
    ana, twin = Person("Ana", (voice_print([1, 0, 0, 0]),)), Person("Twin", (voice_print([1, 0.05, 0, 0]),))
    near, exact, other = voice([1, 0.3, 0, 0]), voice([1, 0, 0, 0]), voice([0, 0, 1, 0])

    def reasons(voices: list[SpeakerVoice], *people: Person) -> list[str]:
        return [i.reason for i in identify({f"S{n}": v for n, v in enumerate(voices)}, people, LIMITS, 3.0)]

    assert reasons([exact, near], ana) == ["similarity 1.00, at least 0.50", "S0 is nearer to Ana"]
    assert reasons([other], ana) == ["the nearest voice print has a similarity of 0.00, below 0.50"]
    assert reasons([exact], ana, twin) == ["Ana is nearer than Twin by 0.00, less than 0.10"]
    short = voice([1, 0, 0, 0], seconds=1.25)
    assert reasons([short], ana) == ["only 1.2 s in which this speaker alone speaks, 3 s are needed"]
    assert reasons([exact]) == ["there was no voice print to compare with"]
