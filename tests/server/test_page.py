"""The page at /: its files, and what a person does on it in a browser, with jobs that do what the test says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import formats
from pipeline.config.languages import english_names
from pipeline.server.api_errors import ApiError
from pipeline.server.page_routes import POLICY, read_files
from tests.server.asgi import call, small_app, some_settings
from tests.server.scripted import Scripted, scripted

WIDE, NARROW, SMALL = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 320, "height": 600}
EVIL = "<img src=x onerror=alert(1)>\u202e.wav"
TOKEN = "the token of this server"
Open = Callable[..., Any]


class TestFiles:
    def test_the_page_has_the_limits_and_the_languages(self) -> None:
        found = call(small_app(some_settings(max_upload=123456, keep=7200.0)))
        text = found.body.decode()
        assert found.headers["content-security-policy"] == POLICY
        assert 'data-max-upload="123456" data-keep="7200" data-token="no"' in text
        assert text.count("<option") == len(english_names()) + 1
        assert "{{" not in text
        assert not re.search(r"<script(?! type=\"module\" src=)|<style|\son\w+=|\sstyle=", text)

    def test_every_file_that_the_page_imports_is_served(self) -> None:
        files = read_files()
        app = small_app()
        for name, file in files.items():
            found = call(app, f"/static/{name}")
            assert (found.status, found.body) == (200, file.content)
            again = call(app, f"/static/{name}", headers={"If-None-Match": found.headers["etag"]})
            assert (again.status, again.body) == (304, b"")
            folder = Path("/static", name).parent
            for other in re.findall(r'from "([^"]+)"', file.content.decode()):
                address = str((folder / other).resolve()).removeprefix("/static/")
                assert address in files, f"{name} imports {other}"

    @pytest.mark.parametrize(
        "name", ["server/page/index.html", "server/security.py", "../server/security.py", "", "/etc/passwd", "\0"]
    )
    def test_nothing_else_is_served(self, name: str) -> None:
        found = call(small_app(), f"/static/{name}")
        assert (found.status, found.code) == (404, "not_found")

    def test_every_format_has_a_label(self) -> None:
        text = read_files()["server/page/formats.js"].content.decode()
        assert set(re.findall(r'\["([\w-]+)", "', text)) == set(formats.built_in()) - {"html"}

    def test_every_stage_has_a_label(self) -> None:
        from pipeline.engine.pipeline import STAGES

        text = read_files()["server/page/words.js"].content.decode()
        stages = text.partition("STAGES = new Map")[2].partition("]);")[0]
        assert set(re.findall(r'\["(\w+)"', stages)) == {"decode", *(stage.name for stage in STAGES)}


@pytest.fixture
def jobs() -> Iterator[Scripted]:
    with scripted() as running:
        yield running


@pytest.fixture
def visit(context: Any) -> Iterator[Open]:
    """Opens the page; at the end no error and no request to another server is allowed."""
    problems: list[str] = []

    def open_(server: Scripted, expected: str = r"$^", **size: int) -> Any:
        """``expected``: a pattern of messages of the browser's console that the test brings about."""
        tab = context.new_page()
        tab.set_viewport_size(size or WIDE)

        def note(text: str) -> None:
            if not re.search(expected, text):
                problems.append(text)

        tab.on("console", lambda message: note(f"{message.text} {message.location}"))
        tab.on("pageerror", lambda error: note(str(error)))
        local = (server.url, f"blob:{server.url}")
        tab.on("request", lambda request: None if request.url.startswith(local) else note(request.url))
        tab.goto(server.url)
        tab.wait_for_selector("html.ready")
        return tab

    yield open_
    assert problems == [], problems


def choose(tab: Any, name: str = "meeting.m4a", content: bytes = b"sound") -> None:
    tab.set_input_files("#files", {"name": name, "mimeType": "audio/mp4", "buffer": content})


def send(tab: Any, name: str = "meeting.m4a") -> Any:
    """Sends a recording; its entry in the list."""
    choose(tab, name)
    tab.get_by_role("button", name="Transcribe").click()
    return tab.locator(".item", has_text=name).first


def has(entry: Any, text: str) -> None:
    """The entry comes to have the text."""
    entry.locator(f"text={text}").first.wait_for()


def live(tab: Any, text: str) -> None:
    """The live region comes to say the text."""
    tab.locator("#live", has_text=text).wait_for(state="attached")


@pytest.mark.slow
class TestWork:
    def test_it_opens_with_one_action(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        assert tab.locator("button.strong:visible").all_inner_texts() == ["Choose a file"]
        assert "up to 2 GB; the server deletes it after 1 hour" in tab.locator("#limits").inner_text()
        assert tab.locator("#no-items").is_visible()

    def test_from_the_file_to_the_transcript(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        choose(tab)
        assert tab.locator("#chosen").inner_text().split() == ["meeting.m4a", "5", "bytes"]
        tab.get_by_label("Number of speakers").fill("3")
        tab.get_by_label("Language").select_option("German")
        tab.get_by_role("button", name="Transcribe").click()
        entry = tab.locator(".item")
        has(entry, "Waiting for a free worker")
        assert jobs.received == [{"speakers": "3", "language": "de", "file": ("meeting.m4a", 5)}]
        assert tab.locator("#empty").is_visible()
        jobs.set("job1", position=2)
        has(entry, "Waiting: 2 recordings before this one")
        jobs.set("job1", status="running", stage="diarization", progress=0.25, estimate_s=180)
        has(entry, "Finding who speaks when · about 3 min left")
        assert entry.locator("progress").evaluate("(bar) => bar.value") == 0.25
        jobs.set("job1", stage="recognition", progress=0.75, estimate_s=20)
        has(entry, "Recognizing the words · less than a minute left")
        jobs.finish("job1", notices=["fewer_speakers"])
        has(entry, "12:34 · fewer speakers were found than you gave · kept until")
        live(tab, "meeting.m4a: the transcript is ready")
        assert entry.locator("progress").is_hidden()
        open_, download = entry.get_by_role("link", name="Open"), entry.get_by_role("link", name="Word")
        assert open_.get_attribute("href") == "v1/jobs/job1/result?format=html"
        with tab.expect_download() as file:
            download.click()
        assert file.value.suggested_filename == "talk.docx"
        assert Path(file.value.path()).read_text() == "meeting.m4a as docx"
        entry.get_by_text("3 more formats").click()
        assert entry.get_by_role("link", name="WebVTT").is_visible()

    def test_fields_that_are_left_alone_are_not_sent(self, jobs: Scripted, visit: Open) -> None:
        send(visit(jobs))
        assert jobs.received == [{"file": ("meeting.m4a", 5)}]

    def test_several_recordings_go_one_after_another(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        files = [{"name": f"{n}.wav", "mimeType": "audio/wav", "buffer": b"sound"} for n in "abcde"]
        tab.set_input_files("#files", files)
        tab.get_by_role("button", name="Transcribe").click()
        for name in "abcde":
            has(tab.locator(".item", has_text=f"{name}.wav"), "Waiting for a free worker")
        assert sorted(each["file"][0] for each in jobs.received) == [file["name"] for file in files]
        for id in jobs.jobs:
            jobs.set(id, status="running", stage="decode")
        for name in "abcde":
            has(tab.locator(".item", has_text=f"{name}.wav"), "Reading the sound")

    def test_a_dropped_file_is_chosen(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        tab.evaluate(
            "() => { const data = new DataTransfer(); data.items.add(new File(['sound'], 'dropped.wav'));"
            " const at = document.getElementById('new');"
            " at.dispatchEvent(new DragEvent('dragover', { dataTransfer: data, bubbles: true, cancelable: true }));"
            " at.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })); }"
        )
        assert "dropped.wav" in tab.locator("#chosen").inner_text()
        assert tab.locator(".over").count() == 0

    def test_the_microphone(self, jobs: Scripted, visit: Open, context: Any) -> None:
        context.grant_permissions(["microphone"], origin=jobs.url.rstrip("/"))
        tab = visit(jobs)
        tab.get_by_role("button", name="Record").click()
        tab.locator("#recorded", has_text="0:01").wait_for()
        tab.get_by_role("button", name="Stop").click()
        tab.locator("#preview").wait_for()
        with tab.expect_download() as kept:
            tab.get_by_role("link", name="Keep a copy").click()
        tab.get_by_role("button", name="Transcribe").click()
        has(tab.locator(".item"), "Waiting for a free worker")
        name, size = jobs.received[0]["file"]
        assert re.fullmatch(r"Recording \d{4}-\d\d-\d\d \d\d\.\d\d\.webm", name)
        assert kept.value.suggested_filename == name
        assert size == Path(kept.value.path()).stat().st_size > 1000

    def test_a_recording_is_discarded(self, jobs: Scripted, visit: Open, context: Any) -> None:
        context.grant_permissions(["microphone"], origin=jobs.url.rstrip("/"))
        tab = visit(jobs)
        tab.get_by_role("button", name="Record").click()
        tab.get_by_role("button", name="Discard").click()
        assert tab.locator("#empty").is_visible()
        assert tab.evaluate("document.activeElement.id") == "record"

    def test_without_permission_for_the_microphone(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        refusal = "Promise.reject(new DOMException('', 'NotAllowedError'))"
        tab.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = () => {refusal}; }}")
        tab.get_by_role("button", name="Record").click()
        tab.locator("#choice-problem", has_text="Allow it beside the address of this page").wait_for()

    def test_without_a_mouse(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.id") == "choose"
        with tab.expect_file_chooser() as chooser:
            tab.keyboard.press("Enter")
        chooser.value.set_files({"name": "a.wav", "mimeType": "audio/wav", "buffer": b"sound"})
        assert tab.evaluate("document.activeElement.id") == "send"
        tab.keyboard.press("Enter")
        entry = tab.locator(".item")
        has(entry, "Waiting for a free worker")
        jobs.finish("job1")
        has(entry, "kept until")
        for expected in ("Record", "Open", "Word", "Text", "Subtitles", "Minutes"):
            tab.keyboard.press("Tab")
            assert tab.evaluate("document.activeElement.textContent") == expected

    def test_names_are_inert(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        send(tab, EVIL)
        has(tab.locator(".item"), "Waiting for a free worker")
        jobs.set("job1", status="failed", error={"message": EVIL, "code": "x"})
        has(tab.locator(".item"), "onerror")
        assert tab.locator("main img").count() == 0


@pytest.mark.slow
class TestTrouble:
    def test_files_that_are_not_sent(self, visit: Open) -> None:
        with scripted(max_upload=1000) as jobs:
            tab = visit(jobs)
            choose(tab, "empty.wav", b"")
            assert tab.locator("#choice-problem").inner_text() == "empty.wav is empty."
            choose(tab, "long.wav", b"x" * 2500)
            assert tab.locator("#choice-problem").inner_text() == "long.wav has 2.5 kB; this server takes 1 kB at most."
            assert tab.locator("#empty").is_visible()
            choose(tab)
            assert tab.locator("#choice-problem").is_hidden()

    def test_a_refused_recording_can_be_sent_again(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs, "status of 400")
        jobs.refusals.append(ApiError(400, "this is no recording: it is a PDF", "invalid_recording"))
        entry = send(tab)
        has(entry, "This is no recording: it is a PDF.")
        entry.get_by_role("button", name="Try again").click()
        has(entry, "Waiting for a free worker")

    def test_a_busy_server_is_asked_again(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs, "status of 429")
        jobs.refusals.append(ApiError(429, "the queue is full", "queue_full", retry_after=2))
        entry = send(tab)
        has(entry, "The server has no room at the moment; next try in")
        has(entry, "Waiting for a free worker")

    def test_a_failed_job_shows_its_reason(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        entry = send(tab)
        has(entry, "Waiting for a free worker")
        jobs.set("job1", status="failed", error={"message": "meeting.m4a: there is no sound in it", "code": "x"})
        has(entry, "Meeting.m4a: there is no sound in it.")
        entry.get_by_role("button", name="Try again").click()
        has(entry, "Waiting for a free worker")
        assert list(jobs.jobs) == ["job1", "job2"]
        tab.reload()
        has(tab.locator(".item"), "Waiting for a free worker")
        assert tab.locator(".item").count() == 1

    def test_a_job_is_cancelled(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        entry = send(tab)
        has(entry, "Waiting for a free worker")
        entry.get_by_role("button", name="Cancel").click()
        tab.locator("#no-items").wait_for()
        assert jobs.jobs == {}
        live(tab, "meeting.m4a: removed")

    def test_deleting_is_asked_for(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        entry = send(tab)
        has(entry, "Waiting for a free worker")
        jobs.finish("job1")
        entry.get_by_role("button", name="Delete").click()
        tab.get_by_role("button", name="Keep").click()
        assert jobs.jobs
        entry.get_by_role("button", name="Delete").click()
        tab.locator("#delete").click()
        tab.locator("#no-items").wait_for()
        assert jobs.jobs == {}

    def test_the_list_is_restored_without_deleted_jobs(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs, "status of 404")
        for name in ("old.wav", "new.wav"):
            has(send(tab, name), "Waiting for a free worker")
        jobs.finish("job1")
        jobs.set("job2", status="running", stage="recognition")
        tab.reload()
        has(tab.locator(".item").nth(0), "Recognizing the words")
        assert tab.locator(".item h3").all_inner_texts() == ["new.wav", "old.wav"]
        del jobs.jobs["job1"]
        tab.reload()
        text = "1 transcript of this list was deleted: the server keeps them for 1 hour."
        tab.locator("#notice", has_text=text).wait_for()
        assert tab.locator(".item h3").all_inner_texts() == ["new.wav"]

    def test_a_deleted_result_is_reported(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs, "status of 404")
        entry = send(tab)
        has(entry, "Waiting for a free worker")
        jobs.finish("job1")
        has(entry, "kept until")
        del jobs.jobs["job1"]
        entry.get_by_role("link", name="Text").click()
        tab.locator("#notice", has_text="The server has deleted meeting.m4a.").wait_for()
        assert tab.locator(".item").count() == 0

    def test_the_connection_is_lost_and_comes_back(self, jobs: Scripted, visit: Open, context: Any) -> None:
        tab = visit(jobs, "ERR_INTERNET_DISCONNECTED")
        entry = send(tab)
        has(entry, "Waiting for a free worker")
        context.set_offline(True)
        choose(tab, "other.wav")
        tab.get_by_role("button", name="Transcribe").click()
        other = tab.locator(".item", has_text="other.wav")
        has(other, "The server cannot be reached.")
        context.set_offline(False)
        other.get_by_role("button", name="Try again").click()
        has(other, "Waiting for a free worker")

    def test_a_server_that_is_not_ready(self, jobs: Scripted, visit: Open) -> None:
        jobs.load.ready = 0
        tab = visit(jobs, "status of 503")
        assert "The server is not ready: the models are being loaded." in tab.locator("#readiness").inner_text()
        jobs.load.ready = 1
        tab.locator("#readiness").wait_for(state="hidden")

    def test_signing_in_and_out(self, visit: Open) -> None:
        with scripted(token=TOKEN) as jobs:
            tab = visit(jobs, "status of 401")
            assert tab.locator("#work").is_hidden()
            assert tab.evaluate("document.activeElement.id") == "token"
            tab.keyboard.type("wrong")
            tab.keyboard.press("Enter")
            tab.locator("#sign-in-problem", has_text="This is not the token of this server.").wait_for()
            tab.keyboard.type(TOKEN)
            tab.keyboard.press("Enter")
            entry = send(tab)
            has(entry, "Waiting for a free worker")
            tab.get_by_role("button", name="Sign out").click()
            tab.get_by_role("button", name="Sign in").wait_for()
            assert tab.locator("#work").is_hidden()

    def test_an_upload_waits_for_signing_in_again(self, visit: Open, context: Any) -> None:
        with scripted(token=TOKEN) as jobs:
            tab = visit(jobs, "status of 401")
            tab.keyboard.type(TOKEN)
            tab.keyboard.press("Enter")
            choose(tab)
            context.clear_cookies()
            tab.get_by_role("button", name="Transcribe").click()
            tab.get_by_label("Token").fill(TOKEN)
            tab.keyboard.press("Enter")
            has(tab.locator(".item"), "Waiting for a free worker")
            assert len(jobs.received) == 1


@pytest.mark.slow
class TestCorrections:
    def test_the_page_of_a_transcript_saves_to_the_server(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        entry = send(tab)
        has(entry, "Waiting for a free worker")
        jobs.finish("job1")
        with tab.expect_popup() as popup:
            entry.get_by_role("link", name="Open").click()
        page = popup.value
        page.wait_for_selector("html.ready")
        assert page.locator("#bar-keep .strong:visible").all_inner_texts() == ["Save to server"]
        page.locator(".line .who").first.click()
        page.get_by_label("everywhere").fill("Ana")
        page.keyboard.press("Enter")
        assert page.locator("#status").inner_text() == "1 change, not saved"
        page.get_by_role("button", name="Save to server").click()
        page.locator("#status", has_text="1 change, saved").wait_for()
        (change,) = jobs.corrections["job1"]["corrections"]
        assert change == {"operation": "name", "speaker": "SPEAKER_00", "after": "Ana"}
        tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        has(entry, "corrected")
        page.keyboard.press("u")
        assert page.locator("#status").inner_text() == "no changes, not saved"
        page.keyboard.press("Control+s")
        page.locator("#status", has_text="no changes, saved").wait_for()
        assert jobs.corrections["job1"]["corrections"] == []
        page.reload()
        page.wait_for_selector("html.ready")
        assert page.locator("#status").inner_text() == "no changes, saved"

    def test_corrections_that_were_not_saved_are_reported(self, jobs: Scripted, visit: Open, context: Any) -> None:
        tab = visit(jobs, "status of 404|ERR_INTERNET_DISCONNECTED")
        has(send(tab), "Waiting for a free worker")
        jobs.finish("job1")
        tab.goto(f"{jobs.url}v1/jobs/job1/result?format=html")
        tab.wait_for_selector("html.ready")
        tab.locator(".line .who").first.click()
        tab.get_by_label("everywhere").fill("Ana")
        tab.keyboard.press("Enter")
        context.set_offline(True)
        tab.keyboard.press("Control+s")
        live(tab, "The server cannot be reached: try again, or download the corrections")
        context.set_offline(False)
        del jobs.jobs["job1"]
        tab.keyboard.press("Control+s")
        live(tab, "The server has deleted this transcript: download the corrections")
        assert tab.locator("#status").inner_text() == "1 change, not saved"


def states(tab: Any, jobs: Scripted) -> Iterator[str]:
    """The page as it opens, with a chosen file, and with a recording in each state."""
    yield "empty"
    choose(tab)
    tab.locator("#settings").wait_for()
    yield "chosen"
    tab.get_by_role("button", name="Transcribe").click()
    for name in ("second.wav", "a long name of a recording that does not fit into a narrow window.wav", "last.wav"):
        has(send(tab, name), "Waiting for a free worker")
    jobs.finish("job1", notices=["truncated"])
    jobs.set("job2", status="failed", error={"message": "no sound", "code": "invalid_recording"})
    jobs.set("job3", status="running", stage="separation", progress=0.4, estimate_s=4000)
    has(tab.locator(".item").nth(3), "kept until")
    has(tab.locator(".item").nth(2), "No sound.")
    has(tab.locator(".item").nth(1), "Separating speech at the same time")
    yield "list"
    tab.get_by_text("3 more formats").click()
    yield "formats"
    tab.get_by_role("button", name="Delete").click()
    yield "dialog"
    tab.get_by_role("button", name="Keep").click()


@pytest.mark.slow
class TestAccess:
    @pytest.mark.parametrize(
        ("scheme", "size"), [("light", WIDE), ("dark", WIDE), ("light", NARROW)], ids=("light", "dark", "narrow")
    )
    def test_axe_finds_no_violation(
        self, jobs: Scripted, visit: Open, axe: Callable[[Any], list[str]], scheme: str, size: dict[str, int]
    ) -> None:
        tab = visit(jobs, **size)
        tab.emulate_media(color_scheme=scheme)
        assert {state: found for state in states(tab, jobs) if (found := axe(tab))} == {}

    def test_axe_finds_no_violation_on_the_sign_in_form(self, visit: Open, axe: Callable[[Any], list[str]]) -> None:
        with scripted(token=TOKEN) as jobs:
            assert axe(visit(jobs, "status of 401")) == []

    @pytest.mark.parametrize("size", [NARROW, SMALL, {"width": 640, "height": 450}], ids=("phone", "320", "zoom"))
    def test_nothing_is_cut_off(self, jobs: Scripted, visit: Open, size: dict[str, int]) -> None:
        tab = visit(jobs, **size)
        for state in states(tab, jobs):
            assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"], state
            buttons = "[...document.querySelectorAll('main button, main .button')]"
            cut = tab.evaluate(f"{buttons}.filter((each) => each.scrollWidth > each.clientWidth + 1).length")
            assert cut == 0, state

    def test_progress_is_not_read_out_all_the_time(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        entry = send(tab)
        has(entry, "Waiting for a free worker")
        before = tab.locator("#live").inner_text()
        for step in range(3):
            jobs.set("job1", status="running", stage="recognition", progress=step / 3, estimate_s=60 * (3 - step))
            has(entry, f"about {3 - step} min left")
        assert tab.locator("#live").inner_text() == before

    def test_the_focus_never_lands_on_another_button(self, jobs: Scripted, visit: Open) -> None:
        tab = visit(jobs)
        entry = send(tab)
        has(entry, "Waiting for a free worker")
        entry.get_by_role("button", name="Cancel").focus()
        jobs.finish("job1")
        has(entry, "kept until")
        assert tab.evaluate("document.activeElement.className") == "item ready"
