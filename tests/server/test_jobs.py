"""The journal of jobs: what is accepted is pending until it ends, in every order of events and across restarts."""

from __future__ import annotations

import sqlite3
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import ResourceError, SettingsError
from pipeline.server.dispatcher import STOPPED
from pipeline.server.jobs import MAX_STARTS, Job, Jobs
from pipeline.server.work import Cancelled, Done, End, Failed, Started, Work
from tests import world
from tests.max_examples import at_most

CRASH = Failed("crash", "the worker died")
DONE = Done(60.0, 30.0, {"decode": 1.0}, ("gap",))


def every(jobs: Jobs) -> list[Job]:
    """All jobs, newest first."""
    ids = jobs._do("SELECT id FROM jobs ORDER BY created DESC, rowid DESC")
    return [job for (id,) in ids if (job := jobs.get(id)) is not None]


def accepted(jobs: Jobs, name: str = "talk.wav", **changes: Any) -> Work:
    id, folder = jobs.new()
    path = folder / "upload-0.wav"
    path.write_bytes(b"sound")
    work = replace(Work(id, folder, path, name, world.settings()), **changes)
    jobs.add(work)
    return work


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    journal = Jobs(tmp_path, 3600.0)
    yield journal
    journal.close()


@at_most(25)
@given(st.lists(st.tuples(st.sampled_from(["add", "start", "done", "crash", "stop", "cancel", "delete", "restart"]),
                          st.integers(0, 3)), max_size=16))  # fmt: skip
def test_accepted_jobs_are_pending_until_they_end(events: list[tuple[str, int]]) -> None:
    """``model``: the state of each job that is there, in order of its creation."""
    ends: dict[str, End] = {"done": DONE, "crash": CRASH, "stop": STOPPED, "cancel": Cancelled()}
    with tempfile.TemporaryDirectory() as folder:
        jobs = Jobs(Path(folder), 3600.0)
        work: list[Work] = []
        model: dict[str, str] = {}
        starts: dict[str, int] = {}
        for event, place in events:
            if event == "add":
                work.append(accepted(jobs))
                model[work[-1].id], starts[work[-1].id] = "queued", 0
            elif event == "restart":
                jobs.close()
                jobs = Jobs(Path(folder), 3600.0)
                for id, status in model.items():
                    if status == "running":
                        model[id] = "failed" if starts[id] >= MAX_STARTS else "queued"
                assert [each.id for each in jobs.pending()] == [id for id, state in model.items() if state == "queued"]
            elif work:
                chosen = work[place % len(work)]
                is_open = model.get(chosen.id) in ("queued", "running")
                if event == "start":
                    jobs.observe(chosen, Started(1))
                    model |= {chosen.id: "running"} if is_open else {}
                    starts[chosen.id] += is_open
                elif event == "delete":
                    assert jobs.delete(chosen.id) == (model.pop(chosen.id, None) is not None)
                else:
                    jobs.observe(chosen, ends[event])
                    if event == "cancel":
                        model.pop(chosen.id, None)
                    elif is_open:
                        model[chosen.id] = {"done": "done", "crash": "failed", "stop": "queued"}[event]
                        starts[chosen.id] = 0 if event == "stop" else starts[chosen.id]
            assert {job.id: job.status for job in reversed(every(jobs))} == model
            assert {path.name for path in jobs.folder.iterdir()} == set(model)
        jobs.close()


def test_a_job_is_kept_as_it_was_accepted(tmp_path: Path) -> None:
    changes = {
        "identification.known": {"Anna": "/clips/a.wav"},
        "diarization.speakers": 2,
        "recognition.language": "de",
    }
    first = Jobs(tmp_path, 10.0)
    work = accepted(first, "Sitzung \udcff\n1.wav", config=world.settings(changes), recording=Path("/talks/\udcff.wav"))
    first.close()
    second = Jobs(tmp_path, 10.0)
    (again,) = second.pending()
    assert again == replace(work, name="Sitzung \N{REPLACEMENT CHARACTER} 1.wav")
    second.close()


def test_ends_are_kept(jobs: Jobs) -> None:
    done, crashed = accepted(jobs), accepted(jobs)
    jobs.observe(done, DONE)
    jobs.observe(crashed, CRASH)
    jobs.observe(done, CRASH)
    one, other = jobs.get(done.id), jobs.get(crashed.id)
    assert one is not None
    assert other is not None
    assert (one.status, one.duration, one.notices, one.failure) == ("done", 60.0, ("gap",), None)
    assert (other.status, other.failure) == ("failed", CRASH)
    assert jobs.speed == 0.5
    assert [job.id for job in every(jobs)] == [crashed.id, done.id]
    assert jobs.get("nothing") is None


def test_attempts_of_one_server_count_as_one_start(tmp_path: Path) -> None:
    for _ in range(MAX_STARTS):
        jobs = Jobs(tmp_path, 10.0)
        work = (jobs.pending() or [accepted(jobs)])[0]
        for attempt in (1, 2, 3):
            jobs.observe(work, Started(attempt))
        jobs.close()
    last = Jobs(tmp_path, 10.0)
    assert last.pending() == []
    job = last.get(work.id)
    last.close()
    assert job is not None
    assert job.status == "failed"


def test_old_jobs_are_swept_with_their_folders(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, 0.05)
    done, running = accepted(jobs), accepted(jobs)
    _, folder = jobs.new()
    jobs.observe(done, DONE)
    jobs.observe(running, Started(1))
    jobs.sweep()
    assert jobs.get(done.id) is not None
    with (done.folder / "upload-0.wav").open("rb") as download:
        time.sleep(0.1)
        jobs.sweep()
        assert download.read() == b"sound", "a download goes on"
    assert jobs.get(done.id) is None
    assert not done.folder.exists()
    assert running.folder.exists()
    assert folder.exists(), "an upload in progress is no job yet"
    jobs.close()


def test_a_job_that_is_deleted_while_its_worker_writes_leaves_nothing(jobs: Jobs) -> None:
    work = accepted(jobs)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            try:
                (work.folder / f"{time.monotonic_ns()}").write_bytes(b"x")
            except FileNotFoundError:
                return

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.05)
    assert jobs.delete(work.id)
    stop.set()
    writer.join()
    assert list(jobs.folder.iterdir()) == []
    jobs.observe(work, DONE)
    assert every(jobs) == []


def test_what_never_became_a_job_is_removed_at_the_next_start(tmp_path: Path) -> None:
    first = Jobs(tmp_path, 10.0)
    work, (_, upload) = accepted(first), first.new()
    (first.folder / f".deleted-{'0' * 16}").mkdir()
    first.close()
    (first.folder / "of a person").mkdir()
    second = Jobs(tmp_path, 10.0)
    assert {path.name for path in second.folder.iterdir()} == {work.id, "of a person"}
    assert not upload.exists()
    second.close()


def test_a_job_during_which_servers_end_fails(tmp_path: Path) -> None:
    first = Jobs(tmp_path, 10.0)
    work = accepted(first)
    first.close()
    for number in range(MAX_STARTS):
        server = Jobs(tmp_path, 10.0)
        assert [each.id for each in server.pending()] == [work.id], number
        server.observe(work, Started(1))
        server.close()
    last = Jobs(tmp_path, 10.0)
    assert last.pending() == []
    job = last.get(work.id)
    assert job is not None
    assert job.failure is not None
    assert job.failure.kind == "crash"
    last.close()


def test_settings_that_cannot_be_read_end_one_job(tmp_path: Path) -> None:
    first = Jobs(tmp_path, 10.0)
    bad, good = accepted(first), accepted(first)
    first._do("UPDATE jobs SET settings = '{\"nothing\": 1}' WHERE id = ?", (bad.id,))
    assert [work.id for work in first.pending()] == [good.id]
    job = first.get(bad.id)
    assert job is not None
    assert job.status == "failed"
    first.close()


def test_one_server_uses_a_folder(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, 10.0)
    with pytest.raises(SettingsError, match="another server"):
        Jobs(tmp_path, 10.0)
    jobs.close()
    Jobs(tmp_path, 10.0).close()


def test_only_this_user_reads_the_journal(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "server", 10.0)
    work = accepted(jobs)
    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (jobs.folder, work.folder, tmp_path / "server/journal.sqlite")
    ]
    assert modes == [0o700, 0o700, 0o600]
    jobs.close()


def test_nothing_of_a_deleted_job_stays_in_the_file(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, 10.0)
    work = accepted(jobs, "a-very-secret-name.wav")
    assert b"a-very-secret-name" in (tmp_path / "journal.sqlite").read_bytes()
    jobs.delete(work.id)
    jobs.close()
    assert b"a-very-secret-name" not in (tmp_path / "journal.sqlite").read_bytes()


def test_a_damaged_journal_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"no database " * 100)
    with pytest.raises(ResourceError, match="delete it"):
        Jobs(tmp_path, 10.0)
    (tmp_path / "journal.sqlite").unlink()
    Jobs(tmp_path, 10.0).close()


def test_ids_cannot_be_guessed(jobs: Jobs) -> None:
    ids = {accepted(jobs).id for _ in range(5)}
    assert all(len(id) == 32 and int(id, 16) >= 0 for id in ids)
    assert len(ids) == 5


def test_a_journal_that_cannot_be_written_is_an_error_of_the_machine(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = accepted(jobs)

    class Broken:
        def execute(self, *_: object) -> None:
            raise sqlite3.OperationalError("disk I/O error")

    healthy = jobs._database
    monkeypatch.setattr(jobs, "_database", Broken())
    with pytest.raises(ResourceError, match="journal"):
        jobs.observe(work, DONE)
    monkeypatch.setattr(jobs, "_database", healthy)
    assert every(jobs)[0].status == "queued"
