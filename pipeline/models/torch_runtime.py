"""Which device computes: what the settings mean on this machine, and how many CPU threads go with it.

Torch is imported where it is used: the settings alone can be judged without it.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.config.schema import Runtime

if TYPE_CHECKING:
    import torch

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The environment variable by which CUDA hides GPUs from a process and numbers the others anew."""


@functools.cache
def count_gpus() -> int:
    """The number of NVIDIA GPUs that this process may use, asked of the driver; 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    number = ctypes.c_int(0)
    works = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(number)) == 0
    return number.value if works else 0


def first_device(runtime: Runtime) -> str:
    """The device of a run of one recording: the first of a list; ``auto`` is the GPU where there is one."""
    name = runtime.device.partition(",")[0].strip()
    if name == "auto":
        return "cuda" if count_gpus() else "cpu"
    return name


def placement(runtime: Runtime) -> dict[str, Any]:
    """The part of the runtime settings that can change a result: none on the CPU.

    On a GPU word times and voice vectors depend, in their last digits, on the batch that they were computed in.
    """
    kind = first_device(runtime).partition(":")[0]
    return {} if kind == "cpu" else {"device": kind, "batch_size": runtime.batch_size}


def devices_for(workers: int, device: str, gpus: int | None = None) -> tuple[str, ...]:
    """The device of each of so many workers, in turn over all GPUs that ``device`` allows.

    ``device`` is a setting (``auto``, ``cpu``, ``mps``, ``cuda``, ``cuda:1``) or a comma list (``cuda:0,cuda:1``);
    ``gpus`` is the number of GPUs of the machine, asked of the driver when it is None. ``auto`` and ``cuda`` stand for
    all of them; where there is at most one, every worker keeps the setting as it is.
    """
    names = tuple(name.strip() for name in device.split(",") if name.strip()) or (device,)
    if names in (("auto",), ("cuda",)):
        number = count_gpus() if gpus is None else gpus
        names = tuple(f"cuda:{index}" for index in range(number)) if number > 1 else names
    return tuple(names[worker % len(names)] for worker in range(workers))


def least_used(devices: Sequence[str], taken: Sequence[str]) -> str:
    """The device for one more worker: the first of ``devices`` that the fewest others have ``taken``."""
    return min(dict.fromkeys(devices), key=taken.count)


def only(device: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What to set in a child's environment so that it sees no other GPU than ``cuda:N``, which is then its first.

    N counts the GPUs that this process sees, which its own environment may have renumbered.
    """
    kind, colon, number = device.partition(":")
    if kind != "cuda" or not colon or not number.isdecimal():
        return {}
    visible = [entry.strip() for entry in environment.get(VISIBLE, "").split(",") if entry.strip()]
    index = int(number)
    return {VISIBLE: visible[index] if index < len(visible) else number}


def select_device(runtime: Runtime) -> torch.device:
    """The device of the settings (`first_device`) for torch, with the number of threads set."""
    import torch

    if runtime.threads:
        torch.set_num_threads(runtime.threads)
    return torch.device(first_device(runtime))


def bfloat16_autocast(device: torch.device) -> AbstractContextManager[Any]:
    """A context in which layers compute in bfloat16, on a CPU that has it in hardware: a third of the time."""
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", None)  # in newer versions of torch
    able = device.type == "cpu" and bool(capabilities and capabilities().get("avx512_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=able)


@contextmanager
def single_threaded_pool(device: torch.device, beside_gpu: int = 1) -> Iterator[Executor]:
    """Threads that compute on one core each, as many as torch has threads: for layers too small to share.

    For a GPU there are at most ``beside_gpu`` of them. A run that is stopped leaves no task to be done.
    """
    import torch

    threads = torch.get_num_threads()
    number = threads if device.type == "cpu" else min(threads, beside_gpu)
    pool = ThreadPoolExecutor(number, initializer=torch.set_num_threads, initargs=(1,))
    torch.set_num_threads(1)  # the caller's own threads would spin against these
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
