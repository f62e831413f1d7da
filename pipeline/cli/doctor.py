"""``transcribe doctor``: checks of this machine, with a fix for each failure; devices are tested by computing."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the report; ``fix`` is shown if it is not ``ok``."""

    text: str
    ok: bool
    fix: str = ""


def doctor(
    preset: Annotated[str, typer.Option(help="Preset whose models are checked.")] = "default",
) -> None:
    """Check this machine and show how to fix each failure; exit code 5 if there is one."""
    failed = False
    for check in CHECKS:
        failed |= _print(check())
    for finding in (*_devices(), *_models(preset)):
        failed |= _print(finding)
    raise typer.Exit(5 if failed else 0)


def _print(finding: Finding) -> bool:
    """Print the finding; returns whether it is a failure."""
    mark = "ok  " if finding.ok else "FAIL"
    typer.echo(f"{mark} {finding.text}" + ("" if finding.ok else f"\n     → {finding.fix}"))
    return not finding.ok


def _python() -> Finding:
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding(f"Python {platform.python_version()}", ok, "use Python 3.11, 3.12 or 3.13")


def _imported(name: str, fix: str) -> Finding:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:120]
        return Finding(f"{name} fails to import: {reason}", False, fix)
    return Finding(f"{name} {getattr(module, '__version__', '')}".strip(), True)


def _torch() -> Finding:
    return _imported("torch", "pip install torch")


def _torchaudio() -> Finding:
    return _imported("torchaudio", MISMATCH)


MISMATCH = (
    "torch and torchaudio come from different builds (CPU and CUDA): reinstall both from the same index, "
    "for example both from PyTorch's own CPU index"
)


def _whisper() -> Finding:
    return _imported("faster_whisper", "pip install faster-whisper")


def _pyannote() -> Finding:
    importlib.import_module("pipeline.models.no_telemetry")  # as in a run: without telemetry
    return _imported("pyannote.audio", "pip install --upgrade pyannote.audio")


def _decoder() -> Finding:
    """Decode a second of generated sound in an isolated process, as in a run."""
    import io
    import wave

    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x00\x20\x00\xe0" * 4000)
    try:
        from pipeline import media

        seconds = media.decode_stream(io.BytesIO(buffer.getvalue()), name="a test recording").duration
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:160]
        return Finding(f"no recording can be decoded: {reason}", False, "pip install --force-reinstall av")
    return Finding("decoder (PyAV): works", abs(seconds - 1) < 0.1, "pip install --force-reinstall av")


def _cache() -> Finding:
    from pipeline.engine.artifact_cache import DiskCache

    cache = DiskCache()
    problem = cache.problem()
    fix = "make it writable, set XDG_CACHE_HOME to another folder, or run with --no-cache"
    return Finding(problem or f"cache of finished stages: {cache.root}", problem is None, fix)


def _space(purpose: str, folder: Path) -> Finding:
    """Free space on the disk of a folder, which may not exist yet."""
    existing = next((path for path in (folder, *folder.absolute().parents) if path.is_dir()), Path("/"))
    free = shutil.disk_usage(existing).free
    fix = f"free some space: {MIN_FREE / 1e9:g} GB are enough for an hour of four channels"
    return Finding(f"disk for {purpose}: {free / 1e9:.1f} GB free in {existing}", free >= MIN_FREE, fix)


def _temporary_space() -> Finding:
    import tempfile

    return _space("temporary files", Path(tempfile.gettempdir()))


def _cache_space() -> Finding:
    from pipeline.engine.artifact_cache import default_root

    return _space("the cache", default_root())


MIN_FREE = 2e9
"""Minimum free space in bytes, chosen by hand: decoding takes 230 MB per hour and channel, and results are cached."""


def _devices() -> Iterator[Finding]:
    """Test each library on the CPU and on every GPU, with a small matrix product and a small layer."""
    from pipeline.models.cuda_libraries import LIBRARIES, load_cublas
    from pipeline.models.torch_runtime import count_gpus

    number = count_gpus()
    yield from _computes("cpu", "reinstall it")
    if not number:
        yield Finding("no GPU detected: models run on the CPU", True)
        return
    loaded = {path.name for path in load_cublas()}
    state = "loaded from its wheel" if loaded == set(LIBRARIES) else "not loaded from a wheel"
    fix = f"pip install 'crosstalk-transcribe[cuda]' (CUDA 12's cuBLAS is {state}), or use --device cpu"
    for index in range(number):
        yield from _computes(f"cuda:{index}", fix)


def _computes(device: str, fix: str) -> Iterator[Finding]:
    from pipeline.models.cuda_libraries import problem_with, try_ctranslate2, try_torch

    for library, attempt in (("torch", try_torch), ("CTranslate2", try_ctranslate2)):
        problem = problem_with(attempt, device)
        failed = f"{library} fails on {device}: {problem}"
        yield Finding(failed if problem else f"{library} computes on {device}", not problem, fix)


def _encoders() -> Finding:
    """Test the encoders of PyAV, which write the stems."""
    from pipeline.media.encoder import missing_encoders

    missing = missing_encoders()
    return Finding(f"PyAV encodes wav, flac, mp3, m4a{f' but not {missing}' if missing else ''}", not missing, AV)


AV = "pip install --force-reinstall av: its wheels hold all encoders"


def _telemetry() -> Finding:
    value = os.environ.get("PYANNOTE_METRICS_ENABLED", "0")
    return Finding("telemetry off", value in ("0", "false"), "unset PYANNOTE_METRICS_ENABLED (a run ignores it anyway)")


CHECKS: tuple[Callable[[], Finding], ...] = (
    _python,
    _telemetry,  # first, because later checks change the environment
    _torch,
    _torchaudio,
    _pyannote,
    _whisper,
    _decoder,
    _encoders,
    _cache,
    _cache_space,
    _temporary_space,
)
"""The checks in order; devices and the preset's models follow."""


def _models(preset: str) -> list[Finding]:
    from pipeline.config.presets import load_preset
    from pipeline.models.registry import required_model_names
    from pipeline.models.weights import Store

    store = Store()
    status: Callable[[str], str] = store.status
    return [
        Finding(f"model {name}: {status(name)}", status(name) == "here", f"run: transcribe models pull {name}")
        for name in required_model_names(load_preset(preset))
    ]
