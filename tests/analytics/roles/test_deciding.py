"""Which speaker has which role: laws over any evidence, then each kind of evidence with known answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analytics.roles.assigning import UNKNOWN, with_roles
from pipeline.analytics.roles.request import request_of
from pipeline.analytics.roles.spec import RoleSpec
from pipeline.core.identity import Identity
from pipeline.core.types import Notice, Provenance, Transcript
from pipeline.formats.naming import with_identities
from tests.analytics.calls import call, spoken

ONE, TWO, THREE = "SPEAKER_00", "SPEAKER_01", "SPEAKER_02"
AGENT = RoleSpec("agent", says=("thank you for calling", "how can I help you"))
CUSTOMER = RoleSpec("customer")
INBOUND = call(
    60.0,
    spoken(ONE, 1.0, 4.0, "Thank you for calling Acme, this is Ana."),
    spoken(TWO, 5.0, 8.0, "Hello, my washing machine leaks."),
    spoken(ONE, 9.0, 12.0, "I am sorry about that."),
)


def roles(transcript: Transcript) -> dict[str, tuple[str | None, str]]:
    """Role and basis by present label."""
    return {each.speaker: (each.role, each.decision) for each in transcript.roles}


def by_option(transcript: Transcript, text: str = "agent,customer", **columns: str) -> Transcript:
    return with_roles(transcript, request_of((), text, columns))


def by_file(transcript: Transcript, *specs: RoleSpec, **columns: str) -> Transcript:
    return with_roles(transcript, request_of(specs, None, columns))


def named(transcript: Transcript, **people: str) -> Transcript:
    """The transcript with names by voice prints, by label."""
    ledger = [Identity(label, name, "named", "similarity 0.80, at least 0.50", 0.8) for label, name in people.items()]
    return with_identities(transcript, ledger)


def unknown(transcript: Transcript) -> str:
    (notice,) = (each for each in transcript.notices if each.code == UNKNOWN)
    return notice.message


LINES = st.lists(
    st.tuples(
        st.sampled_from([ONE, TWO, THREE]),
        st.sampled_from(["thank you for calling", "hello there", "how can I help you", "my order is late"]),
    ),
    max_size=6,
)
SPECS = st.lists(
    st.sampled_from([
        AGENT, CUSTOMER, replace(AGENT, role="clerk", says=("my order is late",)), RoleSpec("first", speaks_first=True),
        RoleSpec("boss", people=("Ana",)),
    ]),
    unique=True,
    max_size=4,
)  # fmt: skip


@st.composite
def made_calls(draw: st.DrawFn) -> Transcript:
    lines = draw(LINES)
    made = call(60.0, *(spoken(speaker, 3.0 * i, 3.0 * i + 2.0, text) for i, (speaker, text) in enumerate(lines)))
    people = draw(st.dictionaries(st.sampled_from([ONE, TWO]), st.sampled_from(["Ana", "Ben"]), max_size=1))
    return named(made, **{label: name for label, name in people.items() if label in made.speakers})


@given(made_calls(), SPECS)
def test_a_speaker_has_one_decision_and_a_role_one_speaker(transcript: Transcript, specs: list[RoleSpec]) -> None:
    done = by_file(transcript, *specs)
    if specs:
        assert [each.speaker for each in done.roles] == list(done.speakers)
    given = [each.role for each in done.roles if each.role is not None]
    assert len(given) == len(set(given))
    assert all((each.role is None) == (each.decision == "unknown") and each.reason for each in done.roles)
    missing = {spec.role for spec in specs} - {*given}
    assert bool(missing) == any(each.code == UNKNOWN for each in done.notices)
    assert all(role in unknown(done) for role in missing)


@given(made_calls(), SPECS)
def test_only_labels_change_and_assigning_again_gives_the_same(transcript: Transcript, specs: list[RoleSpec]) -> None:
    done = by_file(transcript, *specs)
    texts = [(u.start, u.text) for u in transcript.utterances]
    assert [(u.start, u.text) for u in done.utterances] == texts
    assert len(done.speakers) == len(transcript.speakers)
    assert roles(by_file(done, *specs)) == roles(done)
    assert by_file(done, *specs).utterances == done.utterances


@given(made_calls(), SPECS)
def test_evidence_is_quoted_from_the_speaker(transcript: Transcript, specs: list[RoleSpec]) -> None:
    done = by_file(transcript, *specs)
    for decision in done.roles:
        said = " ".join(u.text for u in done.utterances if u.speaker == decision.speaker)
        assert all(each.text in said for each in decision.evidence)
        if decision.decision in ("phrase", "first"):
            assert decision.evidence


def test_a_phrase_names_the_agent_and_the_other_is_the_customer() -> None:
    done = by_option(INBOUND)
    assert roles(done) == {"agent": ("agent", "phrase"), "customer": ("customer", "other")}
    assert done.speakers == ("agent", "customer")
    assert {turn.speaker for turn in done.turns} == {"agent", "customer"}
    (evidence,) = done.roles[0].evidence
    assert (evidence.text, evidence.phrase) == ("Thank you for calling", "thank you for calling")
    assert (evidence.start, evidence.confidence) == (1.0, None)
    assert done.notices == ()


def test_the_confidence_of_evidence_is_the_mean_probability_of_its_words() -> None:
    lines = tuple(
        replace(line, words=tuple(replace(word, probability=0.9 - 0.2 * (word.text == "for")) for word in line.words))
        for line in INBOUND.utterances
    )
    (evidence,) = by_option(replace(INBOUND, utterances=lines)).roles[0].evidence
    assert evidence.confidence == pytest.approx((3 * 0.9 + 0.7) / 4)


def test_phrases_after_the_first_seconds_do_not_count_and_time_begins_with_the_first_word() -> None:
    ring = call(90.0, *(spoken(u.speaker, u.start + 40, u.end + 40, u.text) for u in INBOUND.utterances))
    assert roles(by_option(ring))["agent"] == ("agent", "phrase")
    late = call(90.0, spoken(TWO, 0.0, 2.0, "Hello?"), *ring.utterances)
    assert roles(by_option(late)) == {ONE: (None, "unknown"), TWO: (None, "unknown")}
    assert "no speaker says a phrase of it in the first 20 s" in unknown(by_option(late))
    assert roles(by_file(late, replace(AGENT, within=45.0), CUSTOMER))["agent"] == ("agent", "phrase")


def test_two_speakers_with_phrases_are_unknown_with_the_evidence() -> None:
    both = call(60.0, *INBOUND.utterances, spoken(TWO, 14.0, 16.0, "And how can I help you then?"))
    done = by_option(both)
    assert roles(done) == {ONE: (None, "unknown"), TWO: (None, "unknown")}
    assert [each.phrase for each in done.roles[1].evidence] == ["how can I help"]
    assert unknown(done) == (
        "unknown roles: agent (SPEAKER_00 and SPEAKER_01 both count as agent); customer (the other speaker's role is "
        "not known); name speakers with transcribe rename, or give conditions in roles: of a rules file"
    )


def test_a_speaker_with_phrases_of_two_roles_is_unknown() -> None:
    shop = RoleSpec("caller", says=("this is Ana",))
    assert roles(by_file(INBOUND, AGENT, shop))[ONE] == (None, "unknown")


@pytest.mark.parametrize(("margin", "basis"), [(0.5, "phrase"), (0.1, "unknown")])
def test_two_speakers_who_are_hardly_distinguished_decide_nothing(margin: float, basis: str) -> None:
    lines = tuple(replace(u, words=tuple(replace(w, margin=margin) for w in u.words)) for u in INBOUND.utterances)
    mixed_up = replace(INBOUND, utterances=lines)
    assert by_option(mixed_up).roles[0].decision == basis
    assert ("hardly distinguished" in str(by_option(mixed_up).notices)) == (basis == "unknown")
    first = by_option(mixed_up, first_speaker="agent")
    assert (first.roles[0].role is None) == (basis == "unknown")
    known = by_file(named(mixed_up, SPEAKER_00="Ana"), replace(AGENT, people=("Ana",)), CUSTOMER)
    assert roles(known) == {"Ana": ("agent", "voice"), "customer": ("customer", "other")}


def test_one_speaker_more_than_two_and_no_words() -> None:
    voicemail = call(9.0, INBOUND.utterances[0])
    assert roles(by_option(voicemail)) == {ONE: (None, "unknown")}
    assert "agent (the call has one speaker)" in unknown(by_option(voicemail))
    third = call(60.0, *INBOUND.utterances, spoken(THREE, 20.0, 22.0, "I am his wife."))
    done = by_option(third)
    assert roles(done) == {"agent": ("agent", "phrase"), TWO: (None, "unknown"), THREE: (None, "unknown")}
    assert "customer (the call has 3 speakers" in unknown(done)
    empty = by_option(call(9.0))
    assert empty.roles == ()
    assert "the call has no words" in unknown(empty)


def test_an_announcement_before_the_call_is_not_the_agent() -> None:
    machine = spoken(THREE, 0.0, 1.0, "thank you for calling")
    without_greeting = call(60.0, machine, *INBOUND.utterances[1:])
    assert roles(by_option(without_greeting))[THREE] == (None, "unknown")
    assert roles(by_option(call(60.0, machine, *INBOUND.utterances)))["agent"] == ("agent", "phrase")


def test_customers_who_were_called_back_are_not_agents() -> None:
    back = call(60.0, spoken(ONE, 0.0, 2.0, "Thanks for calling me back."), *INBOUND.utterances[1:2])
    assert roles(by_option(back))[ONE] == (None, "unknown")


@pytest.mark.parametrize("words", ["They said thank you for calling.", "You ask me how can I help you?"])
def test_customers_who_quote_an_agent_are_not_agents(words: str) -> None:
    quoted = call(60.0, spoken(ONE, 0.0, 1.0, "Service desk."), spoken(TWO, 2.0, 5.0, words))
    assert roles(by_option(quoted))[TWO] == (None, "unknown")
    both = call(60.0, *INBOUND.utterances, spoken(TWO, 14.0, 17.0, words))
    assert roles(by_option(both))["agent"] == ("agent", "phrase")


def test_who_speaks_first_counts_only_where_the_conditions_say_so() -> None:
    silent = RoleSpec("agent", says=("no such phrase at all",))
    assert roles(by_file(INBOUND, silent, CUSTOMER))[ONE] == (None, "unknown")
    done = by_file(INBOUND, replace(silent, speaks_first=True), CUSTOMER)
    assert roles(done) == {"agent": ("agent", "first"), "customer": ("customer", "other")}
    assert done.roles[0].evidence[0].text == INBOUND.utterances[0].text
    together = call(9.0, spoken(ONE, 1.0, 2.0, "Hello."), spoken(TWO, 1.2, 2.2, "Hello."))
    assert roles(by_file(together, RoleSpec("agent", speaks_first=True)))[ONE] == (None, "unknown")


def test_a_phrase_outweighs_who_speaks_first_and_a_name_outweighs_both() -> None:
    hello, offer = spoken(ONE, 0.0, 1.0, "Hello?"), spoken(TWO, 2.0, 5.0, "How can I help you?")
    outbound = call(60.0, hello, offer, spoken(ONE, 6.0, 8.0, "Hm."))
    spec = replace(AGENT, speaks_first=True)
    assert roles(by_file(outbound, spec, CUSTOMER))["agent"] == ("agent", "phrase")
    known = named(outbound, SPEAKER_00="Ana")
    assert roles(by_file(known, replace(spec, people=("Ana",)), CUSTOMER)) == {
        "Ana": ("agent", "voice"),
        "customer": ("customer", "other"),
    }


def test_names_stay_and_the_ledger_has_the_role() -> None:
    done = by_file(named(INBOUND, SPEAKER_00="Ana"), RoleSpec("agent", people=("ana", "Ben")), CUSTOMER)
    assert done.speakers == ("Ana", "customer")
    assert roles(done)["Ana"] == ("agent", "voice")
    assert "similarity 0.80" in done.roles[0].reason
    assert done.identities[0].label == "Ana"


def test_two_people_of_one_role_and_a_person_by_name_in_a_call_of_one() -> None:
    both = named(INBOUND, SPEAKER_00="Ana", SPEAKER_01="Ben")
    people = RoleSpec("agent", people=("Ana", "Ben"))
    assert roles(by_file(both, people, CUSTOMER)) == {"Ana": (None, "unknown"), "Ben": (None, "unknown")}
    alone = named(call(9.0, INBOUND.utterances[0]), SPEAKER_00="Ana")
    assert roles(by_file(alone, people, CUSTOMER)) == {"Ana": ("agent", "voice")}


def test_the_only_enrolled_speaker_is_the_agent_where_no_file_has_conditions() -> None:
    plain = call(60.0, spoken(ONE, 0.0, 1.0, "Hello."), spoken(TWO, 2.0, 3.0, "Good morning."))
    known = named(plain, SPEAKER_01="Ana")
    assert roles(by_option(known)) == {"customer": ("customer", "other"), "Ana": ("agent", "voice")}
    assert roles(by_file(known, AGENT, CUSTOMER))["Ana"] == (None, "unknown")
    contradicting = by_option(named(INBOUND, SPEAKER_01="Bob"))
    assert roles(contradicting) == {ONE: (None, "unknown"), "Bob": (None, "unknown")}


def test_the_manifest_names_the_person_or_who_speaks_first() -> None:
    known = named(INBOUND, SPEAKER_00="Ana", SPEAKER_01="Ben")
    done = by_option(known, Agent="ben", campaign="north")
    assert roles(done) == {"Ana": ("customer", "other"), "Ben": ("agent", "manifest")}
    plain = call(60.0, spoken(ONE, 0.0, 1.0, "Hello."), spoken(TWO, 2.0, 3.0, "Good morning."))
    outbound = by_option(plain, first_speaker="customer")
    assert roles(outbound) == {"customer": ("customer", "manifest"), "agent": ("agent", "other")}
    assert roles(by_file(plain, first_speaker="agent")) == {"agent": ("agent", "manifest"), TWO: (None, "unknown")}


def test_no_reason_holds_a_name_that_is_no_label() -> None:
    absent = by_option(INBOUND, "boss,customer", boss="Zacharias")
    assert "no speaker has the name in the manifest's column boss" in unknown(absent)
    found = by_option(named(INBOUND, SPEAKER_00="Zacharias"), "boss,customer", boss="Zacharias")
    assert found.roles[0].role == "boss"
    for transcript in (absent, found):
        assert not any("Zacharias" in each.reason for each in transcript.roles)
        assert not any("Zacharias" in each.message for each in transcript.notices)


def test_shipped_phrases_are_english_and_of_agents() -> None:
    german = replace(INBOUND, language="de")
    assert roles(by_option(german))[ONE] == (None, "unknown")
    assert "the shipped phrases are English, and the call is in de" in unknown(by_option(german))
    assert roles(by_file(german, AGENT, CUSTOMER))["agent"] == ("agent", "phrase")
    names = by_option(INBOUND, "ana,ben")
    assert "nothing says how ana and ben are recognized" in unknown(names)


def test_channels_decide_and_a_name_does_not_change_that() -> None:
    settings = {"diarization": {"roles": "agent,customer:2"}}
    stereo = call(
        60.0, spoken("agent", 1.0, 2.0, "Hello."), spoken("customer_1", 3.0, 5.0, "Thank you for calling."),
        spoken("customer_2", 6.0, 7.0, "Yes."),
    )  # fmt: skip
    stereo = replace(stereo, provenance=Provenance("a.wav", "0" * 64, settings))
    done = by_option(stereo, "agent,customer:2")
    assert roles(done) == {
        "agent": ("agent", "channel"), "customer_1": ("customer", "channel"), "customer_2": ("customer", "channel")
    }  # fmt: skip
    assert done.speakers == stereo.speakers
    assert roles(by_option(named(stereo, agent="Ana"), "agent,customer:2"))["Ana"] == ("agent", "channel")


def test_a_label_with_the_name_of_a_role_has_it() -> None:
    other_tool = call(9.0, spoken("agent", 0.0, 1.0, "Hello."), spoken("B", 2.0, 3.0, "Hello."))
    done = by_option(other_tool)
    assert roles(done) == {"agent": ("agent", "given"), "B": ("customer", "other")}


def test_the_notice_about_mixed_channels_names_other_evidence() -> None:
    message = "the recording has one channel: speakers were distinguished by voice, and roles were not used"
    mixed = replace(INBOUND, notices=(Notice("channels_mixed", message),))
    (notice,) = by_option(mixed).notices
    assert notice.message.endswith("by voice; roles follow from other evidence")
    assert by_option(replace(mixed, utterances=INBOUND.utterances[:1])).notices[0].message == message


def test_without_a_request_nothing_changes() -> None:
    assert with_roles(INBOUND, request_of((), None, {"campaign": "north"})) is INBOUND
