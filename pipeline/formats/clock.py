"""Times as text. Rounding belongs to the writers, and happens here: whole milliseconds, start always before end."""

from __future__ import annotations

from pipeline.timeline import Timed


def millis(timed: Timed) -> tuple[int, int]:
    """Start and end in whole milliseconds, at least one apart."""
    start = round(timed.start * 1000)
    return start, max(round(timed.end * 1000), start + 1)


def seconds(milliseconds: int) -> str:
    """``12345`` as ``12.345``."""
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


def clock(milliseconds: int, point: str = ".", digits: int = 3) -> str:
    """``12345`` as ``00:00:12.345``; hours grow as needed; fewer ``digits`` cut, so that times keep their order."""
    whole, rest = divmod(milliseconds, 1000)
    fraction = f"{point}{rest:03d}"[: 1 + digits] if digits else ""
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{fraction}"
