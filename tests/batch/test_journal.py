"""The journal: done recordings are skipped, changed ones repeated, failing ones quarantined, running ones locked."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch import journal as journaling
from pipeline.batch import skipped
from pipeline.batch.discovery import LeftOut, Recording
from pipeline.batch.history import (
    read_duplicates,
    read_history,
    read_last,
    read_names,
    read_skipped,
    read_superseded,
)
from pipeline.batch.journal import WEIGHTS, Journal, Outcome
from pipeline.batch.report import duplicates_line
from pipeline.core.errors import CrosstalkError, ResourceError
from tests.max_examples import at_most

ROOT = Path(__file__).parent.parent.parent
OTHER = """
import sys, os, signal
from pathlib import Path
from pipeline.batch.discovery import Recording
from pipeline.batch.journal import Journal
journal = Journal(Path(sys.argv[1]))
print(journal.claim(Recording(Path(sys.argv[2]), "call"), "key")[0], flush=True)
if sys.argv[3] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def call(tmp_path: Path) -> Recording:
    path = tmp_path / "call.wav"
    path.write_bytes(b"sound")
    return Recording(path, "call", columns={"team": "north"})


def finish(journal: Journal, call: Recording, outcome: Outcome, key: str = "key") -> None:
    decision, attempt = journal.claim(call, key)
    assert decision == "do"
    journal.finish(attempt, call.name, outcome)


def other(out: Path, call: Recording, then: str) -> str:
    command = [sys.executable, "-c", OTHER, str(out), str(call.path), then]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False).stdout.strip()


def test_done_stays_done_until_content_settings_or_results_change(tmp_path: Path, call: Recording) -> None:
    journal = Journal(tmp_path / "out")
    result = tmp_path / "out" / "call.txt"
    result.write_text("words")
    finish(journal, call, Outcome("done", 1.0, 10.0, {"decode": 0.5}, ("call.txt",)))
    assert journal.decide(call, "key") == "done"
    assert (journal.speed(computed=False), journal.speed()) == (0.1, None)
    assert read_names(tmp_path / "out") == {call.path: "call"}
    call.path.touch()
    assert journal.decide(call, "key") == "done"
    assert journal.decide(call, "other") == "do"
    result.unlink()
    assert journal.decide(call, "key") == "do"
    result.write_text("words")
    call.path.write_bytes(b"other")
    assert journal.decide(call, "key") == "do"


def test_a_refused_recording_is_retried_only_on_request_or_change(tmp_path: Path, call: Recording) -> None:
    journal = Journal(tmp_path / "out")
    finish(journal, call, Outcome("refused", error="no audio"))
    assert journal.decide(call, "key") == "refused"
    assert journal.last("call") == ("refused", "no audio")
    assert journal.has_failed("call")
    assert journal.decide(call, "key", again=True) == "do"
    call.path.write_bytes(b"repaired")
    assert journal.decide(call, "key") == "do"


@at_most(20)
@given(st.lists(st.sampled_from(["failed", "crashed", "lost", "stopped"]), max_size=8), st.integers(1, 4))
def test_quarantined_after_the_maximum_of_attempts(ends: list[str], attempts: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.wav"
        path.write_bytes(b"sound")
        call = Recording(path, "call")
        weight = 0.0
        for end in ends:
            journal = Journal(Path(folder) / "out", attempts)
            decision, attempt = journal.claim(call, "key")
            assert decision == ("quarantined" if weight >= attempts else "do")
            if decision == "do":
                journal.finish(attempt, "call", Outcome(end))  # type: ignore[arg-type]
                weight += WEIGHTS.get(end, 0.0)
            journal.close()


def test_a_retry_on_request_resets_the_count(tmp_path: Path, call: Recording) -> None:
    journal = Journal(tmp_path / "out", attempts=2)
    for _ in range(2):
        finish(journal, call, Outcome("crashed"))
    assert journal.decide(call, "key") == "quarantined"
    decision, attempt = journal.claim(call, "key", again=True)
    assert decision == "do"
    journal.finish(attempt, "call", Outcome("crashed"))
    assert journal.decide(call, "key") == "do"


def test_a_claim_excludes_other_runs_and_ends_with_its_process(tmp_path: Path, call: Recording) -> None:
    out = tmp_path / "out"
    journal = Journal(out)
    _, attempt = journal.claim(call, "key")
    assert other(out, call, "die") == "locked"
    journal.finish(attempt, "call", Outcome("stopped"))
    assert other(out, call, "die") == "do"
    assert journal.claim(call, "key")[0] == "do"
    journal.close()


def test_the_exclusive_lock_needs_the_folder_unused(tmp_path: Path, call: Recording) -> None:
    journal = Journal(tmp_path / "out")
    assert journal.locks.try_exclusive()
    journal.locks.join()
    script = OTHER.replace("print(", "journal.locks.join(); print(journal.locks.try_exclusive()); print(")
    command = [sys.executable, "-c", script, str(tmp_path / "out"), str(call.path), "leave"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["False", "do"]


def test_names_that_are_not_utf8_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "caf\udce9.wav"
    path.write_bytes(b"sound")
    journal = Journal(tmp_path / "out")
    finish(journal, Recording(path, "caf\udce9"), Outcome("done", outputs=()))
    assert journal.decide(Recording(path, "caf\udce9"), "key") == "done"


def test_a_damaged_journal_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".crosstalk").mkdir()
    (tmp_path / ".crosstalk/journal.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(CrosstalkError, match="journal"):
        Journal(tmp_path)


def test_a_journal_that_cannot_be_written_is_an_error(tmp_path: Path, call: Recording) -> None:
    journal = Journal(tmp_path / "out")
    journal._database.execute("PRAGMA max_page_count = 1")

    def fill() -> None:
        for number in range(1000):
            finish(journal, Recording(call.path, f"call{number}"), Outcome("done"))

    with pytest.raises(ResourceError, match="journal cannot be written"):
        fill()


def test_a_journal_of_an_earlier_version_gets_the_missing_columns(tmp_path: Path, call: Recording) -> None:
    out = tmp_path / "out"
    journal = Journal(out)
    finish(journal, call, Outcome("refused", error="no audio"))
    for column in ("worker", "loads"):
        journal._database.execute(f"ALTER TABLE attempts DROP COLUMN {column}")
    journal.close()
    journal = Journal(out)
    assert journal.decide(call, "key") == "refused"
    finish(journal, call, Outcome("done", worker="here:1", loads=4), "other")
    assert journal._database.execute("SELECT worker, loads FROM attempts").fetchall() == [(None, None), ("here:1", 4)]


def test_the_journal_works_between_hosts(tmp_path: Path, call: Recording) -> None:
    """A write-ahead log needs memory that hosts do not share; journals with one are converted."""
    path = tmp_path / "out" / ".crosstalk" / "journal.sqlite"
    path.parent.mkdir(parents=True)
    old = sqlite3.connect(path)
    assert old.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    old.execute("CREATE TABLE other (x)")
    old.close()
    journal = Journal(tmp_path / "out")
    finish(journal, call, Outcome("done"))
    assert journal._database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert journal._database.execute("PRAGMA busy_timeout").fetchone()[0] >= 30_000
    assert [file.name for file in path.parent.iterdir() if file.name.endswith(("-wal", "-shm"))] == []


@pytest.mark.promise(17)
def test_a_blocked_attempt_is_never_final(tmp_path: Path, call: Recording) -> None:
    journal = Journal(tmp_path / "out", attempts=1)
    for _ in range(5):
        finish(journal, call, Outcome("blocked", error="out/call.txt: cannot be written: Stale file handle"))
    assert journal.decide(call, "key") == "do"


def test_a_file_that_could_not_be_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"sound")
    call, journal = Recording(path, "call"), Journal(tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr(journaling, "_digest", lambda path: "")
        finish(journal, call, Outcome("refused", error="permission denied"))
    assert journal.decide(call, "key") == "do"


def test_results_of_another_content_are_outdated(tmp_path: Path, call: Recording) -> None:
    journal = Journal(tmp_path / "out")
    finish(journal, call, Outcome("done", outputs=("call.txt", "call.srt")))
    assert journal.outdated(call) == ()
    call.path.write_bytes(b"other")
    assert journal.outdated(call) == ("call.txt", "call.srt")
    finish(journal, call, Outcome("done", outputs=("call.txt",)))
    assert journal.outdated(call) == ("call.srt",)
    call.path.unlink()
    assert journal.outdated(call) == ()


def test_the_history_has_the_last_attempt_and_the_newest_name(tmp_path: Path, call: Recording) -> None:
    out = tmp_path / "out"
    journal = Journal(out)
    assert (read_last(tmp_path / "nowhere"), read_names(out)) == ({}, {})
    finish(journal, call, Outcome("done"))
    finish(journal, Recording(call.path, "call.wav"), Outcome("refused", error="no audio"))
    (last,) = read_last(out).values()
    assert (last.name, last.failed, last.error, last.exists) == ("call.wav", True, "no audio", True)
    assert (read_names(out), read_superseded(out)) == ({call.path: "call.wav"}, frozenset({"call"}))
    call.path.unlink()
    assert read_last(out)["call.wav"].exists is False


def test_a_recording_whose_folder_is_gone_may_exist_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "disk" / "call.wav"
    path.parent.mkdir()
    path.write_bytes(b"sound")
    finish(Journal(tmp_path / "out"), Recording(path, "call"), Outcome("done"))
    path.parent.rename(tmp_path / "elsewhere")
    assert read_history(tmp_path / "out").exists == {"call": None}


def test_recordings_with_equal_content_are_duplicates_of_the_first(tmp_path: Path) -> None:
    out, journal = tmp_path / "out", Journal(tmp_path / "out")
    for name, content in (("b", b"sound"), ("a", b"sound"), ("c", b"other"), ("d", b"other"), ("e", b"sound")):
        (tmp_path / f"{name}.wav").write_bytes(content)
        finish(journal, Recording(tmp_path / f"{name}.wav", name), Outcome("done"))
    assert read_duplicates(out, ["a", "b", "c", "e"]) == (("b", "a"), ("e", "a"))
    assert read_history(out).digests.keys() == set("abcde")
    assert duplicates_line(()) == ""
    assert duplicates_line(read_duplicates(out, "abcde")) == (
        "3 recordings with the content of another one, all transcribed; the first: b, like a"
    )


def test_what_the_last_search_of_a_place_left_out_is_in_the_history(tmp_path: Path, call: Recording) -> None:
    out = tmp_path / "out"
    assert read_skipped(out) == ()
    first = [LeftOut("calls/a.txt", "suffix", "not the suffix of a recording", "calls")]
    skipped.record(out, ("calls", "list.csv"), first)
    line = LeftOut("list.csv, line 2", "rejected", "speakers must be a whole number", "list.csv")
    taken = LeftOut(str(call.path), "hidden", "a hidden file", "list.csv")
    skipped.record(out, ("list.csv",), [line, taken])
    assert [item.path for item in read_skipped(out)] == sorted([str(Path.cwd() / "calls/a.txt"), line.path, taken.path])
    journal = Journal(out)
    finish(journal, call, Outcome("done"))
    assert [item.path for item in read_skipped(out)] == [str(Path.cwd() / "calls/a.txt"), "list.csv, line 2"]
    skipped.record(out, ("calls", "list.csv"), ())
    assert read_history(out).skipped == ()


def test_a_record_of_what_was_left_out_does_not_end_the_claims_of_the_process(tmp_path: Path, call: Recording) -> None:
    journal = Journal(tmp_path / "out")
    assert journal.claim(call, "key")[0] == "do"
    skipped.record(tmp_path / "out", ("calls",), ())
    assert other(tmp_path / "out", call, "live") == "locked"
