"""A large synthetic batch: two hundred calls, ten of them bad, killed three times."""

from __future__ import annotations

import csv
import time
import zipfile
from pathlib import Path

import pytest

from pipeline.core.types import Word
from tests import world
from tests.batch import faults
from tests.batch.test_scheduler import finish, record, results, start

GOOD, BAD = 190, 10
REASONS = {
    "bad/page": "HTML", "bad/pointer": "", "bad/archive": "zip", "bad/empty": "empty", "bad/no-samples": "",
    "bad/noise": "", "bad/f1": "SIGSEGV", "bad/f4": "stumbled", "bad/f5": "code 7", "bad/gone": "",
}  # fmt: skip
"""Part of the expected reason by call; any reason where it is empty."""


def write_bad_calls(folder: Path) -> None:
    """Write ten bad calls: six that are not recordings, one missing, three at which models or workers fail."""
    for fault in (faults.SEGFAULT, faults.STUMBLE, faults.EXIT):
        record(folder, [fault], fault)
    (folder / "page.wav").write_text("<!doctype html><html><body>Not found</body></html>")
    (folder / "pointer.wav").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with zipfile.ZipFile(folder / "archive.wav", "w") as archive:
        archive.writestr("call.wav", b"x")
    (folder / "empty.wav").touch()
    world.write_wav(folder / "no-samples.wav", (), 0.0)
    (folder / "noise.wav").write_bytes(bytes(range(256)) * 40)
    (folder / "gone.wav").symlink_to("nowhere.wav")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.promise(17)
@pytest.mark.promise(18)
def test_two_hundred_calls_with_ten_bad_ones_killed_three_times(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    for n in range(GOOD):
        last = Word(6.5 + n // 24 * 0.1, 7.0 + n // 24 * 0.1, f"c{n % 24}")
        world.write_wav(tmp_path / "calls" / f"call{n:03d}.wav", (*world.DIALOGUE, last))
    write_bad_calls(tmp_path / "calls" / "bad")
    code, err = finish(start(tmp_path, "whole", slow=0))
    assert (code, f"{BAD} failed" in err) == (3, True), err
    whole = results(tmp_path / "whole")
    assert len([name for name in whole if name.endswith(".json")]) == GOOD
    rows = csv.DictReader(whole["failures.csv"].decode().splitlines())
    reasons = {row["name"]: row["reason"] for row in rows}
    assert reasons.keys() == REASONS.keys()
    assert {name for name, part in REASONS.items() if part not in reasons[name] or not reasons[name]} == set(), reasons
    for killed_at in (20, 80, 140):
        running = start(tmp_path, "out", slow=0)
        while len(list((tmp_path / "out").rglob("*.json"))) < killed_at:
            assert running.poll() is None
            time.sleep(0.01)
        running.kill()
        finish(running)
    assert finish(start(tmp_path, "out", slow=0))[0] == 3
    assert results(tmp_path / "out") == whole
    assert not list((tmp_path / "out").rglob(".crosstalk-*"))
