"""Coroutines in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine returns: in another thread, because Playwright's event loop may run in this one."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, main).result()
