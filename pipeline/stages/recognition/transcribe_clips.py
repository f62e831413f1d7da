"""Hearing clips with a recogniser, losing nothing: what loops or stays without words is heard a second time.

Whisper leaves open a sentence that a window's end cuts: the open ends of many windows share further ones. At
temperature 0 it may also fall into a loop or skip half a window; an n-gram ban, or a shorter window, brings the
words back. The better evidence is kept, and what still has no words is left for the caller to count.

Words that are marked ``suspect`` are passed on with their reason, but count as no words here: a recogniser does not
believe them itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.core.audio import Clip, to_sample
from pipeline.core.events import Progress, no_progress
from pipeline.core.timeline import gaps
from pipeline.core.types import Span, Word, join_words
from pipeline.models.protocols import Recognizer, windows_at_once
from pipeline.stages.recognition.windows import Window, pack

UNCOVERED = 3.0
"""Speech without words is heard again when it lasts longer, in seconds (promise 11)."""
MARGIN = 0.5
"""What is heard again gets so many seconds more on either side, for whole words at its edges."""
COMPRESSION = 2.4
"""Text that zlib shrinks by more than this factor is a loop (Whisper's own limit)."""
OPEN = 0.6
"""Seconds of a clip after a window's last word that are heard again, with others' open ends."""
ROUNDS = 2
"""Further passes over what earlier passes left open of one clip, at most. Speech needs one or two; a recogniser that
answers noise with a short word would go on until the clip ends."""


def transcribe_clips(
    clips: Sequence[Clip],
    recognizer: Recognizer,
    language: str,
    progress: Progress = no_progress,
    asides: Sequence[Clip] = (),
) -> tuple[tuple[Word, ...], ...]:
    """The words of each clip, then of each aside, on the recording's clock, sorted; ``progress`` counts seconds.

    Asides are heard after all clips, along with what these leave open: the clips' own windows are the same without
    asides, and so are most of their words.
    """
    everything = (*clips, *asides)
    words: list[list[Word]] = [[] for _ in everything]
    now, later = (
        [_Part(n, clip) for n, clip in enumerate(clips)],
        [_Part(n, c) for n, c in enumerate(asides, len(clips))],
    )
    total = left = _seconds(everything)
    step = windows_at_once(recognizer)
    while now or later:
        parts, now, later = now, later, []
        windows = pack(enumerate(part.clip for part in parts))
        for first in range(0, len(windows), step):
            group = windows[first : first + step]
            for window, heard in zip(group, recognizer.recognize([w.samples for w in group], language), strict=True):
                found = tuple(_retry_loops(window, heard, recognizer, language))
                for number, word in found:
                    words[parts[number].number].append(word)
                unfinished = tuple(_continued(parts, found, _unfinished(window, heard)))
                left += _seconds(part.clip for part in unfinished) - _seconds(window.clips)
                now += unfinished
            progress(total - left, total)
    for number, word in _retry_uncovered(everything, words, recognizer, language):
        words[number].append(word)
    return tuple(tuple(sorted(own, key=lambda word: (word.start, word.end))) for own in words)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What is left to transcribe of the clip with that ``number``: the passes so far and the words that they gave."""

    number: int
    clip: Clip
    passes: int = 0
    words: tuple[Word, ...] = ()


def plausible(words: Iterable[Word]) -> tuple[Word, ...]:
    """The words that are not marked ``suspect``."""
    return tuple(word for word in words if word.suspect is None)


def suspect(words: Iterable[Word]) -> tuple[Word, ...]:
    """The words that are marked ``suspect``."""
    return tuple(word for word in words if word.suspect is not None)


def is_loop(words: Sequence[Word]) -> bool:
    """Whether the words say the same over and over."""
    text = join_words(plausible(words)).encode()
    return len(text) > 40 and len(text) / len(zlib.compress(text)) > COMPRESSION


def uncovered_spans(clip: Clip, words: Sequence[Word]) -> tuple[Span, ...]:
    """Stretches of the clip of over `UNCOVERED` seconds in which no word lies."""
    found = gaps((Span(word.start, word.end) for word in plausible(words)), clip.span)
    return tuple(gap for gap in found if gap.duration > UNCOVERED)


def _seconds(clips: Iterable[Clip]) -> float:
    return sum(clip.end - clip.start for clip in clips)


def _continued(
    parts: Sequence[_Part], found: Sequence[tuple[int, Word]], ends: Iterable[tuple[int, Clip]]
) -> Iterator[_Part]:
    """The open ends that get a further pass: not after `ROUNDS` of them, nor where all passes together are a loop."""
    for number, end in ends:
        part = parts[number]
        words = (*part.words, *(word for which, word in found if which == number))
        if part.passes < ROUNDS and not is_loop(words):
            yield _Part(part.number, end, part.passes + 1, words)


def _unfinished(window: Window, words: Sequence[Word]) -> Iterator[tuple[int, Clip]]:
    """What of the clips comes after the last word and may hold another: Whisper leaves out a sentence that the window's
    end cuts. A window without words, or with a loop, is another matter."""
    said = plausible(words)
    if said and not is_loop(said):
        for number, clip in window.after(max(word.end for word in said)):
            if clip.end - clip.start > OPEN:
                yield number, clip


def _retry_loops(
    window: Window, words: tuple[Word, ...], recognizer: Recognizer, language: str
) -> Iterator[tuple[int, Word]]:
    """A window's words; those of a loop heard again with more care, and if that loops too, in two halves."""
    if is_loop(words):
        (careful,) = recognizer.recognize([window.samples], language, fallback=True)
        if is_loop(careful) and len(window.clips) > 1:
            halves = window.halves()
            for half, heard in zip(halves, recognizer.recognize([h.samples for h in halves], language), strict=True):
                yield from _retry_loops(half, heard, recognizer, language)
            return
        words = words if is_loop(careful) else careful
    yield from window.restore(words)


def _retry_uncovered(
    clips: Sequence[Clip], words: Sequence[Sequence[Word]], recognizer: Recognizer, language: str
) -> Iterator[tuple[int, Word]]:
    """Words found in stretches that had none; only those whose middle lies in such a stretch."""
    missing = [(number, span) for number, clip in enumerate(clips) for span in uncovered_spans(clip, words[number])]
    for window in pack(enumerate(_excerpt(clips[number], span) for number, span in missing)):
        (found,) = recognizer.recognize([window.samples], language, fallback=True)
        if not is_loop(found):
            for which, word in window.restore(found):
                number, span = missing[which]
                if span.start <= word.middle < span.end:
                    yield number, word


def _excerpt(clip: Clip, span: Span) -> Clip:
    return clip.part(to_sample(span.start - MARGIN - clip.start), to_sample(span.end + MARGIN - clip.start))
