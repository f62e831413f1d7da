"""``transcribe doctor``: what is wrong with this machine, and how to mend it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
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
    for examine in (_python, _torch, _torchaudio, _whisper, _gpu, _ffmpeg, _telemetry):
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
        module = __import__(name)
    except Exception as error:
        return Finding(f"{name} fails to import: {str(error).splitlines()[0][:120]}", False, mend)
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


def _models(preset: str) -> list[Finding]:
    from pipeline.presets import load_preset, models_of
    from pipeline.store import Store

    store = Store()
    status: Callable[[str], str] = store.status
    return [
        Finding(f"model {name}: {status(name)}", status(name) == "here", f"run: transcribe models pull {name}")
        for name in models_of(load_preset(preset))
    ]
