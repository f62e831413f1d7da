"""The doctor: each examination says what it finds, and what is broken is found."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline import cache, media
from pipeline.cli import app
from pipeline.commands import doctor
from pipeline.errors import ResourceError


def test_a_recording_is_decoded() -> None:
    assert doctor._decoder().well


def test_a_decoder_that_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ResourceError("the decoder could not be started")

    monkeypatch.setattr(media.apart, "decode_stream", fail)
    assert not doctor._decoder().well


def test_the_cache_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "default_root", lambda: tmp_path / "runs")
    assert doctor._cache().well
    assert not list((tmp_path / "runs").iterdir())
    (tmp_path / "file").touch()
    monkeypatch.setattr(cache, "default_root", lambda: tmp_path / "file" / "runs")
    assert not doctor._cache().well
    assert doctor._cache_space().what


def test_little_space_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, well in ((doctor.LEAST_SPACE, True), (doctor.LEAST_SPACE - 1, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(0, 0, int(free)))
        assert doctor._temporary_space().well is well
        assert doctor._cache_space().well is well


def test_a_package_that_fails_to_import_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise OSError

    monkeypatch.setattr("importlib.import_module", fail)
    assert not doctor._imported("pyannote.audio", "").well


def test_telemetry_is_looked_at_before_pyannote_changes_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "0")
    assert doctor._telemetry().well
    order = list(doctor.EXAMINATIONS)
    assert order.index(doctor._telemetry) < order.index(doctor._pyannote)
    assert doctor._pyannote().well
    assert doctor._telemetry().well


def test_one_bad_finding_is_exit_code_5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_models", lambda preset: [])
    for well in (True, False):
        finding = doctor.Finding("something", well, "mend it")
        monkeypatch.setattr(doctor, "EXAMINATIONS", (lambda finding=finding: finding,))
        result = CliRunner().invoke(app, ["doctor"])
        assert result.exit_code == (0 if well else 5)
        assert ("mend it" in result.output) is not well
