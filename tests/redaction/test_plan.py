"""Laws of redaction plans: what is planted is covered, spans lie in the recording, lines of text play no part."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import SettingsError
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.redaction.plan import make_plan
from pipeline.redaction.runs import holds_card, luhn
from pipeline.redaction.types import KINDS, parsed_kinds
from tests.redaction.calls import call, covered, cut_anew, spans
from tests.strategies import transcripts

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
FILLERS = ("uh", "and", "then", "okay", "yes,", "um,", "dash", "so")
"""What a speaker says between groups."""
BACKCHANNELS = ("Yes.", "Mm-hmm.", "Okay.", "Got that.", "Go ahead.")
"""What the other speaker says between groups."""


@st.composite
def spoken(draw: st.DrawFn, digits: str) -> str:
    """A group of digits in one way of saying them."""
    way = draw(st.sampled_from(("numeral", "words", "oh", "singles", "pairs", "doubles", "hyphens", "commas")))
    if way == "words":
        return " ".join(NAMES[int(c)] for c in digits)
    if way == "oh":
        return " ".join(NAMES[int(c)].replace("zero", "oh") for c in digits)
    if way == "singles":
        return " ".join(digits)
    if way == "pairs" and len(digits) % 2 == 0:
        between = draw(st.sampled_from((" ", "-")))
        return " ".join(_pair(digits[n : n + 2], between) for n in range(0, len(digits), 2))
    if way == "doubles" and len(digits) == 2 and digits[0] == digits[1]:
        return f"double {NAMES[int(digits[0])]}"
    if way == "doubles" and len(digits) == 3 and len(set(digits)) == 1:
        return f"triple {NAMES[int(digits[0])]}"
    if way == "hyphens":
        return "-".join(digits[n : n + 2] for n in range(0, len(digits), 2))
    return f"{digits[0]},{digits[1:]}" if way == "commas" and len(digits) == 4 else digits


def _pair(digits: str, between: str) -> str:
    tens, units = int(digits[0]), int(digits[1])
    if tens == 0:
        return f"oh {NAMES[units]}"
    if tens == 1:
        return TEENS[units]
    return TENS[tens - 2] + (between + NAMES[units] if units else "")


@st.composite
def planted(draw: st.DrawFn) -> tuple[Transcript, list[tuple[int, int]]]:
    """A call with 13 to 19 digits in groups, with backchannels, fillers and other speakers between; their places."""
    number = draw(st.text("0123456789", min_size=13, max_size=19))
    cuts = sorted(draw(st.sets(st.integers(1, len(number) - 1), max_size=8)))
    groups = [number[a:b] for a, b in pairwise((0, *cuts, len(number)))]
    lines = [("agent", "Hello there, good morning to you.")]
    places: list[tuple[int, int]] = []
    for group in groups:
        speaker = draw(st.sampled_from(("customer", "customer", "customer", "agent")))
        filler = draw(st.sampled_from(("", "", *FILLERS)))
        words = f"{filler} {draw(spoken(group))}".split()
        first = 1 if filler else 0
        places += [(len(lines), n) for n in range(first, len(words))]
        lines.append((speaker, " ".join(words)))
        if draw(st.booleans()):
            lines.append(("agent", draw(st.sampled_from(BACKCHANNELS))))
    lines.append(("agent", "Lovely, that is all done."))
    return call(*lines), places


@settings(max_examples=60, deadline=None)
@given(planted())
def test_a_run_of_13_to_19_digits_is_covered_however_it_is_spoken(
    case: tuple[Transcript, list[tuple[int, int]]],
) -> None:
    transcript, places = case
    plan = make_plan(transcript, ("card",))
    assert set(places) <= {place for item in plan.redactions for place in item.words}


@settings(max_examples=25, deadline=None)
@given(
    transcripts(hostile=True), st.lists(st.sampled_from(("4111", "one", "at", "Road", "security", "code")), max_size=8)
)
def test_spans_lie_in_the_recording_and_cover_their_words(transcript: Transcript, more: list[str]) -> None:
    words = tuple(Word(transcript.duration + n, transcript.duration + n + 0.5, text) for n, text in enumerate(more))
    lines = (*transcript.utterances, *((Utterance("SPEAKER_00", words),) if words else ()))
    longer = Transcript(transcript.duration + len(words), lines, transcript.turns, language="en")
    plan = make_plan(longer, KINDS, known_names=["<script>", "J. Smith"])
    for item in plan.redactions:
        assert 0 <= item.start < item.end <= longer.duration
        for line, number in item.words:
            word = longer.utterances[line].words[number]
            assert longer.utterances[line].speaker == item.speaker
            assert item.start <= word.start + 1e-6
            assert min(word.end, longer.duration) <= item.end + 1e-6
    for kind in KINDS:
        for speaker in longer.speakers:
            ordered = [item for item in plan.redactions if (item.kind, item.speaker) == (kind, speaker)]
            assert all(one.end < two.start for one, two in pairwise(ordered))


CALL = call(
    ("agent", "Thank you for calling, this is Anna. What's your name?"),
    ("customer", "John Smith, S M I T H. My email is j dot smith at example dot com."),
    ("agent", "And the long number on the card?"),
    ("customer", "Four one one one, double one, eleven, 1111"),
    ("agent", "Yes."),
    ("customer", "one one one one, and it expires oh nine twenty seven."),
    ("agent", "The three digits on the back? And your date of birth?"),
    ("customer", "321. Third of May 1984. I live at 12 Rose Hill Lane, Leeds, LS6 2AB."),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=20))
def test_the_plan_does_not_depend_on_the_lines_of_the_text(cuts: list[int]) -> None:
    other = cut_anew(CALL, cuts)
    one, two = make_plan(CALL, KINDS), make_plan(other, KINDS)
    assert spans(one) == spans(two)
    assert one.doubts == two.doubts
    assert sorted(covered(CALL, one)) == sorted(covered(other, two))


def test_a_whole_call_is_covered_and_the_rest_is_not() -> None:
    plan = make_plan(CALL, KINDS)
    assert plan.doubts == ()
    assert covered(CALL, plan, "name") == ["Anna", "John", "Smith", "S", "M", "I", "T", "H"]
    assert covered(CALL, plan, "email") == ["j", "dot", "smith", "at", "example", "dot", "com"]
    assert "321" in covered(CALL, plan, "cvv")
    assert covered(CALL, plan, "date")[-4:] == ["Third", "of", "May", "1984"]
    assert covered(CALL, plan, "address") == ["12", "Rose", "Hill", "Lane", "Leeds", "LS6", "2AB"]
    assert not {"Thank", "calling", "expires", "long", "Yes"} & set(covered(CALL, plan))


def test_kinds_are_parsed_in_order_and_unknown_ones_refused() -> None:
    assert parsed_kinds(["Name", " card"]) == ("card", "name")
    with pytest.raises(SettingsError, match="unknown kind of redaction: 'pin'; kinds are card"):
        parsed_kinds(["card", "pin"])
    with pytest.raises(SettingsError, match="no kind"):
        parsed_kinds([])


def test_speech_without_words_and_other_languages_are_doubts() -> None:
    silent = Transcript(20.0, (), (Turn(2.0, 9.0, "A"),))
    assert [(d.start, d.end) for d in make_plan(silent, ("card",)).doubts] == [(2.0, 9.0)]
    german = make_plan(call(("A", "vier eins eins eins, 4111 1111 1111"), language="de"), ("card", "name"))
    assert [doubt.kind for doubt in german.doubts] == ["card", "name"]
    assert "number words" in german.doubts[0].reason
    assert len(german.redactions) == 1
    polish = make_plan(call(("A", "cztery 4111 1111 1111 1111"), language="pl"), ("card",))
    assert "number words" not in polish.doubts[0].reason
    assert polish.redactions[0].text == "4111 1111 1111 1111"


def test_words_removed_as_a_loop_are_read() -> None:
    words = tuple(Word(1 + n * 0.4, 1.3 + n * 0.4, "one", suspect="a loop") for n in range(15))
    transcript = Transcript(12.0, (), (), language="en", removed=(Utterance("A", words),))
    (item,) = make_plan(transcript, ("card",)).redactions
    assert item.words == ()
    assert item.start <= 1.0
    assert item.end >= words[-1].end


def test_the_check_digit() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert holds_card("12" + "378282246310005" + "99")
    assert not holds_card("4111111111111112")


@pytest.mark.parametrize(
    ("kind", "line", "expected"),
    [
        ("cvv", "My security code is 947 thanks", "947"),
        ("card", "The card number is 4539 57 okay", "4539 57"),
        ("iban", "My IBAN is GB29 thanks", "GB29"),
        ("cvv", "And then 947 is on the back", "947"),
    ],
)
def test_words_with_the_times_of_their_line_are_covered(kind: str, line: str, expected: str) -> None:
    transcript = call(("C", line))
    (one,) = transcript.utterances
    words = tuple(replace(word, start=one.start, end=one.end) for word in one.words)
    flat = replace(transcript, utterances=(replace(one, words=words),))
    assert " ".join(covered(flat, make_plan(flat, (kind,)))).endswith(expected)


def test_an_answer_that_overlaps_the_question_is_covered() -> None:
    question, answer = call(("A", "And your security code?"), ("C", "Nine four seven.")).utterances
    late = question.words[-1].end - 0.2
    words = tuple(replace(w, start=late + 0.35 * n, end=late + 0.35 * n + 0.3) for n, w in enumerate(answer.words))
    transcript = Transcript(9.0, (question, replace(answer, words=words)), language="en")
    plan = make_plan(transcript, ("cvv",))
    assert covered(transcript, plan) == ["Nine", "four", "seven"]
    assert plan.doubts == ()
