"""Whether a class or an object has the methods of a model's protocol, with the parameters that the pipeline passes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.models.protocols import Diarizer, Embedder, Recognizer, Separator

PROTOCOLS: Mapping[str, type] = {
    "diarizer": Diarizer,
    "embedder": Embedder,
    "separator": Separator,
    "recognizer": Recognizer,
}
"""The protocol of each kind of model."""


def missing_methods(thing: Any, protocol: type, unbound: bool) -> Iterator[str]:
    """A description of each method, or parameter of a method, that a class (``unbound``) or an object lacks."""
    for name, declared in vars(protocol).items():
        if name.startswith("_") or not inspect.isfunction(declared):
            continue
        parameters = list(inspect.signature(declared).parameters.values())[1:]
        method = getattr(thing, name, None)
        if not callable(method):
            yield f"has no method {name}({', '.join(each.name for each in parameters)})"
        elif not _accepts(method, parameters, unbound and inspect.isfunction(method)):
            yield f"has a method {name} that does not take ({', '.join(each.name for each in parameters)})"


def _accepts(method: Any, parameters: list[inspect.Parameter], unbound: bool) -> bool:
    """Whether a method can be called as the pipeline does: optional parameters by name, the others by position."""
    positional = [None for each in parameters if each.default is each.empty]
    keywords = {each.name: None for each in parameters if each.default is not each.empty}
    try:
        inspect.signature(method).bind(*[None] * unbound, *positional, **keywords)
    except (TypeError, ValueError):
        return False
    return True
