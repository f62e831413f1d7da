"""Hearing clips with a recogniser, losing nothing: what loops or stays without words is heard a second time.

Whisper at temperature 0 may fall into a loop or skip half a window; an n-gram ban brings the words back. The better
evidence is kept, and what still has no words is left for the caller to count.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.audio import RATE, Clip, index
from pipeline.events import Progress, no_progress
from pipeline.protocols import Recognizer
from pipeline.stages.packing import Window, pack
from pipeline.timeline import gaps, union
from pipeline.values import Span, Word, spell

UNCOVERED = 3.0
"""Speech without words is heard again when it lasts longer, in seconds (promise 11)."""
MARGIN = 0.5
"""What is heard again gets so many seconds more on either side, for whole words at its edges."""
COMPRESSION = 2.4
"""Text that zlib shrinks by more than this factor is a loop (Whisper's own limit)."""
GROUP = 8
"""Windows handed over at once: a batch for a GPU, a step of the progress bar for everybody."""


def attend(
    clips: Sequence[Clip], recognizer: Recognizer, language: str, progress: Progress = no_progress
) -> tuple[Word, ...]:
    """The words of the clips on the recording's clock, sorted; ``progress`` counts seconds of clips."""
    windows = pack(clips)
    total = sum(clip.end - clip.start for clip in clips)
    done = 0.0
    words: list[Word] = []
    for first in range(0, len(windows), GROUP):
        group = windows[first : first + GROUP]
        words += _heard(group, recognizer, language)
        done += sum(clip.end - clip.start for window in group for clip in window.clips)
        progress(done, total)
    words += _second_hearing(clips, words, recognizer, language)
    return tuple(sorted(words, key=lambda word: (word.start, word.end)))


def is_loop(words: Sequence[Word]) -> bool:
    """Whether the words say the same over and over."""
    text = spell(tuple(words)).encode()
    return len(text) > 40 and len(text) / len(zlib.compress(text)) > COMPRESSION


def silent_spans(clips: Sequence[Clip], words: Sequence[Word]) -> tuple[Span, ...]:
    """Stretches of the clips of over `UNCOVERED` seconds in which no word lies."""
    spoken = union(Span(word.start, word.end) for word in words)
    found = [gap for clip in clips for gap in gaps(spoken, clip.span)]
    return tuple(gap for gap in found if gap.duration > UNCOVERED)


def _heard(windows: Sequence[Window], recognizer: Recognizer, language: str) -> list[Word]:
    heard = recognizer.recognize([window.samples for window in windows], language)
    words: list[Word] = []
    for window, first in zip(windows, heard, strict=True):
        if is_loop(first):
            (second,) = recognizer.recognize([window.samples], language, rescue=True)
            first = first if is_loop(second) else second
        words += window.restore(first)
    return words


def _second_hearing(
    clips: Sequence[Clip], words: Sequence[Word], recognizer: Recognizer, language: str
) -> Iterator[Word]:
    """Words found in stretches that had none; only those whose middle lies in such a stretch."""
    missing = silent_spans(clips, words)
    again = [_excerpt(clip, span) for clip in clips for span in missing if _inside(span, clip)]
    for window in pack(again):
        (found,) = recognizer.recognize([window.samples], language, rescue=True)
        if not is_loop(found):
            restored = window.restore(found)
            yield from (word for word in restored if any(s.start <= word.middle < s.end for s in missing))


def _inside(span: Span, clip: Clip) -> bool:
    return clip.start <= span.start and span.end <= clip.end


def _excerpt(clip: Clip, span: Span) -> Clip:
    first = max(0, index(span.start - MARGIN - clip.start))
    last = index(span.end + MARGIN - clip.start)
    return replace(clip, samples=clip.samples[first:last], start=clip.start + first / RATE)
