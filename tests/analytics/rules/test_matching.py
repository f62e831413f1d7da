"""Phrases in transcripts: exact ones always, misrecognized ones mostly, other words never."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analytics.rules.matching import DEFAULT_SIMILARITY, MAX_PAUSE, best_match, find, read_phrase, streams
from pipeline.analytics.rules.words import LOWEST, phrase_tokens, weight
from pipeline.core.types import Transcript, Utterance, Word
from tests.analytics.calls import call, spoken

COMMON = ("the", "you", "that", "and", "okay", "it", "is")
RARE = ("mortgage", "refund", "guarantee", "zebra", "calling", "solicitor", "umbrella")
texts = st.lists(st.sampled_from(COMMON + RARE), min_size=1, max_size=12)
phrases = st.lists(st.sampled_from(COMMON + RARE), min_size=1, max_size=5).map(" ".join)


def said(text: str, language: str | None = "en") -> Transcript:
    """A call in which one speaker says a text, three words a second."""
    return call(len(text.split()) / 3 + 1, spoken("a", 0.0, len(text.split()) / 3, text), language=language)


def matches(text: str, phrase: str, similarity: float = DEFAULT_SIMILARITY) -> list[str]:
    return [evidence.text for evidence in find(said(text), [phrase], similarity)]


@settings(max_examples=50)
@given(texts, phrases, texts)
def test_a_phrase_word_by_word_is_always_found(before: list[str], phrase: str, after: list[str]) -> None:
    text = " ".join((*before, phrase, *after))
    first = len(before)
    found = find(said(text), [phrase], 1.0)
    assert any(e.start <= (first + len(phrase.split())) / 3 and e.end >= first / 3 for e in found)
    assert {e.similarity for e in found} == {1.0}


@settings(max_examples=50)
@given(texts, phrases)
def test_a_phrase_is_never_found_without_its_content_words(text: list[str], phrase: str) -> None:
    content = {word for word in phrase.split() if word in RARE}
    rest = [word for word in text if word not in content] or ["the"]
    if content:
        assert matches(" ".join(rest), phrase) == []


@settings(max_examples=50)
@given(texts, st.lists(phrases, min_size=1, max_size=3), st.floats(0.1, 1))
def test_matches_are_in_order_disjoint_and_similar_enough(text: list[str], wanted: list[str], least: float) -> None:
    found = find(said(" ".join(text)), wanted, least)
    assert all(one.end <= two.start for one, two in pairwise(found))
    assert all(e.similarity is not None and least <= e.similarity <= 1 and e.phrase in wanted for e in found)


@settings(max_examples=50)
@given(texts, phrases, st.floats(0.1, 1))
def test_the_best_match_is_one_where_there_are_matches(text: list[str], phrase: str, least: float) -> None:
    best = best_match(streams(said(" ".join(text))), phrase, least)
    assert bool(matches(" ".join(text), phrase, least)) == (best is not None and not best.reason)


@settings(max_examples=50)
@given(st.text(max_size=12), st.text(max_size=30))
def test_any_texts_are_compared(phrase: str, text: str) -> None:
    if phrase_tokens(phrase, None) and text.split():
        find(said(text, None), [phrase])


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("thank you", "that you can do"),
        ("thank you", "I think you can"),
        ("thank you", "thank the board"),
        ("thank you", "thanks a lot"),
        ("thank you for calling", "thank you for everything"),
        ("thank you for calling", "that you were calling"),
        ("I promise", "the promise"),
        ("how can I help you", "how can I have you"),
        ("I promise", "I don't promise"),
        ("I promise", "I can never promise"),
        ("do not worry", "I do worry"),
        ("no obligation", "an obligation"),
        ("solicitor", "a slider"),
        ("how are you", "how you are"),
        ("how are you", "how old are you"),
        ("your card number", "your phone number"),
        ("have a nice day", "have a good day"),
        ("have a nice day", "a nice warm day"),
        ("security code", "security could be"),
        ("cancel my account", "check my account"),
        ("guarantee", "a guard"),
    ],
)
def test_other_words_are_no_match(phrase: str, text: str) -> None:
    assert matches(text, phrase) == []


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("thank you for calling", "well thank you for colin us", "thank you for colin"),
        ("thank you for calling", "so thanks for calling acme", "thanks for calling"),
        ("thank you for calling", "thank you for call in acme", "thank you for call"),
        ("how can I help you", "hi how can we help you", "how can we help you"),
        ("this call is recorded", "this call is being recorded", "this call is being recorded"),
        ("I guarantee", "I guaranty it", "I guaranty"),
        ("cancel my account", "council my account", "council my account"),
        ("supervisor", "a super visor please", "super visor"),
        ("mortgage", "the more gage rates", "more gage"),
        ("Klarna", "with clara na", "clara na"),
        ("levothyroxine", "some levo thyroxin", "levo thyroxin"),
        ("I'm sorry", "well I am sorry", "I am sorry"),
        ("do not worry", "don't worry please", "don't worry"),
        ("we can't promise", "we cannot promise that", "we cannot promise"),
        ("this call is recorded", "the call may be recorded", "call may be recorded"),
        ("cancel my account", "cancel my savings account", "cancel my savings account"),
        ("have a nice day", "it is a nice day now", "a nice day"),
        ("follow-up", "a follow up call", "follow up"),
        ("follow up", "a follow-up call", "follow-up"),
        ("Good Morning", "¡GOOD, morning!", "¡GOOD, morning!"),
    ],
)
def test_misrecognized_and_other_forms_are_matches(phrase: str, text: str, found: str) -> None:
    assert matches(text, phrase) == [found]


def test_a_doubtful_word_is_sooner_a_misrecognized_one() -> None:
    def similarity(probability: float) -> float:
        words = (Word(0.0, 1.0, "my", 0.9), Word(1.0, 2.0, "count", probability), Word(2.0, 3.0, "number", 0.9))
        best = best_match(streams(Transcript(3.0, (Utterance("a", words),))), "my account number", 0.8)
        assert best is not None
        assert best.evidence.similarity is not None
        return best.evidence.similarity

    assert similarity(0.2) > similarity(0.99)


def test_evidence_has_the_mean_probability_of_its_words() -> None:
    words = (Word(0.0, 1.0, "thank", 0.5), Word(1.0, 2.0, "you", 0.9), Word(2.0, 3.0, "all", 0.1))
    (evidence,) = find(Transcript(3.0, (Utterance("a", words),)), ["thank you"])
    assert (evidence.start, evidence.end, evidence.speaker, evidence.text) == (0.0, 2.0, "a", "thank you")
    assert evidence.confidence == pytest.approx(0.7)
    (unknown,) = find(said("thank you"), ["thank you"])
    assert unknown.confidence is None


def test_words_of_two_speakers_or_with_a_long_pause_are_no_match() -> None:
    two = call(9.0, spoken("a", 0.0, 1.0, "thank"), spoken("b", 1.0, 2.0, "you"))
    assert find(two, ["thank you"]) == ()
    for pause, count in ((MAX_PAUSE - 0.1, 1), (MAX_PAUSE + 0.1, 0)):
        late = call(9.0, spoken("a", 0.0, 1.0, "security"), spoken("a", 1.0 + pause, 2.0 + pause, "code"))
        assert len(find(late, ["security code"])) == count


def test_of_overlapping_matches_the_best_is_taken() -> None:
    transcript = call(
        9.0, spoken("a", 0.0, 4.0, "well thank you for calling us"), spoken("a", 5.0, 8.0, "thank you for calling")
    )
    assert [e.text for e in find(transcript, ["thank you for calling"], 0.6)] == ["thank you for calling"] * 2
    assert [e.phrase for e in find(transcript, ["for colin", "thank you for calling"])] == ["thank you for calling"] * 2


def test_other_languages_have_no_table() -> None:
    german = said("vielen dank für ihren anruf bei uns", "de")
    assert [e.text for e in find(german, ["vielen Dank für Ihren Anruf"])] == ["vielen dank für ihren anruf"]
    assert find(german, ["vielen Gruß", "ihre Rechnung"]) == ()
    chinese = call(9.0, spoken("a", 0.0, 3.0, "您好 感谢您的 来电"), language="zh")
    assert [e.text for e in find(chinese, ["感谢您的来电"])] == ["感谢您的 来电"]


def test_weights_rise_with_rarity() -> None:
    assert LOWEST == weight("the") < weight("thank") < weight("account") < weight("ombudsman") == 1
    assert read_phrase("the zebra", "en").content == {1}
    assert read_phrase("how are you", "en").is_exact
