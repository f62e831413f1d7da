"""The device of a run: what the runtime settings mean on this machine, and the number of CPU threads.

Torch is imported where it is used: most questions about the settings are answered without it.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.config.schema import Runtime

if TYPE_CHECKING:
    import torch

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The environment variable that selects the GPUs a process can use, and renumbers them from 0."""


@functools.cache
def count_gpus() -> int:
    """The number of NVIDIA GPUs that this process can use, from the driver; 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    number = ctypes.c_int(0)
    succeeded = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(number)) == 0
    return number.value if succeeded else 0


def first_device(runtime: Runtime) -> str:
    """The device of a run of one recording: the first of a list; ``auto`` is the GPU where there is one."""
    name = runtime.device.partition(",")[0].strip()
    if name == "auto":
        return "cuda" if count_gpus() else "cpu"
    return name


def placement(runtime: Runtime) -> dict[str, Any]:
    """The runtime settings that can change a result, for cache keys: none on the CPU.

    On a GPU, word times and embeddings depend on the batch size in their last digits.
    """
    kind = first_device(runtime).partition(":")[0]
    return {} if kind == "cpu" else {"device": kind, "batch_size": runtime.batch_size}


def devices_for(workers: int, device: str, gpus: int | None = None) -> tuple[str, ...]:
    """The device of each worker, in turn over all GPUs that ``device`` allows; ``workers`` is their number.

    ``device`` is a setting (``auto``, ``cpu``, ``mps``, ``cuda``, ``cuda:1``) or a comma list (``cuda:0,cuda:1``);
    ``gpus`` is the number of GPUs of the machine, None to query the driver. ``auto`` and ``cuda`` mean all of them;
    with one GPU or none, every worker gets the setting unchanged.
    """
    names = tuple(name.strip() for name in device.split(",") if name.strip()) or (device,)
    if names in (("auto",), ("cuda",)):
        number = count_gpus() if gpus is None else gpus
        names = tuple(f"cuda:{index}" for index in range(number)) if number > 1 else names
    return tuple(names[worker % len(names)] for worker in range(workers))


def only(device: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Environment variables for a child process that limit it to the GPU ``cuda:N``, which becomes its first one.

    N counts the GPUs visible to this process, which ``environment`` may have renumbered.
    """
    kind, colon, number = device.partition(":")
    if kind != "cuda" or not colon or not number.isdecimal():
        return {}
    visible = [entry.strip() for entry in environment.get(VISIBLE, "").split(",") if entry.strip()]
    index = int(number)
    return {VISIBLE: visible[index] if index < len(visible) else number}


def select_device(runtime: Runtime) -> torch.device:
    """The device of the settings (`first_device`) for torch; also sets torch's number of threads.

    TensorFloat-32, which rounds to 10 bits, is switched off, as in pyannote.audio.
    """
    import torch

    if runtime.threads:
        torch.set_num_threads(runtime.threads)
    torch.backends.cudnn.allow_tf32 = False
    return torch.device(first_device(runtime))


def bfloat16_autocast(device: torch.device) -> AbstractContextManager[Any]:
    """A context in which layers compute in bfloat16 on a CPU with hardware support, in a third of the time."""
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", None)  # in newer versions of torch
    supported = device.type == "cpu" and bool(capabilities and capabilities().get("avx512_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=supported)


@contextmanager
def single_threaded_pool(device: torch.device, beside_gpu: int = 1) -> Iterator[Executor]:
    """A pool of threads that compute on one core each, for layers too small to be parallelized.

    It has as many threads as torch uses; for a GPU, up to ``beside_gpu``. On leaving, pending tasks are cancelled.
    """
    import torch

    threads = torch.get_num_threads()
    number = threads if device.type == "cpu" else min(threads, beside_gpu)
    pool = ThreadPoolExecutor(number, initializer=torch.set_num_threads, initargs=(1,))
    torch.set_num_threads(1)  # torch's threads in the calling thread would compete with the pool's
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
