"""Names of Whisper models: sizes, aliases, and which models transcribe English only."""

from __future__ import annotations

from collections.abc import Mapping

MULTILINGUAL = ("tiny", "base", "small", "medium", "large-v1", "large-v2", "large-v3", "large-v3-turbo")
"""The sizes that transcribe 99 or 100 languages."""
ENGLISH = (
    "tiny.en", "base.en", "small.en", "medium.en", "distil-small.en", "distil-medium.en", "distil-large-v2",
    "distil-large-v3", "distil-large-v3.5",
)  # fmt: skip
"""The sizes that transcribe English only. The large distilled models have the vocabulary of a multilingual model but
were trained on English alone, as their model cards say."""
ALIASES: Mapping[str, str] = {"large": "large-v3", "turbo": "large-v3-turbo"}
"""Other names of sizes, as in faster-whisper."""
NAMES = (*MULTILINGUAL, *ENGLISH, *ALIASES)
"""Everything that `model_name` resolves, without the prefix ``whisper-``."""
ENGLISH_ONLY = frozenset(f"whisper-{size}" for size in ENGLISH)
"""The models that transcribe English only, by their names in the catalogue."""


def model_name(text: str) -> str:
    """The name in the catalogue for a size, an alias or that name itself, in any case; any other text as it is.

    >>> model_name("small"), model_name("turbo"), model_name("Whisper-base"), model_name("./small")
    ('whisper-small', 'whisper-large-v3-turbo', 'whisper-base', './small')
    """
    size = text.strip().lower().removeprefix("whisper-")
    return f"whisper-{ALIASES.get(size, size)}" if size in NAMES else text
