"""Where torch computes."""

from __future__ import annotations

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
