"""Imported before the model libraries: switches off their telemetry, sockets and messages about an unwritable home.

- pyannote.audio 4 reports durations and speaker counts unless ``PYANNOTE_METRICS_ENABLED`` is 0 when it is imported.
  Its exporter, idle then, still imports urllib3, which binds a socket to find out whether this machine has IPv6. With
  ``socket.has_ipv6`` false it does not.
- onnxruntime, which faster-whisper imports for its voice activity detection, has telemetry and writes a device
  identifier into the home folder unless ``ORT_DISABLE_TELEMETRY`` is 1.
- matplotlib, which pyannote.audio imports, writes its cache into the home folder, and warns on standard error where
  that is not possible. Then it gets a temporary folder of this process, removed at exit.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
from pathlib import Path

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def provide_matplotlib_folder() -> None:
    """Set ``MPLCONFIGDIR`` to a temporary folder if matplotlib could not create its folders in the home folder."""
    if os.environ.get("MPLCONFIGDIR"):
        return
    try:
        for variable, default in (("XDG_CONFIG_HOME", ".config"), ("XDG_CACHE_HOME", ".cache")):
            folder = Path(os.environ.get(variable) or Path.home() / default) / "matplotlib"
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(folder)
    except (OSError, RuntimeError):  # `Path.home` raises RuntimeError where there is no home folder
        os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="crosstalk-matplotlib-")
        atexit.register(shutil.rmtree, os.environ["MPLCONFIGDIR"], ignore_errors=True)


provide_matplotlib_folder()

_has_ipv6 = socket.has_ipv6
socket.has_ipv6 = False
try:
    import urllib3  # noqa: F401
finally:
    socket.has_ipv6 = _has_ipv6
