from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import SettingsError
from pipeline.core.types import Transcript, Utterance, Word
from pipeline.evaluation.metrics.normalization import NAMES, normalizer
from tests.evaluation.factory import meetings, utterance


@pytest.mark.parametrize(
    ("text", "basic"),
    [
        ("Okay, well… I DON'T know!", "okay well i don't know"),
        ("twenty-five N_E_Z_", "twenty five n e z"),
        ("‘Tis the speakers’ café", "tis the speakers café"),
        ("don’t", "don't"),
        ("किताब 早上好", "किताब 早上好"),
        ("--", ""),
    ],
)
def test_basic_ignores_case_and_punctuation(text: str, basic: str) -> None:
    assert normalizer("basic").apply(text) == basic


@given(st.text())
def test_basic_twice_is_basic_once(text: str) -> None:
    once = normalizer("basic").apply(text)
    assert normalizer("basic").apply(once) == once


@pytest.mark.parametrize("name", NAMES)
@given(meeting=meetings())
def test_tokens_stay_within_their_utterance_and_in_order(name: str, meeting: Transcript) -> None:
    if name == "english":
        pytest.importorskip("whisper_normalizer", reason="the extra score is not installed")
    for line in meeting.utterances:
        tokens = list(normalizer(name).tokens(line))
        assert all(line.start <= t.start <= t.end <= line.end + 1e-9 for t in tokens)
        assert [t.start for t in tokens] == sorted(t.start for t in tokens)
        if name == "none":
            assert [(t.start, t.end, t.text) for t in tokens] == [(w.start, w.end, w.text) for w in line.words]


def test_a_word_that_becomes_two_divides_its_time() -> None:
    word = Utterance("a", (Word(1, 2, "Well,"), Word(2, 3, "twenty"), Word(3, 4, "-five", no_space=True)))
    tokens = [(t.start, t.end, t.text) for t in normalizer("basic").tokens(word)]
    assert tokens[0] == (1, 2, "well")
    assert [(start, text) for start, _, text in tokens[1:]] == [(2, "twenty"), (pytest.approx(3.09, abs=0.2), "five")]


def test_a_word_without_letters_is_left_out() -> None:
    assert [t.text for t in normalizer("basic").tokens(utterance("a", 0, 3, "so -- yes"))] == ["so", "yes"]


def test_english_unifies_numbers_and_keeps_times() -> None:
    pytest.importorskip("whisper_normalizer", reason="the extra score is not installed")
    tokens = list(normalizer("english").tokens(utterance("a", 0, 5, "We've got twenty five colours")))
    assert [t.text for t in tokens] == ["we", "have", "got", "25", "colors"]
    assert tokens[-1].end == pytest.approx(5)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="none, basic, english"):
        normalizer("best")
