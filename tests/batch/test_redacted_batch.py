"""``transcribe batch --redact``: only redacted results in the output folder, and none of the planted items anywhere."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline import formats
from pipeline.batch.journal import Outcome
from pipeline.batch.redacted import require_same_redaction
from pipeline.batch.scheduler import _kinds
from pipeline.batch.worker import Job, Limits, Setup, WorkerRuntime, WorkerSetup
from pipeline.cli.app import app
from pipeline.core import failpoints
from pipeline.core.errors import SettingsError
from pipeline.engine import artifact_cache
from pipeline.redaction import redacting
from pipeline.redaction.settings import RedactionSettings
from pipeline.redaction.types import Doubt, Plan
from pipeline.workers.program import Control
from tests import world
from tests.redaction import spoken
from tests.redaction.search import files_with

ITEMS = (*spoken.CARD, "4539578763621486", spoken.CODE)
COLUMNS = {"customer": "paid with 4539578763621486", "agent": "Ana"}
REDACTION = RedactionSettings(("card", "cvv"))
FORMATS = ("txt", "json", "html", "docx", "minutes", "minutes-json")


def setup(out: Path, redaction: RedactionSettings = REDACTION, names: tuple[str, ...] = FORMATS) -> Setup:
    rules = "rules: []\n"
    return Setup(world.settings(spoken.SETTINGS), out, names, None, rules, redaction=redaction)


def work(call: Path, batch: Setup) -> Outcome:
    """What a worker does with a call, in this process."""
    return WorkerRuntime(WorkerSetup(batch, Limits()))(Job(call, "call", batch.config, COLUMNS), Control())


def test_a_worker_writes_redacted_results_only(tmp_path: Path) -> None:
    call, out = spoken.write_call(tmp_path / "calls/call.wav"), tmp_path / "out"
    outcome = work(call, setup(out))
    assert outcome.status == "done", outcome.error
    assert files_with(call.parent, ITEMS), "the search finds the items in the recording"
    assert files_with(out, ITEMS) == {}
    assert set(outcome.outputs) == {path.name for path in out.iterdir() if path.is_file()}
    assert {"call.redacted.wav", "call.redaction.json", "call.analytics.json"} <= set(outcome.outputs)
    analytics = json.loads((out / "call.analytics.json").read_text())
    assert analytics["columns"] == {"customer": "paid with [card]", "agent": "Ana"}
    result = formats.load(out / "call.json")
    assert result.provenance
    assert result.provenance.source == "call.redacted.wav"


def test_a_worker_without_redacted_recordings_writes_no_sound(tmp_path: Path) -> None:
    call, out = spoken.write_call(tmp_path / "calls/call.wav"), tmp_path / "out"
    outcome = work(call, setup(out, RedactionSettings(("card", "cvv"), sound=False)))
    assert outcome.status == "done", outcome.error
    assert files_with(out, ITEMS) == {}
    assert not [name for name in outcome.outputs if name.endswith(".wav")]
    assert '"missing":"the sound was left out"' in (out / "call.html").read_text()


def test_doubts_are_refused_and_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redacting, "make_plan", lambda *_: Plan(("card",), (), (Doubt("card", 3.0, 4.0, "unclear"),)))
    call, out = spoken.write_call(tmp_path / "calls/call.wav"), tmp_path / "out"
    outcome = work(call, setup(out, names=("json",)))
    assert (outcome.status, outcome.outputs) == ("refused", ())
    assert "not redacted: at 3.0 s, card: unclear" in outcome.error
    assert not [path for path in out.rglob("*") if path.is_file()]
    allowed = work(call, setup(out, RedactionSettings(("card",), incomplete=True), ("json",)))
    assert allowed.status == "done"
    assert "redaction_incomplete" in dict(allowed.notices)


@pytest.mark.parametrize("name", ["call", "calls/4539578763621486/call"])
def test_a_number_in_the_name_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    call, out = spoken.write_call(tmp_path / "calls/call.wav"), tmp_path / "out"
    batch = setup(out, names=("json",))
    worker = WorkerRuntime(WorkerSetup(batch, Limits()))
    outcome = worker(Job(call, name, batch.config, COLUMNS), Control())
    assert outcome.status == ("done" if name == "call" else "refused"), outcome.error
    assert name == "call" or "the name of the file or of its folder holds a redacted number" in outcome.error


def test_results_of_an_interrupted_batch_without_redaction_are_refused(tmp_path: Path) -> None:
    call, out = spoken.write_call(tmp_path / "calls/call.wav"), tmp_path / "out"
    plain = replace(setup(out, names=("txt", "srt")), redaction=None)
    assert work(call, plain).status == "done"
    (out / "call.analytics.json").unlink()
    (out / "call.txt").unlink()  # as if it had ended before it wrote everything
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    outcome = work(call, setup(out, names=("json",)))
    assert (outcome.status, outcome.outputs) == ("blocked", ())
    assert "call.srt: was written before and is not redacted" in outcome.error
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_the_rest_of_an_interrupted_redaction_is_known_as_redacted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, out = spoken.write_call(tmp_path / "calls/call.wav"), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "_reached", Counter())
        patch.setenv("CROSSTALK_FAILPOINT", "write.replace:raise:3")
        assert work(call, setup(out, names=("txt", "json"))).status != "done"
    assert (out / "call.redaction.json").exists()
    assert files_with(out, ITEMS) == {}
    assert work(call, setup(out, names=("txt", "json"))).status == "done"
    assert files_with(out, ITEMS) == {}


def test_the_key_of_finished_work_depends_on_the_redaction(tmp_path: Path) -> None:
    changes = (
        RedactionSettings(("card",)),
        RedactionSettings(("card", "cvv"), "tone"),
        RedactionSettings(("card", "cvv"), sound=False),
        RedactionSettings(("card", "cvv"), incomplete=True),
    )
    keys = {_kinds(setup(tmp_path, each)) for each in (REDACTION, *changes)}
    assert len(keys) == 5


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / "cache")
    return spoken.write_call(tmp_path / "calls/call.wav")


def batch(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["batch", "calls", *arguments, *world.arguments(spoken.SETTINGS)])


@pytest.mark.slow
def test_the_command_leaves_no_item_in_folder_journal_or_cache(calls: Path) -> None:
    options = ("--redact", "card,cvv", "--analytics", "--minutes", "-f", "json,html,docx")
    done = batch("-o", "out", *options)
    assert done.exit_code == 0, done.output
    assert Path("out/call.redacted.wav").is_file()
    assert files_with(Path("out"), ITEMS) == {}
    assert not Path("cache").exists()
    assert not [item for item in ITEMS if item in done.output]
    assert "done before" in batch("-o", "out", *options).stdout
    mixed = batch("-o", "out")
    assert "the folder has redacted results" in str(mixed.exception)
    assert "other kinds (card, cvv)" in str(batch("-o", "out", "--redact", "card").exception)
    shutil.copytree("out", "plain")
    with closing(sqlite3.connect("plain/.crosstalk/journal.sqlite")) as journal, journal:
        journal.execute("""UPDATE attempts SET outputs = '["call.json"]'""")  # as if they were not redacted
    mixed = batch("-o", "plain", "--redact", "card")
    assert "results that are not redacted" in str(mixed.exception)
    with pytest.raises(SettingsError):
        require_same_redaction(Path("plain"), REDACTION, overwrite=True)


def test_options_of_redaction_need_it(calls: Path) -> None:
    assert "need --redact" in str(batch("-o", "out", "--redact-sound", "tone").exception)
    assert "unknown kind" in str(batch("-o", "out", "--redact", "cards").exception)
