"""Planning of thousands of recordings in one folder: nothing is done per recording that could be done once."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from pipeline.batch import estimate, journal, report, scheduler
from pipeline.batch.discovery import SUFFIXES, Search, discover
from pipeline.batch.name_pattern import parse
from pipeline.batch.scheduler import tasks, validator
from pipeline.batch.worker import Setup
from tests import world

RECORDINGS = 2_000
MEMORY = 6_000 * RECORDINGS
"""Most bytes that a plan may take: 6 kB for each recording, and so 60 MB for ten thousand."""


@pytest.mark.slow
def test_thousands_of_recordings_are_planned_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "calls").mkdir()
    for number in range(RECORDINGS):
        (tmp_path / "calls" / f"{'de' if number % 2 else 'en'}_agent{number % 50}_{number}.wav").touch()
    checked: list[object] = []
    settings_of = scheduler.settings_of
    monkeypatch.setattr(scheduler, "settings_of", lambda *given: checked.append(given) or settings_of(*given))
    monkeypatch.setattr(journal, "_digest", lambda path: pytest.fail("a plan does not read new recordings"))
    setup = Setup(world.settings(), tmp_path / "out", ("txt", "json"), analytics="rules: []")
    pattern = parse("{language}_{agent}_{id}.wav", SUFFIXES)
    search = Search((str(tmp_path / "calls"),), setup.out, validate=validator(setup), pattern=pattern)
    tracemalloc.start()
    result = discover(search)
    work = tasks(result.recordings, setup)
    with scheduler.open_journal(setup.out, attempts=3) as log:
        rows = [report.Planned(task.recording, log.decide(task.recording, task.key)) for task in work]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"{RECORDINGS} to do" in report.plan(rows, estimate.Speed(), jobs=1)
    assert result.unmatched.count == 0
    assert len({task.key for task in work}) == RECORDINGS, "the columns of a recording are in its analytics"
    assert len(checked) <= 4, "settings are checked once for each of two languages, in the search and for the tasks"
    assert peak < MEMORY
