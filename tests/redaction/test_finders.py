"""What each finder covers, and what it leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.core.identity import Identity
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.redaction.ibans import passes
from pipeline.redaction.numbers import numbers
from pipeline.redaction.phones import exists
from pipeline.redaction.plan import make_plan
from pipeline.redaction.tokens import Talk
from tests.redaction.calls import call, covered


def covers(kind: str, *lines: str, speakers: str = "CA", known: tuple[str, ...] = ()) -> str:
    """The words that a plan of one kind covers; lines are of the speakers in turn."""
    transcript = call(*((speakers[n % len(speakers)], line) for n, line in enumerate(lines)))
    return " ".join(covered(transcript, make_plan(transcript, (kind,), known)))


def read(text: str, language: str = "en") -> list[str]:
    return [atom.digits for atom in numbers(Talk.of(call(("A", text), language=language)))["A"] if atom.digits]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("four five double six oh one", ["4", "5", "66", "01"]),
        ("forty-two, triple nine", ["42", "999"]),
        ("twenty twenty", ["20", "20"]),
        ("four thousand one hundred and eleven", ["4111"]),
        ("4111-1111 4,111 41 11", ["41111111", "4111", "41", "11"]),
        ("four ones", ["4", "1111"]),
        ("٤١١١ ４１１１", ["4111", "4111"]),
        ("Oh, I see. That's the second one of the double rooms.", ["1"]),
    ],
)
def test_numbers_are_read_as_they_are_spoken(text: str, digits: list[str]) -> None:
    assert read(text) == digits


def test_numbers_of_other_languages() -> None:
    assert read("vier eins zweiundvierzig", "de") == ["4", "1", "42"]
    assert read("quarante-deux zéro un", "fr") == ["42", "01"]
    assert read("czterdzieści dwa 42", "pl") == ["42"]


def test_each_digit_maps_to_its_words() -> None:
    atoms = numbers(Talk.of(call(("A", "it's forty two double six"))))["A"]
    assert [(atom.digits, atom.first, atom.last) for atom in atoms] == [("42", 1, 2), ("66", 3, 4)]


@pytest.mark.parametrize(
    "lines",
    [
        ("Can I have your security code?", "It's 3 2 1."),
        ("And the three digits on the back?", "Three two one."),
        ("What's the C V V?", "Um, three, two, one."),
        ("The CVC, please.", "Hold on. Where is that? Three to one."),
    ],
)
def test_what_follows_the_mention_of_a_security_code_is_covered(lines: tuple[str, ...]) -> None:
    words = covers("cvv", *lines, speakers="AC").lower().split()
    assert " ".join(words[-3:]) in ("3 2 1", "three two one", "three to one")


@pytest.mark.parametrize(
    "question",
    ["And the back number?", "And the three numbers?", "On the reverse, please?", "And the CBC?",
     "The three-digit code?", "The secret code?"],
)  # fmt: skip
def test_other_names_of_a_security_code_are_cues(question: str) -> None:
    assert covers("cvv", question, "It's nine four seven.", speakers="AC").endswith("nine four seven")
    plan = make_plan(call(("A", "It is on the back of the box."), ("C", "Fine.")), ("cvv",))
    assert (plan.redactions, plan.doubts) == ((), ()), "a weak cue leaves no doubt"


@pytest.mark.parametrize(
    "between",
    ["sorry, my phone is slipping,", "bye darling, my son is leaving,", "the invoice fell on the floor,",
     "the total is 59 pounds you said, okay"],
)  # fmt: skip
def test_a_word_of_another_topic_does_not_end_a_card_number(between: str) -> None:
    words = covers("card", "Your card number please?", f"4539 5787 {between} 6362 1486", speakers="AC").split()
    assert {"4539", "5787", "6362", "1486"} <= set(words)


def test_a_topic_with_its_number_ends_a_card_number() -> None:
    assert covers("card", "The card number ends in 1486. Order 778 899.") == "1486"


def test_words_that_sound_like_digits_are_digits_in_a_row() -> None:
    text = "It's 4 5 for for ate to 8 7 6 3 6 to 1 for 8 6"
    assert covers("card", text) == text.removeprefix("It's ")
    assert covers("card", "Rooms 2 and 3 are for two, and for free to 4 people.") == ""


def test_a_number_with_the_ending_of_an_ordinal_is_a_number() -> None:
    assert covers("card", "4539 5787 6362 1486th thanks") == "4539 5787 6362 1486th"


def test_a_code_before_its_name_is_covered() -> None:
    assert covers("cvv", "321. Is that the security code?", "Yes, it is.") == "321"


def test_the_topic_ends_what_a_cue_covers() -> None:
    words = covers("cvv", "Security code?", "321.", "And your order number?", "It's 55 66 778.", speakers="AC")
    assert words == "321"


def test_a_code_that_is_not_found_is_a_doubt_unless_it_was_refused() -> None:
    asked = make_plan(call(("A", "What is your security code?"), ("C", "I cannot find it.")), ("cvv",))
    assert [doubt.kind for doubt in asked.doubts] == ["cvv"]
    refused = make_plan(call(("A", "Never tell anyone your security code."), ("C", "Fine.")), ("cvv",))
    assert refused.doubts == ()
    assert refused.redactions == ()


def test_speech_without_words_after_a_cue_is_covered() -> None:
    transcript = call(("A", "What is your security code?"), ("C", "Sure."))
    end = transcript.utterances[1].end
    turns = (transcript.turns[0], Turn(transcript.turns[1].start, end + 1.5, "C"))
    plan = make_plan(Transcript(end + 3, transcript.utterances, turns, language="en"), ("cvv",))
    (item,) = plan.redactions
    assert (item.start, item.end, item.words, item.text) == (end, end + 1.5, (), "")
    assert plan.doubts == ()


def test_the_rest_of_an_incomplete_card_number_may_have_no_words() -> None:
    lines = (
        ("A", "The first digits of your card?"),
        ("B", "4242 4242 1323"),
        ("A", "Okay."),
        ("B", "And that is it."),
    )
    transcript = call(*lines)
    okay, last = transcript.turns[2], transcript.turns[3]
    lost = Turn(okay.end + 0.1, last.start - 0.1, "B")
    longer = replace(transcript, turns=(*transcript.turns[:3], lost, last))
    plan = make_plan(longer, ["card"])
    assert any(item.start <= lost.start and lost.end <= item.end for item in plan.redactions)
    whole = make_plan(
        replace(longer, utterances=call(lines[0], ("B", "4242 4242 42424242"), *lines[2:]).utterances), ["card"]
    )
    assert not any(item.start < lost.end and lost.start < item.end for item in whole.redactions), "no digit is missing"


def test_unsure_words_within_a_run_are_covered() -> None:
    transcript = call(("C", "4111 1111 flower 1111 1111 thank you"))
    (line,) = transcript.utterances
    words = tuple(replace(word, probability=0.2) if word.text == "flower" else word for word in line.words)
    plan = make_plan(replace(transcript, utterances=(replace(line, words=words),)), ("card",))
    assert plan.redactions[0].text == "4111 1111 flower 1111 1111"


def test_incomplete_card_and_account_numbers_are_covered_after_a_cue_only() -> None:
    assert covers("card", "The card number is 4111 11.") == "4111 11"
    assert covers("card", "Sort code 20-00-00, account number 55779911.") == "20-00-00 account number 55779911"
    assert covers("card", "It's 4111 11, I think.") == ""
    assert covers("card", "The card expires in September twenty seven.") == "September twenty seven"


def test_a_long_run_is_named_by_its_check_digit_and_covered_without_it() -> None:
    plans = [make_plan(call(("C", f"4111 1111 1111 111{n}")), ("card",)) for n in (1, 2)]
    assert "card number by its check digit" in plans[0].redactions[0].reason
    assert "does not fit" in plans[1].redactions[0].reason
    assert all("4111" not in plan.redactions[0].reason for plan in plans)


def test_prices_years_times_and_orders_are_no_card() -> None:
    lines = (
        "I paid 120 pounds in 2019 and 99.95 in 2020, at 10:30.",
        "Your order number is 55 66 77 8.",
        "55 66 77 8, thank you.",
    )
    assert covers("card", *lines) == ""
    assert covers("card", "What's your phone number?", "07700 900123.", "07700 900123?", "Yes.", speakers="AC") == ""


def test_ibans_in_characters_of_every_kind() -> None:
    assert passes("gb29nwbk60161331926819")
    assert covers("iban", "Send it to GB29 NWBK 6016 1331 9268 19 please.") == "GB29 NWBK 6016 1331 9268 19"
    spoken = "Golf Bravo two nine N W B K six oh one six one double three one nine two six eight one nine"
    assert covers("iban", f"It is {spoken}, okay?") == spoken
    assert covers("iban", "The model is AB12 CDEF 3456 7890 1234.") == ""
    assert covers("iban", "Your IBAN?", "GB29", "Yes.", "N W B K", "Go on.", "6016 1331", speakers="AC").startswith(
        "GB29"
    )


def test_telephone_numbers_that_exist_and_those_after_a_cue() -> None:
    assert exists("02079460958")
    assert exists("+442079460958")
    assert exists("2025550143")
    assert not exists("5566778")
    assert covers("phone", "Call me on oh seven seven double oh nine hundred one two three.").startswith("oh seven")
    assert covers("phone", "It's (202) 555-0143.") == "(202) 555-0143"
    assert covers("phone", "The order number is 0207946095.") == ""


@pytest.mark.parametrize(
    "text",
    [
        "j.smith@example.com", "j dot smith at example dot com", "jane underscore smith at gmail.com",
        "j hyphen smith at mail dot example dot co dot uk", "s m i t h at example dot org",
    ],
)  # fmt: skip
def test_e_mail_addresses(text: str) -> None:
    assert covers("email", f"My email is {text}, thanks.") == text
    assert covers("email", f"Please write to {text} tomorrow.") == text


def test_talk_of_places_is_no_e_mail_address() -> None:
    assert covers("email", "We met at the station and looked at the shop at noon.") == ""


@pytest.mark.parametrize(
    "text",
    [
        "12 Rose Hill Lane, Leeds, LS6 2AB",
        "Flat 3, 9 High Street, York",
        "742 Evergreen Terrace, Springfield, Illinois, 62704",
    ],
)
def test_addresses(text: str) -> None:
    assert covers("address", f"I live at {text}. It was warm.") == text.replace(",", "")


def test_a_postcode_that_is_spelled_is_an_address() -> None:
    assert covers("address", "It's L S 6 2 A B, I think.") == "L S 6 2 A B"
    assert covers("address", "It takes 5 minutes to the park, and 12 people came.") == ""


def test_names_after_cues_and_everywhere_else() -> None:
    lines = ("This is Anna speaking.", "My name is Mary Smith.", "Hello Mary.", "Is Anna your real name?")
    assert covers("name", *lines, speakers="AC") == "Anna Mary Smith Mary Anna"
    assert covers("name", "It was spelled S-M-I-T-H.") == "S-M-I-T-H"
    assert covers("name", "I will call the bank. Will you come in May?") == ""


def test_known_names_and_identities_are_covered_wherever_they_are() -> None:
    assert covers("name", "I saw Catherine and Bo there.", known=("Katherine Li", "Bo")) == "Catherine Bo"
    transcript = call(("Ana", "Well, Ana always says that."))
    named = replace(transcript, identities=(Identity("SPEAKER_00", "Ana", "named", "best"),))
    assert covered(named, make_plan(named, ("name",))) == ["Ana"]


@pytest.mark.parametrize(
    "text",
    [
        "3rd of May 1984", "May 3rd, 1984", "third of May nineteen eighty-four", "03/05/1984", "May the third",
        "1984-05-03", "twenty first of June two thousand and six",
    ],
)  # fmt: skip
def test_dates(text: str) -> None:
    words = text.replace(",", "")
    assert covers("date", f"It was on {text}, at noon.") in (words, words.replace(" the ", " the "))


def test_a_date_of_birth_in_numbers_and_what_is_no_date() -> None:
    assert (
        covers("date", "Date of birth?", "oh three oh five eighty four", speakers="AC")
        == "oh three oh five eighty four"
    )
    assert covers("date", "I may come on Monday at 10:30, in 2019 or in March, for 3 days.") == ""


def test_no_reason_holds_the_text() -> None:
    transcript = call(("A", "Security code?"), ("C", "321 and my name is Zebedee, zebedee at gmail dot com"))
    plan = make_plan(transcript, ("card", "cvv", "name", "email"))
    assert len(plan.redactions) >= 3
    assert not any(text in item.reason.lower() for item in plan.redactions for text in ("321", "zebedee", "gmail"))


def test_a_digit_that_is_lost_at_the_end_of_a_code_leaves_its_neighbours_covered() -> None:
    words = (Word(3.0, 3.3, "three", 0.9), Word(3.35, 3.6, "hive", 0.9), Word(3.65, 3.9, "one", 0.9))
    lines = (*call(("A", "Security code?")).utterances, Utterance("C", words))
    plan = make_plan(Transcript(6.0, lines, language="en"), ("cvv",))
    assert plan.redactions[0].text == "three hive one"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("A number where we can call you back?", "The number is triple five, oh one four two."),
         "triple five oh one four two"),
        (("Yeah, 555-0149, thanks.",), "555-0149"),
        (("And the order number?", "It's 555-0149."), ""),
    ],
)  # fmt: skip
def test_local_telephone_numbers(lines: tuple[str, ...], expected: str) -> None:
    assert covers("phone", *lines, speakers="AC") == expected


@pytest.mark.parametrize(
    "line",
    [
        "Hello, Harbor Travel, Daniel, how can I help you with that?",
        "Thank you for calling Maple Insurance, Daniel speaking, what can I do?",
        "This is Harbor Travel, Daniel speaking, what can I do for you?",
        "Good morning, Blue Water Energy. Daniel. How can I help you with that?",
        "Hello Zentrix, Daniel, how can I help you with that today?",
        "This is Daniel from Maple Insurance, how can I help?",
        "Hello Northside books, Daniel, how can I help you?",
    ],
)
def test_the_name_after_a_company_is_covered_and_the_company_is_not(line: str) -> None:
    assert covers("name", line).split() in (["Daniel"], ["Zentrix", "Daniel"], ["Northside", "Daniel"])


@pytest.mark.parametrize("address", ["peter .Schmit at example .com", "Peter. Schmidt at example.com",
                                     "Peter .Schmit. At example .net"])  # fmt: skip
def test_an_address_that_was_cut_at_its_dot(address: str) -> None:
    assert len(covers("email", "Your email?", address, speakers="AC").split()) == len(address.split())


def test_first_days_are_no_dates() -> None:
    assert covers("date", "My date of birth? On my first day I said it: it's March 1984.") == "March 1984"
    assert covers("date", "It was the third of may, I think.") == "third of may"
    assert covers("date", "You may first call us, and that may be the second time.") == ""


def test_the_mention_of_an_iban_and_the_start_of_a_sentence_are_no_part_of_the_item() -> None:
    assert covers("iban", "My IBAN is GB29 6016, thanks.") == "GB29 6016"
    assert covers("email", "My email is j at example. In the morning I read it.") == ""
