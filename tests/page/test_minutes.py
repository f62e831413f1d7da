"""The minutes in the page: every item plays, is taken out or added, and the next minutes have it as it was seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.types import Coverage, Notice, Provenance, Transcript, Turn, Utterance, Word
from pipeline.corrections import apply_corrections, loads
from pipeline.formats.base import Sound
from pipeline.minutes.documents.html import render
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import AgendaItem, DoubtfulName, FollowUp, Minutes
from tests.minutes.talks import ENDING, TOPICS, transcript
from tests.page.talk import recording
from tests.page.test_accessible import NARROW, WIDE, ZOOMED
from tests.page.test_browser import EVIL, downloaded, shown, until

pytestmark = pytest.mark.slow
Open = Callable[..., Any]
DECISION = "So we decided to use the parking near the church."
OTHER = "The budget of the summer festival is four thousand pounds this year."


def meeting() -> Transcript:
    """Two subjects of one minute, and an ending with a decision and tasks; a word is doubtful."""
    spoken = transcript([*TOPICS[:5], *TOPICS[-5:], *ENDING])
    first = spoken.utterances[0]
    words = (replace(first.words[0], probability=0.1), *first.words[1:])
    lines = (replace(first, words=words), *spoken.utterances[1:])
    return replace(spoken, utterances=lines, provenance=Provenance("talk.wav", "f" * 64))


def complete(spoken: Transcript) -> Minutes:
    """Minutes with everything that minutes can have."""
    made = make_minutes(spoken)
    labelled = tuple(replace(each, label="they settle where to park") for each in made.decisions)
    left_out = replace(made.left_out, uncovered=12.0, removed=2, names=(DoubtfulName("SPEAKER_02", ("Cora", "Dora")),))
    return replace(
        made,
        date="2027-05-04T10:00:00+00:00",
        settings={**made.settings, "model": "small-model"},
        topics=tuple(replace(each, label="money and cars") for each in made.topics),
        decisions=labelled,
        agenda=(AgendaItem("Money", (0,), 0.5, made.points[0]), AgendaItem("Weather")),
        previous=(
            FollowUp("I'll ask the church.", "Anna", "Anna", "by Friday", made.decisions[0]),
            FollowUp("Can you paint the gate?", "Chen", "Boris"),
        ),
        left_out=left_out,
        notices=(Notice("minutes_language", "a notice"),),
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the meeting with its minutes and its sound."""
    spoken = meeting()
    path = tmp_path_factory.mktemp("minutes") / "talk.html"
    path.write_text(render(complete(spoken), spoken, "talk", recording(spoken)), encoding="utf-8")
    return path


def section(tab: Any, title: str) -> Any:
    """A part of the minutes."""
    return tab.locator("#minutes section", has=tab.get_by_role("heading", name=title, exact=True))


def entry(tab: Any, title: str, text: str) -> Any:
    return section(tab, title).locator(".entry", has_text=text)


def entries(tab: Any, title: str) -> list[str]:
    texts: list[str] = section(tab, title).locator(".entry .quote").all_inner_texts()
    return texts


def add(tab: Any, text: str, kind: str) -> None:
    """Add a line to the minutes by keys."""
    tab.locator(".line", has_text=text).first.locator(".words > span").first.click()
    tab.keyboard.press("Escape")
    tab.keyboard.press("a")
    tab.get_by_role("button", name=kind, exact=True).click()


def test_the_minutes_come_first_and_have_everything(opened: Open, page: Path) -> None:
    tab = opened(page)
    assert tab.locator("#minutes").is_visible()
    assert tab.locator("#doubts-panel").is_hidden()
    assert tab.evaluate("document.body.firstElementChild.textContent") == "To the minutes"
    assert tab.locator("#facts").inner_text() == "2027-05-04 10:00 UTC · 0:44 · 3 speakers"
    titles = ["Agenda", "Earlier actions", "Topics", "Decisions", "Actions", "Open questions"]
    assert tab.locator("#minutes h3:visible").all_inner_texts() == [*titles, "How these minutes were made"]
    discussed, absent = section(tab, "Agenda").locator(".agenda-line").all_inner_texts()
    assert "four thousand pounds this year" in discussed
    assert absent.split("\n")[-1] == "not discussed"
    assert "until: by Friday" in entry(tab, "Actions", "I'll write").inner_text()
    label = entry(tab, "Decisions", DECISION).locator(".gist")
    assert label.inner_text() == "label by small-model they settle where to park"
    assert "they settle" not in entry(tab, "Decisions", DECISION).locator(".quote").inner_text()
    annex = section(tab, "How these minutes were made").inner_text()
    for text in ("crosstalk-minutes", "12 s", "Cora or Dora", "a notice"):
        assert text in annex
    tab.get_by_role("button", name="Please check").click()
    assert tab.locator("#minutes").is_hidden()
    assert tab.locator("#doubts .item").count() == 1


def test_a_click_plays_the_item_and_nothing_more(opened: Open, page: Path) -> None:
    (item,) = [each for each in make_minutes(meeting()).decisions if each.text == DECISION]
    tab = opened(page)
    entry(tab, "Decisions", DECISION).locator(".go").click()
    until(tab, "!document.getElementById('audio').paused && document.getElementById('audio').currentTime > 0")
    assert item.start <= tab.evaluate("document.getElementById('audio').currentTime") <= item.end
    assert DECISION in tab.locator(".line.current").inner_text()
    assert tab.locator(".line.current .selected").count() == len(DECISION.split())
    until(tab, "document.getElementById('audio').paused")
    assert tab.evaluate("document.getElementById('audio').currentTime") == pytest.approx(item.end, abs=0.3)


def test_keys_play_and_lead_back(opened: Open, page: Path) -> None:
    tab = opened(page)
    entry(tab, "Decisions", DECISION).locator(".go").focus()
    tab.keyboard.press("Enter")
    until(tab, "!document.getElementById('audio').paused")
    tab.keyboard.press("Escape")
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.className").startswith("line")
    tab.keyboard.press("n")
    assert tab.locator("#minutes").is_hidden(), "the passages to check are shown for the next one"
    tab.keyboard.press("g")
    assert DECISION in tab.evaluate("document.activeElement.textContent")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true", "the focus stays"


def test_what_was_taken_out_and_added_is_so_in_the_next_minutes(opened: Open, page: Path) -> None:
    tab = opened(page)
    entry(tab, "Decisions", DECISION).get_by_role("button", name="Not a decision").click()
    assert "out" in (entry(tab, "Decisions", DECISION).get_attribute("class") or "").split()
    add(tab, OTHER, "Decision")
    assert f"“{OTHER}”" in entries(tab, "Decisions")
    tab.locator(".line", has_text=OTHER).first.locator(".who").click()
    tab.get_by_label("everywhere").fill("Ana")
    tab.keyboard.press("Enter")
    assert "Ana" in entry(tab, "Decisions", OTHER).inner_text()
    assert tab.locator("#status").inner_text() == "3 changes, not downloaded"
    content = downloaded(tab)
    assert [each["operation"] for each in content["corrections"]] == ["exclude", "include", "name"]
    applied = apply_corrections(meeting(), loads(json.dumps(content)))
    assert [each.problem for each in applied.corrections] == [None] * 3
    texts = {item.text: item.speaker for item in make_minutes(applied).decisions}
    assert DECISION not in texts
    assert texts[OTHER] == "Ana"
    assert shown(tab) == [(line.speaker, line.text) for line in applied.utterances]


def test_everything_can_be_taken_back(opened: Open, page: Path) -> None:
    tab = opened(page)
    before = entries(tab, "Decisions")
    reject = entry(tab, "Decisions", DECISION).locator(".reject")
    reject.click()
    assert reject.get_attribute("aria-pressed") == "true"
    reject.click()
    assert reject.get_attribute("aria-pressed") == "false"
    assert tab.locator("#status").inner_text() == "no changes"
    add(tab, OTHER, "Decision")
    entry(tab, "Decisions", OTHER).locator(".reject").click()
    assert entries(tab, "Decisions") == before
    tab.keyboard.press("u")
    assert len(entries(tab, "Decisions")) == len(before) + 1
    tab.keyboard.press("u")
    tab.keyboard.press("u")
    assert entries(tab, "Decisions") == before
    assert reject.get_attribute("aria-pressed") == "true"


def test_it_is_kept_and_seen_in_another_tab(opened: Open, page: Path) -> None:
    one, two = opened(page), opened(page)
    add(one, OTHER, "Open question")
    until(two, f"document.querySelector('#minutes').textContent.includes('{OTHER}') "
               "&& document.getElementById('status').textContent.startsWith('1 change')")  # fmt: skip
    two.reload()
    two.wait_for_selector("html.ready")
    assert f"“{OTHER}”" in entries(two, "Open questions")
    assert two.locator("#restored").is_visible()


def test_the_words_of_an_item_are_the_present_ones(opened: Open, page: Path) -> None:
    tab = opened(page)
    line = tab.locator(".line", has_text=DECISION)
    line.locator(".words > span").nth(2).click()
    tab.keyboard.press("Escape")
    tab.keyboard.press("e")
    tab.get_by_label("Text of the line").fill(DECISION.replace("church", "big school"))
    tab.keyboard.press("Enter")
    tab.keyboard.press("2")
    said = entry(tab, "Decisions", "So we decided").locator(".said")
    assert said.inner_text() == "2Boris “So we decided to use the parking near the big school.”"
    tab.locator(".line.current .words > span").nth(3).click()
    tab.keyboard.press("Escape")
    tab.keyboard.press("s")
    tab.keyboard.press("3")
    two = entry(tab, "Decisions", "So we decided").locator(".said").all_inner_texts()
    assert two == ["2Boris “So we decided”", "3Chen “to use the parking near the big school.”"]


def test_marked_words_are_added(opened: Open, page: Path) -> None:
    tab = opened(page)
    words = tab.locator(".line", has_text=OTHER).first.locator(".words > span")
    words.nth(1).click()
    tab.keyboard.press("Escape")
    tab.keyboard.press("Shift+ArrowRight")
    tab.keyboard.press("Shift+ArrowRight")
    tab.get_by_role("button", name="Add to minutes").click()
    assert tab.locator("#item-words").inner_text() == "“budget of”"
    tab.get_by_role("button", name="Key point", exact=True).click()
    assert "“budget of”" in entries(tab, "Topics")


def test_without_minutes_the_page_has_only_the_rest(opened: Open) -> None:
    tab = opened(meeting(), session="talk")
    for part in ("#minutes", "#views", "#bar-add"):
        assert tab.locator(part).is_hidden()
    assert tab.locator("#doubts-panel").is_visible()
    tab.locator(".words > span").first.click()
    tab.keyboard.press("a")
    assert tab.locator("#live").inner_text() == "This page has no minutes"
    assert tab.locator("#item-dialog").is_hidden()


@pytest.mark.promise(26)
def test_hostile_words_labels_and_names_are_inert(opened: Open, tmp_path: Path) -> None:
    words = tuple(Word(i, i + 1, text) for i, text in enumerate(("we", "decided", "that", EVIL, "<b>is</b>", "so.")))
    spoken = Transcript(9.0, (Utterance(EVIL, words),), (Turn(0, 6, EVIL),), coverage=Coverage(9, 9, 6, 6, 0))
    made = make_minutes(spoken)
    minutes = replace(
        made,
        date=EVIL,
        settings={**made.settings, "model": EVIL},
        topics=tuple(replace(each, title=EVIL, label=EVIL) for each in made.topics),
        decisions=tuple(replace(each, label=EVIL) for each in made.points),
        actions=(),
        agenda=(AgendaItem(EVIL, (0,)), AgendaItem(EVIL)),
        previous=(FollowUp(EVIL, EVIL, EVIL, EVIL, None),),
        notices=(Notice(EVIL, EVIL),),
    )
    path = tmp_path / "page.html"
    text = render(minutes, spoken, EVIL, Sound(missing=EVIL))
    path.write_text(text, encoding="utf-8")
    tab = opened(path)
    assert "alert(2)" in tab.locator("#minutes").inner_text()
    assert tab.evaluate("document.scripts.length") == 3
    assert tab.locator("img, #minutes .quote b").count() == 0
    assert "\u202e" not in tab.content()
    assert EVIL not in text


def states(tab: Any) -> Any:
    """The page as it opens, with changed minutes, with each view and dialog."""
    yield "opened"
    add(tab, OTHER, "Decision")
    entry(tab, "Decisions", DECISION).locator(".reject").click()
    entry(tab, "Decisions", DECISION).locator(".go").click()
    tab.keyboard.press("Escape")
    yield "changed"
    tab.keyboard.press("a")
    assert tab.locator("#item-dialog").is_visible()
    yield "dialog"
    tab.keyboard.press("Escape")
    tab.get_by_role("button", name="Please check").click()
    yield "doubts"


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", WIDE), ("dark", WIDE), ("light", NARROW)], ids=("light", "dark", "narrow")
)
def test_axe_finds_no_violation(
    opened: Open, page: Path, axe: Callable[[Any], list[str]], scheme: str, size: Any
) -> None:
    tab = opened(page)
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size(size)
    assert {state: found for state in states(tab) if (found := axe(tab))} == {}


@pytest.mark.parametrize("size", [NARROW, ZOOMED, {"width": 320, "height": 600}], ids=("phone", "zoom", "320"))
def test_nothing_is_cut_off_on_a_small_window(opened: Open, page: Path, size: Any) -> None:
    tab = opened(page)
    tab.set_viewport_size(size)
    for state in states(tab):
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"], state
        box = tab.locator("#bar-add").bounding_box() if state == "changed" else None
        assert box is None or box["x"] + box["width"] <= size["width"]
    tab.get_by_role("button", name="Minutes", exact=True).click()
    minutes = tab.locator("#minutes").bounding_box()
    assert minutes["y"] + minutes["height"] <= tab.locator("#conversation").bounding_box()["y"]
    entry(tab, "Decisions", DECISION).locator(".go").click()
    tab.get_by_role("button", name="↑ Minutes").click()
    assert DECISION in tab.evaluate("document.activeElement.textContent")


def test_the_minutes_are_printed_without_controls(opened: Open, page: Path) -> None:
    tab = opened(page)
    entry(tab, "Decisions", DECISION).locator(".reject").click()
    tab.get_by_role("button", name="Please check").click()
    tab.emulate_media(media="print")
    for part in (".reject", "#views", "#doubts-panel", ".entry.out", "#to-minutes"):
        assert tab.locator(part).first.is_hidden()
    assert tab.get_by_role("heading", name="Minutes", exact=True).is_visible()
    text = tab.locator("#minutes").inner_text()
    assert "Share of the talk: Anna" in text
    assert "I'll write to the church by Friday." in text
