"""Recordings given in Python: a path, bytes, an open file, or an array of samples with its rate."""

from __future__ import annotations

import io
import numbers
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import InputError, OutOfDisk, SettingsError
from pipeline.core.events import Progress
from pipeline.media import Decoded, Limits, isolated_decoder

KINDS = "a path, bytes, a file opened in binary mode, or an array of samples (numpy, torch) with sample_rate"
_FULL_SCALE = {"int8": 128, "int16": 32_768, "int32": 2_147_483_648, "uint8": 128}
"""The integer that stands for 1.0, by type; uint8 is centered on it."""
_MAX_FLOAT = 16.0
"""Maximum absolute value of floating-point samples (24 dB over full scale). Chosen by hand; larger values are probably
unscaled integers and are refused."""

Decode = Callable[[Progress], Decoded]


def open_input(recording: object, sample_rate: float | None = None, track: int | None = None) -> tuple[str, Decode]:
    """The name of a recording, and a function that decodes it; raises `SettingsError` for other objects than `KINDS`.

    Arrays have the shape (samples,) or (channels, samples), with floats between -1 and 1, or int8, int16, int32, uint8
    at full scale, and any rate. A seekable file is read from its beginning; files stay open. ``track`` counts the audio
    tracks of a file from 1.
    """
    if isinstance(recording, str | os.PathLike):
        _refuse_rate(sample_rate)
        path = os.fsdecode(recording)
        return Path(path).name, lambda progress: isolated_decoder.decode(path, progress=progress, track=track)
    if isinstance(recording, bytes | bytearray | memoryview):
        _refuse_rate(sample_rate)
        return "bytes", lambda progress: _decode(io.BytesIO(recording), "bytes", track, progress)
    if callable(getattr(recording, "read", None)):
        _refuse_rate(sample_rate)
        file = _require_binary(recording)
        name = getattr(file, "name", None)
        name = Path(name).name if isinstance(name, str) and name else "file"
        return name, partial(_decode, file, name, track)
    samples = _as_array(recording)
    if samples is None:
        raise SettingsError(f"{type(recording).__name__} is not a recording", hint=f"give {KINDS}")
    return "array", partial(_decode_samples, _scaled(_require_shape(samples)), _require_rate(sample_rate))


def _decode(file: BinaryIO, name: str, track: int | None, progress: Progress) -> Decoded:
    if file.seekable():
        file.seek(0)
    return isolated_decoder.decode_stream(file, progress=progress, track=track, name=name)


def _refuse_rate(sample_rate: float | None) -> None:
    if sample_rate is not None:
        raise SettingsError("sample_rate is only for arrays; files contain their sample rate", where="sample_rate")


def _require_binary(file: Any) -> BinaryIO:
    if getattr(file, "closed", False):
        raise SettingsError("the file is closed", hint="transcribe it inside its with block")
    if isinstance(file, io.TextIOBase) or "b" not in getattr(file, "mode", "b"):
        raise SettingsError("the file is opened as text", hint="open it with mode 'rb'")
    return cast(BinaryIO, file)


def _require_rate(sample_rate: object) -> int:
    """The rate in Hz, checked to be an integer within the limits."""
    if sample_rate is None:
        raise SettingsError("an array needs its sample rate", hint="for example sample_rate=16000")
    limits = Limits()
    rate = 0.0 if isinstance(sample_rate, bool) or not isinstance(sample_rate, numbers.Real) else float(sample_rate)
    if not limits.min_rate <= rate <= limits.max_rate or not rate.is_integer():
        message = f"sample_rate must be a whole number from {limits.min_rate} to {limits.max_rate} Hz"
        raise SettingsError(f"{message}, not {sample_rate!r}")
    return int(rate)


def _as_array(recording: Any) -> NDArray[Any] | None:
    """A numpy array, also from a torch tensor (on any device) or another array type; None for other objects."""
    if isinstance(recording, np.ndarray):
        return recording
    if callable(getattr(recording, "detach", None)):
        recording = recording.detach().cpu()
    return np.asarray(recording) if hasattr(recording, "__array__") else None


def _require_shape(samples: NDArray[Any]) -> NDArray[Any]:
    """The samples as (channels, samples)."""
    if samples.ndim not in (1, 2):
        hint = "give (samples,) or (channels, samples)"
        raise SettingsError(f"an array of samples has one or two dimensions, not {samples.ndim}", hint=hint)
    if samples.size == 0:
        raise InputError("contains no samples", where="array")
    channels = np.atleast_2d(samples)
    if len(channels) > channels.shape[1] or len(channels) > Limits().max_channels:
        hint = "transpose it (array.T): shape (channels, samples)"
        raise SettingsError(f"an array of shape {samples.shape} would have {len(channels)} channels", hint=hint)
    return channels


def _scaled(channels: NDArray[Any]) -> NDArray[np.float32]:
    """The samples as float32 with full scale 1."""
    kind = channels.dtype
    if kind.name in _FULL_SCALE:
        centered = channels.astype(np.float64) - (128 if kind.name == "uint8" else 0)
        return (centered / _FULL_SCALE[kind.name]).astype(np.float32)
    if kind.kind != "f":
        hint = f"give floats between -1 and 1, or {', '.join(_FULL_SCALE)}"
        raise SettingsError(f"samples of type {kind.name} have no known full scale", hint=hint)
    peak = float(np.max(np.abs(channels), initial=0.0, where=np.isfinite(channels)))
    if peak > _MAX_FLOAT:
        hint = "divide by the full scale, for example 32768 for 16 bits"
        raise SettingsError(f"floating-point samples must be between -1 and 1, but these reach {peak:g}", hint=hint)
    return channels.astype(np.float32)


def _decode_samples(channels: NDArray[np.float32], rate: int, progress: Progress) -> Decoded:
    """Decode an array through an unnamed float32 file, so that it is resampled, repaired and mixed like a file."""
    import soundfile

    try:
        with tempfile.TemporaryFile() as file:
            soundfile.write(file, channels.T, rate, format="W64", subtype="FLOAT")
            return _decode(cast(BinaryIO, file), "array", None, progress)
    except OSError as error:
        raise OutOfDisk(f"no room for the samples: {error.strerror}", where=tempfile.gettempdir()) from None
