"""Read tensors from PyTorch checkpoints without running their code and without torch, and write safetensors.

A checkpoint is a pickle, and a pickle can run code. This reader allows four operations: dictionaries, references to
storages, rebuilding a tensor from a storage, and placeholders for the few known classes that training code stores.
Anything else is an error. Both layouts of ``torch.save`` are read: the zip archive and the older sequence of pickles.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from pipeline.core.errors import BadModel

Array = NDArray[Any]

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}
_MALFORMED = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    struct.error,
    StopIteration,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
)
_PLACEHOLDER_PACKAGES = ("omegaconf", "pyannote")
_RECORDS = {("pyannote.audio.core.task", name) for name in ("Specifications", "Problem", "Resolution")}
"""Classes of pyannote's checkpoints whose fields are read as data; the classes are not imported."""
_PLACEHOLDER_NAMES = {
    ("torch.torch_version", "TorchVersion"),
    ("typing", "Any"),
    ("collections", "defaultdict"),
    *(("__builtin__", name) for name in ("dict", "list", "long")),
}


def read_tensors(path: Path, key: str) -> dict[str, Array]:
    """The tensors of the dictionary ``key`` of a checkpoint, by name; without a key, of the checkpoint itself.

    Raises `BadModel` for anything else.
    """
    try:
        state = _read(path)[key] if key else _read(path)
        tensors = {name: tensor.array() for name, tensor in state.items() if isinstance(tensor, _Tensor)}
    except _MALFORMED as problem:
        raise BadModel(f"not a supported checkpoint ({problem})", where=path.name) from problem
    if not tensors:
        raise BadModel(f"no tensors under {key!r}", where=path.name)
    return tensors


def read_plain(path: Path, *keys: str) -> dict[str, str | int | float | bool | None]:
    """The strings and numbers of a nested dictionary in a checkpoint; empty if the dictionary does not exist.

    ``keys`` is its path. Raises `BadModel` for anything but a dictionary.
    """
    try:
        node = _read(path)
        for key in keys:
            node = node.get(key, {})
        return {str(name): value for name, value in node.items() if isinstance(value, str | int | float | bool | None)}
    except _MALFORMED as problem:
        raise BadModel(f"not a supported checkpoint ({problem})", where=path.name) from problem


def read_record(path: Path, *keys: str) -> dict[str, Any]:
    """The fields of an object of a known class (`_RECORDS`) in a checkpoint; ``keys`` is its path.

    Each field is a plain value or a list of plain values; a member of an enumeration is replaced by its value. Raises
    `BadModel` if there is no such object, or a field has another type.
    """
    try:
        node = _read(path)
        for key in keys:
            node = node[key]
        if not isinstance(node, _Record) or not isinstance(node.state, dict):
            raise ValueError(f"no object with fields under {keys[-1]!r}")
        return {str(name): _plain(value) for name, value in node.state.items()}
    except _MALFORMED as problem:
        raise BadModel(f"not a supported checkpoint ({problem})", where=path.name) from problem


def _plain(value: Any) -> Any:
    if isinstance(value, _Record) and len(value.arguments) == 1:
        (value,) = value.arguments
    if isinstance(value, list | tuple):
        if not all(isinstance(item, str | int | float | bool | None) for item in value):
            raise ValueError("a list must contain only strings and numbers")
        return list(value)
    if not isinstance(value, str | int | float | bool | None):
        raise ValueError(f"a field has the type {type(value).__name__}")
    return value


def write_safetensors(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write tensors in the safetensors format; the same tensors always give the same bytes."""
    save_file({name: np.asarray(tensors[name], order="C") for name in sorted(tensors)}, path)


class _Placeholder:
    """Placeholder for an object that is not needed: accepts and ignores everything."""

    def __new__(cls, *_: Any, **__: Any) -> _Placeholder:
        return super().__new__(cls)

    def __setstate__(self, _: Any) -> None: ...

    def __setitem__(self, _: Any, __: Any) -> None: ...

    def append(self, _: Any) -> None: ...

    def extend(self, _: Any) -> None: ...


class _Record(_Placeholder):
    """Placeholder for an object whose fields are needed: stores its arguments and state."""

    state: Any = None
    arguments: tuple[Any, ...] = ()

    def __new__(cls, *arguments: Any) -> _Record:
        record = object.__new__(cls)
        record.arguments = arguments
        return record

    def __setstate__(self, state: Any) -> None:
        self.state = state


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: Array
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> Array:
        """The values, after a check of the bounds: strides beyond the storage would read other memory."""
        if self.offset < 0 or min((*self.shape, *self.strides), default=0) < 0 or len(self.shape) != len(self.strides):
            raise ValueError("a tensor has an invalid shape")
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if 0 in self.shape or last >= self.storage.size:
            raise ValueError("a tensor is larger than its storage")
        steps = tuple(step * self.storage.itemsize for step in self.strides)
        view = np.lib.stride_tricks.as_strided(self.storage[self.offset :], self.shape, steps, writeable=False)
        return np.array(view)


def _rebuild(storage: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _Reader(pickle.Unpickler):
    """An unpickler of tensors and dictionaries that runs no code."""

    def __init__(self, file: IO[bytes], load: Callable[[str, str, int], Array]) -> None:
        super().__init__(file)
        self._load = load

    def find_class(self, module: str, name: str) -> Any:
        """The object for a name in the pickle; nothing is imported."""
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if (module, name) in _RECORDS:
            return _Record
        if (module, name) in _PLACEHOLDER_NAMES or module.split(".")[0] in _PLACEHOLDER_PACKAGES:
            return _Placeholder
        raise pickle.UnpicklingError(f"unsupported class {module}.{name}")

    def persistent_load(self, pid: Any) -> Array:
        kind, dtype, key, _, count = pid[:5]
        if kind != "storage" or dtype not in _STORAGES.values() or (len(pid) > 5 and pid[5] is not None):
            raise pickle.UnpicklingError(f"unsupported storage {kind!r}")
        return self._load(dtype, str(key), int(count))


def _read(path: Path) -> Any:
    return _read_archive(path) if zipfile.is_zipfile(path) else _read_legacy(path)


def _read_archive(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        root = next(name for name in archive.namelist() if name.endswith("/data.pkl")).removesuffix("data.pkl")

        def load(dtype: str, key: str, count: int) -> Array:
            return np.frombuffer(archive.read(f"{root}data/{key}"), dtype, count)

        return _Reader(io.BytesIO(archive.read(f"{root}data.pkl")), load).load()


def _read_legacy(path: Path) -> Any:
    limit = path.stat().st_size
    storages: dict[str, Array] = {}

    def load(dtype: str, key: str, count: int) -> Array:
        if not 0 <= count * np.dtype(dtype).itemsize <= limit:
            raise pickle.UnpicklingError("a storage is larger than the file")
        return storages.setdefault(key, np.zeros(count, dtype))

    with path.open("rb") as file:
        magic, _, _, content, keys = (_Reader(file, load).load() for _ in range(5))
        if magic != _LEGACY_MAGIC:
            raise ValueError("unknown layout")
        for key in keys:
            storage = storages[key]
            (count,) = struct.unpack("<q", file.read(8))
            if count != storage.size:
                raise ValueError("the size of a storage differs from its header")
            storage[:] = np.frombuffer(file.read(storage.nbytes), storage.dtype, storage.size)
    return content
