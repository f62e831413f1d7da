"""``transcribe doctor`` computes on every device and reports failures."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import doctor
from pipeline.cli.app import app, main
from pipeline.core.errors import ResourceError
from pipeline.engine import artifact_cache
from pipeline.media import isolated_decoder
from pipeline.models import cuda_libraries, torch_runtime


def examine(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    with pytest.raises(SystemExit) as caught:
        main(["doctor"])
    return int(caught.value.code or 0), capsys.readouterr().out.splitlines()


def test_both_libraries_really_compute_on_the_cpu(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_runtime, "count_gpus", lambda: 0)
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

    monkeypatch.setattr(torch_runtime, "count_gpus", lambda: 2)
    monkeypatch.setattr(cuda_libraries, "load_cublas", lambda: ())
    monkeypatch.setattr(cuda_libraries, "try_torch", lambda name: None)
    monkeypatch.setattr(cuda_libraries, "try_ctranslate2", compute)
    code, lines = examine(capsys)
    assert code == 5
    assert tried == ["cpu", "cuda:0", "cuda:1"]
    failed = [number for number, line in enumerate(lines) if line.startswith("FAIL") and "libcublas" in line]
    assert len(failed) == 1
    assert "cuda:1" in lines[failed[0]]
    assert "[cuda]" in lines[failed[0] + 1]


def test_a_recording_is_decoded() -> None:
    assert doctor._decoder().ok


def test_a_decoder_that_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ResourceError("the decoder could not be started")

    monkeypatch.setattr(isolated_decoder, "decode_stream", fail)
    assert not doctor._decoder().ok


def test_the_cache_is_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / "runs")
    assert doctor._cache().ok
    assert not list((tmp_path / "runs").iterdir())
    (tmp_path / "file").touch()
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / "file" / "runs")
    assert not doctor._cache().ok
    assert doctor._cache_space().text


def test_little_space_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, ok in ((doctor.MIN_FREE, True), (doctor.MIN_FREE - 1, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(0, 0, int(free)))
        assert doctor._temporary_space().ok is ok
        assert doctor._cache_space().ok is ok


def test_a_package_that_fails_to_import_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise OSError

    monkeypatch.setattr("importlib.import_module", fail)
    assert not doctor._imported("pyannote.audio", "").ok


def test_telemetry_is_checked_before_pyannote_changes_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "0")
    assert doctor._telemetry().ok
    order = list(doctor.CHECKS)
    assert order.index(doctor._telemetry) < order.index(doctor._pyannote)
    assert doctor._pyannote().ok
    assert doctor._telemetry().ok


def test_one_bad_finding_is_exit_code_5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_models", lambda preset: [])
    monkeypatch.setattr(doctor, "_devices", list)
    for ok in (True, False):
        finding = doctor.Finding("something", ok, "fix it")
        monkeypatch.setattr(doctor, "CHECKS", (lambda finding=finding: finding,))
        result = CliRunner().invoke(app, ["doctor"])
        assert result.exit_code == (0 if ok else 5)
        assert ("fix it" in result.output) is not ok
