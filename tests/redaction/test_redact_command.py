"""``transcribe redact``: what it writes, what it refuses, and that no planted item is left in any file."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline import formats
from pipeline.analytics import analytics_file
from pipeline.cli.app import app
from pipeline.config import presets
from pipeline.config.schema import assign
from pipeline.core.output_record import OutputRecord, source_of
from pipeline.core.types import Notice, Transcript
from pipeline.engine.pipeline import Transcriber
from pipeline.formats import files
from pipeline.formats.sound import sound_maker
from pipeline.redaction import redacting
from pipeline.redaction.types import Doubt, Plan
from tests import pages, world
from tests.redaction import spoken
from tests.redaction.search import files_with

ITEMS = (*spoken.CARD, "1486.", spoken.CODE)
KINDS = "card,cvv"
FORMATS = tuple(formats.built_in())


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    call = spoken.write_call(tmp_path_factory.mktemp("call") / "call.wav")
    return Transcriber(world.settings(spoken.SETTINGS))(call)


@pytest.fixture(scope="module")
def folder(transcript: Transcript, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A call with its transcript in several formats, its analytics and its stems."""
    folder = tmp_path_factory.mktemp("in")
    recording = spoken.write_call(folder / "call.wav")
    transcript = replace(transcript, notices=(Notice("gap", "after 4539 5787"),))
    record = OutputRecord(folder, source_of(recording))
    files.write(
        transcript, "call", folder, FORMATS, record, sound_maker(recording, transcript, "embed"), per_speaker=True
    )
    columns = {"customer": "card 4539578763621486"}
    target, content = analytics_file.file_of(transcript, (), folder / "call", columns)
    data = json.loads(content)
    data["findings"] = [
        {"name": "x", "evidence": [{"start": 8.0, "end": 10.9, "text": "4539 5787", "speaker": "SPEAKER_01"}]}
    ]
    target.write_text(json.dumps(data))
    stems = Transcriber(world.settings(spoken.SETTINGS)).split(recording)
    list(files.write_stems(stems.streams, stems.turns, stems.duration, "call", folder, "wav", record))
    return folder


@pytest.fixture
def full_call(folder: Path, tmp_path: Path) -> Path:
    """A copy of the folder; its JSON transcript."""
    return Path(shutil.copytree(folder, tmp_path / "in")) / "call.json"


@pytest.fixture
def call(folder: Path, tmp_path: Path) -> Path:
    """A copy of the recording and its JSON transcript; the transcript."""
    (tmp_path / "in").mkdir()
    for name in ("call.wav", "call.json"):
        shutil.copy(folder / name, tmp_path / "in")
    return tmp_path / "in" / "call.json"


def redact(*arguments: object, settings: Sequence[str] = ()) -> Result:
    given = settings or world.arguments(spoken.SETTINGS)
    return CliRunner().invoke(app, ["redact", *map(str, arguments), *given])


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_no_planted_item_is_in_any_file(full_call: Path, tmp_path: Path) -> None:
    before = content_of(full_call.parent)
    found = files_with(full_call.parent, ITEMS)
    assert {"call.txt", "call.html", "call.docx", "call.wav", "call.analytics.json"} <= found.keys(), "the search finds"
    assert set(ITEMS) - {"1486."} <= set().union(*found.values())
    done = redact(full_call, "--kinds", KINDS, "-o", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    assert files_with(tmp_path / "out", ITEMS) == {}
    assert content_of(full_call.parent) == before
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {f"call.redacted{formats.suffix(name)}" for name in FORMATS}
    assert names >= {"call.redacted.wav", "call.redaction.json", "call.redacted.analytics.json", "call.redacted.labels"}
    assert names >= {"call.redacted.SPEAKER_00.wav", "call.redacted.SPEAKER_01.srt"}
    assert "[card]" in (tmp_path / "out/call.redacted.txt").read_text()
    page = (tmp_path / "out/call.redacted.html").read_text()
    assert '"missing":""' in page, "the page has its sound"


def test_the_list_of_redactions_names_every_span(call: Path, transcript: Transcript, tmp_path: Path) -> None:
    assert redact(call, "--kinds", KINDS, "-o", tmp_path / "out", "-f", "json", "--sound", "tone").exit_code == 0
    written = json.loads((tmp_path / "out/call.redaction.json").read_text())
    assert (written["version"], written["complete"], written["problems"]) == ("crosstalk-redaction/1", True, [])
    assert written["sound"]["cover"] == "tone"
    assert transcript.provenance
    assert written["recording"] == {"sha256": transcript.provenance.sha256, "duration": transcript.duration}
    kinds = [each["kind"] for each in written["redactions"]]
    assert set(kinds) == {"card", "cvv"}
    assert {each["verification"] for each in written["redactions"]} == {"verified"}
    assert all(each["muted"][0] <= each["start"] < each["end"] <= each["muted"][1] for each in written["redactions"])
    result = formats.load(tmp_path / "out/call.redacted.json")
    assert result.provenance
    assert (result.provenance.source, result.provenance.sha256) == ("call.redacted.wav", written["sound"]["sha256"])
    assert result.duration == transcript.duration


def test_review_lists_the_words_and_writes_nothing(call: Path) -> None:
    before = content_of(call.parent)
    done = redact(call, "--kinds", KINDS, "--review")
    assert done.exit_code == 0
    assert "4539 5787 6362 1486" in done.stdout
    assert content_of(call.parent) == before


def test_another_recording_is_refused(call: Path, tmp_path: Path) -> None:
    other = world.write_wav(tmp_path / "other.wav")
    done = redact(call, "--audio", other, "-o", tmp_path / "out")
    assert getattr(done.exception, "exit_code", None) == 6
    assert "content differs" in str(done.exception)
    assert not (tmp_path / "out").exists()
    alone = redact(call, "--audio", "none", "--kinds", KINDS, "-f", "html", "-o", tmp_path / "out")
    assert alone.exit_code == 0
    assert files_with(tmp_path / "out", ITEMS) == {}
    assert not (tmp_path / "out/call.redacted.wav").exists()
    assert {
        each["verification"] for each in json.loads((tmp_path / "out/call.redaction.json").read_text())["redactions"]
    } == {"not verified"}


def test_doubts_fail_closed(call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = redacting.make_plan

    def doubtful(*arguments: object) -> Plan:
        return replace(make(*arguments), doubts=(Doubt("card", 3.0, 4.0, "unclear"),))  # type: ignore[arg-type]

    monkeypatch.setattr(redacting, "make_plan", doubtful)
    refused = redact(call, "--kinds", KINDS, "-o", tmp_path / "out")
    assert getattr(refused.exception, "exit_code", None) == 6
    assert "at 3.0 s, card: unclear" in str(refused.exception)
    assert not (tmp_path / "out").exists()
    allowed = redact(call, "--kinds", KINDS, "-o", tmp_path / "out", "--allow-incomplete")
    assert allowed.exit_code == 6
    assert "not certain" in allowed.stderr
    written = json.loads((tmp_path / "out/call.redaction.json").read_text())
    assert (written["complete"], [each["reason"] for each in written["problems"]]) == (False, ["card: unclear"])
    notices = formats.load(tmp_path / "out/call.redacted.json").notices
    assert [notice.code for notice in notices][-1] == "redaction_incomplete"
    assert files_with(tmp_path / "out", ITEMS) == {}


def test_a_span_that_comes_back_fails_closed(call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.redaction import sound

    monkeypatch.setattr(sound, "muted", lambda channels, spans, cover: channels)
    monkeypatch.setattr(sound, "_require_muted", lambda *arguments: None)
    done = redact(call, "--kinds", KINDS, "-o", tmp_path / "out")
    assert getattr(done.exception, "exit_code", None) == 6
    assert "came back" in str(done.exception)
    assert not any(item in str(done.exception) for item in ITEMS)
    assert not (tmp_path / "out").exists()


def test_originals_are_never_replaced(call: Path) -> None:
    folder = call.parent
    name = folder / "call.redacted.wav"
    name.write_bytes((folder / "call.wav").read_bytes())
    before = content_of(folder)
    done = redact(call, "--audio", name, "--kinds", KINDS, "--overwrite")
    assert "is an input of the redaction" in str(done.exception)
    assert content_of(folder) == before


def test_a_name_with_the_number_is_refused(call: Path) -> None:
    renamed = call.rename(call.with_name("call-4539578763621486.json"))
    done = redact(renamed, "--kinds", KINDS, "--audio", call.with_suffix(".wav"))
    assert "the name of the file or of its folder holds a redacted number" in str(done.exception)
    assert "4539" not in str(getattr(done.exception, "what", ""))


def test_only_json_is_accepted(call: Path) -> None:
    done = redact(call.with_name("call.srt"))
    assert "only a JSON transcript" in str(done.exception)
    assert "unknown kind" in str(redact(call, "--kinds", "cards").exception)


@pytest.mark.slow
def test_the_commands_of_the_page_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    default = presets.load_preset("default")
    settings = {**world.REPLAY, **spoken.SETTINGS}
    monkeypatch.setattr(presets, "load_preset", lambda name: assign(default, settings))
    (tmp_path / "calls").mkdir()
    for place in (tmp_path, tmp_path / "calls"):
        shutil.copy(folder / "call.wav", place)
    shutil.copy(folder / "call.json", tmp_path)
    lines = pages.commands(pages.DOCS / "redaction.md")
    assert len(lines) == 3
    for line in lines:
        done = CliRunner().invoke(app, shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.output, done.exception)
    assert files_with(tmp_path / "redacted", ITEMS) == files_with(tmp_path / "out-redacted", ITEMS) == {}
    assert (tmp_path / "out-redacted/call.redacted.wav").is_file()
