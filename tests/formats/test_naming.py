"""Names in transcripts: of voice prints, given by hand, and kept by a later run of the same recording."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.identity import Candidate, Identity
from pipeline.core.types import Provenance, Transcript, Turn, Utterance, Word
from pipeline.formats.naming import with_earlier_names, with_given_names, with_identities
from tests.strategies import LABELS, transcripts

ORIGIN = Provenance("meeting.wav", "0" * 64)
TALK = Transcript(
    10.0,
    (Utterance("SPEAKER_00", (Word(0, 4, "hello"),)), Utterance("SPEAKER_01", (Word(5, 9, "yes"),))),
    (Turn(0, 4, "SPEAKER_00"), Turn(5, 9, "SPEAKER_01")),
    provenance=ORIGIN,
    removed=(Utterance("SPEAKER_00", (Word(4, 5, "you", suspect="no speech"),)),),
)
NAMES = st.dictionaries(st.sampled_from(LABELS), st.sampled_from(["Ana", "Bob", "Cem", "Dee"]), max_size=4)


def test_names_are_in_every_part_of_the_transcript() -> None:
    identities = (
        Identity("SPEAKER_00", "Ana", "named", "similarity 0.80, at least 0.50", 0.8),
        Identity("SPEAKER_01", None, "unknown", "the nearest voice print has a similarity of 0.10, below 0.50", 0.1),
    )
    named = with_identities(TALK, identities)
    assert named.identities == identities
    assert named.speakers == ("Ana", "SPEAKER_01")
    assert [each.speaker for each in named.removed] == ["Ana"]


def test_a_name_that_is_another_speakers_label_is_not_given() -> None:
    talk = replace(TALK, turns=(Turn(0, 4, "SPEAKER_00"), Turn(5, 9, "agent")))
    named = with_identities(
        talk, (Identity("SPEAKER_00", "agent", "named", "near"), Identity("agent", None, "unknown", "far"))
    )
    assert named.speakers[0] == "SPEAKER_00"
    assert named.identities[0].name is None
    assert named.identities[0].reason == "another speaker is labelled agent already"


@given(transcripts(), NAMES)
def test_given_names_stand_in_the_ledger_and_words_stay(transcript: Transcript, names: dict[str, str]) -> None:
    transcript = replace(transcript, identities=())
    names = {label: name for label, name in names.items() if label in transcript.speakers}
    named = with_given_names(transcript, names)
    assert {i.speaker: i.name for i in named.identities} == names
    assert all(identity.decision == "given" for identity in named.identities)
    assert set(named.speakers) == {names.get(label, label) for label in transcript.speakers}
    assert [w.text for w in named.words] == [w.text for w in transcript.words]


def test_a_name_that_is_given_replaces_one_of_a_print() -> None:
    named = with_identities(TALK, (Identity("SPEAKER_00", "Ana", "named", "near", 0.8),))
    (identity,) = with_given_names(named, {"Ana": "Anna"}).identities
    assert (identity.speaker, identity.name, identity.decision, identity.score) == ("SPEAKER_00", "Anna", "given", 0.8)


def test_a_later_run_keeps_given_names_whatever_its_labels() -> None:
    earlier = with_given_names(TALK, {"SPEAKER_00": "Ana", "SPEAKER_01": "Bob"})
    other = replace(
        TALK, turns=(Turn(0, 3.5, "SPEAKER_01"), Turn(5.2, 9, "SPEAKER_00")), utterances=(), removed=(), identities=()
    )
    assert with_earlier_names(other, earlier).turns == (Turn(0, 3.5, "Ana"), Turn(5.2, 9, "Bob"))


def test_names_are_not_kept_where_they_may_be_wrong() -> None:
    earlier = with_given_names(TALK, {"SPEAKER_00": "Ana"})
    elsewhere = replace(TALK, turns=(Turn(4.5, 5, "SPEAKER_00"), Turn(5, 9, "SPEAKER_01")), utterances=(), removed=())
    assert with_earlier_names(elsewhere, earlier) == elsewhere
    everyone = replace(TALK, turns=(Turn(0, 10, "SPEAKER_00"),), utterances=(), removed=())
    assert with_earlier_names(everyone, earlier) == everyone
    another = replace(TALK, provenance=Provenance("meeting.wav", "1" * 64))
    assert with_earlier_names(another, earlier) == another
    automatic = with_identities(TALK, (Identity("SPEAKER_00", "Ana", "named", "near"),))
    assert with_earlier_names(TALK, automatic) == TALK


def test_a_name_that_is_taken_away_leaves_no_candidate_of_it() -> None:
    candidates = (Candidate("Ana", 0.8), Candidate("Bob", 0.2))
    named = with_identities(TALK, (Identity("SPEAKER_00", "Ana", "named", "near", 0.8, candidates=candidates),))
    back = with_given_names(named, {"Ana": "SPEAKER_00"})
    assert back.speakers == TALK.speakers
    assert (back.identities[0].name, back.identities[0].decision) == (None, "unknown")
    assert back.identities[0].candidates == (Candidate("Bob", 0.2),)


def test_a_name_given_by_hand_is_taken_from_a_speaker_who_has_it_by_a_print() -> None:
    earlier = with_given_names(TALK, {"SPEAKER_01": "Ana"})
    later = with_identities(TALK, (Identity("SPEAKER_00", "Ana", "named", "near", 0.8),))
    result = with_earlier_names(later, earlier)
    assert result.speakers == ("SPEAKER_00", "Ana")
    assert {each.speaker: each.name for each in result.identities} == {"SPEAKER_00": None, "SPEAKER_01": "Ana"}


def test_one_name_for_two_labels_is_kept() -> None:
    earlier = with_given_names(TALK, {"SPEAKER_00": "Ana", "SPEAKER_01": "Ana"})
    assert earlier.speakers == ("Ana",)
    assert with_earlier_names(TALK, earlier).speakers == ("Ana",)
