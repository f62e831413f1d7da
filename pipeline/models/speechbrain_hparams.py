"""SpeechBrain networks built from their published ``hyperparams.yaml``, read as data: no code in the file runs.

HyperPyYAML's tags import and call any Python object (``!new:``, ``!name:``, ``!apply:``). Here only tags that name one
of a few known classes are accepted, and the network is built in code; any other tag is an error.
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
"""Accepted classes: the parts of SepFormer, dual-path RNN, Conv-TasNet and ECAPA-TDNN."""
IGNORED: Final = frozenset(
    {
        "speechbrain.utils.parameter_transfer.Pretrainer",
        "speechbrain.dataio.encoder.CategoricalEncoder",
        f"{_ECAPA}Classifier",
    }
)
"""Further classes in published files; they are accepted and not built."""
PARTS: Final = ("encoder", "masknet", "decoder")
RATES: Final = (8000, 16000)
MAX_BYTES: Final = 1_000_000
"""Maximum size of the file; this and the following bounds, chosen by hand, limit the memory that a file can request."""
MAX_WIDTH: Final = 2048
"""Maximum number of channels, or of frames per chunk."""
MAX_LIST_WIDTH: Final = 4096
"""The same in a list per layer, as for ECAPA-TDNN, which is built without memory."""
MAX_HERTZ: Final = 48_000
"""Maximum of a frequency in Hz."""
MAX_DEPTH: Final = 12
"""Maximum number of layers, blocks or repetitions."""
_COUNTS: Final = frozenset({"num_layers", "nhead", "num_spks", "X", "R", "C", "res2net_scale"})
_HERTZ: Final = frozenset({"sample_rate", "f_max"})
_REAL: Final = (_CONV, _FBANK, _NORMALIZATION)
"""Prefixes of the classes that cannot be built without memory (on the meta device)."""
BUILD_ERRORS: Final = (TypeError, ValueError, KeyError, RuntimeError, AttributeError, AssertionError, RecursionError)
"""Exceptions of building a network and loading its weights, for a file or weights of another kind."""


@dataclass(frozen=True, slots=True)
class Module:
    """A ``!new:`` or ``!name:`` of the file: the name of a class and its arguments."""

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

    Raises `BadModel` for an unknown network or weights that do not fit.
    """
    settings = read_settings(folder)
    where = str(folder)
    rate = settings.get("sample_rate")
    if rate not in RATES:
        raise BadModel(f"sample_rate must be 8000 or 16000 Hz, got {rate!r}", where=where)
    modules = find_modules(settings, PARTS, where)
    try:
        network = Network(*(build(modules[part], settings) for part in PARTS))
        for part in PARTS:
            getattr(network, part).load_state_dict(read_weights(folder / f"{part}.ckpt"), assign=True)
    except BUILD_ERRORS as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadModel(f"not a supported separator: {reason}", where=where) from error
    return network.float().eval().requires_grad_(False), rate


def find_modules(settings: Mapping[str, Any], names: Sequence[str], where: str) -> Mapping[str, Any]:
    """The file's ``modules``; raises `BadModel` if one of ``names`` is missing."""
    modules = settings.get("modules")
    if not isinstance(modules, dict) or not set(names) <= set(modules):
        raise BadModel(f"hyperparams.yaml must have the modules {', '.join(names)}", where=where)
    return modules


def build(node: Any, settings: Mapping[str, Any]) -> Any:
    """A network module from its node in the file, or the plain value of an argument; raises one of `BUILD_ERRORS`."""
    for _ in range(MAX_DEPTH):
        if not isinstance(node, Reference):
            break
        node = settings[node.text.removeprefix("<").removesuffix(">")]
    if isinstance(node, Module):
        arguments = {name: build(value, settings) for name, value in node.arguments.items()}
        for name, value in arguments.items():
            _require_bounded(name, value)
        # On the meta device, numbers in the file allocate nothing; the memory is that of the weights.
        with torch.device("cpu" if node.kind.startswith(_REAL) else "meta"):
            return KINDS[node.kind](**arguments)
    if isinstance(node, list) and len(node) <= MAX_DEPTH and all(type(value) is int for value in node):
        return node
    if not isinstance(node, str | int | float | bool | None):
        raise ValueError(f"{type(node).__name__} is not an argument of a network")
    return node


def _require_bounded(name: str, value: Any) -> None:
    maximum = MAX_DEPTH if name in _COUNTS else MAX_HERTZ if name in _HERTZ else MAX_WIDTH
    if isinstance(value, list):
        maximum = MAX_LIST_WIDTH
    for number in value if isinstance(value, list) else [value]:
        if isinstance(number, int | float) and not -maximum <= number <= maximum:
            raise ValueError(f"{name} is {value}, maximum {maximum}")


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of one network by name, read without running code; raises `BadModel` for anything else."""
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds of errors; only tensors are accepted
        raise BadModel("the weights cannot be read safely", where=str(path)) from error
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise BadModel("not the weights of one network", where=str(path))
    return weights


class _Reader(yaml.SafeLoader):
    """Plain YAML, with HyperPyYAML's tags as plain values."""


def read_settings(folder: Path) -> dict[str, Any]:
    """Read a folder's ``hyperparams.yaml``, tags as `Module` and `Reference`; raises `BadModel` for unknown tags."""
    path = folder / "hyperparams.yaml"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BadModel(f"larger than {MAX_BYTES} bytes", where=str(path))
        settings = yaml.load(content, _Reader)  # a SafeLoader
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadModel(f"cannot be read as a network's description: {_line(error)}", where=str(path)) from error
    if not isinstance(settings, dict):
        raise BadModel("the file must contain a mapping", where=str(path))
    return settings


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _module(loader: yaml.SafeLoader, kind: str, node: yaml.Node) -> Module:
    if kind not in KINDS and kind not in IGNORED:
        raise yaml.constructor.ConstructorError(None, None, f"unknown network {kind!r}", node.start_mark)
    if not isinstance(node, yaml.MappingNode):
        return Module(kind, {})
    return Module(kind, {str(name): value for name, value in loader.construct_mapping(node, deep=True).items()})


def _reference(loader: yaml.SafeLoader, node: yaml.Node) -> Reference:
    return Reference(str(loader.construct_scalar(node)))  # type: ignore[arg-type]


_Reader.add_multi_constructor("!new:", _module)
_Reader.add_multi_constructor("!name:", _module)
_Reader.add_constructor("!ref", _reference)
