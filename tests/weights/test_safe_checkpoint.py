"""Reading checkpoints: the same tensors as torch, and none of their code is run."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load_file

from pipeline.core.errors import BadModel
from pipeline.models.weights.safe_checkpoint import read_plain, read_tensors, write_safetensors
from tests.max_examples import at_most

DTYPES = st.sampled_from(["<f4", "<f8", "<f2", "<i8", "<i4"])
ARRAYS = DTYPES.flatmap(lambda d: arrays.arrays(d, arrays.array_shapes(min_dims=0, max_dims=3, max_side=5)))
STATES = st.dictionaries(st.text("abc.é", min_size=1, max_size=6), ARRAYS, min_size=1, max_size=4)


@at_most(50)
@given(state=STATES, archive=st.booleans(), turned=st.booleans())
def test_tensors_come_back(
    state: dict[str, Any], archive: bool, turned: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("way")
    tensors = OrderedDict((name, torch.from_numpy(np.array(array))) for name, array in state.items())
    if turned:  # views into a storage: other strides than their shape suggests
        tensors = OrderedDict((name, t.permute(tuple(reversed(range(t.dim()))))) for name, t in tensors.items())
    content = {"epoch": 3, "state": tensors, "rates": [1e-3, None]}
    torch.save(content, folder / "in.pt", _use_new_zipfile_serialization=archive)
    write_safetensors(folder / "out.safetensors", read_tensors(folder / "in.pt", "state"))
    out = load_file(folder / "out.safetensors")
    assert set(out) == set(tensors)
    for name, tensor in tensors.items():
        assert out[name].dtype == tensor.numpy().dtype
        assert out[name].shape == tensor.numpy().shape
        np.testing.assert_array_equal(out[name], tensor.numpy())


@pytest.mark.parametrize("archive", [True, False])
def test_plain_settings_are_read_and_nothing_else(archive: bool, tmp_path: Path) -> None:
    hyperparameters = {
        "bands": 80,
        "window": "hamming",
        "span": None,
        "rate": 0.5,
        "dither": False,
        "weights": torch.ones(2),
    }
    content = {"settings": {"of": {**hyperparameters, "more": {"deep": 1}}}, "number": 3}
    torch.save(content, tmp_path / "in.pt", _use_new_zipfile_serialization=archive)
    plain = {name: value for name, value in hyperparameters.items() if name != "weights"}
    assert read_plain(tmp_path / "in.pt", "settings", "of") == plain
    assert read_plain(tmp_path / "in.pt", "absent", "of") == {}
    with pytest.raises(BadModel):
        read_plain(tmp_path / "in.pt", "number")


def test_the_order_of_tensors_changes_no_byte(tmp_path: Path) -> None:
    a, b = np.ones((2, 3), "<f4"), np.arange(4, dtype="<i8")
    write_safetensors(tmp_path / "one", {"a": a, "b": b})
    write_safetensors(tmp_path / "two", {"b": b, "a": np.asfortranarray(a)})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_file_is_the_same_as_in_version_0_1(tmp_path: Path) -> None:
    """Pinned hashes of converted models, and of users' stores, depend on every byte of the layout."""
    tensors = {f"b.{dtype}": np.arange(6).reshape(2, 3).astype("<f4") for dtype in "xa"}
    write_safetensors(tmp_path / "out", {"a": np.float32(1.5) * np.ones(3, "<f4"), **tensors})
    digest = hashlib.sha256((tmp_path / "out").read_bytes()).hexdigest()
    assert digest == "e56eea39940bc71b4e0004fb600dd8bf84987c932e8d1ca3a66dcb4bd86227a4"


class _Bomb:
    """Creates a file when it is unpickled by a reader that runs its code."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call, self.arguments


@pytest.mark.promise(25)
@pytest.mark.parametrize("archive", [True, False])
@pytest.mark.parametrize("call", [os.system, eval, getattr, __import__])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path: Path, archive: bool, call: Callable[..., Any]) -> None:
    mark = tmp_path / "ran"
    what = f"touch {mark}" if call is os.system else f"open({str(mark)!r}, 'w')"
    content = {"state": OrderedDict(weight=torch.zeros(2)), "other": _Bomb(call, what)}
    torch.save(content, tmp_path / "bad.pt", _use_new_zipfile_serialization=archive)
    with pytest.raises(BadModel, match=r"bad\.pt: .*unsupported "):
        read_tensors(tmp_path / "bad.pt", "state")
    assert not mark.exists()


def _archive(path: Path, pickled: bytes, storage: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/data/0", storage)


STORAGE = object()


class _Plain(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return ("storage", torch.FloatStorage, "0", "cpu", 4) if obj is STORAGE else None


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (5,), (1,)), (3, (2,), (1,)), (0, (2, 2), (4, 1)), (-1, (1,), (1,)), (0, (2,), (-1,)), (0, (2,), (1, 1))],
)
def test_a_tensor_stays_in_its_storage(
    tmp_path: Path, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    bomb = _Bomb(torch._utils._rebuild_tensor_v2, STORAGE, offset, shape, strides, False, OrderedDict())
    file = io.BytesIO()
    _Plain(file, 2).dump({"state": {"weight": bomb}})
    _archive(tmp_path / "bad.pt", file.getvalue(), bytes(16))
    with pytest.raises(BadModel, match="tensor"):
        read_tensors(tmp_path / "bad.pt", "state")


@pytest.mark.promise(25)
@pytest.mark.parametrize("data", [b"", b"<html>", pickle.dumps({"state": 1}), b"PK\5\6" + bytes(18)])
def test_anything_else_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.pt").write_bytes(data)
    with pytest.raises(BadModel):
        read_tensors(tmp_path / "bad.pt", "state")


def test_a_checkpoint_without_the_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"other": {}, "state": {}}, tmp_path / "bad.pt")
    with pytest.raises(BadModel, match="no tensors"):
        read_tensors(tmp_path / "bad.pt", "state")
    with pytest.raises(BadModel):
        read_tensors(tmp_path / "bad.pt", "absent")
