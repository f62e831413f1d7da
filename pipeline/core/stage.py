"""A stage of the pipeline as one declared object: the engine reads its key, its models and its cache from it.

A stage of the pipeline makes a new value from those before it. An extension stage *refines* one value: it takes a
`Decoded` recording, a `Diarization`, a `Separation`, a `Recognition` or a `Transcript`, and returns another one.
Both are called in the same way, ``run(*inputs, models, settings, progress)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar, get_args

from pipeline.core.codecs import Codec

Value = TypeVar("Value")
ModelKind = Literal["diarizer", "embedder", "separator", "recognizer"]


class StageModels(Protocol):
    """The models of a run, each loaded when it is first asked for. A stage gets those that it declares in ``uses``."""

    @property
    def diarizer(self) -> Any: ...

    @property
    def embedder(self) -> Any: ...

    @property
    def separator(self) -> Any: ...

    @property
    def recognizer(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Stage(Generic[Value]):
    """One stage. Its result is cached under everything that is declared here, and under the stage before it."""

    name: str
    """Name in the configuration, in progress events and in errors: lower case letters, digits and underscores."""
    version: int
    """Version of the results, from 1. Raise it when the code gives other results: cached ones are then redone."""
    run: Callable[..., Value]
    """``run(*inputs, models, settings, progress)`` returns the stage's value."""
    uses: tuple[ModelKind, ...] = ()
    """Kinds of models that ``run`` asks for."""
    settings: type | None = None
    """Class of the settings. For a stage of the pipeline it is that of a section of the configuration; for an extension
    stage a frozen dataclass with a default for every field, read from ``stage_options``; None without settings."""
    codec: Codec[Value] | None = None
    """How the value is stored. A stage of the pipeline without a codec is neither cached nor reported as progress; an
    extension stage without one is stored by `pipeline.core.codecs.DataclassCodec`."""
    prepare: Callable[[], object] | None = None
    """Imports what ``run`` needs and is slow to import. For a stage of the pipeline it is called in another thread,
    while those before are computed."""
    refines: type[Value] | None = None
    """Type of the value that an extension stage refines; None for a stage of the pipeline."""

    def __post_init__(self) -> None:
        if not (self.name.isascii() and self.name.isidentifier() and self.name == self.name.lower()):
            raise ValueError(f"a stage's name has lower case letters, digits and underscores only, not {self.name!r}")
        if isinstance(self.version, bool) or not isinstance(self.version, int) or self.version < 1:
            raise ValueError(
                f"the version of the stage {self.name} must be a whole number from 1, not {self.version!r}"
            )
        unknown = set(self.uses) - set(get_args(ModelKind))
        if unknown:
            kinds = ", ".join(get_args(ModelKind))
            raise ValueError(f"the stage {self.name} uses {sorted(unknown)}; the kinds of models are {kinds}")
