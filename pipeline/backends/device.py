"""Where torch computes."""

from __future__ import annotations

from contextlib import AbstractContextManager

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
    """A context in which layers compute with short floats, where the device does so in hardware and gains by it."""
    if device.type == "cpu":
        told = getattr(torch.cpu, "get_capabilities", None)  # younger torches tell
        kind, able = torch.bfloat16, bool(told and told().get("avx512_bf16"))
    else:
        kind, able = torch.float16, device.type == "cuda"
    return torch.autocast(device.type, kind, enabled=able)
