"""Model libraries send no telemetry, and an unwritable home folder causes no messages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

PROGRAM = """
import pipeline.models.recognizers.whisper_alignment, matplotlib, onnxruntime, os
print(os.environ["ORT_DISABLE_TELEMETRY"], os.environ["PYANNOTE_METRICS_ENABLED"], os.environ.get("MPLCONFIGDIR"))
"""


def import_libraries(home: Path) -> tuple[list[str], str]:
    """The variables that `PROGRAM` prints, and its standard error, with another home folder."""
    unset = ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"HOME": str(home), "ORT_DISABLE_TELEMETRY": "0", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split(), done.stderr


def test_an_unwritable_home_causes_no_messages_and_leaves_no_folder() -> None:
    (onnxruntime, pyannote, folder), messages = import_libraries(Path("/dev/null/home"))
    assert (onnxruntime, pyannote, messages) == ("1", "0", "")
    assert "crosstalk-matplotlib-" in folder
    assert not Path(folder).exists()


def test_a_writable_home_is_used_by_matplotlib(tmp_path: Path) -> None:
    variables, messages = import_libraries(tmp_path)
    assert (variables, messages) == (["1", "0", "None"], "")
    assert (tmp_path / ".cache" / "matplotlib").is_dir()
