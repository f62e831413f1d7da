"""``transcribe doctor`` computes on every device, and says what fails."""

from __future__ import annotations

import pytest

from pipeline.backends import device, gpu
from pipeline.cli import main


def examine(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    with pytest.raises(SystemExit) as left:
        main(["doctor"])
    return int(left.value.code or 0), capsys.readouterr().out.splitlines()


def test_both_libraries_really_compute_on_the_cpu(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "count_gpus", lambda: 0)
    _, lines = examine(capsys)
    assert {"ok   torch computes on cpu", "ok   CTranslate2 computes on cpu"} <= set(lines)


def test_a_gpu_on_which_one_library_fails_is_named_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def compute(name: str) -> None:
        tried.append(name)
        if name == "cuda:1":
            raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")

    monkeypatch.setattr(device, "count_gpus", lambda: 2)
    monkeypatch.setattr(gpu, "load_cublas", lambda: ())
    monkeypatch.setattr(gpu, "try_torch", lambda name: None)
    monkeypatch.setattr(gpu, "try_ctranslate2", compute)
    code, lines = examine(capsys)
    assert code == 5
    assert tried == ["cpu", "cuda:0", "cuda:1"]
    failed = [number for number, line in enumerate(lines) if line.startswith("FAIL") and "libcublas" in line]
    assert len(failed) == 1
    assert "cuda:1" in lines[failed[0]]
    assert "[cuda]" in lines[failed[0] + 1]
