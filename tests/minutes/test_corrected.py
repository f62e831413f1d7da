"""Items that people added are in the minutes, those that they took out are not, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.correction import ITEM_KINDS, Correction
from pipeline.core.types import Transcript, Utterance, Word
from pipeline.minutes.corrected import ADDED, corrected
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import Item, Minutes
from tests.minutes.talks import ENDING, TOPICS, transcript
from tests.minutes.test_making import LINES, check

TALK = transcript([*TOPICS, *ENDING])


def of(minutes: Minutes, kind: str) -> tuple[Item, ...]:
    items: tuple[Item, ...] = getattr(minutes, kind)
    return items


def mark(
    operation: str, kind: str, spoken: Transcript, line: int, first: int = 0, after: int | None = None
) -> Correction:
    """A correction of words of one line."""
    utterance = spoken.utterances[line]
    words = utterance.words[first:after]
    text = " ".join(word.text for word in words)
    return Correction(operation, utterance.speaker, words[0].start, words[-1].end, text, kind)  # type: ignore[arg-type]


def exclude(item: Item, kind: str) -> Correction:
    return Correction("exclude", item.speaker, item.start, item.end, item.text, kind)


def is_same(item: Item, entry: Correction) -> bool:
    shared = min(item.end, entry.end) - max(item.start, entry.start)
    shorter = min(item.end - item.start, entry.end - entry.start)
    return item.speaker == entry.speaker and shared > shorter / 2


@st.composite
def corrected_talk(draw: st.DrawFn, spoken: Transcript) -> Transcript:
    """The transcript with marks, of which some are of items that are found."""
    minutes = make_minutes(spoken)
    ledger = []
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(ITEM_KINDS))
        line = draw(st.integers(0, len(spoken.utterances) - 1))
        first = draw(st.integers(0, len(spoken.utterances[line].words) - 1))
        after = draw(st.integers(first + 1, len(spoken.utterances[line].words)))
        entry = mark(draw(st.sampled_from(["include", "exclude"])), kind, spoken, line, first, after)
        found = of(minutes, kind)
        ledger.append(exclude(draw(st.sampled_from(found)), kind) if found and draw(st.booleans()) else entry)
    return replace(spoken, corrections=tuple(ledger))


@given(st.data(), LINES, st.sampled_from(["en", "fi"]), st.integers(1, 12))
def test_excluded_items_never_appear_and_included_ones_always(
    data: st.DataObject, lines: list[tuple[str, str]], language: str, most: int
) -> None:
    spoken = data.draw(corrected_talk(transcript(lines, language)))
    before, minutes = make_minutes(replace(spoken, corrections=()), most), make_minutes(spoken, most)
    check(spoken, minutes)
    for kind in ITEM_KINDS:
        ledger = [each for each in spoken.corrections if each.after == kind]
        added = [item for item in of(minutes, kind) if item.reason == ADDED]
        found = [item for item in of(minutes, kind) if item.reason != ADDED]
        for number, entry in enumerate(ledger):
            if entry.operation == "exclude":
                assert not [item for item in found if is_same(item, entry)]
            elif not any(is_same_entry(later, entry) for later in ledger[number + 1 :]):
                assert (entry.before, entry.start, entry.end) in [(each.text, each.start, each.end) for each in added]
        assert len(added) <= sum(each.operation == "include" for each in ledger)
        assert len(found) <= len(of(before, kind))
        stays = [item for item in of(before, kind) if not any(is_same(item, entry) for entry in ledger)]
        assert [item for item in found if item in stays] == stays, "nothing else goes, and the order is the same"


def is_same_entry(one: Correction, other: Correction) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return one.speaker == other.speaker and shared > min(one.end - one.start, other.end - other.start) / 2


def test_without_applied_corrections_nothing_changes() -> None:
    entry = mark("include", "decisions", TALK, 0)
    others = (replace(entry, problem="the words are not there"), Correction("name", "Anna", after="Anna"))
    assert make_minutes(replace(TALK, corrections=others)) == make_minutes(TALK)


def test_another_candidate_takes_the_place() -> None:
    first = make_minutes(TALK, 1).points
    minutes = make_minutes(replace(TALK, corrections=(exclude(first[0], "points"),)), 1)
    assert len(minutes.points) == 1
    assert minutes.points != first
    assert minutes.decisions == make_minutes(TALK, 1).decisions


@given(st.data(), LINES)
def test_minutes_that_are_made_already_are_corrected(data: st.DataObject, lines: list[tuple[str, str]]) -> None:
    spoken = data.draw(corrected_talk(transcript(lines)))
    made = make_minutes(replace(spoken, corrections=()))
    minutes = corrected(made, spoken, {})
    check(spoken, minutes)
    for kind in ITEM_KINDS:
        ledger = [each for each in spoken.corrections if each.after == kind]
        assert [each for each in of(minutes, kind) if each.reason == ADDED] == [
            replace(each, score=pytest.approx(each.score, abs=99))
            for each in of(make_minutes(spoken), kind)
            if each.reason == ADDED
        ]
        stays = [item for item in of(made, kind) if not any(is_same(item, entry) for entry in ledger)]
        assert [item for item in of(minutes, kind) if item.reason != ADDED] == stays
    again = corrected(minutes, spoken, {})
    assert [of(again, kind) for kind in ITEM_KINDS] == [of(minutes, kind) for kind in ITEM_KINDS]


def test_the_last_correction_of_the_same_words_counts() -> None:
    add, remove = (mark(operation, "decisions", TALK, 7) for operation in ("include", "exclude"))
    texts = [[item.text for item in make_minutes(replace(TALK, corrections=ledger)).decisions]
             for ledger in ((add, remove), (remove, add), (add, add))]  # fmt: skip
    assert [each.count(add.before) for each in texts] == [0, 1, 1]


def test_an_added_action_has_who_and_until_when() -> None:
    line = next(n for n, each in enumerate(TALK.utterances) if "by Friday" in each.text)
    request = next(n for n, each in enumerate(TALK.utterances) if "next week" in each.text)
    ledger = (mark("include", "actions", TALK, line), mark("include", "actions", TALK, request, after=-3))
    added = [each for each in make_minutes(replace(TALK, corrections=ledger)).actions if each.reason == ADDED]
    assert [(each.who, each.due) for each in added] == [("Anna", "by Friday"), ("Boris", None)]


def test_an_item_of_several_utterances_has_one_evidence_for_each() -> None:
    first, second = TALK.utterances[0], TALK.utterances[2]
    assert first.speaker == second.speaker
    words = f"{first.words[-1].text} {second.words[0].text}"
    entry = Correction("include", first.speaker, first.words[-1].start, second.words[0].end, words, "questions")
    (item,) = [each for each in make_minutes(replace(TALK, corrections=(entry,))).questions if each.reason == ADDED]
    assert [(each.utterance, each.text(TALK)) for each in item.evidence] == [(0, "year."), (2, "The")]
    assert item.text == words


def test_people_may_add_what_was_perhaps_not_spoken_and_in_any_language() -> None:
    line = Utterance("A", tuple(Word(i, i + 1, f"sana{i}", suspect="a loop") for i in range(5)))
    spoken = Transcript(6.0, (line,), language="fi")
    ledger = (mark("include", "decisions", spoken, 0, 1, 3),)
    assert [item.text for item in make_minutes(replace(spoken, corrections=ledger)).decisions] == ["sana1 sana2"]
    assert make_minutes(spoken).decisions == ()


@pytest.mark.parametrize("kind", ITEM_KINDS)
def test_words_that_another_speaker_has_now_are_found_by_their_text(kind: str) -> None:
    entry = replace(mark("include", kind, TALK, 3), speaker="Zoe")
    added = [each for each in of(make_minutes(replace(TALK, corrections=(entry,))), kind) if each.reason == ADDED]
    assert [(each.speaker, each.text) for each in added] == [(TALK.utterances[3].speaker, entry.before)]
