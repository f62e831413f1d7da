"""How values are stored: as a few small files, named by suffix, in formats that other programs can read.

`DataclassCodec` stores any frozen dataclass: JSON, arrays in ``npz``, audio in FLAC where FLAC loses nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.core import serialization
from pipeline.core.audio import RATE, Samples

Value = TypeVar("Value")
Read = Callable[[str], bytes | None]
"""The content of a value's file, by suffix; None where there is no such file."""
SCALE = 32_768
"""Steps of 16-bit audio per unit of amplitude. Samples on this grid are stored in FLAC without loss."""


class Codec(Protocol[Value]):
    """Stores one type of value."""

    @property
    def kind(self) -> type[Value]:
        """Type of the value."""
        ...

    def encode(self, value: Value) -> Mapping[str, bytes]:
        """The value's files by suffix. The file ``json`` comes last: where it exists, the value is complete."""
        ...

    def decode(self, read: Read, inputs: Sequence[Any]) -> Value | None:
        """The stored value, or None where a file is missing; ``inputs`` are those of the stage that made the value.

        Data of another version may raise ValueError, TypeError, KeyError, AttributeError or RuntimeError.
        """
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class DataclassCodec(Generic[Value]):
    """Stores a frozen dataclass, with arrays anywhere in it."""

    kind: type[Value]
    """Type of the value."""

    def encode(self, value: Value) -> Mapping[str, bytes]:
        """Audio (``flac``), other arrays (``npz``) and the rest (``json``); the first two only where there are any."""
        arrays: list[NDArray[Any]] = []
        plain = _without_arrays(value, arrays)
        lossless = [is_on_grid(array) for array in arrays]
        audio = [array for array, fits in zip(arrays, lossless, strict=True) if fits]
        others = [array for array, fits in zip(arrays, lossless, strict=True) if not fits]
        files: dict[str, bytes] = {}
        if audio:
            files["flac"] = encode_flac(np.concatenate([array.ravel() for array in audio]))
        if others:
            buffer = io.BytesIO()
            np.savez(buffer, *others)
            files["npz"] = buffer.getvalue()
        shapes = [list(array.shape) if fits else None for array, fits in zip(arrays, lossless, strict=True)]
        files["json"] = encode_json({"value": plain, "arrays": shapes})
        return files

    def decode(self, read: Read, inputs: Sequence[Any] = ()) -> Value | None:
        content = read("json")
        if content is None:
            return None
        data = json.loads(content)
        arrays = _read_arrays(data["arrays"], read)
        return None if arrays is None else typing.cast(Value, _with_arrays(self.kind, data["value"], arrays))


def encode_json(data: Any) -> bytes:
    """Plain data as JSON in UTF-8."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False).encode()


def is_on_grid(array: NDArray[Any]) -> bool:
    """Whether 16-bit audio holds the array without loss: float32, not empty, every value a whole number of steps."""
    if array.dtype != np.float32 or not array.size:
        return False
    return bool(np.array_equal(_to_grid(array).astype(np.float32) / np.float32(SCALE), array))


def encode_flac(samples: Samples) -> bytes:
    """Samples on the 16-bit grid, shape (samples,), as FLAC without loss."""
    import soundfile  # here: the command line's help does without it

    buffer = io.BytesIO()
    soundfile.write(buffer, _to_grid(samples), RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def decode_flac(content: bytes) -> Samples:
    """The samples of `encode_flac`; RuntimeError for anything but FLAC."""
    import soundfile

    samples, _ = soundfile.read(io.BytesIO(content), dtype="int16")
    return np.asarray(samples / np.float32(SCALE), np.float32)


def _to_grid(samples: NDArray[Any]) -> NDArray[np.int16]:
    with np.errstate(invalid="ignore"):  # NaN: such an array is not equal to itself, so it is not on the grid
        return np.round(samples * SCALE).clip(-SCALE, SCALE - 1).astype(np.int16)


def _read_arrays(shapes: Sequence[Sequence[int] | None], read: Read) -> list[NDArray[Any]] | None:
    """The arrays in order: those with a shape from FLAC, the others from npz; None where a file is missing."""
    sizes = [math.prod(shape) for shape in shapes if shape is not None]
    audio, others = read("flac") if sizes else b"", read("npz") if None in shapes else b""
    if audio is None or others is None:
        return None
    samples = decode_flac(audio) if audio else np.zeros(0, np.float32)
    if len(samples) != sum(sizes):
        return None
    in_flac = iter(np.split(samples, np.cumsum(sizes)[:-1]))
    in_npz = iter(_decode_npz(others) if others else ())
    return [next(in_npz) if shape is None else next(in_flac).reshape(shape) for shape in shapes]


def _decode_npz(content: bytes) -> list[NDArray[Any]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return [arrays[name] for name in arrays.files]


def _without_arrays(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """The value as plain data, in which each array is replaced by its number; the arrays are appended to ``arrays``."""
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return len(arrays) - 1
    kind: Any = type(value)
    if _holds_array(kind) and dataclasses.is_dataclass(kind):
        return {field.name: _without_arrays(getattr(value, field.name), arrays) for field in dataclasses.fields(kind)}
    if isinstance(value, tuple):
        return [_without_arrays(item, arrays) for item in value]
    return serialization.to_plain(value)


def _with_arrays(kind: Any, data: Any, arrays: Sequence[NDArray[Any]]) -> Any:
    """The value of ``kind`` that `_without_arrays` made the data of."""
    if not _holds_array(kind):
        return serialization.from_plain(kind, data)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is np.ndarray:
        return arrays[data]
    if origin is tuple:
        return tuple(_with_arrays(arguments[0], item, arrays) for item in data)
    if origin in (types.UnionType, typing.Union):
        (option,) = (option for option in arguments if option is not types.NoneType)
        return None if data is None else _with_arrays(option, data, arrays)
    return kind(**{name: _with_arrays(hint, data[name], arrays) for name, hint in _hints(kind).items()})


@functools.cache
def _holds_array(kind: Any) -> bool:
    """Whether an annotation is an array, or has one inside."""
    if typing.get_origin(kind) is np.ndarray:
        return True
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return any(_holds_array(hint) for hint in _hints(kind).values())
    return any(_holds_array(argument) for argument in typing.get_args(kind))


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
