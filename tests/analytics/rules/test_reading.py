"""Rules files are read strictly; every problem names its line and column."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analytics.rules import document, time_range
from pipeline.analytics.rules.measure_names import MEASURES
from pipeline.analytics.rules.reading import CONDITION_KEYS, read, read_file
from pipeline.analytics.rules.types import Combined, Measured, Phrases, Reference, Rule, Speaker, Trigger
from pipeline.core.errors import SettingsError

GREETING = "rules:\n- name: greeting\n  speaker: agent\n  says: [hello, good morning]\n  within: 20\n"

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from(["a", "greeting", "agent", "last 10 %", ""]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(CONDITION_KEYS), below, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.sampled_from(("name", "severity", *CONDITION_KEYS)), plain, max_size=5), max_size=3))
def test_any_rules_are_read_or_refused_in_one_line(rules: list[dict[str, object]]) -> None:
    problems: list[str] = []
    try:
        read(yaml.safe_dump({"rules": rules}))
    except SettingsError as error:
        problems.append(error.line)
    assert all("line" in line and "\n" not in line for line in problems)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(SettingsError):
        read(text)


@settings(max_examples=50)
@given(plain)
def test_items_have_the_values_of_the_text(value: object) -> None:
    text = yaml.safe_dump({"x": value})
    assert document.load(text, "x").plain() == yaml.safe_load(text)


def test_rules_are_read(tmp_path: Path) -> None:
    hello = Phrases("any", ("hello", "good morning"), Speaker("agent"), 0.7, within=20)
    assert read(GREETING).rules == (Rule("greeting", hello),)
    path = tmp_path / "rules.yaml"
    path.write_text(GREETING)
    assert read_file(path) == GREETING
    assert read_file(None) == ""
    assert read("").rules == ()


def test_the_whole_grammar_is_read() -> None:
    text = """
rules:
  - name: close
    severity: critical
    all:
      - says: {all: [thank you, goodbye]}
        role: agent
        range: last 15 s
        similarity: 0.9
      - not: talk
      - any:
          - {measure: sentiment, speaker: customer, range: {from: 30}, gte: 0, lte: 1}
          - {measure: ended_by, is: customer}
      - never: [x-ray]
        before: {says: [card number], speaker: customer}
        within: 5
  - name: talk
    measure: talk_ratio
    speaker: agent
    gte: 0.7
"""
    close, talk = read(text).rules
    assert (close.severity, talk.severity) == ("critical", "warning")
    assert isinstance(close.condition, Combined)
    said, other, either, never = close.condition.conditions
    agent, customer = Speaker("agent", is_role=True), Speaker("customer")
    assert said == Phrases("all", ("thank you", "goodbye"), agent, 0.9, time_range.parse("last 15 s"))
    assert other == Combined("not", (Reference("talk"),))
    sentiment = Measured("sentiment", customer, time_range.between(30, None), 0, 1)
    assert either == Combined("any", (sentiment, Measured("ended_by", is_=customer)))
    assert never == Phrases("never", ("x-ray",), None, 0.7, None, 5, Trigger(("card number",), True, customer))
    assert talk.condition == Measured("talk_ratio", Speaker("agent"), None, 0.7)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- a", "line 1, column 1: must be a mapping"),
        ("rule: []", "line 1, column 1: rule: is not known"),
        ("rules: [{says: [a]}]", r"column 9: rules\[0\]: a rule needs a name"),
        ("rules: [{name: a}]", "'says'.*'never'"),
        ("rules: [{name: a, says: [x], never: [y]}]", "not 'says' and 'never'"),
        ("rules:\n- {name: a, says: [x]}\n- {name: a, says: [x]}", "line 3, column 10: .*'a'; see line 2"),
        ("rules: [{name: a, says: x}]", r"column 25: rules\[0\]\.says: must be a list, not 'x'; write \[x\]"),
        ("rules: [{name: a, says: ['?']}]", r"rules\[0\]\.says\[0\]: a phrase needs a letter"),
        ("rules: [{name: a, says: [1]}]", r"rules\[0\]\.says\[0\]: must be a text, not 1; put it into quotes"),
        ("rules: [{name: a, says: []}]", r"rules\[0\]\.says: needs phrases"),
        ("rules: [{name: a, says: [x], within: -1}]", r"rules\[0\]\.within: must be above 0"),
        ("rules: [{name: a, says: [x], within: yes}]", r"rules\[0\]\.within: must be a finite number"),
        ("rules: [{name: a, says: [x], within: 20 s}]", "must be a finite number, not '20 s'; write it without a unit"),
        ("rules: [{name: a, says: [x], similarity: 2}]", r"rules\[0\]\.similarity: must be at most 1"),
        ("rules: [{name: a, says: [x], similarity: .nan}]", r"rules\[0\]\.similarity: must be a finite"),
        ("rules: [{name: a, say: [x]}]", r"column 19: rules\[0\]\.say: .*did you mean says"),
        ("rules: [{name: a, name: b, says: [x]}]", r"column 19: rules\[0\]: has the key 'name' twice"),
        ("rules: [{name: !!python/name:os.system a, says: [x]}]", "line 1, column 16: .*tags are refused"),
        ("rules:\n- name: a\n  says: [x\n", "line 4, column 1: not plain YAML"),
        ("rules: &a [*a]", "more than 40 levels"),
        ("rules: [{name: a, says: [x], severity: high}]", "severity: must be info, warning, critical"),
        ("rules: [{name: a, says: [x], after: [y], before: [z]}]", "either 'after' or 'before'"),
        ("rules: [{name: a, says: [x], speaker: b, role: c}]", "either 'speaker' or 'role'"),
        ("rules: [{name: a, says: [x], gte: 1}]", "gte: does not go with 'says'"),
        ("rules: [{name: a, says: [x], within: 3, range: last 3 s}]", "either 'range' or 'within'"),
        ("rules: [{name: a, says: [x], range: sometimes}]", "'sometimes' is not a range, such as 'first 20 s'"),
        ("rules: [{name: a, says: [x], range: 30 s to 20 s}]", "is an empty range"),
        ("rules: [{name: a, says: [x], range: {from: 9, to: 9}}]", "is an empty range"),
        ("rules: [{name: a, measure: talk}]", "needs 'gte'"),
        ("rules: [{name: a, measure: talc, gte: 1}]", "'talc' is not a measure; known are duration"),
        ("rules: [{name: a, measure: talk_ratio, gte: 1}]", "add 'speaker' or 'role'"),
        ("rules: [{name: a, measure: hold, speaker: b, gte: 1}]", "of the call, not of a speaker"),
        ("rules: [{name: a, measure: hold, range: last half, gte: 1}]", "range: 'hold' is measured for the whole call"),
        ("rules: [{name: a, measure: talk, gte: 2, lte: 1}]", "exclude every value"),
        ("rules: [{name: a, measure: talk_ratio, role: b, lte: 70}]", "lte: 70 is no value of 'talk_ratio', .*0 to 1"),
        ("rules: [{name: a, measure: hold, gte: -1}]", "gte: -1 is no value of 'hold', which is not negative"),
        ("roles:\n- role: a\n- role: b", "line 2, column 1: a and b cannot both be the other speaker"),
        ("rules: [{name: a, measure: ended_by, gte: 2}]", "needs 'is'"),
        ("rules: [{name: a, any: []}]", "needs conditions"),
        ("rules: [{name: greet, says: [x]}, {name: b, any: [great]}]", r"any\[0\]: 'great' is not a rule.*mean greet"),
        ("rules: [{name: a, not: b}, {name: b, all: [a]}]", "in a circle: a → b → a"),
        ("rules: [{name: a, not: a}]", "in a circle: a → a"),
    ],
)
def test_invalid_rules_are_refused_with_their_place(text: str, place: str) -> None:
    with pytest.raises(SettingsError, match=place):
        read(text)


@pytest.mark.parametrize(
    ("one", "other", "contradict"),
    [
        ("says: [x, y], speaker: a", "never: ['X!', y], speaker: a", True),
        ("says: {all: [x, y]}", "never: [x]", True),
        ("says: [x, y]", "never: [x]", False),
        ("says: [x], speaker: a", "never: [x], speaker: b", False),
        ("says: [x], within: 9", "never: [x]", True),
        ("says: [x], within: 9", "never: [x], within: 10", True),
        ("says: [x], within: 9", "never: [x], within: 8", False),
        ("says: [x]", "never: [x], within: 9", False),
        ("says: [x], speaker: a", "never: [x]", True),
        ("says: [x]", "never: [x], speaker: a", False),
        ("says: [x], range: last half", "never: [x]", True),
        ("says: [x]", "never: [x], range: last half", False),
        ("says: [x], after: [y]", "never: [x]", False),
        ("all: [{says: [x], range: last 9 s}]", "never: [x], range: last 9 s", True),
        ("any: [{says: [x]}, {says: [y]}]", "never: [x]", False),
    ],
)
def test_a_phrase_that_is_required_and_forbidden_is_a_contradiction(one: str, other: str, contradict: bool) -> None:
    text = f"rules:\n- {{name: r, {one}}}\n- {{name: s, {other}}}"
    if not contradict:
        assert len(read(text).rules) == 2
        return
    with pytest.raises(SettingsError, match=r"line 3, column 3: .*'s' forbids 'x', which 'r' asks for.*see line 2"):
        read(text)


def test_limits_that_exclude_each_other_are_a_contradiction() -> None:
    text = "rules:\n- {name: a, measure: hold, gte: 9}\n- {name: b, measure: hold, lte: %d}"
    assert len(read(text % 9).rules) == 2
    with pytest.raises(
        SettingsError, match=r"line 3, column 3: .*'b' asks for hold of at most 8.*at least 9; see line 2"
    ):
        read(text % 8)


def test_every_measure_can_be_limited() -> None:
    for name, measure in MEASURES.items():
        limit = "is: agent" if measure.is_label else "gte: 0"
        speaker = "" if measure.speaker == "refused" else ", speaker: agent"
        (rule,) = read(f"rules: [{{name: a, measure: {name}, {limit}{speaker}}}]").rules
        assert isinstance(rule.condition, Measured)
