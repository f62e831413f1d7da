"""The C library's memory: freed buffers are kept by the process until it returns them."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
size = 64 << 20
from pipeline.core.allocator import keep_freed_memory, return_freed_memory
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
{call}
for _ in range(3):
    b"x" * size
before = faults()
for _ in range(10):
    b"x" * size
after, held = faults(), resident()
return_freed_memory()
print(after - before, held - resident())
"""


def measured(call: str) -> tuple[int, int]:
    """Page faults of ten buffers of 64 MB, and the megabytes that are returned afterwards."""
    program = PROGRAM.format(call=call)
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    faults, returned = map(int, output.split())
    return faults, returned


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_used_again_and_returned_on_request() -> None:
    faults, returned = measured("keep_freed_memory()")
    assert faults < 1000
    assert returned >= 60
    assert measured("")[0] > 10_000
