"""What is asked for, contradictions in one line each, and what a batch's key depends on."""

from __future__ import annotations

import pytest

from pipeline.analytics.roles.request import digest, request_of, role_specs
from pipeline.analytics.roles.spec import RoleSpec
from pipeline.analytics.rules.reading import read
from pipeline.core.errors import SettingsError

FILE = """
roles:
  - role: agent
    people: [Ana, Ben]
    says: [thank you for calling]
    speaks_first: true
  - role: customer
"""


def test_a_rules_file_has_roles_beside_rules() -> None:
    assert role_specs(FILE + "rules:\n  - {name: greeting, says: [hello]}") == (
        RoleSpec("agent", ("Ana", "Ben"), ("thank you for calling",), 20.0, True),
        RoleSpec("customer"),
    )
    assert role_specs("") == role_specs(None) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[{role: agent}, {role: agent, says: [hi]}]", "roles has the role 'agent' twice"),
        ("[{role: agent, people: [Ana]}, {role: boss, people: [ANA]}]", "'Ana' is a person of two roles"),
        ("[{role: agent, says: [Hello]}, {role: boss, says: ['hello!']}]", "the phrase 'Hello' is of two roles"),
        ("[{role: a, speaks_first: true}, {role: b, speaks_first: true}]", "a and b cannot both speak first"),
        ("[{role: a}, {role: b}]", "a and b cannot both be the other speaker"),
        ("[{role: SPEAKER_01}]", "looks like the label of a speaker"),
        ("[{role: 'a,b'}]", "is a text without"),
        ("[{role: a, within: 0, says: [hi]}]", "must be above 0"),
        ("[{role: a, says: ['!']}]", "needs a letter or digit"),
        ("[{role: a, unless: [hi]}]", "'unless' needs 'says'"),
        ("[{role: a, speak_first: true}]", "speak_first"),
    ],
)
def test_roles_that_contradict_are_refused_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(f"roles: {text}", "rules.yaml")
    assert problem in refused.value.line
    assert "rules.yaml" in refused.value.line
    assert "\n" not in refused.value.line


def test_the_option_and_the_file_together() -> None:
    request = request_of(read(FILE).roles, "agent,customer", {})
    assert (request.roles, request.by_default) == (("agent", "customer"), frozenset())
    added = request_of((RoleSpec("agent", says=("hello",)),), "agent,customer", {})
    assert (added.roles, added.by_default) == (("agent", "customer"), {"customer"})
    with pytest.raises(SettingsError, match="client and customer cannot both be the other speaker"):
        request_of((RoleSpec("client"),), "customer", {})


def test_shared_channels_and_channels_without_names_are_no_roles_of_mono_calls() -> None:
    assert request_of((), "agent,customer:2", {}).roles == ("agent",)
    assert request_of((), "1=agent,2=diarize", {}).roles == ("agent",)


def test_columns_that_contradict_are_refused() -> None:
    with pytest.raises(SettingsError, match="'clerk' is not a role"):
        request_of((), "agent,customer", {"first_speaker": "clerk"})
    with pytest.raises(SettingsError, match="'Ana' is in the columns agent and customer"):
        request_of((), "agent,customer", {"agent": "Ana", "Customer": "ana"})
    with pytest.raises(SettingsError, match="'a:b'"):
        request_of((), None, {"first_speaker": "a:b"})
    assert request_of((), "agent,customer", {"agent": " ", "first_speaker": ""}).people == {}


def test_the_digest_follows_what_roles_depend_on_and_nothing_else() -> None:
    specs = read(FILE).roles
    base = digest(specs, "agent,customer", {"campaign": "north"})
    assert base == digest(specs, "agent,customer", {"campaign": "south", "team": "1"})
    others = {
        digest(specs[:1], "agent,customer", {}),
        digest(specs, "agent", {}),
        digest(specs, None, {}),
        digest(specs, "agent,customer", {"Agent": "Ana"}),
        digest(specs, "agent,customer", {"first_speaker": "agent"}),
        digest(specs, "agent,customer", {"first_speaker": "clerk"}),
    }
    assert len(others | {base}) == 7
    assert digest((), None, {"agent": "Ana"}) == ""
    assert digest((), "1=agent", {"agent": "Ana"}) != digest((), "1=agent", {"agent": "Ben"})
