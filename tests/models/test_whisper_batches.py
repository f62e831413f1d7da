"""Whisper's batches with a prompt: a second decoding, without the prompt, fills the gaps of the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ctranslate2
import numpy as np
import pytest
from faster_whisper import BatchedInferencePipeline
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.timeline import MAX_WORDLESS
from pipeline.core.types import Span
from pipeline.models.recognizers.whisper_batches import (
    PRECISION,
    PromptedBatches,
    Segment,
    filled,
    long_gaps,
    mostly_in,
    read_segments,
    write_segments,
)

FIRST = 1000
"""Token of timestamp 0."""
WINDOW = Span(0.0, 30.0)
TEXTS = st.lists(st.integers(0, FIRST - 1), min_size=1, max_size=3).map(tuple)


def at(seconds: float) -> int:
    """The token of a timestamp."""
    return FIRST + round(seconds / PRECISION)


def spoken(*spans: tuple[float, float], word: int = 7) -> list[int]:
    """The tokens of segments."""
    return [token for start, end in spans for token in (at(start), word, at(end))]


@st.composite
def segments(draw: st.DrawFn) -> tuple[Segment, ...]:
    """Segments in order of time that do not overlap; some have no duration."""
    times = sorted(draw(st.lists(st.integers(0, 1500), max_size=12)))
    pairs = zip(times[::2], times[1::2], strict=False)
    return tuple(Segment(a * PRECISION, b * PRECISION, draw(TEXTS)) for a, b in pairs)


@given(segments())
def test_segments_are_read_as_they_were_written(given_segments: tuple[Segment, ...]) -> None:
    assert read_segments(write_segments(given_segments, FIRST), FIRST) == given_segments


@pytest.mark.parametrize(
    "tokens",
    [[], [7, 8], [7, 8, at(3.0)], [at(0.0), 7, 8], [at(1.0), at(2.0)]],
    ids=["nothing", "no timestamps", "no start", "no end", "no text"],
)
def test_a_text_without_two_timestamps_is_no_segment(tokens: list[int]) -> None:
    assert read_segments(tokens, FIRST) == ()


@given(segments())
def test_long_gaps_are_the_parts_without_a_segment_that_are_too_long(text: tuple[Segment, ...]) -> None:
    spans = long_gaps(text, WINDOW)
    assert all(span.duration > MAX_WORDLESS for span in spans)
    for moment in np.arange(0.0, 30.0, 0.5):
        in_gap = any(span.start <= moment < span.end for span in spans)
        near = [
            s for s in text if s.start < s.end and s.end > moment - MAX_WORDLESS and s.start < moment + MAX_WORDLESS
        ]
        assert not (in_gap and any(s.start <= moment < s.end for s in text))
        assert in_gap or near or moment < MAX_WORDLESS or moment > 30 - MAX_WORDLESS


@given(segments(), segments())
def test_segments_that_fill_gaps_lie_in_them_and_replace_what_they_cover(
    prompted: tuple[Segment, ...], unprompted: tuple[Segment, ...]
) -> None:
    filling = mostly_in(long_gaps(prompted, WINDOW), unprompted)
    text = filled(prompted, filling)
    assert {*filling} <= {*text} <= {*filling, *prompted}
    for replaced in {*prompted} - {*text}:
        assert mostly_in([s.span for s in filling], [replaced])
    for new in filling:
        shared = sum(max(0.0, min(new.end, s.end) - max(new.start, s.start)) for s in prompted)
        assert shared < (new.end - new.start) / 2 + 1e-6


@dataclass(frozen=True)
class Options:
    initial_prompt: str | None


class Tokens:
    timestamp_begin = FIRST


@pytest.mark.parametrize(
    ("prompted", "unprompted", "expected"),
    [
        (spoken((0.0, 9.0)), spoken((0.0, 10.0), word=8), spoken((0.0, 9.0))),
        (spoken((0.0, 4.0)), spoken((0.0, 10.0), word=8), spoken((0.0, 10.0), word=8)),
        (
            spoken((0.0, 4.0)),
            spoken((0.0, 5.0), (5.0, 9.0), word=8),
            [*spoken((0.0, 4.0)), *spoken((5.0, 9.0), word=8)],
        ),
        (spoken((6.0, 10.0)), spoken((0.0, 6.0), word=8), [*spoken((0.0, 6.0), word=8), *spoken((6.0, 10.0))]),
        (spoken((0.0, 4.0)), [], spoken((0.0, 4.0))),
        ([], spoken((0.0, 4.0), word=8), spoken((0.0, 4.0), word=8)),
        ([at(0.0), 7], [at(0.0), 8], [at(0.0), 7]),
    ],
    ids=["no gap", "one long segment", "early end", "late start", "nothing else", "nothing at first", "unfinished"],
)
@pytest.mark.parametrize("prompt", [None, "Okay, um"])
def test_segments_without_the_prompt_fill_the_gaps(
    prompted: list[int], unprompted: list[int], expected: list[int], prompt: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str | None, list[float]]] = []

    def generate(self: Any, features: Any, tokenizer: Any, options: Options) -> tuple[Any, list[dict[str, Any]]]:
        encoded = self.model.encode(features)
        numbers = np.asarray(encoded)[:, 0].tolist()
        calls.append((options.initial_prompt, numbers))
        changed = prompted if options.initial_prompt else unprompted
        return encoded, [{"tokens": changed if number == 1 else spoken((0.0, 10.0))} for number in numbers]

    class Model:
        def encode(self, features: Any) -> ctranslate2.StorageView:
            assert not calls, "the windows are encoded once"
            return ctranslate2.StorageView.from_array(np.array([[0.0], [1.0], [2.0]], np.float32))

    monkeypatch.setattr(BatchedInferencePipeline, "generate_segment_batched", generate)
    batches = PromptedBatches(Model())
    batches._windows = [Span(0.0, 10.0)] * 3
    _, outputs = batches.generate_segment_batched(np.zeros((3, 80, 10), np.float32), Tokens, Options(prompt))
    if prompt is None:
        assert (outputs[1]["tokens"], calls) == (unprompted, [(None, [0.0, 1.0, 2.0])])
        return
    assert outputs[1]["tokens"] == expected
    has_gap = bool(long_gaps(read_segments(prompted, FIRST), Span(0.0, 10.0)))
    assert calls == [(prompt, [0.0, 1.0, 2.0]), *([(None, [1.0])] if has_gap else [])]
