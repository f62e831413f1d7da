"""Test computations on a device, with the libraries that models run on, and the CUDA library that CTranslate2 needs.

CTranslate2's wheels open ``libcublas.so.12`` by name; torch's wheels include CUDA 13's. The extra ``[cuda]`` installs
the former as ``nvidia-cublas-cu12``, in a folder that the dynamic loader does not search: it is loaded here by its
path, and CTranslate2 then uses the library that is already loaded.
"""

from __future__ import annotations

import ctypes
import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.config.schema import Config, Runtime
from pipeline.core.errors import ResourceError
from pipeline.models.torch_runtime import first_device

LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12")
"""The libraries in loading order: the second depends on the first."""
HINT = "install crosstalk-transcribe[cuda], see transcribe doctor, or use --device cpu"
SIZE = 16
"""Rows and columns of the matrices that are multiplied in a test. Chosen by hand; small, so that a test is fast."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The runtime settings of a run; ``problem`` is the reason why ``auto`` fell back to the CPU, else empty."""

    runtime: Runtime
    problem: str = ""


def load_cublas() -> tuple[Path, ...]:
    """Load CUDA 12's cuBLAS from its wheel for the whole process, and return the loaded paths.

    Without the wheel nothing is loaded, and the system's library is used if there is one. A library that cannot be
    loaded is skipped: the test computation reports the problem.
    """
    loaded: list[Path] = []
    for name in LIBRARIES:
        for path in _installed(name):
            try:
                ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
            except OSError:
                continue
            loaded.append(path)
            break
    return tuple(loaded)


def _installed(name: str) -> Iterator[Path]:
    spec = importlib.util.find_spec("nvidia")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "cublas" / "lib" / name
        if path.is_file():
            yield path


def try_torch(device: str) -> None:
    """Multiply two small matrices with torch; raises torch's error, or RuntimeError for a wrong product."""
    import torch

    ones = torch.ones(SIZE, SIZE, device=device)
    total = float((ones @ ones).sum().item())
    if total != SIZE**3:
        raise RuntimeError(f"the product of two matrices is wrong: {total}")


def try_ctranslate2(device: str) -> None:
    """Run a tiny transformer layer with CTranslate2, in 32-bit floats and in 8-bit integers."""
    import ctranslate2
    import numpy as np

    name, _, index = device.partition(":")
    with tempfile.TemporaryDirectory(prefix="crosstalk-") as folder:
        _tiny_model().save(folder)
        for kind in ("float32", "int8"):
            encoder = ctranslate2.Encoder(folder, device=name, device_index=int(index or 0), compute_type=kind)
            output = encoder.forward_batch([["a", "b", "a"]]).last_hidden_state
            values = np.asarray(output.to_device(ctranslate2.Device.cpu))
            if values.shape != (1, 3, SIZE) or not np.isfinite(values).all() or not values.any():
                raise RuntimeError(f"a transformer layer returns wrong numbers in {kind}")


def _tiny_model() -> Any:
    """An encoder of one layer with fixed weights."""
    import numpy as np
    from ctranslate2.specs import TransformerEncoderModelSpec, TransformerEncoderSpec

    layers = TransformerEncoderSpec(1, 2)
    attention, forward = layers.layer[0].self_attention, layers.layer[0].ffn
    random = np.random.default_rng(0)
    for part, rows in (
        (layers.embeddings[0], 4),
        (attention.linear[0], 3 * SIZE),
        (attention.linear[1], SIZE),
        (forward.linear_0, SIZE),
        (forward.linear_1, SIZE),
    ):
        part.weight = random.standard_normal((rows, SIZE)).astype(np.float32)
    for norm in (layers.layer_norm, attention.layer_norm, forward.layer_norm):
        norm.gamma, norm.beta = np.ones(SIZE, np.float32), np.zeros(SIZE, np.float32)
    model = TransformerEncoderModelSpec(layers)
    model.register_vocabulary(["<unk>", "<s>", "a", "b"])
    model.validate()
    return model


def problem_with(attempt: Callable[[str], None], device: str) -> str:
    """The reason why an attempt fails on a device, in one line; empty when it succeeds."""
    try:
        attempt(device)
    except Exception as error:  # drivers, loaders and libraries may raise anything
        text = next(iter(str(error).splitlines()), "")
        return f"{type(error).__name__}: {text}"[:300]
    return ""


def choose(config: Config) -> Choice:
    """The runtime settings of the run with ``auto`` resolved, after a test computation on the device.

    When the test fails, ``auto`` falls back to the CPU, with the reason; a device given by name raises `ResourceError`.
    """
    runtime = config.runtime
    name = first_device(runtime)
    problem = "" if name == "cpu" else _problem(config, name)
    if not problem:
        return Choice(replace(runtime, device=name))
    if runtime.device != "auto":
        raise ResourceError(f"the device {name} cannot be used: {problem}", where="--device", hint=HINT)
    return Choice(replace(runtime, device="cpu"), f"the GPU cannot be used, the CPU is used instead: {problem}")


def _needs_ctranslate2(config: Config) -> bool:
    """Whether a configured model declares that it requires CTranslate2."""
    from pipeline.models import registry  # which imports this module's functions

    configured = registry.configured_names(config).items()
    return any("ctranslate2" in getattr(registry.declaration(kind, name), "requires", ()) for kind, name in configured)


def _problem(config: Config, name: str) -> str:
    if name.startswith("cuda"):
        load_cublas()
    attempts = {"torch": try_torch}
    if name.startswith("cuda") and _needs_ctranslate2(config):
        attempts["CTranslate2"] = try_ctranslate2
    results = ((library, problem_with(attempt, name)) for library, attempt in attempts.items())
    return next((f"{library}: {problem}" for library, problem in results if problem), "")
