"""faster-whisper's batches with a second decoding, without the prompt, of windows in which the first leaves gaps.

A prompt gives Whisper a style, and makes it skip sentences or stop early in some windows. Those are decoded again
without it, from the same encoder output, and the second text fills the gaps of the first.
"""

from __future__ import annotations

import pipeline.models.no_telemetry  # noqa: F401 — before faster-whisper, which imports onnxruntime

# isort: split
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import BatchedInferencePipeline

from pipeline.core.timeline import MAX_WORDLESS, covered, gaps, intersection
from pipeline.core.types import Span

PRECISION = 0.02
"""Seconds between two of Whisper's timestamps."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A text of a window with its times, from the window's start."""

    start: float
    end: float
    tokens: tuple[int, ...]

    @property
    def has_duration(self) -> bool:
        return self.start < self.end

    @property
    def span(self) -> Span:
        """From start to end; raises ``ValueError`` for a segment without duration."""
        return Span(self.start, self.end)


class PromptedBatches(BatchedInferencePipeline):  # type: ignore[misc]  # the library has no types
    """The library's batches; gaps of a decoding with a prompt are filled by one without."""

    def forward(self, features: Any, tokenizer: Any, chunks_metadata: Any, options: Any) -> Any:
        self._windows = [Span(0.0, chunk["duration"]) for chunk in chunks_metadata]
        return super().forward(features, tokenizer, chunks_metadata, options)

    def generate_segment_batched(self, features: Any, tokenizer: Any, options: Any) -> tuple[Any, list[Any]]:
        """The encoder output of a batch, and a dictionary with ``tokens`` for each window."""
        encoded, outputs = super().generate_segment_batched(features, tokenizer, options)
        if not options.initial_prompt:
            return encoded, outputs
        first = tokenizer.timestamp_begin
        texts = [read_segments(output["tokens"], first) for output in outputs]
        missing = [long_gaps(text, window) for text, window in zip(texts, self._windows, strict=True)]
        again = [number for number, spans in enumerate(missing) if spans]
        if again:
            unprompted = self._generate(features, encoded, again, tokenizer, replace(options, initial_prompt=None))
            for number, output in zip(again, unprompted, strict=True):
                filling = mostly_in(missing[number], read_segments(output["tokens"], first))
                if filling:
                    outputs[number]["tokens"] = write_segments(filled(texts[number], filling), first)
        return encoded, outputs

    def _generate(
        self, features: Any, encoded: ctranslate2.StorageView, numbers: Sequence[int], tokenizer: Any, options: Any
    ) -> list[Any]:
        """The outputs for the windows with these numbers; on a CPU their encoder output is used again."""
        if encoded.device != "cpu":
            return list(super().generate_segment_batched(features[numbers], tokenizer, options)[1])
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(np.asarray(encoded)[numbers]))
        batches = BatchedInferencePipeline(_EncodedModel(self.model, view))
        return list(batches.generate_segment_batched(features[numbers], tokenizer, options)[1])


class _EncodedModel:
    """A Whisper model whose encoder output is known."""

    def __init__(self, model: Any, encoded: ctranslate2.StorageView) -> None:
        self._model = model
        self._encoded = encoded

    def encode(self, features: Any) -> ctranslate2.StorageView:
        return self._encoded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def read_segments(tokens: Sequence[int], first_timestamp: int) -> tuple[Segment, ...]:
    """The texts between two timestamps; others are left out."""
    segments: list[Segment] = []
    start: float | None = None
    text: list[int] = []
    for token in tokens:
        if token < first_timestamp:
            text.append(token)
            continue
        time = (token - first_timestamp) * PRECISION
        if text and start is not None:
            segments.append(Segment(start, max(start, time), tuple(text)))
            start = None
        else:
            start = time
        text = []
    return tuple(segments)


def write_segments(segments: Iterable[Segment], first_timestamp: int) -> list[int]:
    """The tokens of the segments, sorted by start."""
    tokens: list[int] = []
    for segment in sorted(segments, key=lambda segment: (segment.start, segment.end)):
        start, end = (first_timestamp + round(time / PRECISION) for time in (segment.start, segment.end))
        tokens += (start, *segment.tokens, end)
    return tokens


def long_gaps(segments: Iterable[Segment], window: Span) -> tuple[Span, ...]:
    """The parts of the window longer than `MAX_WORDLESS` without a segment."""
    spans = (segment.span for segment in segments if segment.has_duration)
    return tuple(gap for gap in gaps(spans, window) if gap.duration > MAX_WORDLESS)


def mostly_in(spans: Sequence[Span], segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The segments that lie in the spans by more than half."""
    lasting = (segment for segment in segments if segment.has_duration)
    return tuple(s for s in lasting if covered(intersection(spans, [s.span])) > s.span.duration / 2)


def filled(text: Sequence[Segment], filling: Sequence[Segment]) -> tuple[Segment, ...]:
    """The text with the filling segments in place of those that lie in them by more than half."""
    replaced = mostly_in([segment.span for segment in filling], text)
    return (*(segment for segment in text if segment not in replaced), *filling)
