"""The page in a browser: it plays, is corrected by mouse and keys, keeps and hands out corrections."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import formats
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.corrections import apply_corrections, loads
from pipeline.formats.base import Sound
from tests.page.talk import ANA, BEN, CORA, conversation, recording

pytestmark = pytest.mark.slow
Open = Callable[..., Any]
EVIL = "<img/src=x/onerror=alert(1)><script>alert(2)</script>&amp;\u202e\u2028</script>{{data}}"


def shown(tab: Any) -> list[tuple[str, str]]:
    """Speaker and text of each line."""
    rows: list[tuple[str, str]] = tab.evaluate(
        "[...document.querySelectorAll('#lines .line')].map((line) => "
        "[line.querySelector('.name').textContent, line.querySelector('.words').textContent])"
    )
    return [(name, text) for name, text in rows]


def texts(tab: Any) -> list[str]:
    return [text for _, text in shown(tab)]


def line(tab: Any, text: str) -> Any:
    return tab.locator(".line", has_text=text)


def word(tab: Any, text: str, number: int = 0) -> Any:
    return line(tab, text).locator(".words > span").nth(number)


def downloaded(tab: Any) -> dict[str, Any]:
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download corrections").click()
    assert download.value.suggested_filename == "talk.corrections.json"
    content: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
    return content


def until(tab: Any, expression: str) -> None:
    """Wait until the expression holds; the page's policy forbids what the browser's driver does for that."""
    for _ in range(1200):  # half a minute: a busy browser takes seconds to tell one tab of another's storage
        if tab.evaluate(expression):
            return
        tab.wait_for_timeout(25)
    raise AssertionError(f"never: {expression}")


def select_words(tab: Any, text: str, first: int, last: int) -> None:
    """Mark words as the mouse does."""
    tab.evaluate(
        "([text, first, last]) => {"
        " const line = [...document.querySelectorAll('.words')].find((each) => each.textContent.includes(text));"
        " getSelection().setBaseAndExtent(line.children[first].firstChild, 0,"
        " line.children[last].firstChild, line.children[last].textContent.length); }",
        [text, first, last],
    )


@pytest.mark.promise(23)
def test_it_opens_without_errors_and_requests(opened: Open, file: Path) -> None:
    tab = opened(file)
    assert tab.title() == "talk"
    assert len(shown(tab)) == 5
    together = tab.locator(".together")
    assert together.count() == 1
    assert "mixture – the sources match no speaker" in together.inner_text()
    boxes = [each.bounding_box() for each in together.locator(".line").all()]
    assert boxes[1]["x"] > boxes[0]["x"] + boxes[0]["width"] - 1, "lines at the same time stand side by side"


@pytest.mark.promise(26)
def test_hostile_words_and_names_are_inert(opened: Open) -> None:
    words = (Word(0, 1, EVIL), Word(1, 2, "<b>bold</b>"))
    transcript = Transcript(3.0, (Utterance(EVIL, words),), (Turn(0, 3, EVIL),))
    tab = opened(transcript, session=EVIL)
    assert "<script>alert(2)</script>" in shown(tab)[0][1]
    assert tab.evaluate("document.scripts.length") == 3
    assert tab.locator("img, .words b").count() == 0
    assert "\u202e" not in tab.content()


def test_it_plays_and_marks_the_word(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "the budget is", 2).click()
    until(tab, "document.getElementById('audio').currentTime > 7.9")
    tab.wait_for_selector(".words > .now")
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.getElementById('audio').paused")
    tab.keyboard.press("l")
    until(tab, "!document.getElementById('audio').paused")
    assert tab.get_by_role("button", name="Repeat line").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize(("address", "shown"), [("#t=8.2", "budget is"), ("#t=900", ""), ("#t=x", None), ("", None)])
def test_it_opens_at_the_moment_of_its_address(context: Any, file: Path, address: str, shown: str | None) -> None:
    tab = context.new_page()
    tab.goto(file.as_uri() + address)
    tab.wait_for_selector("html.ready")
    current = tab.locator(".line.current")
    if shown is None:
        assert current.count() == 0
        assert tab.locator("#position").input_value() == "0"
        return
    assert shown in current.inner_text()
    assert float(tab.locator("#position").input_value()) > 8
    assert tab.evaluate("document.getElementById('audio').paused"), "it plays only when asked to"


def test_names_apply_everywhere(opened: Open, file: Path) -> None:
    tab = opened(file)
    line(tab, "good morning").locator(".who").click()
    tab.get_by_label("everywhere").fill("Ana")
    tab.keyboard.press("Enter")
    assert [name for name, _ in shown(tab)] == ["Ana", BEN, "Ana", CORA, "Ana"]
    tab.get_by_role("button", name="Name them Cora").click()
    assert shown(tab)[3][0] == "Cora"
    assert downloaded(tab)["corrections"] == [
        {"operation": "name", "speaker": ANA, "after": "Ana"},
        {"operation": "name", "speaker": CORA, "after": "Cora"},
    ]


def test_a_name_loses_its_invisible_characters(opened: Open, file: Path) -> None:
    tab = opened(file)
    line(tab, "good morning").locator(".who").click()
    tab.get_by_label("everywhere").fill("\u202aAna\u200b B\u202c ")
    tab.keyboard.press("Enter")
    assert [each["after"] for each in downloaded(tab)["corrections"]] == ["Ana B"]


def test_nothing_is_corrected_before_a_line_is_chosen(opened: Open, file: Path) -> None:
    tab = opened(file)
    before = shown(tab)
    for key in ("2", "0", "m", "c", "e", "r"):
        tab.keyboard.press(key)
        assert tab.locator("#live").inner_text() == "Choose a line first: click it, or press ↓"
    assert shown(tab) == before
    assert tab.locator("#status").inner_text() == "no changes"


def test_lines_and_marked_words_are_given_to_speakers(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "eleven", 0).click()
    tab.keyboard.press("2")
    assert shown(tab)[3] == (BEN, "the budget is eleven hundred")
    select_words(tab, "and that is", 2, 4)
    tab.keyboard.press("0")
    assert shown(tab)[4:] == [(ANA, "and that"), ("SPEAKER_03", "is too much"), (ANA, "I say")]
    moved = downloaded(tab)["corrections"][1]
    assert moved == {
        "operation": "assign", "speaker": ANA, "start": 10.8, "end": 11.95, "before": "is too much",
        "after": "SPEAKER_03", "left": "and that", "right": "I say",
    }  # fmt: skip


def test_the_text_is_edited(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "eleven", 3).click()
    tab.keyboard.press("e")
    tab.get_by_label("Text of the line").fill("the budget is seven hundred")
    tab.keyboard.press("Enter")
    assert texts(tab)[3] == "the budget is seven hundred"
    tab.keyboard.press("e")
    tab.get_by_label("Text of the line").fill("something else")
    tab.keyboard.press("Escape")
    assert texts(tab)[3] == "the budget is seven hundred"
    (change,) = downloaded(tab)["corrections"]
    assert (change["before"], change["after"], change["start"]) == ("eleven", "seven", 8.2)


def test_an_open_edit_is_kept_before_anything_else_is_done(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "eleven", 3).click()
    tab.keyboard.press("c")
    tab.keyboard.press("e")
    tab.get_by_label("Text of the line").fill("the budget is seven hundred")
    tab.get_by_role("button", name="Undo").click()
    assert texts(tab)[3] == "the budget is eleven hundred"
    tab.get_by_role("button", name="Redo").click()
    assert texts(tab)[3] == "the budget is seven hundred"


def test_a_click_that_ends_an_edit_counts(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "eleven", 3).click()
    tab.keyboard.press("e")
    tab.get_by_label("Text of the line").fill("the budget is seven hundred")
    tab.locator("#bar-people button").nth(1).click()
    assert shown(tab)[3] == (BEN, "the budget is seven hundred")


def test_an_open_edit_is_kept_when_the_page_is_closed(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "eleven", 3).click()
    tab.keyboard.press("e")
    tab.get_by_label("Text of the line").fill("the budget is seven hundred")
    tab.reload()
    tab.wait_for_selector("html.ready")
    assert texts(tab)[3] == "the budget is seven hundred"
    assert tab.locator("#restored-text").inner_text() == "1 correction from an earlier visit was restored."


def test_lines_are_split_and_merged(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "good morning", 2).click()
    tab.keyboard.press("s")
    assert texts(tab)[:2] == ["good morning", "to all of you"]
    assert "to all of you" in tab.locator("#bar-target").inner_text(), "the new line is chosen"
    tab.keyboard.press("m")
    assert texts(tab)[0] == "good morning to all of you"
    assert [each["operation"] for each in downloaded(tab)["corrections"]] == ["split", "join"]


def test_two_labels_with_one_name_are_one_person(opened: Open, file: Path) -> None:
    tab = opened(file)
    for name in (ANA, CORA):
        tab.get_by_role("button", name=f"Speaker: {name}").first.click()
        tab.get_by_label("everywhere").fill("Ana")
        tab.keyboard.press("Enter")
    word(tab, "the budget is", 0).click()
    tab.keyboard.press("1")
    assert tab.locator("#live").inner_text().endswith("are Ana's already")
    before = texts(tab)[2]
    tab.keyboard.press("m")
    assert texts(tab)[2] == f"{before} the budget is eleven hundred"
    applied = apply_corrections(conversation(), loads(json.dumps(downloaded(tab))))
    assert [(each.speaker, each.text) for each in applied.utterances] == shown(tab)
    tab.keyboard.press("u")
    assert texts(tab)[2] == before


def test_ctrl_s_keeps_the_edit_and_downloads(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "eleven", 3).click()
    tab.keyboard.press("e")
    tab.get_by_label("Text of the line").fill("the budget is seven hundred")
    with tab.expect_download() as download:
        tab.keyboard.press("Control+s")
    assert "seven" in Path(download.value.path()).read_text()
    assert "1 change, downloaded" in tab.locator("#status").inner_text()


def test_undo_redo_and_what_is_kept(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "good morning", 0).click()
    for key in ("2", "3", "c"):
        tab.keyboard.press(key)
    tab.keyboard.press("Control+z")
    tab.keyboard.press("u")
    assert shown(tab)[0][0] == BEN
    assert "1 change, not downloaded" in tab.locator("#status").inner_text()
    tab.close()
    tab = opened(file)
    assert shown(tab)[0][0] == BEN
    assert tab.locator("#restored").is_visible()
    tab.keyboard.press("Control+y")
    assert shown(tab)[0][0] == CORA
    tab.get_by_role("button", name="Undo them all").click()
    assert shown(tab)[0][0] == ANA
    tab.reload()
    tab.wait_for_selector("html.ready")
    assert tab.locator("#restored").is_hidden()
    tab.keyboard.press("Control+y")
    assert shown(tab)[0][0] == BEN, "nothing is lost by a wrong click"


def test_two_tabs_of_one_page_show_the_same(opened: Open, file: Path) -> None:
    one, two = opened(file), opened(file)
    word(one, "good morning", 0).click()
    one.keyboard.press("2")
    until(two, f"document.querySelector('.line .name').textContent === '{BEN}'")
    word(two, "the budget is", 0).click()
    two.keyboard.press("1")
    until(one, "document.getElementById('status').textContent.startsWith('2 changes')")
    assert shown(one) == shown(two)


def test_corrections_of_another_version_are_offered(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "good morning", 0).click()
    tab.keyboard.press("c")
    done = downloaded(tab)
    applied = apply_corrections(conversation(), loads(json.dumps(done)))
    word(tab, "the budget is", 0).click()
    tab.keyboard.press("2")
    later = opened(applied, session="talk", sound=recording(applied))
    assert shown(later)[3][0] == CORA
    assert later.locator("#restored").is_hidden()
    for _ in range(40):
        if later.locator("#older").is_visible():
            break
        later.wait_for_timeout(250)
        later.reload()
        later.wait_for_selector("html.ready")
    with later.expect_download() as download:
        later.get_by_role("button", name="Download them").click()
    assert later.locator("#older").is_hidden()
    again = apply_corrections(applied, loads(Path(download.value.path()).read_text()))
    assert [each.operation for each in again.corrections] == ["check", "assign"]
    assert again.utterances[3].speaker == BEN
    word(later, "good morning", 0).click()
    later.keyboard.press("c")
    assert later.locator("#live").inner_text() == "This check was applied to the transcript and stays"
    later.reload()
    later.wait_for_selector("html.ready")
    assert later.locator("#older").is_hidden()


@pytest.mark.parametrize("keys", ["e", "s", "2", "Shift+ArrowRight 3", "m"])
def test_checks_are_the_same_after_they_were_applied(opened: Open, file: Path, keys: str) -> None:
    tab = opened(file)
    word(tab, "good morning", 0).click()
    tab.keyboard.press("c")
    word(tab, "yes please", 0).click()
    tab.keyboard.press("c")
    if keys != "m":
        word(tab, "good morning", 2).click()
    for key in keys.split():
        tab.keyboard.press(key)
    if keys == "e":
        tab.get_by_label("Text of the line").fill("a very good morning to you all")
        tab.keyboard.press("Enter")
    applied = apply_corrections(conversation(), loads(json.dumps(downloaded(tab))))
    later = opened(applied, session="talk", sound=recording(applied))
    ticks = "[...document.querySelectorAll('#lines .tick')].map((each) => each.getAttribute('aria-pressed'))"
    assert shown(later) == shown(tab)
    assert later.evaluate(ticks) == tab.evaluate(ticks)


def test_doubts_are_gone_through_with_one_key(opened: Open, file: Path) -> None:
    tab = opened(file)
    count = tab.locator("#doubt-count")
    total = int(count.inner_text().split()[2])
    assert total >= 5
    seen = []
    for _ in range(total):
        tab.keyboard.press("n")
        until(tab, "!document.getElementById('audio').paused")
        item = tab.locator(".item:has(.go[aria-current])")
        seen.append(item.inner_text())
        item.locator(".tick").click()
        if "0 of" not in count.inner_text() and count.inner_text().startswith(f"{total} of"):
            break
    assert count.inner_text().startswith(f"{total} of {total} checked")
    assert any("Cora" in text for text in seen[:1]), "a name comes first"
    checks = [each for each in downloaded(tab)["corrections"] if each["operation"] == "check"]
    assert checks
    assert {each["operation"] for each in downloaded(tab)["corrections"]} == {"check"}


def test_words_are_written_where_speech_has_no_words(opened: Open, file: Path) -> None:
    tab = opened(file)
    tab.get_by_role("button", name="Write the words").first.click()
    tab.get_by_label("What they say").fill("far too much")
    tab.get_by_role("button", name="Write", exact=True).click()
    assert (ANA, "far too much") in shown(tab)
    (change,) = downloaded(tab)["corrections"]
    assert (change["operation"], change["before"], change["after"]) == ("text", "", "far too much")


def test_the_corrections_file(opened: Open, file: Path) -> None:
    tab = opened(file)
    word(tab, "good morning", 0).click()
    tab.keyboard.press("2")
    content = downloaded(tab)
    assert content["version"] == "crosstalk-corrections/1"
    assert content["recording"] == {"source": "talk.wav", "sha256": "f" * 64, "duration": 20.0}
    assert content["speakers"][ANA] == [[0.5, 2.9], [4.6, 5.8], [10, 19]]
    assert "1 change, downloaded" in tab.locator("#status").inner_text()


def test_downloaded_corrections_are_applied_in_every_format(opened: Open, file: Path) -> None:
    tab = opened(file)
    line(tab, "good morning").locator(".who").click()
    tab.get_by_label("everywhere").fill("Ana")
    tab.keyboard.press("Enter")
    word(tab, "good morning", 2).click()
    tab.keyboard.press("s")
    select_words(tab, "and that is", 0, 1)
    tab.keyboard.press("0")
    word(tab, "eleven", 3).click()
    tab.keyboard.press("e")
    tab.get_by_label("Text of the line").fill("the whole budget is seven hundred euros")
    tab.keyboard.press("Enter")
    tab.keyboard.press("c")
    tab.keyboard.press("3")
    tab.keyboard.press("u")
    applied = apply_corrections(conversation(), loads(json.dumps(downloaded(tab))))
    assert [each for each in applied.corrections if each.problem] == []
    assert [(each.speaker, each.text) for each in applied.utterances] == shown(tab)
    for name in ("txt", "srt", "md", "html", "json"):
        written = formats.dumps(applied, name).decode()
        assert "Ana" in written
        assert "euros" in written


def test_everything_works_by_keyboard(opened: Open, file: Path) -> None:
    tab = opened(file)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        tab.keyboard.press(key)
    assert "budget" in tab.evaluate("document.activeElement.textContent")
    tab.keyboard.press("Shift+ArrowRight")
    tab.keyboard.press("Shift+ArrowRight")
    tab.keyboard.press("1")
    assert (ANA, "budget is") in shown(tab)
    tab.keyboard.press("e")
    tab.keyboard.type("1?c")
    tab.keyboard.press("Control+Space")
    until(tab, "!document.getElementById('audio').paused")
    tab.keyboard.press("Escape")
    assert (ANA, "budget is") in shown(tab), "keys are text while text is edited"
    tab.keyboard.press("?")
    assert tab.locator("#help-dialog").is_visible()
    tab.keyboard.press("1")
    tab.keyboard.press("Escape")
    assert tab.locator("#help-dialog").is_hidden()
    assert "1 change" in tab.locator("#status").inner_text()


def test_it_works_without_sound_and_gives_the_reason(opened: Open) -> None:
    tab = opened(conversation(), session="talk", sound=Sound(missing="the recording is gone"))
    assert "the recording is gone" in tab.locator("#facts").inner_text()
    word(tab, "good morning", 1).click()
    assert tab.locator(".words > .now").inner_text() == "morning"
    tab.keyboard.press("2")
    assert shown(tab)[0][0] == BEN


def test_the_first_words_of_a_recording_are_written(opened: Open) -> None:
    tab = opened(Transcript(9.0), session="talk", sound=Sound(missing="the recording is gone"))
    tab.keyboard.press("i")
    tab.get_by_label("What they say").fill("hello there")
    tab.get_by_role("button", name="Write", exact=True).click()
    assert shown(tab) == [("SPEAKER_00", "hello there")]
    assert tab.locator("#no-lines").is_hidden()
    applied = apply_corrections(Transcript(9.0), loads(json.dumps(downloaded(tab))))
    assert [(each.speaker, each.text) for each in applied.utterances] == shown(tab)
    tab.get_by_role("button", name="Play", exact=True).click()
    assert tab.locator("#live").inner_text() == "There is no sound: the recording is gone"


def test_a_linked_recording_plays(opened: Open, tmp_path: Path) -> None:
    transcript = conversation()
    (tmp_path / "talk #1.m4a").write_bytes(recording(transcript).content)
    tab = opened(transcript, session="talk", sound=Sound(link="talk%20%231.m4a"), links=True)
    word(tab, "good morning", 0).click()
    until(tab, "document.getElementById('audio').currentTime > 0.6")


def test_a_browser_that_keeps_nothing_is_reported(opened: Open, context: Any, file: Path) -> None:
    context.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); };")
    tab = opened(file)
    assert tab.locator("#unsaved").is_visible()
    word(tab, "good morning", 0).click()
    tab.keyboard.press("2")
    assert shown(tab)[0][0] == BEN
    assert "not saved" in tab.locator("#status").inner_text()
    asks = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert tab.evaluate(asks), "closing would lose the corrections"
    downloaded(tab)
    assert not tab.evaluate(asks)


def test_a_full_storage_is_reported_when_it_is_full(opened: Open, file: Path) -> None:
    tab = opened(file)
    tab.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    assert tab.locator("#unsaved").is_hidden()
    word(tab, "good morning", 0).click()
    tab.keyboard.press("2")
    assert tab.locator("#unsaved").is_visible()


def test_damaged_corrections_in_the_browser_do_no_harm(opened: Open, context: Any, file: Path) -> None:
    context.add_init_script('Storage.prototype.getItem = () => \'{"entries": [{"operations": [7]}], "done": 9}\';')
    assert len(shown(opened(file))) == 5


def test_an_empty_transcript_has_a_page(opened: Open) -> None:
    tab = opened(Transcript(0.0), session="nothing")
    assert tab.locator("#no-lines").is_visible()
    for key in ("n", "ArrowDown", "s", "m", "c", "e", "l", "u", "1", "0", "r", "Enter"):
        tab.keyboard.press(key)
    tab.keyboard.press("Escape")
    tab.keyboard.press("i")
    tab.get_by_label("What they say").fill("hello")
    tab.get_by_role("button", name="Write", exact=True).click()
    assert tab.locator("#live").inner_text() == "There is no time for words"
    assert replace(Transcript(0.0)).status == "no_speech"
    assert formats.suffix("html") == ".html"
