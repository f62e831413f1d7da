"""The ledger follows names, corrections and merges; roles are found by label, role or earlier label."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline import formats
from pipeline.analytics.roles.assigning import with_roles, with_roles_again
from pipeline.analytics.roles.labels import label_of, labels_of, roles_of
from pipeline.analytics.roles.request import request_of
from pipeline.analytics.roles.spec import RoleSpec
from pipeline.core.correction import Correction
from pipeline.core.identity import Candidate, Identity
from pipeline.core.role import MERGED, RoleDecision
from pipeline.core.types import Provenance, Transcript
from pipeline.corrections.applying import apply_corrections
from pipeline.corrections.corrections_file import of_transcript
from pipeline.formats.naming import with_earlier_names, with_given_names
from tests.analytics.calls import call, spoken
from tests.analytics.roles.test_deciding import INBOUND, roles

MADE = replace(INBOUND, provenance=Provenance("a.wav", "0" * 64, {}))
REQUEST = request_of((), "agent,customer", {})


def done() -> Transcript:
    return with_roles(MADE, REQUEST)


def test_a_name_changes_the_label_and_not_the_role() -> None:
    renamed = with_given_names(done(), {"agent": "Ana"})
    assert roles(renamed) == {"Ana": ("agent", "phrase"), "customer": ("customer", "other")}
    assert label_of(renamed, "agent") == label_of(renamed, "Ana") == "Ana"
    assert roles_of(renamed)["Ana"] == "agent"
    assert label_of(renamed, "supervisor") is None


def test_the_ledger_is_in_the_json() -> None:
    assert formats.loads(formats.dumps(done(), "json").decode(), "json").roles == done().roles


def test_a_corrected_name_changes_the_ledger_and_a_new_run_has_the_same() -> None:
    named = Correction("name", "agent", after="Ana")
    file = replace(of_transcript(done()), corrections=(named,))
    corrected = apply_corrections(done(), file)
    assert roles(corrected)["Ana"] == ("agent", "phrase")
    again = with_roles(with_earlier_names(MADE, corrected), REQUEST)
    assert roles(again) == {"Ana": ("agent", "phrase"), "customer": ("customer", "other")}


def test_words_that_are_given_to_another_speaker_stay_theirs_in_a_new_run() -> None:
    moved = Correction("assign", "agent", 9.0, 12.0, "I am sorry about that.", "customer")
    corrected = apply_corrections(done(), replace(of_transcript(done()), corrections=(moved,)))
    assert [u.speaker for u in corrected.utterances] == ["agent", "customer", "customer"]
    again = with_roles(apply_corrections(MADE, of_transcript(corrected)), REQUEST)
    assert [u.speaker for u in again.utterances] == ["agent", "customer", "customer"]
    assert [(each.speaker, each.after) for each in again.corrections] == [("agent", "customer")]


def test_speakers_with_one_name_have_one_entry() -> None:
    decisions = (RoleDecision("a", "agent", "phrase", "says it"), RoleDecision("b", None, "unknown", "x"),
                 RoleDecision("c", "customer", "other", "y"))  # fmt: skip
    lines = [spoken(label, 3.0 * i, 3.0 * i + 2, "hello") for i, label in enumerate("abc")]
    three = replace(call(9.0, *lines), roles=decisions)
    assert roles(with_given_names(three, {"b": "a"}))["a"] == ("agent", "phrase")
    assert roles(with_given_names(three, {"a": "b"}))["b"] == ("agent", "phrase")
    merged = with_given_names(three, {"c": "a"})
    assert (roles(merged)["a"], merged.roles[0].reason) == ((None, "unknown"), MERGED)


def test_an_unnamed_speaker_is_undecided_under_the_new_label() -> None:
    ledger = (Identity("SPEAKER_00", None, "unknown", "below", candidates=(Candidate("Ana", 0.4),)),)
    (identity,) = with_roles(replace(MADE, identities=ledger), REQUEST).identities
    assert (identity.label, identity.decision) == ("agent", "unknown")
    assert [each.name for each in identity.undecided] == ["Ana"]


def test_analysis_again_keeps_roles_or_takes_those_of_the_rules() -> None:
    assert with_roles_again(done(), (), None) == done()
    assert roles(with_roles_again(MADE, (), "agent,customer")) == roles(done())
    settings = {"diarization": {"roles": "agent,customer"}}
    old = replace(MADE, provenance=Provenance("a.wav", "0" * 64, settings))
    assert roles(with_roles_again(old, (), None)) == roles(done())
    reversed_roles = (RoleSpec("caller", says=("thank you for calling",)), RoleSpec("called"))
    assert roles(with_roles_again(done(), reversed_roles, None)) == {
        "caller": ("caller", "phrase"),
        "called": ("called", "other"),
    }


def test_the_manifest_is_remembered_by_an_analysis_without_it() -> None:
    first = with_roles(
        replace(MADE, utterances=MADE.utterances[1:]), request_of((), "agent,customer", {"first_speaker": "customer"})
    )
    assert roles(first)["customer"] == ("customer", "manifest")
    assert roles(with_roles_again(first, (), "agent,customer"))["customer"] == ("customer", "manifest")


def test_a_role_of_two_speakers_is_of_no_single_one() -> None:
    shared = (RoleDecision("c_1", "customer", "channel", "x"), RoleDecision("c_2", "customer", "channel", "x"))
    two = replace(call(9.0, spoken("c_1", 0.0, 1.0, "a"), spoken("c_2", 2.0, 3.0, "b")), roles=shared)
    assert labels_of(two, "customer") == ("c_1", "c_2")
    assert label_of(two, "customer") is None


@pytest.mark.parametrize("section", [{"roles": "=,"}, 3, {"roles": 4}])
def test_settings_of_an_edited_file_are_no_roles(section: object) -> None:
    edited = replace(MADE, provenance=Provenance("a.wav", "0" * 64, {"diarization": section}))
    assert roles(with_roles(edited, REQUEST)) == roles(done())
