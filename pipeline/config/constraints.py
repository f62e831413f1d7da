"""Constraints on values of settings: each takes a value and returns it normalized, or raises `ValueError`.

A setting is declared with its default and its constraint by `pipeline.core.serialization.setting`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from pipeline.config.channel_roles import parse_roles
from pipeline.config.languages import parse_language
from pipeline.core.serialization import Constraint


@dataclass(frozen=True, slots=True)
class Range:
    """A number from ``least`` to ``most``, both included."""

    least: float
    most: float

    def __call__(self, value: float) -> float:
        if not self.least <= value <= self.most:
            edge = f"at least {self.least:g}" if value < self.least else f"at most {self.most:g}"
            raise ValueError(f"must be {edge}, not {value:g}")
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of the ``options``, in any case."""

    options: tuple[str, ...]

    def __call__(self, value: str) -> str:
        found = value.strip().lower()
        if found not in self.options:
            close = difflib.get_close_matches(found, self.options, n=1)
            nearest = f" (did you mean {close[0]}?)" if close else ""
            raise ValueError(f"must be one of {', '.join(self.options)}, not {value!r}{nearest}")
        return found


def _name(value: str) -> str:
    """The name of a model, a class or a folder: printable and not empty."""
    if not value.strip() or not value.isprintable():
        raise ValueError(f"must be a name, not {value!r}")
    return value


def _device(value: str) -> str:
    """A device of torch, in any case, or a comma list of GPUs; whether this machine has them is not looked at."""
    found = ",".join(part.strip() for part in value.lower().split(","))
    if not re.fullmatch(r"auto|cpu|mps|cuda|cuda:\d{1,3}(,cuda:\d{1,3})*", found, re.ASCII):
        nearest = " (did you mean cuda?)" if "gpu" in found or "nvidia" in found or "cud" in found else ""
        raise ValueError(f"must be auto, cpu, cuda, cuda:N, a list of those or mps, not {value!r}{nearest}")
    return found


def _roles(value: str) -> str:
    """The text of ``--roles``, see `pipeline.config.channel_roles`."""
    parse_roles(value)
    return value


NAME: Constraint = _name
DEVICE: Constraint = _device
LANGUAGE: Constraint = parse_language
ROLES: Constraint = _roles
