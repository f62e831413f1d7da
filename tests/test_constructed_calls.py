"""The constructed calls of the benchmark: how numbers are said, what is planted where, and the figures in small."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import synthetic_calls
from examples.benchmarks import calls_bench, calls_data, calls_numbers, calls_texts
from examples.benchmarks.calls_survivors import files_with, leftovers, needles
from examples.synthetic_calls import CallMaker, plain, truth
from examples.synthetic_voices import SyntheticVoice
from pipeline import formats
from pipeline.core.audio import Samples
from pipeline.core.timeline import spread
from pipeline.core.types import Transcript
from pipeline.redaction.types import KINDS
from tests.pages import DOCS, block

VALUES = {
    **{word: str(value) for value, word in enumerate(calls_numbers.DIGITS)},
    **{word: str(10 + value) for value, word in enumerate(calls_numbers.TEENS)},
    "oh": "0",
}
REPEATS = {word: count for count, word in calls_numbers.REPEATS.items()}
TENS = {word: str(value) for value, word in enumerate(calls_numbers.TENS) if word}


def digits_of(words: str) -> str:
    """The digits that words of numbers stand for."""
    digits, times, ten = "", 1, ""
    for word in words.replace(",", " ").split():
        if ten:
            is_unit = word in calls_numbers.DIGITS[1:]
            digits += ten + (VALUES[word] if is_unit else "0")
            ten = ""
            if is_unit:
                continue
        if word in REPEATS:
            times = REPEATS[word]
        elif word in TENS:
            ten = TENS[word]
        else:
            digits, times = digits + VALUES[word] * times, 1
    return digits + (f"{ten}0" if ten else "")


@given(st.text("0123456789", min_size=1, max_size=19), st.sampled_from([*calls_numbers.SAYINGS]))
def test_every_way_of_saying_digits_keeps_them(digits: str, way: str) -> None:
    saying = calls_numbers.SAYINGS[way]
    for zero in ("oh", "zero"):
        text = saying(digits, zero)
        # "forty" followed by a single digit is read as one number by people, too: pairs are compared pair by pair
        pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)] if way == "pairs" else [digits]
        assert "".join(digits_of(saying(pair, zero)) for pair in pairs) == digits
        assert text == " ".join(saying(pair, zero) for pair in pairs)


@given(st.integers(0, 2**32))
def test_card_numbers_have_a_right_checksum_and_the_prefix_of_a_test_card(seed: int) -> None:
    card = calls_numbers.card_number(np.random.default_rng(seed))
    assert calls_numbers.luhn(card)
    assert card.startswith(calls_numbers.CARDS)
    assert len(card) == (15 if card[0] == "3" else 16)
    assert "".join(calls_numbers.groups_of(card)) == card
    changed = str((int(card[-1]) + 1) % 10)
    assert not calls_numbers.luhn(card[:-1] + changed)


def test_planted_numbers_are_those_of_the_values() -> None:
    for number in range(1, calls_texts.COUNT + 1):
        check_numbers(number)


def check_numbers(number: int) -> None:
    script = calls_texts.call(number)
    assert script == calls_texts.call(number)
    marks = [(mark[1], mark[2]) for line in script.lines for mark in synthetic_calls.MARK.finditer(line.text)]
    assert all(kind in KINDS for kind, _ in marks)
    cards = [text for kind, text in marks if kind == "card"]
    assert bool(cards) == ("card" in script.values)
    if cards and script.notes["card_saying"] != "pairs":
        said = digits_of(" ".join(cards))
        assert said.startswith(script.values["card"])
        assert len(said) > len(script.values["card"]) or script.notes["card_turns"] != "repeated"
    assert set(script.rules) == {"greeting", "recording", "no promises", "customer thanks", "goodbye"}


def test_rules_of_the_texts_follow_from_their_words() -> None:
    phrases = {
        "greeting": ("agent", ("thank you for calling", "how can i help you")),
        "recording": ("agent", ("this call is recorded",)),
        "no promises": ("agent", ("i promise", "i guarantee")),
        "customer thanks": ("customer", ("thank you",)),
        "goodbye": ("agent", ("have a nice day",)),
    }
    for number in range(1, calls_texts.COUNT + 1):
        script = calls_texts.call(number)
        for rule, (speaker, wanted) in phrases.items():
            said = " ".join(plain(line.text).lower() for line in script.lines if line.speaker == speaker)
            found = any(phrase in said for phrase in wanted)
            assert (script.rules[rule] == "passed") == (found != (rule == "no promises")), (number, rule)


def test_outcomes_of_rules() -> None:
    assert calls_bench.outcome(None, True, False) == "unknown"
    assert calls_bench.outcome(True, True, False) == "right"
    assert calls_bench.outcome(True, False, False) == "hit"
    assert calls_bench.outcome(False, True, False) == "miss"
    assert calls_bench.outcome(False, True, True) == "hit"
    assert calls_bench.outcome(True, False, True) == "miss"


def test_survivors_are_the_words_of_an_item_inside_its_time(tmp_path: Path) -> None:
    item = {"kind": "card", "start": 1.0, "end": 3.0, "text": "four two four two"}
    words = [*spread(["number", "4242,", "double", "six"], 0.0, 3.0), *spread(["320"], 4.0, 5.0)]
    assert leftovers(item, words) == ["4242,", "double", "six"]
    assert needles(item, words) == ["4242"]
    name = {"kind": "name", "start": 1.0, "end": 2.0, "text": "Anna Miller"}
    assert leftovers(name, spread(["[name]", "Millar", "two"], 0.9, 2.1)) == ["Millar"]
    assert leftovers(name, spread(["[name]"], 0.9, 2.1)) == []
    (tmp_path / "clean.txt").write_text("14242 and 4242.5 s")
    (tmp_path / "left.txt").write_text("it is 4242, yes")
    assert files_with(tmp_path, ["4242"]) == {"left.txt": ["4242"]}


CALLS = 12
"""Calls of the small benchmark: every kind of item is among them."""


class Tones:
    """Stands for the synthesizer: each word is noise of a fifth of a second."""

    def sentences(self, text: str) -> list[str]:
        return [text]

    def line(self, text: str, voice: SyntheticVoice, seed: int) -> list[Samples]:
        rng = np.random.default_rng(seed)
        return [rng.standard_normal(3200 * len(text.split())).astype(np.float32)]


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[calls_bench.Call]]:
    """Calls as if every word and speaker was recognized."""
    folder = tmp_path_factory.mktemp("calls")
    (folder / "recognized").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic_calls, "Synthesizer", Tones)
        patch.setattr(calls_data, "FOLDER", folder)
        maker = CallMaker()
        for number in range(1, CALLS + 1):
            made = maker.make(calls_texts.call(number), number)
            name = calls_data.name_of(number)
            synthetic_calls.write(made, folder, name)
            content = formats.dumps(diarized(made.reference), "json", name)
            (folder / "recognized" / f"{name}.json").write_bytes(content)
        yield [*calls_bench.read_calls(range(1, 101))]


def diarized(reference: Transcript) -> Transcript:
    labels = {"agent": "SPEAKER_01", "customer": "SPEAKER_00"}
    utterances = tuple(replace(each, speaker=labels[each.speaker]) for each in reference.utterances)
    turns = tuple(sorted(replace(each, speaker=labels[each.speaker]) for each in reference.turns))
    return replace(reference, utterances=utterances, turns=turns)


@pytest.mark.slow
def test_the_benchmark_in_small(calls: list[calls_bench.Call], tmp_path: Path) -> None:
    figures = calls_bench.measure(calls, tmp_path / "redacted", sound=False)
    assert figures["calls"] == CALLS
    assert sum(row["wrong"] for row in figures["roles"]) == 0
    assert sum(row["right"] for row in figures["roles"]) >= CALLS
    for row in figures["rules"]:
        assert row["miss"] == 0, row
        # "a nice warm day" has the content words of "have a nice day"
        assert row["hit"] == 0 or row["rule"] == "goodbye", row
    left = {row["kind"]: (row["left_in_words"], row["left_in_files"]) for row in figures["redaction"]["rows"]}
    assert (left["card"], left["cvv"]) == ((0, 0), (0, 0)), figures["redaction"]["examples"]
    text = " ".join(calls_bench.as_tables({"report": figures}).values())
    assert all(name in text for name in ("greeting", "card", "unknown", "left: 0 in words, 0 in files."))


def test_the_truth_of_a_call_points_to_its_words(calls: list[calls_bench.Call]) -> None:
    for call in calls:
        for item in call.truth["planted"]:
            words = call.reference.utterances[item["utterance"]].words[item["first"] : item["last"]]
            assert " ".join(word.text for word in words).rstrip(".,?") == item["text"]
        assert call.truth["values"] == dict(calls_texts.call(int(call.name[-3:])).values)


def test_the_same_call_comes_out_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_calls, "Synthesizer", Tones)
    one, two = (CallMaker().make(calls_texts.call(3), 3) for _ in range(2))
    assert one.samples.tobytes() == two.samples.tobytes()
    assert one.samples.shape[1] == 2
    assert truth(one) == truth(two)


def test_figures_of_calls_are_those_measured() -> None:
    figures = json.loads((DOCS.parent / "examples" / "benchmarks" / "calls.json").read_text(encoding="utf-8"))
    for name, table in calls_bench.as_tables(figures["parts"]).items():
        assert block(DOCS / "call-centre.md", f"calls-{name}").strip() == table.strip()
