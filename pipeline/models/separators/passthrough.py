"""The null separator: every source is the mixture, so that every overlap region keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.config.schema import Config
from pipeline.core.audio import Samples
from pipeline.models.protocols import SeparatorModel

if TYPE_CHECKING:
    from pipeline.models.weights import Store


class PassthroughSeparator(SeparatorModel):
    """Returns the mixture as every source."""

    version = 1

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> PassthroughSeparator:
        return cls()

    @classmethod
    def uses_embedder(cls, config: Config) -> bool:
        """No source needs to be compared with the speakers."""
        return False

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> NDArray[np.float32]:
        """One row per speaker, each the mixture itself."""
        return np.tile(mixture, (len(solo), 1))


MODEL = PassthroughSeparator
