"""Corrections from the command line: applied, kept by later runs, used as reference, and the page that is opened."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline.cli import open_page
from pipeline.cli.app import main
from pipeline.core.correction import Correction
from pipeline.corrections import CorrectionsFile, dumps
from pipeline.corrections.corrections_file import of_transcript
from pipeline.engine import artifact_cache
from pipeline.formats import html, sound
from pipeline.models.synthetic import synthesize
from tests import world
from tests.conftest import REPOSITORY
from tests.media.factory import make


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder with a meeting of two speakers and its transcript in three formats."""
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / ".cache")
    monkeypatch.chdir(tmp_path)
    world.write_wav(tmp_path / "meeting.wav")
    assert transcribe("-f", "json,txt,srt") == 0
    return tmp_path


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main([*arguments])
    return int(caught.value.code or 0)


def transcribe(*arguments: str, changes: dict[str, object] | None = None) -> int:
    return call("meeting.wav", "-q", *arguments, *world.arguments(changes))


def corrections(*items: Correction, name: str = "meeting.corrections.json") -> Path:
    file = of_transcript(pipeline.load("meeting.json"))
    path = Path(name)
    path.write_text(dumps(CorrectionsFile(file.recording, file.speakers, items)))
    return path


def texts(path: str = "meeting.json") -> list[tuple[str, str]]:
    return [(each.speaker, each.text) for each in pipeline.load(path).utterances]


EDIT = Correction("text", "SPEAKER_00", 1.0, 1.4, "a1", "hello", right="a2")
NAME = Correction("name", "SPEAKER_00", after="Ana")
CORRECTED = [("Ana", "hello a2"), ("SPEAKER_01", "b3 b4 b6"), ("Ana", "a5")]


def test_apply_changes_every_file_and_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corrections(EDIT, NAME, Correction("check", "SPEAKER_01", 1.8, 3.4, "b3 b4 b6"))
    assert call("apply", "meeting.json", "meeting.corrections.json") == 0
    assert texts() == CORRECTED
    assert "Ana: hello a2" in (folder / "meeting.txt").read_text()
    assert "hello" in (folder / "meeting.srt").read_text()
    assert "1 of 6 words changed, 1 name given, 1 line checked" in capsys.readouterr().err
    (word,) = [w for w in pipeline.load("meeting.json").words if w.origin == "corrected"]
    assert word.text == "hello"
    before = (folder / "meeting.json").read_bytes()
    assert call("apply", "meeting.json", "meeting.corrections.json") == 0
    assert (folder / "meeting.json").read_bytes() == before, "nothing is applied twice"


def test_apply_writes_other_formats_elsewhere(folder: Path) -> None:
    corrections(EDIT)
    before = (folder / "meeting.json").read_bytes()
    assert call("apply", "meeting.json", "meeting.corrections.json", "-f", "md,vtt", "-o", "out") == 0
    assert sorted(path.name for path in Path("out").iterdir() if path.suffix) == ["meeting.md", "meeting.vtt"]
    assert (folder / "meeting.json").read_bytes() == before


@pytest.mark.promise(30)
def test_a_later_run_keeps_what_was_applied() -> None:
    path = corrections(EDIT, NAME)
    assert call("apply", "meeting.json", str(path)) == 0
    path.unlink()
    assert transcribe("-f", "json", changes={"assembly.max_utterance": 20.0}) == 0
    assert texts() == CORRECTED
    assert transcribe("-f", "json") == 0
    assert texts() == CORRECTED
    assert len(pipeline.load("meeting.json").corrections) == 2


def test_corrections_beside_the_recording_are_applied() -> None:
    corrections(EDIT, NAME)
    assert transcribe("-f", "json", "-o", "elsewhere") == 0
    assert texts("elsewhere/meeting.json") == CORRECTED
    assert call("batch", "meeting.wav", "-q", "-o", "batch", "-f", "json", *world.arguments()) == 0
    assert texts("batch/meeting.json") == CORRECTED
    corrections(EDIT, NAME, Correction("check", "SPEAKER_00", 6.0, 6.4, "a5"))
    assert call("batch", "meeting.wav", "-q", "-o", "batch", "-f", "json", *world.arguments()) == 0
    assert len(pipeline.load("batch/meeting.json").corrections) == 3, "new corrections make the recording due again"


def test_corrections_of_another_recording_are_not_applied(capsys: pytest.CaptureFixture[str]) -> None:
    path = corrections(EDIT)
    data = json.loads(path.read_text())
    data["recording"]["sha256"] = "0" * 64
    path.write_text(json.dumps(data))
    assert transcribe("-f", "json", "-o", "one") == 0
    (notice,) = [n for n in pipeline.load("one/meeting.json").notices if n.code.startswith("corrections")]
    assert notice.code == "corrections_of_another_recording"
    assert transcribe("-f", "json", "-o", "two", "--corrections", str(path)) == 2
    assert call("apply", "meeting.json", str(path)) == 2
    assert "another recording" in capsys.readouterr().err
    assert not Path("two/meeting.json").exists()


def test_what_does_not_fit_is_reported_without_words_of_the_recording(capsys: pytest.CaptureFixture[str]) -> None:
    corrections(EDIT, Correction("text", "SPEAKER_00", 1.0, 1.4, "secret", "words"))
    assert call("apply", "meeting.json", "meeting.corrections.json") == 0
    err = capsys.readouterr().err
    assert "not applied: 0:01 SPEAKER_00, text: the speaker has other words or none at this place" in err
    assert "secret" not in err
    assert transcribe("-f", "json") == 0
    assert [n.code for n in pipeline.load("meeting.json").notices] == ["corrections_not_applied"]


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"version": "crosstalk-corrections/2"}'])
def test_a_damaged_file_ends_the_command_before_any_work(content: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("meeting.corrections.json").write_text(content)
    assert transcribe("-f", "json", "-o", "out") == 1
    assert "meeting.corrections.json" in capsys.readouterr().err
    assert not Path("out/meeting.json").exists()


def test_a_corrected_transcript_is_a_reference(capsys: pytest.CaptureFixture[str]) -> None:
    corrections(EDIT)
    assert call("apply", "meeting.json", "meeting.corrections.json", "-f", "json", "-o", "reference") == 0
    assert call("score", "reference/meeting.json", "meeting.json", "--json") == 0
    assert '"errors": 1' in capsys.readouterr().out


def test_names_of_a_rename_stay_also_after_a_correction_gave_others() -> None:
    path = corrections(NAME)
    assert call("apply", "meeting.json", str(path)) == 0
    assert call("rename", "meeting.json", "Ana=Anna") == 0
    assert transcribe("-f", "json") == 0
    assert pipeline.load("meeting.json").speakers == ("Anna", "SPEAKER_01")


@pytest.mark.promise(30)
def test_corrections_are_not_lost_when_the_recording_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = corrections(EDIT, NAME)
    assert call("apply", "meeting.json", str(path)) == 0
    path.unlink()
    before = (folder / "meeting.json").read_bytes()
    world.write_wav(folder / "meeting.wav", duration=9.0)
    assert transcribe("-f", "json") == 1
    assert "holds corrections, and the recording has another content now" in capsys.readouterr().err
    assert call("batch", "meeting.wav", "-q", "-o", ".", "-f", "json", *world.arguments()) != 0
    assert (folder / "meeting.json").read_bytes() == before
    assert transcribe("-f", "json", "--overwrite") == 0
    assert not pipeline.load("meeting.json").corrections


@pytest.mark.parametrize("use", ["embed", "link", "none"])
def test_a_page_keeps_its_sound_when_it_is_written_again(use: str, folder: Path) -> None:
    assert transcribe("-f", "json,html", "--audio", use, "-o", "out") == 0
    page = folder / "out" / "meeting.html"
    before = html.sound_in(page.read_bytes())
    assert (bool(before.content), bool(before.link)) == (use == "embed", use == "link")
    assert call("rename", "out/meeting.json", "SPEAKER_00=Ana") == 0
    assert "Ana" in page.read_text()
    assert html.sound_in(page.read_bytes()) == before


def test_a_sound_that_is_too_large_is_linked_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sound, "MAX_EMBEDDED", 10_000)
    assert transcribe("-f", "html", "-o", "out") == 0
    assert "the sound would take 0 MB and is linked" in capsys.readouterr().err
    assert html.sound_in(Path("out/meeting.html").read_bytes()).link == "../meeting.wav"


def test_files_keep_their_options_when_they_are_written_again(folder: Path) -> None:
    assert transcribe("-f", "json,srt", "--no-speaker-names", "--no-overlap-cues", "-o", "out") == 0
    text = (folder / "out" / "meeting.json").read_text()
    (folder / "out" / "meeting.json").write_text(text.replace('"text": "a5"', '"text": "five"'))
    assert call("rename", "out/meeting.json", "SPEAKER_00=Ana") == 0
    subtitles = (folder / "out" / "meeting.srt").read_text()
    assert "five" in subtitles
    assert "Ana" not in subtitles


def test_the_page_plays_the_track_that_was_transcribed(folder: Path) -> None:
    (folder / "two.mka").write_bytes(make("mka", synthesize(world.DIALOGUE, 8.0)[None], tracks=2))
    assert call("two.mka", "-q", "--track", "2", "-f", "json", *world.arguments()) == 0
    assert call("convert", "two.json", "-f", "html") == 0
    assert html.sound_in((folder / "two.html").read_bytes()).content
    text = (folder / "two.json").read_text()
    (folder / "two.json").write_text(text.replace('"track": 2', '"track": 3'))
    assert call("convert", "two.json", "-f", "html") == 0
    assert "track" in html.sound_in((folder / "two.html").read_bytes()).missing


def test_corrections_need_one_recording(capsys: pytest.CaptureFixture[str]) -> None:
    path = corrections(EDIT)
    assert call("meeting.wav", "meeting.wav", "--corrections", str(path), *world.arguments()) == 1


def test_the_page_is_private_and_removed_afterwards(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[int, bool]] = []

    class Answer(io.StringIO):
        def readline(self, size: int = -1) -> str:  # type: ignore[override]
            (page,) = (tmp_path / "tmp").rglob("meeting.html")
            seen.append((page.parent.stat().st_mode & 0o777, b"hello" in page.read_bytes()))
            return "\n"

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(open_page.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.setattr("sys.stdin", Answer())
    corrections(EDIT)
    assert call("apply", "meeting.json", "meeting.corrections.json") == 0
    with open_page._page_folder(Path("meeting.json")) as folder:
        assert call("open", "meeting.json", "--no-browser") == 0
        assert list(folder.iterdir()), "another command shows the same page"
    assert seen == [(0o700, True)]
    assert not [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()]


def test_a_terminal_that_closes_removes_the_page(folder: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "open", "meeting.json", "--no-browser"]
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(REPOSITORY)}
    running = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # `nohup` ignores it, also in its children
    )
    with running:
        assert running.stderr
        while b"press Enter" not in running.stderr.readline():
            assert running.poll() is None
        assert list(folder.rglob("*.html"))
        running.send_signal(signal.SIGHUP)
        try:
            running.wait(20)
        finally:
            running.kill()
    assert not list(folder.rglob("*.html"))
