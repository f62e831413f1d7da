"""faster-whisper's model with word times that do not depend on the other windows of a batch."""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before faster-whisper, which imports onnxruntime

# isort: split
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray


class UnbatchedAlignment(WhisperModel):  # type: ignore[misc]  # the library has no types
    """The library's model, except that on a CPU windows are encoded, and their words aligned, one by one.

    Within a batch, each window is padded up to the longest text, and that shifts times by some hundredths of a second.
    One window at a time is also faster in both, and takes less memory.
    """

    def encode(self, features: NDArray[np.float32]) -> ctranslate2.StorageView:
        """The encoder output of one window or of several: shape (windows, frames, width)."""
        if self.model.device != "cpu" or features.ndim == 2:
            return super().encode(features)
        encoded = [np.asarray(super(UnbatchedAlignment, self).encode(window[None])) for window in features]
        return ctranslate2.StorageView.from_array(np.concatenate(encoded))

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
