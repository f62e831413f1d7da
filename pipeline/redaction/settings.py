"""What is redacted, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from pipeline.core.choices import one_of
from pipeline.redaction.types import Kind

Cover = Literal["silence", "tone"]
"""What stands in a muted span."""


@dataclass(frozen=True, slots=True)
class RedactionSettings:
    """What is redacted, and how: ``cover`` stands in the sound; ``incomplete`` results are written if allowed.

    ``sound``: whether the recording is redacted too, where there is one.
    """

    kinds: tuple[Kind, ...]
    cover: Cover = "silence"
    sound: bool = True
    incomplete: bool = False


def parse_cover(text: str, option: str = "--sound") -> Cover:
    """What stands in muted spans; raises `SettingsError` for any other text."""
    return cast(Cover, one_of(text, get_args(Cover), "sound of muted spans", option))
