"""Turns off pyannote's telemetry, and keeps its import from opening a socket; to be imported before pyannote.

pyannote.audio 4 reports durations and speaker counts unless an environment variable disables it before the import. Its
exporter, then idle, still imports urllib3, which binds a socket to test for IPv6 unless Python reports that it has no
support for it. Nothing in a run needs the result of that test.
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
