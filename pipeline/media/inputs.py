"""What Python may give as a recording: a path, bytes, an open file, or an array of samples with its rate."""

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
"""The value that stands for 1.0, by the type of whole numbers; uint8 is centred on it."""
_LOUDEST = 16.0
"""Floats beyond this (24 dB over full scale) are no samples between -1 and 1, but most likely unscaled integers."""

Decode = Callable[[Progress], Decoded]


def open_input(recording: object, sample_rate: float | None = None, track: int | None = None) -> tuple[str, Decode]:
    """A recording's name, and what decodes it; raises `SettingsError` for what is no recording of `KINDS`.

    Arrays have the shape (samples,) or (channels, samples): floats between -1 and 1, or int8, int16, int32, uint8 at
    full scale; any rate. An open file is read from its beginning where it can be rewound, and stays open. ``track``
    counts a file's audio tracks from 1.
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
        raise SettingsError(f"{type(recording).__name__} is no recording", hint=f"give {KINDS}")
    return "array", partial(_decode_samples, _scaled(_require_shape(samples)), _require_rate(sample_rate))


def _decode(file: BinaryIO, name: str, track: int | None, progress: Progress) -> Decoded:
    if file.seekable():
        file.seek(0)
    return isolated_decoder.decode_stream(file, progress=progress, track=track, name=name)


def _refuse_rate(sample_rate: float | None) -> None:
    if sample_rate is not None:
        raise SettingsError("sample_rate belongs to an array; a file says its own", where="sample_rate")


def _require_binary(file: Any) -> BinaryIO:
    if getattr(file, "closed", False):
        raise SettingsError("the file is closed", hint="transcribe it inside its with block")
    if isinstance(file, io.TextIOBase) or "b" not in getattr(file, "mode", "b"):
        raise SettingsError("the file is opened as text", hint="open it with mode 'rb'")
    return cast(BinaryIO, file)


def _require_rate(sample_rate: object) -> int:
    """The rate as a whole number of Hz that a decoder takes."""
    if sample_rate is None:
        raise SettingsError("an array needs its sample rate", hint="for example sample_rate=16000")
    limits = Limits()
    rate = 0.0 if isinstance(sample_rate, bool) or not isinstance(sample_rate, numbers.Real) else float(sample_rate)
    if not limits.min_rate <= rate <= limits.max_rate or not rate.is_integer():
        message = f"sample_rate must be a whole number from {limits.min_rate} to {limits.max_rate} Hz"
        raise SettingsError(f"{message}, not {sample_rate!r}")
    return int(rate)


def _as_array(recording: Any) -> NDArray[Any] | None:
    """A numpy array as it is, a torch tensor (from any device) or other array type as one; None for anything else."""
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
        raise InputError("holds no samples", where="array")
    channels = np.atleast_2d(samples)
    if len(channels) > channels.shape[1] or len(channels) > Limits().max_channels:
        hint = "transpose it (array.T): shape (channels, samples)"
        raise SettingsError(f"an array of shape {samples.shape} would have {len(channels)} channels", hint=hint)
    return channels


def _scaled(channels: NDArray[Any]) -> NDArray[np.float32]:
    """The samples as float32, full scale at 1."""
    kind = channels.dtype
    if kind.name in _FULL_SCALE:
        whole = channels.astype(np.float64) - (128 if kind.name == "uint8" else 0)
        return (whole / _FULL_SCALE[kind.name]).astype(np.float32)
    if kind.kind != "f":
        hint = f"give floats between -1 and 1, or {', '.join(_FULL_SCALE)}"
        raise SettingsError(f"samples of type {kind.name} have no known full scale", hint=hint)
    loudest = float(np.max(np.abs(channels), initial=0.0, where=np.isfinite(channels)))
    if loudest > _LOUDEST:
        hint = "divide by the full scale, for example 32768 for 16 bits"
        raise SettingsError(f"floating-point samples lie between -1 and 1, but these reach {loudest:g}", hint=hint)
    return channels.astype(np.float32)


def _decode_samples(channels: NDArray[np.float32], rate: int, progress: Progress) -> Decoded:
    """The samples through the decoder, by way of a nameless file in float32: resampled, repaired, mixed like any."""
    import soundfile

    try:
        with tempfile.TemporaryFile() as file:
            soundfile.write(file, channels.T, rate, format="W64", subtype="FLOAT")
            return _decode(cast(BinaryIO, file), "array", None, progress)
    except OSError as error:
        raise OutOfDisk(f"no room for the samples: {error.strerror}", where=tempfile.gettempdir()) from None
