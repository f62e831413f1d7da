"""Plans applied to transcripts: the words of the plan are nowhere, everything else is as before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.correction import Correction
from pipeline.core.identity import Candidate, Identity
from pipeline.core.role import RoleDecision, RoleEvidence
from pipeline.core.serialization import to_plain
from pipeline.core.types import (
    Notice,
    OverlapDecision,
    Provenance,
    SpeakerEvidence,
    Transcript,
    Turn,
    Utterance,
    Word,
)
from pipeline.redaction.apply import redacted, with_recording
from pipeline.redaction.labels import new_labels
from pipeline.redaction.plan import make_plan
from pipeline.redaction.terms import digits_of, terms_of
from pipeline.redaction.types import KINDS, Plan, Redaction
from tests import strategies
from tests.max_examples import at_most

OTHERS = tuple(kind for kind in KINDS if kind != "name")


@st.composite
def planted(draw: st.DrawFn) -> tuple[Transcript, Plan]:
    """A transcript with words that stand nowhere else, copied into every ledger, and the plan that covers them."""
    transcript = draw(strategies.transcripts())
    places = [(i, j) for i, line in enumerate(transcript.utterances) for j in range(len(line.words))]
    chosen = draw(st.sets(st.sampled_from(places), max_size=4)) if places else set()
    kinds = draw(st.sampled_from([KINDS, OTHERS]))
    lines, redactions = list(transcript.utterances), []
    for number, (i, j) in enumerate(sorted(chosen)):
        word = replace(lines[i].words[j], text=f"zq{number}xyz")
        words = (*lines[i].words[:j], word, *lines[i].words[j + 1 :])
        lines[i] = replace(lines[i], words=words)
        kind = draw(st.sampled_from(kinds))
        redactions.append(Redaction(kind, word.start, word.end, lines[i].speaker, ((i, j),), "why", word.text))
    quote = " ".join(each.text for each in redactions) or "word"
    ledgers = replace(transcript, utterances=tuple(lines), **_ledgers(transcript, quote))
    return ledgers, Plan(kinds, tuple(sorted(redactions, key=lambda each: (each.start, each.text))))


def _ledgers(transcript: Transcript, quote: str) -> dict[str, Any]:
    """Ledgers that quote the planted words, also at other times."""
    end = transcript.duration or 1.0
    line = Utterance("SPEAKER_00", (Word(0.0, end, quote), Word(end / 2, end, f"({quote})", suspect=f"a loop {quote}")))
    region = OverlapDecision(0.0, end, (SpeakerEvidence("SPEAKER_00", quote),), "nmf", "mixture", quote, (line,))
    change = Correction("text", "SPEAKER_00", 0.0, 1.0, quote, f"{quote}!", f"so {quote}", quote, quote, "abc")
    return {
        "duration": end,
        "overlaps": (*transcript.overlaps, region),
        "removed": (line,),
        "corrections": (change,),
        "notices": (Notice("gap", f"there: {quote}"),),
        "identities": (Identity("SPEAKER_00", None, "unknown", quote, candidates=(Candidate(quote, 0.5),)),),
        "provenance": Provenance(f"call_{quote}.wav", "0" * 64, {"roles": [quote], quote: {"x": quote}}),
    }


@at_most(40)
@given(planted())
def test_the_words_of_the_plan_are_nowhere_and_the_rest_stays(case: tuple[Transcript, Plan]) -> None:
    transcript, plan = case
    result = redacted(transcript, plan)
    plain = json.dumps(to_plain(result), ensure_ascii=False)
    assert [each.text for each in plan.redactions if each.text in plain] == []
    covered = {place for each in plan.redactions for place in each.words}
    spans = [(line.start, line.end) for line in transcript.utterances]
    assert [(line.start, line.end) for line in result.utterances] == spans
    words = {(i, j): word for i, line in enumerate(transcript.utterances) for j, word in enumerate(line.words)}
    markers = {f"[{kind}]" for kind in KINDS}
    others = [word for place, word in words.items() if place not in covered]
    assert [word for word in result.words if word.text not in markers] == others
    assert len([word for word in result.words if word.text in markers]) == len(plan.redactions)
    assert redacted(result, replace(plan, redactions=())) == result


@at_most(30)
@given(strategies.transcripts())
def test_an_empty_plan_changes_nothing(transcript: Transcript) -> None:
    assert redacted(transcript, Plan(OTHERS)) == transcript


def call(words: str, speaker: str = "customer") -> Utterance:
    return Utterance(speaker, tuple(Word(n * 0.5, n * 0.5 + 0.4, text) for n, text in enumerate(words.split())))


def card(line: int, first: int, last: int, text: str, speaker: str = "customer") -> Redaction:
    return Redaction("card", first * 0.5, last * 0.5 + 0.4, speaker, tuple((line, n) for n in range(first, last + 1)),
                     "digits", text)  # fmt: skip


def test_one_marker_for_each_span_with_its_times() -> None:
    line = call("it is four five three, nine. thanks")
    transcript = Transcript(10.0, (line,))
    result = redacted(transcript, Plan(("card",), (card(0, 2, 5, "four five three, nine."),)))
    assert result.utterances[0].text == "it is [card]. thanks"
    assert (result.utterances[0].words[2].start, result.utterances[0].words[2].end) == (1.0, 2.9)
    assert result.utterances[0].words[2].probability is None


def test_a_number_over_two_utterances_has_a_marker_in_each() -> None:
    lines = (
        call("so 4539 5787"),
        Utterance("agent", (Word(5.0, 5.4, "yes"),)),
        Utterance("customer", (Word(6.0, 7.0, "6362"),)),
    )
    span = Redaction("card", 0.5, 7.0, "customer", ((0, 1), (0, 2), (2, 0)), "digits", "4539 5787 6362")
    result = redacted(Transcript(10.0, lines), Plan(("card",), (span,)))
    assert [line.text for line in result.utterances] == ["so [card]", "yes", "[card]"]


def test_names_of_files_lose_the_number_in_another_spelling() -> None:
    line = call("it is four five three nine five seven eight seven")
    origin = Provenance("2026-11-28_45395787_ana.wav", "0" * 64)
    plan = Plan(("card",), (card(0, 2, 9, "four five three nine five seven eight seven"),))
    result = redacted(Transcript(10.0, (line,), provenance=origin), plan)
    assert result.provenance
    assert result.provenance.source == "2026-11-28_[card]_ana.wav"


def test_ordinary_words_of_notices_stay() -> None:
    line = call("the code is one two three")
    plan = Plan(("cvv",), (replace(card(0, 3, 5, "one two three"), kind="cvv"),))
    transcript = Transcript(10.0, (line,), notices=(Notice("gap", "one of 3 gaps lasts two seconds"),))
    assert redacted(transcript, plan).notices == transcript.notices


def test_a_correction_that_quoted_the_number_loses_its_hash() -> None:
    line = call("it is 4539 5787")
    changes = (
        Correction("text", "customer", 1.0, 1.4, "4538", "4539", "it is", "5787", id="aa"),
        Correction("check", "agent", 5.0, 6.0, "hello", id="bb"),
    )
    plan = Plan(("card",), (card(0, 2, 3, "4539 5787"),))
    first, second = redacted(Transcript(10.0, (line,), corrections=changes), plan).corrections
    assert (first.before, first.after, first.right, first.id) == ("[card]", "[card]", "[card]", "")
    assert second == changes[1]


@pytest.mark.parametrize("after", ["a number", "", "**** **** **** ****"])
def test_words_that_a_person_deleted_are_redacted_too(after: str) -> None:
    """The text has no number any more, but the ledger and the recording have it."""
    deleted = Correction("text", "customer", 1.0, 5.0, "4539 5787 6362 1486", after, "it is", "thanks", id="aa")
    transcript = Transcript(10.0, (call("it is a number thanks"),), corrections=(deleted,), language="en")
    plan = make_plan(transcript, ("card",))
    assert [(each.text, each.words) for each in plan.redactions] == [("4539 5787 6362 1486", ())]
    assert plan.redactions[0].start <= 1.0 < 5.0 <= plan.redactions[0].end
    assert redacted(transcript, plan).corrections[0].before == "[card]"


def test_numbers_of_corrections_that_no_plan_knows_are_redacted() -> None:
    old = Correction("text", "customer", 1.0, 5.0, "nine four eight", "nine four seven", "so 123", "", "lost", "aa")
    other = Correction("text", "customer", 6.0, 7.0, "hello two", "hello")
    transcript = Transcript(10.0, (call("hello"),), corrections=(old, other))
    first, second = redacted(transcript, Plan(("cvv",))).corrections
    assert (first.before, first.left, first.id) == ("[cvv]", "[cvv]", "")
    assert second == other
    assert redacted(transcript, Plan(("name",))).corrections == transcript.corrections


def test_digits_in_the_overlap_ledger_go_with_the_number_beside_them() -> None:
    leaked = Utterance("agent", (Word(2.0, 2.4, "63"), Word(2.5, 2.9, "okay"), Word(9.0, 9.4, "17")))
    region = OverlapDecision(1.9, 3.0, (SpeakerEvidence("agent", "okay"),), "channels", "mixture", "", (leaked,))
    transcript = Transcript(10.0, (call("it is 4539"),), overlaps=(region,))
    (result,) = redacted(transcript, Plan(("card",), (card(0, 2, 2, "4539"),))).overlaps
    assert [word.text for word in result.leaked[0].words] == ["[card]", "okay", "17"]


def test_numbers_in_groups_are_found_in_names_and_columns() -> None:
    terms = terms_of(Plan(("card",), (card(0, 2, 2, "4539 5787 6362 1486"),)))
    for text in ("453-957-876-362-148-6", "4 5 3 9 5 7 8 7 6 3 6 2 1 4 8 6", "45.39.57.87", "٤٥٣٩ ٥٧٨٧"):
        assert terms.distinct(f"a {text} b") == "a [card] b"
    for text in ("2026-11-28 12:30", "3 gaps of 12.5 s", "[card] 12"):
        assert terms.distinct(text) == text


def test_people_become_speakers_and_roles_stay() -> None:
    lines = (call("hello", "Ana Diaz"), call("hi", "agent"), call("hey", "Ben"))
    identities = (Identity("SPEAKER_03", "Ana Diaz", "named", "voice", 0.8, candidates=(Candidate("Ana Diaz", 0.8),)),)
    turns = (Turn(0.0, 1.0, "Ana Diaz"), Turn(0.0, 1.0, "Ben"), Turn(0.0, 1.0, "agent"))
    change = Correction("name", "Ben", after="Ben")
    transcript = Transcript(10.0, lines, turns, identities=identities, corrections=(change,))
    assert new_labels(transcript) == {"Ana Diaz": "SPEAKER_03", "Ben": "SPEAKER_00"}
    result = redacted(transcript, Plan(("name",)))
    assert result.speakers == ("SPEAKER_00", "SPEAKER_03", "agent")
    plain = json.dumps(to_plain(result))
    assert "Ana" not in plain
    assert "Ben" not in plain
    assert redacted(transcript, Plan(("card",))) == transcript


def test_roles_of_settings_stay_in_every_spelling() -> None:
    settings = {"diarization": {"roles": "2=Advisor,1=caller7:2"}}
    provenance = Provenance("call.wav", "0" * 64, settings)
    lines = (call("hello", "Advisor"), call("hi", "Ben"))
    assert new_labels(Transcript(10.0, lines, provenance=provenance)) == {"Ben": "SPEAKER_00"}


def test_people_with_a_role_become_it_and_short_names_go_too() -> None:
    lines = (call("my name is Ana", "Ana"), call("hi ana", "Ben"))
    roles = (RoleDecision("Ana", "agent", "voice", "Ana is an agent", (RoleEvidence(0.0, 1.0, "is Ana"),)),)
    transcript = Transcript(10.0, lines, notices=(Notice("gap", "Ana said an analogue thing"),), roles=roles)
    plan = Plan(("name",), (Redaction("name", 1.5, 1.9, "Ana", ((0, 3),), "a cue", "Ana"),))
    result = redacted(transcript, plan)
    assert result.speakers == ("SPEAKER_00", "agent")
    evidence = (RoleEvidence(0.0, 1.0, "is [name]"),)
    assert result.roles == (RoleDecision("agent", "agent", "voice", "[name] is an agent", evidence),)
    assert result.notices[0].message == "[name] said an analogue thing"


def test_a_redacted_transcript_never_names_the_original_recording() -> None:
    transcript = Transcript(1.0, provenance=Provenance("call.mp4", "1" * 64, {"input": {"track": 2}}))
    alone, beside = with_recording(transcript, "", None), with_recording(transcript, "call.redacted.flac", "2" * 64)
    assert alone.provenance
    assert beside.provenance
    assert (alone.provenance.source, alone.provenance.sha256) == ("", "1" * 64)
    assert (beside.provenance.source, beside.provenance.sha256) == ("call.redacted.flac", "2" * 64)
    assert beside.provenance.settings == {"input": {"track": None}}


def test_digits_of_words() -> None:
    assert digits_of(["Forty", "one,", "twenty-three", "double", "seven", "oh", "4539"]) == "412377" + "0" + "4539"
    assert digits_of(["no", "number"]) == ""
