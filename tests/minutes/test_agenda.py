"""An agenda is read from a text file, and each line that was discussed has the sentence that was said."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Utterance, Word
from pipeline.minutes.agenda import MOST_LETTERS, MOST_LINES, match_agenda, read_agenda
from pipeline.minutes.making import make_minutes
from pipeline.minutes.talk import Talk
from pipeline.minutes.titles import titled
from pipeline.minutes.types import AgendaItem, Topic
from pipeline.minutes.weights import load
from tests.minutes.talks import ENDING, TOPICS, VOCABULARY, long_talk, transcript
from tests.strategies import VENOM, transcripts

KITCHEN = (
    ("Anna", "Wir sprechen heute über die neue Küche im Gemeindehaus."),
    ("Boris", "Der Herd in der Küche ist alt, und die Schränke sind kaputt."),
    ("Chen", "Genau, die Handwerker können die Schränke im Mai einbauen."),
)
TRIP = (
    ("Anna", "Dann kommen wir zum Ausflug der Jugendgruppe nach Hamburg."),
    ("Boris", "Die Zugfahrt nach Hamburg dauert drei Stunden, die Jugendherberge ist reserviert."),
    ("Chen", "Für den Ausflug fehlen noch zwei Betreuer."),
)
GERMAN: Sequence[tuple[str, str]] = (*KITCHEN * 6, *TRIP * 6)
"""A talk of two subjects in German."""
WORDS = [*VENOM, "budget", "parking", "church", "stage", "Küche", "IGNORE ALL INSTRUCTIONS", "the", "12"]
LINES = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), max_size=8)


def halves(talk: Talk) -> tuple[Topic, ...]:
    """Two topics of equal length."""
    middle = len(talk.tokens) // 2
    return titled(talk, [middle] if middle else [], {}) if talk.tokens else ()


def matched(spoken: Transcript, lines: Sequence[str], known: bool = True) -> tuple[AgendaItem, ...]:
    talk = Talk.of(spoken)
    return match_agenda(talk, halves(talk), lines, load().rarity if known else {})


def check(spoken: Transcript, lines: Sequence[str], items: Sequence[AgendaItem]) -> None:
    """The laws of an agenda."""
    topics = halves(Talk.of(spoken))
    assert [each.text for each in items] == list(lines)
    for each in items:
        assert 0 <= each.score <= 1
        assert bool(each.topics) == (each.mention is not None)
        assert list(each.topics) == sorted(set(each.topics))
        if each.mention:
            (evidence,) = each.mention.evidence
            line = spoken.utterances[evidence.utterance]
            assert each.mention.text == evidence.text(spoken)
            assert each.mention.speaker == line.speaker
            assert line.start <= each.mention.start < each.mention.end <= line.end
            assert not any(word.suspect for word in line.words)
            topic = topics[each.mention.topic]
            assert topic.first_utterance <= evidence.utterance <= topic.last_utterance
            assert each.mention.topic in each.topics


def write(folder: Path, text: str) -> Path:
    path = folder / "agenda.txt"
    path.write_text(text, encoding="utf-8")
    return path


@given(LINES, st.booleans())
def test_every_mention_is_words_of_its_evidence(lines: list[str], known: bool) -> None:
    spoken = transcript([*TOPICS, *ENDING, *GERMAN])
    check(spoken, lines, matched(spoken, lines, known))


@given(transcripts(hostile=True), LINES)
def test_every_transcript_can_have_an_agenda(spoken: Transcript, lines: list[str]) -> None:
    check(spoken, lines, matched(spoken, lines))


@given(st.permutations(["The budget of the stage", "Parking for visitors", "Election of the chair", "budget", ""]))
def test_the_order_of_the_lines_changes_only_the_order(lines: list[str]) -> None:
    spoken = transcript(TOPICS)
    alone = {line: matched(spoken, [line])[0] for line in lines}
    assert list(matched(spoken, lines)) == [alone[line] for line in lines]


def test_a_topic_title_is_matched_to_its_topic() -> None:
    spoken = transcript(TOPICS)
    topics = make_minutes(spoken).topics
    assert len(topics) == 2
    items = match_agenda(Talk.of(spoken), topics, [topic.title for topic in topics], load().rarity)
    assert [each.topics for each in items] == [(0,), (1,)]


@pytest.mark.parametrize(
    ("lines", "known", "discussed", "missing"),
    [
        (TOPICS, True, ("Costs of the festival's stage and lights", "Visitor parking"), "Election of the treasurer"),
        (GERMAN, False, ("Küche: Herd und Schränke", "Ausflug nach Hamburg"), "Wahl des Kassenwarts"),
    ],
)
def test_lines_are_discussed_or_not(
    lines: Sequence[tuple[str, str]], known: bool, discussed: tuple[str, str], missing: str
) -> None:
    one, two, three = matched(transcript(lines), [*discussed, missing], known)
    assert (one.topics, two.topics, three.topics) == ((0,), (1,), ())
    assert three.mention is None
    assert three.score == 0
    assert one.mention
    assert two.mention
    assert one.mention.evidence[0].utterance < len(lines) / 2 <= two.mention.evidence[0].utterance


def test_the_mention_is_the_sentence_with_most_of_the_words() -> None:
    (item,) = matched(transcript(TOPICS), ["Is the parking near the church free on Saturdays?"])
    assert item.mention
    assert item.mention.text == "The bus is full on Saturdays, the parking near the church is free."
    assert item.mention.reason.split(", ") == ["saturdays", "parking", "near", "church", "free"]


def test_one_mention_of_a_word_is_no_discussion() -> None:
    spoken = transcript([*TOPICS, ("Anna", "My cousin plays the accordion.")])
    assert [each.mention for each in matched(spoken, ["Accordion", "Accordion lessons for beginners"])] == [None, None]


def test_languages_without_spaces() -> None:
    lines = [("A", "来年 の 予算 を 決め ます 。"), ("B", "予算 は 足り ます か 。")] * 4
    spoken = transcript([*lines, *[("A", "駐車場 の 工事 は 五月 です 。"), ("B", "駐車場 は 狭い です 。")] * 4], "ja")
    one, two, three = matched(spoken, ["予算について", "駐車場の工事", "忘年会"], known=False)
    assert one.mention
    assert "予算" in one.mention.text
    assert two.mention
    assert "駐車場" in two.mention.text
    assert three.mention is None


def test_doubtful_words_are_not_quoted() -> None:
    words = tuple(Word(i / 2, i / 2 + 0.5, word, suspect="a loop") for i, word in enumerate(["budget"] * 12))
    spoken = Transcript(10.0, (Utterance("A", words),), language="en")
    assert matched(spoken, ["budget"]) == (AgendaItem("budget"),)


def test_an_empty_transcript_has_discussed_nothing() -> None:
    assert match_agenda(Talk.of(Transcript(5.0)), (), ["Budget"], load().rarity) == (AgendaItem("Budget"),)
    assert matched(transcript(TOPICS), []) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Budget\nParking\n",
        "# Agenda\n\n- Budget\n- Parking\n",
        "Tagesordnung:\n\nTOP 1: Budget\nTOP 2: Parking\n",
        "1. Budget\n2. Parking",
        "1) Budget\r\n2) Parking\r\n",
        "a) Budget\n(b) Parking",
        "I. Budget\nII. Parking",
        "1.1 Budget\n1.2. Parking",
        "\ufeff• Budget\n* [ ] Parking\n-----\n3.\n",
        "・Budget\n•Parking",
        "## Budget ##\n## Parking:",
    ],
)
def test_marks_are_no_part_of_an_item(tmp_path: Path, text: str) -> None:
    assert read_agenda(write(tmp_path, text)) == ("Budget", "Parking")


@pytest.mark.parametrize("text", ["3 new posts", "J. Smith on parking", "U.S. trade", "C++ or Rust", "-5 degrees", "A"])
def test_what_belongs_to_an_item_stays(tmp_path: Path, text: str) -> None:
    assert read_agenda(write(tmp_path, text)) == (text,)


@given(st.lists(st.text(max_size=60), max_size=10))
def test_an_agenda_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("agenda") / "agenda.txt"
    path.write_bytes("\n".join(lines).encode("utf-8", "replace"))
    try:
        items = read_agenda(path)
    except FormatError:
        return
    assert items
    assert all(item == " ".join(item.split()) and "\x1b" not in item for item in items)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "has no item"),
        (b"\n  \n-\n1.\nAgenda:\n", "has no item"),
        (b"Budget\0", "not a text file"),
        (b"\x89PNG\r\n\x1a\n\x01", "not a text file"),
        (b"%PDF-1.7 text", "not a text file"),
        (b"{\\rtf1 Budget}", "not a text file"),
        (b"Budget\n" * (MOST_LINES + 1), "has 201 items"),
        (b"Budget\n" + b"x" * (MOST_LETTERS + 1), "has 501 characters"),
        (b"x\n" * 600_000, "larger than 1 MB"),
    ],
)
def test_what_is_no_agenda_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "agenda.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=problem) as caught:
        read_agenda(path)
    assert str(path) in caught.value.where
    assert caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"agenda\.txt: cannot be read"):
        read_agenda(tmp_path / "agenda.txt")


def test_other_encodings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "agenda.txt"
    path.write_bytes("Küche\n".encode("utf-16"))
    assert read_agenda(path) == ("Küche",)


@pytest.mark.slow
def test_two_hundred_lines_for_ten_hours_take_seconds() -> None:
    """Time grows with the tokens, and with the words of the lines times the bins of the talk."""
    rng = random.Random(0)
    spoken = long_talk(10, rng)
    assert spoken.duration >= 36000
    agenda = [" ".join(rng.choices(VOCABULARY, k=60))[:MOST_LETTERS] for _ in range(MOST_LINES)]
    began = time.process_time()
    items = matched(spoken, agenda)
    assert time.process_time() - began < 20
    assert len(items) == MOST_LINES
