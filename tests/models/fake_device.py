"""A device for tests that computes on the CPU under another name, so that the code for GPUs runs without one.

Inside `fake_device`, the device ``meta`` has values. Its tensors hold a tensor of the CPU that no operation
outside reaches: mixing them with tensors of the CPU raises (a number alone may be mixed, as on a GPU), so does
``.numpy()``, and every copy to or from the device is counted. Reading a single value of a tensor counts as a copy out,
because it waits for the device.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock, local
from typing import Any

import pytest
import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from pipeline.models import torch_runtime

DEVICE = torch.device("meta")
"""The name torch has a device whose tensors have no values."""


@dataclass
class Transfers:
    """Copies between the CPU and the device."""

    into: int = 0
    out: int = 0

    def reset(self) -> None:
        self.into = self.out = 0


class MixedDevices(AssertionError):
    """An operation got tensors of both devices."""


class DeviceTensor(torch.Tensor):
    """A tensor of the device; ``values`` is the tensor that holds its values."""

    values: torch.Tensor

    @staticmethod
    def __new__(cls, values: torch.Tensor) -> DeviceTensor:
        with torch.inference_mode(False):  # a view of a parameter is no tensor of the inference mode
            made = torch.Tensor._make_wrapper_subclass(
                cls, values.shape, strides=values.stride(), dtype=values.dtype, device=DEVICE
            )
        made.values = values
        return made

    def __repr__(self, **_: Any) -> str:
        return f"DeviceTensor{tuple(self.shape)}"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _compute(func, args, kwargs or {})

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError("a tensor of a device has no numpy array: copy it to the CPU first")


class _Mode(TorchDispatchMode):
    """Catches operations without tensors of the device: factories and copies that name it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _compute(func, args, kwargs or {})


COPIES = (torch.ops.aten.to, torch.ops.aten._to_copy, torch.ops.aten.copy_)
WAITS = (torch.ops.aten._local_scalar_dense, torch.ops.aten.item, torch.ops.aten.nonzero, torch.ops.aten.equal)
"""Operations whose result the CPU needs: it waits for the device."""
TRANSFERS = Transfers()
_LOCK = Lock()


def _compute(func: Any, args: Any, kwargs: Any) -> Any:
    """The operation on the values; its result is on the device where its arguments are, or where it names one."""
    leaves = pytree.tree_leaves((args, kwargs))
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    on_device = [tensor for tensor in tensors if isinstance(tensor, DeviceTensor)]
    is_copy = func.overloadpacket in COPIES
    if on_device and not is_copy and any(each.dim() and not isinstance(each, DeviceTensor) for each in tensors):
        raise MixedDevices(f"{func} got tensors of the device and of the CPU")
    named = [leaf for leaf in leaves if isinstance(leaf, torch.device)]
    to_device = named[-1].type == DEVICE.type if named else bool(on_device)
    if func.overloadpacket is torch.ops.aten.copy_:
        to_device = isinstance(args[0], DeviceTensor)
    _count(func, tensors[-1] if tensors else None, to_device, is_copy)
    plain = pytree.tree_map_only(DeviceTensor, lambda each: each.values, (args, kwargs))
    plain = pytree.tree_map_only(torch.device, lambda each: torch.device("cpu"), plain)
    result = func(*plain[0], **plain[1])
    if is_copy and to_device is not bool(on_device) and any(result is leaf for leaf in pytree.tree_leaves(plain)):
        result = result.clone()  # a copy between devices shares no memory
    if not to_device:
        return result
    wrapped = {id(each.values): each for each in on_device}  # an operation in place returns its argument
    return pytree.tree_map_only(
        torch.Tensor, lambda each: wrapped[id(each)] if id(each) in wrapped else DeviceTensor(each), result
    )


def _count(func: Any, source: torch.Tensor | None, to_device: bool, is_copy: bool) -> None:
    from_device = isinstance(source, DeviceTensor)
    with _LOCK:
        if is_copy:
            TRANSFERS.into += to_device and not from_device
            TRANSFERS.out += from_device and not to_device
        elif func.overloadpacket in WAITS:
            TRANSFERS.out += from_device


@contextmanager
def fake_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[Transfers]:
    """The device, also in the threads of `single_threaded_pool`; yields the copies since entry."""
    entered = local()
    pool = torch_runtime.ThreadPoolExecutor

    def initialize(function: Any, *arguments: Any) -> None:
        function(*arguments)
        entered.stack = ExitStack()
        entered.stack.enter_context(_Mode())

    def make(number: int, initializer: Any, initargs: Any) -> Any:
        return pool(number, initializer=initialize, initargs=(initializer, *initargs))

    TRANSFERS.reset()
    with monkeypatch.context() as patch, _Mode():
        patch.setattr(torch_runtime, "ThreadPoolExecutor", make)
        yield TRANSFERS
