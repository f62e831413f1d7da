"""Times as text, rounded to whole milliseconds when written; a start stays before its end."""

from __future__ import annotations

import math

from pipeline.core.timeline import Timed


def milliseconds(seconds: float) -> int:
    """A time in whole milliseconds; halves are rounded up, so that equal lengths stay equal."""
    return math.floor(seconds * 1000 + 0.5)


def millis(timed: Timed) -> tuple[int, int]:
    """Start and end in whole milliseconds, at least one apart."""
    start = milliseconds(timed.start)
    return start, max(milliseconds(timed.end), start + 1)


def seconds(milliseconds: int) -> str:
    """``12345`` as ``12.345``.

    >>> seconds(12345)
    '12.345'
    """
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


def whole_seconds(seconds: float) -> str:
    """A time in seconds as hours, minutes and seconds.

    >>> whole_seconds(3725.9)
    '01:02:05'
    """
    return clock(milliseconds(seconds), digits=0)


def minutes(seconds: float, digits: int = 0) -> str:
    """A time in seconds as minutes and seconds, with ``digits`` decimals, cut as in `clock`.

    >>> minutes(3725.96), minutes(59.96, digits=1)
    ('62:05', '0:59.9')
    """
    whole, rest = divmod(milliseconds(seconds), 1000)
    return f"{whole // 60}:{whole % 60:02d}" + (f".{rest:03d}"[: 1 + digits] if digits else "")


def clock(milliseconds: int, point: str = ".", digits: int = 3) -> str:
    """Hours, minutes, seconds and ``digits`` decimals, cut rather than rounded so that times keep their order.

    >>> clock(12345), clock(12345, ","), clock(360_000_999, digits=1)
    ('00:00:12.345', '00:00:12,345', '100:00:00.9')
    """
    whole, rest = divmod(milliseconds, 1000)
    fraction = f"{point}{rest:03d}"[: 1 + digits] if digits else ""
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{fraction}"
