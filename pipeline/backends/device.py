"""Where torch computes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import torch

from pipeline.config import Runtime


def use_device(runtime: Runtime) -> torch.device:
    """The device of the settings (``auto``: the GPU where there is one), with the number of threads set."""
    if runtime.threads:
        torch.set_num_threads(runtime.threads)
    name = runtime.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def brief(device: torch.device) -> AbstractContextManager[None]:
    """A context in which layers compute in bfloat16, on a CPU that has it in hardware: a third of the time."""
    told = getattr(torch.cpu, "get_capabilities", None)  # younger torches tell
    able = device.type == "cpu" and bool(told and told().get("avx512_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=able)


@contextmanager
def one_core_each(device: torch.device) -> Iterator[Executor]:
    """Threads, one for each of the CPU's cores in use (one for a GPU), that compute alone: for layers too small to
    share. A run that is stopped leaves no task to be done."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads if device.type == "cpu" else 1, initializer=torch.set_num_threads, initargs=(1,))
    torch.set_num_threads(1)  # the caller's own threads would spin against these
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
