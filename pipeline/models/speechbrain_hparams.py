"""SpeechBrain networks built from their published ``hyperparams.yaml``, read as data: nothing in the file is run.

HyperPyYAML's tags name any Python object and call it (``!new:``, ``!name:``, ``!apply:``). Here a tag is text: a few
known classes may be named and are built in code, every other tag refuses the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
import yaml
from speechbrain.lobes.features import Fbank
from speechbrain.lobes.models import ECAPA_TDNN, conv_tasnet, dual_path
from speechbrain.processing.features import InputNormalization
from torch import Tensor, nn

from pipeline.core.errors import BadModel

_DUAL, _CONV = "speechbrain.lobes.models.dual_path.", "speechbrain.lobes.models.conv_tasnet."
_ECAPA = "speechbrain.lobes.models.ECAPA_TDNN."
_FBANK, _NORMALIZATION = "speechbrain.lobes.features.Fbank", "speechbrain.processing.features.InputNormalization"
KINDS: Final[Mapping[str, Callable[..., Any]]] = {
    f"{_DUAL}Encoder": dual_path.Encoder,
    f"{_DUAL}Decoder": dual_path.Decoder,
    f"{_DUAL}Dual_Path_Model": dual_path.Dual_Path_Model,
    f"{_DUAL}SBTransformerBlock": dual_path.SBTransformerBlock,
    f"{_DUAL}SBRNNBlock": dual_path.SBRNNBlock,
    f"{_CONV}MaskNet": conv_tasnet.MaskNet,
    f"{_ECAPA}ECAPA_TDNN": ECAPA_TDNN.ECAPA_TDNN,
    _FBANK: Fbank,
    _NORMALIZATION: InputNormalization,
}
"""The classes that a file may name: SepFormer, dual-path RNN, Conv-TasNet and ECAPA-TDNN are made of them."""
INERT: Final = frozenset(
    {
        "speechbrain.utils.parameter_transfer.Pretrainer",
        "speechbrain.dataio.encoder.CategoricalEncoder",
        f"{_ECAPA}Classifier",
    }
)
"""Further classes in published files, which are read over."""
PARTS: Final = ("encoder", "masknet", "decoder")
RATES: Final = (8000, 16000)
LARGEST: Final = 1_000_000
"""Bytes of a description that still make sense."""
WIDEST: Final = 2048
"""Channels, or frames of a chunk."""
WIDEST_OF_LIST: Final = 4096
"""The same where a file lists them layer by layer, as for ECAPA-TDNN, which is built without memory."""
FASTEST: Final = 48_000
"""Hertz."""
DEEPEST: Final = 12
"""Layers, blocks or repetitions of any one kind."""
_COUNTS: Final = frozenset({"num_layers", "nhead", "num_spks", "X", "R", "C", "res2net_scale"})
_HERTZ: Final = frozenset({"sample_rate", "f_max"})
_REAL: Final = (_CONV, _FBANK, _NORMALIZATION)
"""What begins the names of classes that cannot be built without memory."""
MISFITS: Final = (TypeError, ValueError, KeyError, RuntimeError, AttributeError, AssertionError, RecursionError)
"""What the building of a network, or the loading of its weights, raises when file or weights are of another kind."""


@dataclass(frozen=True, slots=True)
class Part:
    """A ``!new:`` or ``!name:`` of the file: a class's name and what it is to be made with."""

    kind: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """A ``!ref <name>`` of the file."""

    text: str


class Network(nn.Module):
    """Encoder, mask network, decoder: mixtures (batch, samples) to sources (batch, samples, speakers)."""

    def __init__(self, encoder: nn.Module, masknet: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.masknet, self.decoder = encoder, masknet, decoder

    def forward(self, mixtures: Tensor) -> Tensor:
        encoded = self.encoder(mixtures)
        masks = self.masknet(encoded)
        sources = [self.decoder(encoded * mask).reshape(len(mixtures), -1) for mask in masks]
        shorter = mixtures.shape[1] - sources[0].shape[1]
        return nn.functional.pad(torch.stack(sources, dim=1), (0, shorter)).transpose(1, 2)


def load_network(folder: Path) -> tuple[Network, int]:
    """The network of a folder in SpeechBrain's layout with its weights, in inference mode, and its sample rate in Hz.

    Raises `BadModel` for anything but a known network with its own weights.
    """
    settings = read_settings(folder)
    where = str(folder)
    rate = settings.get("sample_rate")
    if rate not in RATES:
        raise BadModel(f"separators work at 8000 or 16000 Hz, this says {rate!r}", where=where)
    modules = find_modules(settings, PARTS, where)
    try:
        network = Network(*(build(modules[part], settings) for part in PARTS))
        for part in PARTS:
            getattr(network, part).load_state_dict(read_weights(folder / f"{part}.ckpt"), assign=True)
    except MISFITS as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadModel(f"this is no separator of a known kind: {reason}", where=where) from error
    return network.float().eval().requires_grad_(False), rate


def find_modules(settings: Mapping[str, Any], names: Sequence[str], where: str) -> Mapping[str, Any]:
    """The file's ``modules``; `BadModel` when one of the names is not among them."""
    modules = settings.get("modules")
    if not isinstance(modules, dict) or not set(names) <= set(modules):
        raise BadModel(f"hyperparams.yaml does not name the modules {', '.join(names)}", where=where)
    return modules


def build(node: Any, settings: Mapping[str, Any]) -> Any:
    """A module from its part of the file, or the plain value of an argument; raises one of `MISFITS`."""
    for _ in range(DEEPEST):
        if not isinstance(node, Reference):
            break
        node = settings[node.text.removeprefix("<").removesuffix(">")]
    if isinstance(node, Part):
        arguments = {name: build(value, settings) for name, value in node.arguments.items()}
        for name, value in arguments.items():
            _require_sane(name, value)
        # Numbers in the file allocate nothing, the weights bring their own memory. Some classes cannot be built so.
        with torch.device("cpu" if node.kind.startswith(_REAL) else "meta"):
            return KINDS[node.kind](**arguments)
    if isinstance(node, list) and len(node) <= DEEPEST and all(type(value) is int for value in node):
        return node
    if not isinstance(node, str | int | float | bool | None):
        raise ValueError(f"{type(node).__name__} is no argument of a network")
    return node


def _require_sane(name: str, value: Any) -> None:
    most = DEEPEST if name in _COUNTS else FASTEST if name in _HERTZ else WIDEST
    if isinstance(value, list):
        most = WIDEST_OF_LIST
    for number in value if isinstance(value, list) else [value]:
        if isinstance(number, int | float) and not -most <= number <= most:
            raise ValueError(f"{name} is {value}")


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of one network by name, read without running anything; `BadModel` for anything else."""
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its readers raise; nothing but tensors gets through
        raise BadModel("these weights cannot be read safely", where=str(path)) from error
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise BadModel("these are no weights of one network", where=str(path))
    return weights


class _Reader(yaml.SafeLoader):
    """Plain YAML, and HyperPyYAML's tags as inert values."""


def read_settings(folder: Path) -> dict[str, Any]:
    """What a folder's ``hyperparams.yaml`` says, tags as `Part` and `Reference`; `BadModel` for unknown ones."""
    path = folder / "hyperparams.yaml"
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise BadModel("this is too large for a network's description", where=str(path))
        settings = yaml.load(content, _Reader)  # a SafeLoader
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadModel(f"cannot be read as a network's description: {_line(error)}", where=str(path)) from error
    if not isinstance(settings, dict):
        raise BadModel("holds no settings", where=str(path))
    return settings


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _part(loader: yaml.SafeLoader, kind: str, node: yaml.Node) -> Part:
    if kind not in KINDS and kind not in INERT:
        raise yaml.constructor.ConstructorError(None, None, f"{kind!r} is none of the known networks", node.start_mark)
    if not isinstance(node, yaml.MappingNode):
        return Part(kind, {})
    return Part(kind, {str(name): value for name, value in loader.construct_mapping(node, deep=True).items()})


def _reference(loader: yaml.SafeLoader, node: yaml.Node) -> Reference:
    return Reference(str(loader.construct_scalar(node)))  # type: ignore[arg-type]


_Reader.add_multi_constructor("!new:", _part)
_Reader.add_multi_constructor("!name:", _part)
_Reader.add_constructor("!ref", _reference)
