"""A run that fails at any boundary and at any write leaves whole files or none, and run again gives the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.failpoints import EXIT_CODE
from tests import world

STAGES = ("diarization", "separation", "recognition")
BOUNDARIES = [
    "decode.begin",
    "decode.computed",
    *(f"{s}.{at}" for s in STAGES for at in ("begin", "computed", "saved")),
]
CACHED, WRITES = 4, 6  # four into the cache, then two transcripts
PLACES = [
    *(f"{place}:{action}" for place in BOUNDARIES for action in ("kill", "exit", "raise")),
    *(
        f"write.{step}:{action}:{number}"
        for step in ("begin", "replace", "done")
        for action in (("kill", "raise") if step == "done" else ("kill", "raise", "nospace"))
        for number in range(1, WRITES + 1)
    ),
]
CODES = {"kill": -signal.SIGKILL, "exit": EXIT_CODE, "raise": 5, "nospace": 5}
DRIVER = """
import json, os, sys
from pathlib import Path
from pipeline import media
from pipeline.cli.app import main

media.decode = media.decode_in_process  # a process fewer for each of some two hundred runs
arguments, reports = json.loads(sys.argv[1]), {}

def run(folder, failpoint):
    Path(folder).mkdir(exist_ok=True)
    child = os.fork() if folder != "loaded" else 0
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.environ |= {"XDG_CACHE_HOME": os.path.abspath(folder + "/cache"), "CROSSTALK_FAILPOINT": failpoint}
    if folder != "loaded":
        os.dup2(os.open(folder + "/said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    try:
        main(["talk.wav", "-q", "-o", folder + "/out", *arguments])
    except SystemExit as left:
        return folder == "loaded" or os._exit(left.code or 0)

def files(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in Path(folder).glob("out/*") if path.is_file()}

run("loaded", "")  # in this process, so that those to come find all modules loaded
for number, place in enumerate(["", *sys.stdin.read().split()]):
    folder = f"run{number}"
    first, after = run(folder, place), files(folder)
    again = run(folder, "")
    reports[place] = [first, after, again, files(folder), Path(folder, "said").read_text()]
json.dump(reports, sys.stdout)
"""


def _code(place: str) -> int:
    """The exit code of a run that fails at a place; a failed write into the cache costs a warning only."""
    name, action, *number = place.split(":")
    if name.startswith("write.") and action != "kill" and int(number[0]) <= CACHED:
        return 0
    return CODES[action]


@pytest.mark.promise(17)
@pytest.mark.promise(20)
@pytest.mark.slow
def test_failing_anywhere_costs_nothing_but_time(tmp_path: Path) -> None:
    world.write_wav(tmp_path / "talk.wav", world.OVERLAPPING)
    arguments = json.dumps(world.arguments({"separation.backend": "synthetic"}))
    places = {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, arguments],
        input="\n".join(PLACES), stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ | places, check=True,
    )  # fmt: skip
    reports = json.loads(done.stdout)
    assert list(reports) == ["", *PLACES]
    code, whole, *_ = reports.pop("")
    assert (code, sorted(whole)) == (0, ["out/talk.json", "out/talk.txt"])
    for place, (first, after, again, finished, stderr) in reports.items():
        action = place.split(":")[1]
        assert first == _code(place), place
        unfinished = {name for name in after if name not in whole}
        assert all(after[name] == whole[name] for name in after.keys() - unfinished), place
        assert not unfinished or (action == "kill" and all(name.startswith("out/.crosstalk-") for name in unfinished))
        assert (again, {name: finished[name] for name in whole}) == (0, whole), place
        assert len(stderr.splitlines()) == (action in ("raise", "nospace")), place
        assert action != "nospace" or "the disk is full" in stderr
