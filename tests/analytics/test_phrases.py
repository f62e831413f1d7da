"""Rules for phrases: read strictly, matched nearly, judged with their evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.analytics.phrase_matching import Finding, evaluate_rules, find
from pipeline.analytics.phrase_rules import Rule, read, read_file
from pipeline.core.errors import SettingsError
from tests.analytics.calls import call, say

CALL = call(
    60.0,
    say("agent", 2.0, 6.0, "Good morning, thank you for calling Acme."),
    say("customer", 7.0, 9.0, "I promise I paid."),
    say("agent", 30.0, 33.0, "May I have your card number?"),
    say("agent", 38.0, 40.0, "This call is being recorded."),
)


def judged(**rule: object) -> Finding:
    (finding,) = evaluate_rules(CALL, [Rule("r", **rule)])  # type: ignore[arg-type]
    return finding


def test_said_in_time_with_the_words_and_their_moment() -> None:
    finding = judged(says=("thanks for calling", "thank you for calling"), speaker="agent", within=20.0)
    assert finding.kept is True
    (evidence,) = finding.evidence
    assert (evidence.text, evidence.phrase, evidence.similarity) == (
        "thank you for calling",
        "thank you for calling",
        1.0,
    )
    assert (evidence.start, evidence.speaker) == (pytest.approx(2.0 + 4 * 2 / 7), "agent")


def test_not_in_time_by_another_or_never_is_not_kept() -> None:
    assert judged(says=("card number",), within=20.0).kept is False
    assert judged(says=("I promise",), speaker="agent").kept is False
    assert judged(says=("have a nice day",)).kept is False


def test_what_must_never_be_said_is_quoted() -> None:
    finding = judged(never=("I promise", "I guarantee"))
    assert (finding.kept, [e.text for e in finding.evidence]) == (False, ["I promise"])
    assert judged(never=("I promise",), speaker="agent").kept is True


def test_after_something_else() -> None:
    recorded = ("this call is recorded",)
    assert judged(says=recorded, after=("card number",), within=10.0).kept is True
    late = judged(says=recorded, after=("card number",), within=2.0)
    assert (late.kept, [e.text for e in late.evidence]) == (False, ["card number?"])
    assert judged(says=recorded, after=("cancel my contract",), within=10.0).kept is None
    assert judged(never=recorded, after=("card number",), within=10.0).kept is False


def test_a_speaker_who_is_not_there_is_no_breach() -> None:
    assert judged(says=("hello",), speaker="supervisor").kept is None


def test_nearly_the_same_is_the_same_up_to_the_similarity() -> None:
    for text, similar in (("thank you for colin", True), ("thank you for everything", False)):
        spoken = call(9.0, say("a", 0.0, 4.0, text))
        assert bool(find(spoken, ["thank you for calling"], 0.8, None)) == similar


def test_of_overlapping_places_the_best_is_kept() -> None:
    spoken = call(9.0, say("a", 0.0, 4.0, "well thank you for calling us"), say("a", 5.0, 8.0, "thank you for calling"))
    assert [e.text for e in find(spoken, ["thank you for calling"], 0.6, None)] == ["thank you for calling"] * 2


def test_rules_are_read_as_they_are_written(tmp_path: Path) -> None:
    text = "rules:\n- name: greeting\n  speaker: agent\n  says: [hello, good morning]\n  within: 20\n"
    assert read(text) == (Rule("greeting", ("hello", "good morning"), speaker="agent", within=20),)
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    assert read_file(path) == text
    assert read_file(None) == ""
    assert read("") == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- a", "mapping"),
        ("rule: []", "rule: "),
        ("rules: [{says: [a]}]", r"rules\[0\].name: "),
        ("rules: [{name: a}]", "either 'says' or 'never'"),
        ("rules: [{name: a, says: [x], never: [y]}]", "either 'says' or 'never'"),
        ("rules: [{name: a, says: [x]}, {name: a, says: [x]}]", "two rules"),
        ("rules: [{name: a, says: x}]", r"rules\[0\].says: "),
        ("rules: [{name: a, says: ['?']}]", r"rules\[0\].says: "),
        ("rules: [{name: a, says: [x], within: -1}]", r"rules\[0\].within: "),
        ("rules: [{name: a, says: [x], within: yes}]", r"rules\[0\].within: "),
        ("rules: [{name: a, says: [x], similarity: 2}]", r"rules\[0\].similarity: "),
        ("rules: [{name: a, says: [x], after: [y]}]", "needs 'within'"),
        ("rules: [{name: a, say: [x]}]", r"rules\[0\].say: .*did you mean says"),
        ("rules: [{name: !!python/name:os.system a, says: [x]}]", "tags are refused"),
    ],
)
def test_what_is_no_rule_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        read(text)
