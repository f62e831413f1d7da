"""Which device computes, tested by a computation; GPUs are simulated."""

from __future__ import annotations

import ctypes
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.schema import Config, Runtime, assign
from pipeline.core.errors import ResourceError
from pipeline.models import cuda_libraries, registry, torch_runtime
from pipeline.models.torch_runtime import devices_for, first_device, only, placement, single_threaded_pool
from pipeline.models.weights import Store


def fake_gpus(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(torch_runtime, "count_gpus", lambda: number)


@pytest.mark.parametrize(
    ("workers", "setting", "gpus", "expected"),
    [
        (3, "cpu", 4, ("cpu",) * 3),
        (2, "mps", 0, ("mps",) * 2),
        (2, "auto", 0, ("auto",) * 2),
        (2, "auto", 1, ("auto",) * 2),
        (3, "auto", 2, ("cuda:0", "cuda:1", "cuda:0")),
        (2, "cuda", 4, ("cuda:0", "cuda:1")),
        (2, "cuda", 0, ("cuda",) * 2),
        (4, "cuda:1, cuda:3", 4, ("cuda:1", "cuda:3", "cuda:1", "cuda:3")),
        (2, "cuda:1", 4, ("cuda:1",) * 2),
        (0, "auto", 2, ()),
    ],
)
def test_workers_are_spread_over_the_devices(workers: int, setting: str, gpus: int, expected: tuple[str, ...]) -> None:
    assert devices_for(workers, setting, gpus) == expected


@given(st.integers(0, 40), st.sampled_from(["auto", "cuda", "cuda:0,cuda:1", "cuda:2", "cpu"]), st.integers(0, 8))
def test_no_device_has_two_workers_more_than_another(workers: int, setting: str, gpus: int) -> None:
    counts = Counter(devices_for(workers, setting, gpus))
    assert sum(counts.values()) == workers
    assert not counts or max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize(
    ("name", "visible", "expected"),
    [
        ("cpu", None, {}),
        ("auto", "1", {}),
        ("cuda", None, {}),
        ("cuda:1", None, {"CUDA_VISIBLE_DEVICES": "1"}),
        ("cuda:1", "4,6", {"CUDA_VISIBLE_DEVICES": "6"}),
        ("cuda:0", "GPU-8932f937", {"CUDA_VISIBLE_DEVICES": "GPU-8932f937"}),
        ("cuda:3", "4,6", {"CUDA_VISIBLE_DEVICES": "3"}),
    ],
)
def test_a_worker_sees_its_own_gpu_only(name: str, visible: str | None, expected: dict[str, str]) -> None:
    assert only(name, {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}) == expected


@pytest.mark.parametrize(
    ("setting", "gpus", "expected"),
    [("auto", 0, "cpu"), ("auto", 2, "cuda"), ("cuda:1,cuda:0", 2, "cuda:1"), ("cpu", 1, "cpu"), ("mps", 0, "mps")],
)
def test_one_recording_takes_the_first_device(
    setting: str, gpus: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gpus(monkeypatch, gpus)
    assert first_device(Runtime(device=setting)) == expected


def test_only_a_gpu_puts_the_batch_size_into_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_gpus(monkeypatch, 0)
    assert placement(Runtime(device="auto", batch_size=8)) == placement(Runtime(device="cpu", batch_size=16)) == {}
    fake_gpus(monkeypatch, 1)
    assert placement(Runtime(device="auto", batch_size=8)) == {"device": "cuda", "batch_size": 8}
    assert placement(Runtime(device="cuda:1", batch_size=8)) == placement(Runtime(device="cuda:0", batch_size=8))


def test_gpus_are_counted_by_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    class Driver:
        def __init__(self, name: str) -> None:
            assert name == "libcuda.so.1"

        def cuInit(self, flags: int) -> int:  # noqa: N802
            return 0

        def cuDeviceGetCount(self, number: Any) -> int:  # noqa: N802
            ctypes.cast(number, ctypes.POINTER(ctypes.c_int))[0] = 3
            return 0

    monkeypatch.setattr(torch_runtime.ctypes, "CDLL", Driver)
    assert torch_runtime.count_gpus.__wrapped__() == 3
    monkeypatch.setattr(Driver, "cuInit", lambda self, flags: 100)
    assert torch_runtime.count_gpus.__wrapped__() == 0


@pytest.mark.parametrize(("where", "number"), [("cpu", 3), ("cuda", 2)])
def test_regions_have_threads_on_a_gpu_too(where: str, number: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with single_threaded_pool(torch.device(where), beside_gpu=2) as pool:
            assert pool._max_workers == number  # type: ignore[attr-defined]
            assert pool.submit(torch.get_num_threads).result() == 1
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("attempt", [cuda_libraries.try_torch, cuda_libraries.try_ctranslate2])
def test_both_libraries_compute_on_the_cpu_and_not_on_what_is_no_device(attempt: Any) -> None:
    assert cuda_libraries.problem_with(attempt, "cpu") == ""
    problem = cuda_libraries.problem_with(attempt, "toaster")
    assert problem
    assert "\n" not in problem


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[tuple[str, int]]]:
    """The layout of nvidia-cublas-cu12, and what is loaded of it."""
    folder = tmp_path / "site" / "nvidia" / "cublas" / "lib"
    folder.mkdir(parents=True)
    for name in cuda_libraries.LIBRARIES:
        (folder / name).touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "nvidia", raising=False)
    loaded: list[tuple[str, int]] = []
    monkeypatch.setattr(cuda_libraries.ctypes, "CDLL", lambda path, mode=0: loaded.append((path, mode)))
    return folder, loaded


def test_cublas_is_loaded_from_its_wheel_the_one_it_needs_first(wheel: tuple[Path, list[tuple[str, int]]]) -> None:
    folder, loaded = wheel
    libraries = cuda_libraries.load_cublas()
    assert libraries == (folder / "libcublasLt.so.12", folder / "libcublas.so.12")
    assert loaded == [(str(path), ctypes.RTLD_GLOBAL) for path in libraries]


def test_a_library_that_does_not_load_is_left_out(
    wheel: tuple[Path, list[tuple[str, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, mode: int = 0) -> None:
        raise OSError("wrong architecture")

    monkeypatch.setattr(cuda_libraries.ctypes, "CDLL", refuse)
    assert cuda_libraries.load_cublas() == ()


@pytest.mark.parametrize(("setting", "wanted"), [("cpu", False), ("cuda", True), ("cuda:1", True), ("mps", False)])
def test_cublas_is_loaded_before_a_backend_only_for_a_gpu(
    setting: str, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(cuda_libraries, "load_cublas", lambda: order.append("cublas"))
    imported = registry.importlib.import_module
    monkeypatch.setattr(registry.importlib, "import_module", lambda name: (order.append(name), imported(name))[1])
    registry.load("recognizer", "synthetic", assign(Config(), {"runtime.device": setting}), Store())
    assert order == ["cublas"] * wanted + ["pipeline.models.recognizers.synthetic"]


def broken(name: str) -> None:
    raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded\nmore")


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A machine with a GPU on which everything computes."""
    attempts: list[tuple[str, str]] = []
    fake_gpus(monkeypatch, 1)
    monkeypatch.setattr(cuda_libraries, "load_cublas", lambda: attempts.append(("load", "cublas")))
    monkeypatch.setattr(cuda_libraries, "try_torch", lambda name: attempts.append(("torch", name)))
    monkeypatch.setattr(cuda_libraries, "try_ctranslate2", lambda name: attempts.append(("ctranslate2", name)))
    return attempts


def test_a_gpu_that_computes_is_taken(tried: list[tuple[str, str]]) -> None:
    choice = cuda_libraries.choose(Config())
    assert (choice.runtime.device, choice.problem) == ("cuda", "")
    assert tried == [("load", "cublas"), ("torch", "cuda"), ("ctranslate2", "cuda")]


@pytest.mark.parametrize("library", ["try_torch", "try_ctranslate2"])
def test_auto_means_the_cpu_where_the_gpu_does_not_compute(
    library: str, tried: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda_libraries, library, broken)
    choice = cuda_libraries.choose(Config())
    assert choice.runtime.device == "cpu"
    assert "libcublas.so.12" in choice.problem
    assert "\n" not in choice.problem


@pytest.mark.parametrize("setting", ["cuda", "cuda:0", "cuda:0,cuda:1"])
@pytest.mark.parametrize("library", ["try_torch", "try_ctranslate2"])
def test_a_device_asked_for_by_name_is_an_error_where_it_does_not_compute(
    setting: str, library: str, tried: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda_libraries, library, broken)
    with pytest.raises(ResourceError) as caught:
        cuda_libraries.choose(assign(Config(), {"runtime.device": setting}))
    assert caught.value.exit_code == 5
    assert caught.value.hint
    assert "libcublas.so.12" in caught.value.what


@pytest.mark.parametrize(("setting", "gpus"), [("auto", 0), ("cpu", 1)])
def test_nothing_is_tried_for_the_cpu(
    setting: str, gpus: int, tried: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gpus(monkeypatch, gpus)
    assert cuda_libraries.choose(assign(Config(), {"runtime.device": setting})).runtime.device == "cpu"
    assert tried == []


def test_ctranslate2_is_tried_only_for_its_own_recogniser_and_on_its_own_devices(tried: list[tuple[str, str]]) -> None:
    cuda_libraries.choose(assign(Config(), {"recognition.backend": "synthetic"}))
    cuda_libraries.choose(assign(Config(), {"runtime.device": "mps"}))
    assert [name for name, _ in tried] == ["load", "torch", "torch"]
