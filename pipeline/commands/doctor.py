"""``transcribe doctor``: what is wrong with this machine, and how to mend it."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report; ``mend`` says what to do when it is not ``well``."""

    what: str
    well: bool
    mend: str = ""


def doctor(
    preset: Annotated[str, typer.Option(help="Whose models are looked for.")] = "default",
) -> None:
    """Say what is wrong with this machine and how to mend it; exit code 5 when something is."""
    ill = False
    for examine in EXAMINATIONS:
        ill |= _tell(examine())
    for finding in _models(preset):
        ill |= _tell(finding)
    raise typer.Exit(5 if ill else 0)


def _tell(finding: Finding) -> bool:
    mark = "ok  " if finding.well else "ILL "
    typer.echo(f"{mark} {finding.what}" + ("" if finding.well else f"\n     → {finding.mend}"))
    return not finding.well


def _python() -> Finding:
    well = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding(f"Python {platform.python_version()}", well, "use Python 3.11, 3.12 or 3.13")


def _imported(name: str, mend: str) -> Finding:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:120]
        return Finding(f"{name} fails to import: {reason}", False, mend)
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
    importlib.import_module("pipeline.backends.privacy")  # as in a run: without telemetry
    return _imported("pyannote.audio", "pip install --upgrade pyannote.audio")


def _decoder() -> Finding:
    """Decode a second of sound that is made here, in a process of its own as in a run."""
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
    from pipeline.cache import DiskCache

    cache = DiskCache()
    problem = cache.problem()
    mend = "make it writable, set XDG_CACHE_HOME to another folder, or run with --no-cache"
    return Finding(problem or f"cache of finished stages: {cache.root}", problem is None, mend)


def _space(purpose: str, folder: Path) -> Finding:
    """Room on the disk of a folder that may not be there yet."""
    place = next((path for path in (folder, *folder.absolute().parents) if path.is_dir()), Path("/"))
    free = shutil.disk_usage(place).free
    mend = f"make room: {LEAST_SPACE / 1e9:g} GB are enough for an hour of four channels"
    return Finding(f"disk for {purpose}: {free / 1e9:.1f} GB free in {place}", free >= LEAST_SPACE, mend)


def _temporary_space() -> Finding:
    import tempfile

    return _space("temporary files", Path(tempfile.gettempdir()))


def _cache_space() -> Finding:
    from pipeline.cache import default_root

    return _space("the cache", default_root())


LEAST_SPACE = 2e9
"""Bytes that should be free: decoding takes 230 MB for an hour of one channel, and a run's stages are kept."""


def _gpu() -> Finding:
    try:
        import torch
    except Exception:
        return Finding("no GPU can be looked for without torch", True)
    if torch.cuda.is_available():
        return Finding(f"GPU {torch.cuda.get_device_name(0)}", True)
    return Finding("no GPU seen: models run on the CPU", True)


def _ffmpeg() -> Finding:
    program = shutil.which("ffmpeg")
    if program:
        return Finding(f"ffmpeg for stems: {program}", True)
    try:
        import imageio_ffmpeg

        return Finding(f"ffmpeg for stems: {imageio_ffmpeg.get_ffmpeg_exe()}", True)
    except Exception:
        return Finding("no ffmpeg program (only needed to export stems as mp3 or m4a)", False, "install ffmpeg")


def _telemetry() -> Finding:
    value = os.environ.get("PYANNOTE_METRICS_ENABLED", "0")
    return Finding("telemetry off", value in ("0", "false"), "unset PYANNOTE_METRICS_ENABLED (a run ignores it anyway)")


EXAMINATIONS: tuple[Callable[[], Finding], ...] = (
    _python,
    _telemetry,  # before anything changes the environment
    _torch,
    _torchaudio,
    _pyannote,
    _whisper,
    _gpu,
    _decoder,
    _ffmpeg,
    _cache,
    _cache_space,
    _temporary_space,
)
"""What is looked at, in order; the models of the preset come after."""


def _models(preset: str) -> list[Finding]:
    from pipeline.presets import load_preset, models_of
    from pipeline.store import Store

    store = Store()
    status: Callable[[str], str] = store.status
    return [
        Finding(f"model {name}: {status(name)}", status(name) == "here", f"run: transcribe models pull {name}")
        for name in models_of(load_preset(preset))
    ]
