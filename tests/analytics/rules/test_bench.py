"""The benchmark of phrases counts as it says; the documented figures are the stored ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from examples.benchmarks import data, rules_baseline, rules_bench
from examples.benchmarks.minutes_data import read_meetings
from examples.training import word_frequencies
from pipeline.analytics.rules.matching import find
from pipeline.analytics.rules.words import TABLE
from tests.analytics.calls import call, spoken
from tests.pages import DOCS, block

REFERENCE = call(60.0, spoken("a", 0.0, 6.0, "the solicitor sends a letter about your mortgage today"))
RECOGNIZED = call(60.0, spoken("x", 0.0, 6.0, "the solicitor sends a letter about your more gage today"))


def test_the_figures_are_those_of_the_benchmark() -> None:
    figures = json.loads((data.RESULTS / "rules.json").read_text(encoding="utf-8"))
    assert block(DOCS / "rules.md", "rules") == rules_bench.as_table(figures)
    assert figures["part"] == "report"
    assert figures["false"]["call"]["new"]["false"] < figures["false"]["call"]["old"]["false"] / 5


def test_drawn_phrases_are_in_the_reference_and_known_to_be_recognized_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_bench, "SHARE", 1.0)
    planted = list(rules_bench.drawn(REFERENCE, RECOGNIZED))
    assert {each.phrase: each.is_exact for each in planted if len(each.phrase.split()) == 2} == {
        "the solicitor": True,
        "solicitor sends": True,
        "sends a": True,
        "a letter": True,
        "letter about": True,
        "your mortgage": False,
        "mortgage today": False,
    }
    late = replace(planted[0], start=30.0, end=40.0)
    figures: dict[str, dict[str, int]] = {}
    rules_bench._count(figures, [*planted, late], RECOGNIZED)
    assert figures["exact"]["new"] == figures["exact"]["phrases"] - 1
    assert figures["error"]["new"] == figures["error"]["phrases"]


@pytest.mark.parametrize(
    ("phrase", "text", "kind"),
    [
        ("thank you", "Thank you.", "literal"),
        ("thank you for calling", "thanks for calling", "variant"),
        ("thank you", "that you", "false"),
        ("calls are recorded", "call was recorded", "variant"),
    ],
)
def test_hits_have_a_kind(phrase: str, text: str, kind: str) -> None:
    assert rules_bench._kind(phrase, text) == kind


def test_the_baseline_takes_one_common_word_for_another() -> None:
    transcript = call(9.0, spoken("a", 0.0, 3.0, "that you can do"))
    assert [hit.text for hit in rules_baseline.find(transcript, ["thank you"])] == ["that you"]
    assert find(transcript, ["thank you"]) == ()


def test_frequencies_are_per_million_words_and_leave_rare_words_out() -> None:
    words = spoken("a", 0.0, 8.0, "the card and the bill and the fee").words
    assert word_frequencies.frequencies(words, 2) == [("the", 375_000), ("and", 250_000)]


def test_the_shipped_table_is_that_of_the_development_data() -> None:
    shared = data.shared_data()
    if shared is None:
        pytest.skip("needs shared/data")
    meetings = read_meetings(shared / "qmsum")
    words = [word for part in ("train", "tune") for meeting in meetings[part] for word in meeting.transcript.words]
    table = "".join(f"{word} {count}\n" for word, count in word_frequencies.frequencies(words))
    assert table == TABLE.read_text(encoding="utf-8")
