"""Imported before pyannote: its telemetry off, and no socket opened on the way.

pyannote.audio 4 reports durations and speaker counts unless this variable says no when it is imported. Its exporter,
idle then, still imports urllib3, which binds a socket to find out whether this machine has IPv6; told that it has none,
it does not look. Nothing in a run needs the answer.
"""

from __future__ import annotations

import os
import socket

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"

_has_ipv6 = socket.has_ipv6
socket.has_ipv6 = False
try:
    import urllib3  # noqa: F401
finally:
    socket.has_ipv6 = _has_ipv6
