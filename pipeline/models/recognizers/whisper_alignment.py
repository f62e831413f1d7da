"""faster-whisper's model with word times that do not depend on the other windows of a batch."""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before faster-whisper, which imports onnxruntime

# isort: split
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel


class UnbatchedAlignment(WhisperModel):  # type: ignore[misc]  # the library has no types
    """The library's model, except that on a CPU words are aligned window by window.

    Within a batch, each window is padded up to the longest text, and that shifts times by some hundredths of a second.
    Aligning one window at a time is also faster.
    """

    def find_alignment(
        self,
        tokenizer: Any,
        text_tokens: list[Any],
        encoder_output: ctranslate2.StorageView,
        num_frames: Any,
        median_filter_width: int = 7,
    ) -> list[Any]:
        if encoder_output.device != "cpu":
            return list(super().find_alignment(tokenizer, text_tokens, encoder_output, num_frames, median_filter_width))
        alignments: list[Any] = []
        for number, (tokens, encoded) in enumerate(zip(text_tokens, np.asarray(encoder_output), strict=True)):
            view = ctranslate2.StorageView.from_array(encoded[None])
            frames = num_frames[number : number + 1] if isinstance(num_frames, list) else num_frames
            alignments += super().find_alignment(tokenizer, [tokens], view, frames, median_filter_width)
        return alignments
