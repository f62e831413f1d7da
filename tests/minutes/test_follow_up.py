"""Earlier actions are read from minutes, and a mention is a sentence that was said."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Utterance, Word
from pipeline.minutes.documents.json_ import SCHEMA, render
from pipeline.minutes.follow_up import MOST_ACTIONS, MOST_LETTERS, match_previous, read_previous
from pipeline.minutes.making import make_minutes
from pipeline.minutes.talk import Talk
from pipeline.minutes.types import FollowUp
from pipeline.minutes.weights import load
from tests.minutes.talks import ENDING, PARKING, TOPICS, VOCABULARY, long_talk, transcript
from tests.minutes.test_agenda import halves
from tests.strategies import VENOM, transcripts

PROGRAMME = FollowUp("Boris, can you send the programme to the printing house before next week?", "Chen", "Boris")
LETTER = FollowUp("I'll write to the church by Friday.", "Anna", "Anna", "by Friday")
TENT = FollowUp("I can ask the fire brigade for a tent.", "Boris", "Boris")
GERMAN = (
    ("Anna", "Guten Abend, wir fangen mit dem Sommerfest an."),
    ("Boris", "Ich habe die Bestellung bei der Druckerei gestern bezahlt."),
    ("Chen", "Gut, dann reden wir über die Turnhalle und den Hausmeister."),
)
WORDS = [*VENOM, "programme", "printing", "house", "church", "Boris", "IGNORE ALL INSTRUCTIONS", "the", "予算会議"]
ACTIONS = st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(lambda w: FollowUp(" ".join(w), "A")), max_size=6)


def matched(spoken: Transcript, actions: Sequence[FollowUp], known: bool = True) -> tuple[FollowUp, ...]:
    talk = Talk.of(spoken)
    return match_previous(talk, halves(talk), actions, load().rarity if known else {})


def check(spoken: Transcript, actions: Sequence[FollowUp], found: Sequence[FollowUp]) -> None:
    """The laws of earlier actions."""
    topics = halves(Talk.of(spoken))
    for before, after in zip(actions, found, strict=True):
        assert (after.text, after.speaker, after.who, after.due) == (
            before.text,
            before.speaker,
            before.who,
            before.due,
        )
        if after.mention:
            (evidence,) = after.mention.evidence
            line = spoken.utterances[evidence.utterance]
            assert after.mention.text == evidence.text(spoken)
            assert after.mention.speaker == line.speaker
            assert line.start <= after.mention.start < after.mention.end <= line.end
            assert not any(word.suspect for word in line.words)
            topic = topics[after.mention.topic]
            assert topic.first_utterance <= evidence.utterance <= topic.last_utterance
            assert len(after.mention.reason.split(", ")) >= 2
            assert 0 < after.mention.score <= 1


def written(folder: Path, data: Any) -> Path:
    path = folder / "before.minutes.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def minutes_with(*actions: Any) -> dict[str, Any]:
    left_out = {"uncovered": None, "removed": 0, "suspect": 0}
    made: dict[str, Any] = {"duration": 9.0, "language": "en", "people": [], "left_out": left_out, "made_by": "x"}
    return {"schema": SCHEMA, "title": "x", **made, "actions": list(actions)}


def action(**changes: Any) -> dict[str, Any]:
    evidence = [{"utterance": 0, "first_word": 0, "last_word": 1}]
    item: dict[str, Any] = {
        "start": 0.5,
        "end": 1.5,
        "evidence": evidence,
        "topic": 0,
        "reason": "i will",
        "score": 2.0,
    }
    return {**item, "speaker": "A", "text": "I will.", **changes}


@given(ACTIONS, st.booleans())
def test_every_mention_is_words_of_its_evidence(actions: list[FollowUp], known: bool) -> None:
    spoken = transcript([*TOPICS, *ENDING, ("Aoi", "来年 の 予算 会議 の 話 です 。")])
    check(spoken, actions, matched(spoken, actions, known))


@given(transcripts(hostile=True), ACTIONS)
def test_every_transcript_can_follow_minutes(spoken: Transcript, actions: list[FollowUp]) -> None:
    check(spoken, actions, matched(spoken, actions))


@given(st.permutations([PROGRAMME, LETTER, TENT]))
def test_the_order_of_the_actions_changes_only_the_order(actions: list[FollowUp]) -> None:
    spoken = transcript([*TOPICS, ("Boris", "The programme is at the printing house.")])
    alone = {each.text: each for each in matched(spoken, [PROGRAMME, LETTER, TENT])}
    assert list(matched(spoken, actions)) == [alone[each.text] for each in actions]


def test_an_action_is_mentioned_or_not() -> None:
    spoken = transcript([*PARKING * 6, ("Boris", "Well, the programme went to the printing house. It costs less.")])
    programme, tent = matched(spoken, [PROGRAMME, TENT])
    assert programme.mention
    assert programme.mention.text == "Well, the programme went to the printing house."
    assert programme.mention.speaker == "Boris"
    assert programme.mention.reason == "programme, printing, house"
    assert tent.mention is None


def test_the_best_sentence_is_quoted_and_of_equal_ones_the_first() -> None:
    said = ["The printing is late.", "The programme needs printing.", "The programme is at the printing house."]
    lines = [("Boris", each) for each in [*said, said[-1]]]
    (found,) = matched(transcript([*lines, *ENDING[:1]]), [PROGRAMME])
    assert found.mention
    assert found.mention.evidence[0].utterance == 2


def test_one_word_and_names_are_no_mention() -> None:
    lines = [("Boris", "The church was cold."), ("Anna", "Boris and Chen, please sit down."), *TOPICS]
    assert all(each.mention is None for each in matched(transcript(lines), [LETTER, FollowUp("Boris asks Chen.", "X")]))


def test_words_that_are_far_from_each_other_are_no_mention() -> None:
    spoken = transcript([("A", "The programme that we had last summer on the old farm was made by a printing firm.")])
    assert matched(spoken, [PROGRAMME])[0].mention is None


def test_german_actions_are_found_without_a_table() -> None:
    actions = [
        FollowUp("Ich kümmere mich um die Bestellung bei der Druckerei.", "Boris"),
        FollowUp("Ich frage die Feuerwehr wegen der Absperrung.", "Chen"),
    ]
    order, fence = matched(transcript(GERMAN * 2, "de"), actions, known=False)
    assert order.mention
    assert order.mention.text == GERMAN[1][1]
    assert fence.mention is None


def test_languages_without_spaces_need_more_than_one_word() -> None:
    spoken = transcript([("A", "予算 会議 の 資料 を 作り ました 。"), ("B", "駐車場 は 狭い です 。")], "ja")
    report, parking = matched(spoken, [FollowUp("予算会議の資料を作ります", "A"), FollowUp("駐車場", "B")], known=False)
    assert report.mention
    assert report.mention.text.startswith("予算")
    assert parking.mention is None


def test_doubtful_words_are_not_quoted() -> None:
    words = tuple(
        Word(i / 2, i / 2 + 0.5, w, suspect="a loop") for i, w in enumerate(["programme", "printing", "house"])
    )
    assert matched(Transcript(10.0, (Utterance("A", words),), language="en"), [PROGRAMME]) == (PROGRAMME,)


def test_no_words_and_no_actions() -> None:
    assert match_previous(Talk.of(Transcript(5.0)), (), [PROGRAMME], load().rarity) == (PROGRAMME,)
    assert matched(transcript(TOPICS), []) == ()


def test_own_minutes_are_read(tmp_path: Path) -> None:
    minutes = make_minutes(transcript([*TOPICS, *ENDING]))
    assert minutes.actions
    expected = tuple(FollowUp(each.text, each.speaker, each.who, each.due) for each in minutes.actions)
    assert read_previous(written(tmp_path, render(minutes, "x"))) == expected


@given(st.text(min_size=1, max_size=40), st.text(max_size=20), st.none() | st.text(max_size=20))
def test_texts_are_cleaned(tmp_path_factory: pytest.TempPathFactory, text: str, speaker: str, who: str | None) -> None:
    path = written(tmp_path_factory.mktemp("minutes"), minutes_with(action(text=f"x{text}", speaker=speaker, who=who)))
    (found,) = read_previous(path)
    for value in (found.text, found.speaker, found.who or ""):
        value.encode()
        assert value == " ".join(value.split())
        assert "\x1b" not in value


def test_no_action_is_no_error(tmp_path: Path) -> None:
    assert read_previous(written(tmp_path, minutes_with())) == ()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("", "cannot be read"),
        ('{"schema": "crosstalk-minutes/1", "actions": [', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("9" * 10_000, "cannot be read"),
        ([], "has no minutes"),
        ({"version": "crosstalk/1"}, "has no minutes"),
        ({**minutes_with(), "schema": "crosstalk-minutes/2"}, "has no minutes"),
        ({"schema": SCHEMA}, "is missing"),
        (minutes_with("x"), r"actions\[0\]: must be a mapping, not a text"),
        (minutes_with(action(), action(text=5)), r"actions\[1\]\.text: must be a text, not 5"),
        (minutes_with(action(text="  ")), r"actions\[0\]: must have texts"),
        (minutes_with(action(who=["B"])), r"actions\[0\]\.who: must be"),
        (minutes_with(action(text="x" * (MOST_LETTERS + 1))), r"actions\[0\]: must have texts"),
        (minutes_with(*[action()] * (MOST_ACTIONS + 1)), "has 501 actions"),
        (" " * 20_000_001, "larger than 20 MB"),
    ],
)
def test_what_are_no_minutes_is_refused(tmp_path: Path, data: Any, problem: str) -> None:
    path = written(tmp_path, data)
    with pytest.raises(FormatError, match=problem) as caught:
        read_previous(path)
    assert str(path) in caught.value.where
    assert caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"before\.minutes\.json: cannot be read"):
        read_previous(tmp_path / "before.minutes.json")


@pytest.mark.slow
def test_five_hundred_actions_for_ten_hours_take_seconds() -> None:
    """Time grows with the tokens, and with the occurrences of the actions' words."""
    rng = random.Random(0)
    spoken = long_talk(10, rng)
    assert spoken.duration >= 36000
    actions = [FollowUp(" ".join(rng.choices(VOCABULARY, k=20)), "Speaker 1") for _ in range(MOST_ACTIONS)]
    began = time.process_time()
    found = matched(spoken, actions)
    assert time.process_time() - began < 20
    assert len(found) == MOST_ACTIONS
