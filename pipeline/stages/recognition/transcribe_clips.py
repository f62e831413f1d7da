"""Transcription of clips with fallbacks: windows that give a loop, and speech without words, are decoded again.

A recognizer such as Whisper drops a sentence that a window's end cuts: the unfinished ends of many windows share
further windows. At temperature 0 it may also loop, or skip half a window; decoding with fallback, or a shorter window,
recovers the words. Speech that still has no words is left for the caller to count. In every pass, windows are passed to
the recognizer in batches.

Words that are marked ``suspect`` are passed on with their reason, but do not count as words here: the recognizer itself
rejects them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.core.audio import Clip, to_sample
from pipeline.core.events import Progress, no_progress
from pipeline.core.timeline import BOUNDARY, MAX_WORDLESS, gaps
from pipeline.core.types import Span, Word, join_words
from pipeline.models.protocols import Recognizer, max_seconds, windows_at_once
from pipeline.stages.recognition.windows import PAUSE, SPARE, Window, pack

Results = Sequence[tuple[Word, ...]]
"""The words of each window."""

COMPRESSION = 2.4
"""Largest factor by which zlib may shrink a text that is not a loop. It is Whisper's own limit;
lower values take more texts for loops."""
ROUNDS = 2
"""Limit of further passes that give words of the same clip. The recordings of the tests need one or two; without a
limit, a recognizer that answers noise with a short word would go on until the clip ends. A pass whose words all belong
to earlier clips of the window does not count: the clip was not reached, and its words would be lost."""


def transcribe_clips(
    clips: Sequence[Clip],
    recognizer: Recognizer,
    language: str,
    progress: Progress = no_progress,
    background: Sequence[Clip] = (),
) -> tuple[tuple[Word, ...], ...]:
    """The words of each clip, then of each background clip, on the recording's clock, sorted.

    Background clips are transcribed after all others, together with the unfinished ends of these: the windows of the
    first pass are the same without them, and so are most words. ``progress`` counts seconds.
    """
    everything = (*clips, *background)
    words: list[list[Word]] = [[] for _ in everything]
    decoder = _Decoder(recognizer, language)
    pending, background_pending = (
        [_Pending(n, clip) for n, clip in enumerate(clips)],
        [_Pending(n, c) for n, c in enumerate(background, len(clips))],
    )
    total = remaining = _seconds(everything)
    while pending or background_pending:
        current, pending, background_pending = pending, background_pending, []
        windows = decoder.pack(rest.clip for rest in current)
        results: list[tuple[Word, ...]] = []
        for batch, decoded in decoder.batches(windows):
            results += decoded
            for window, output in zip(batch, decoded, strict=True):
                unfinished = _continued(current, tuple(window.restore(output)), _unfinished(window, output))
                remaining += _seconds(rest.clip for rest in unfinished) - _seconds(window.clips)
                pending += unfinished
            progress(total - remaining, total)
        for restored in _retry_loops(windows, results, decoder):
            for number, word in restored:
                words[current[number].number].append(word)
    for number, word in _retry_uncovered(everything, words, decoder):
        words[number].append(word)
    return tuple(tuple(sorted(line, key=lambda word: (word.start, word.end))) for line in words)


@dataclass(frozen=True, slots=True)
class _Decoder:
    """A recognizer for one language, with its window length and batch size."""

    recognizer: Recognizer
    language: str

    def pack(self, clips: Iterable[Clip]) -> tuple[Window, ...]:
        """The clips, numbered from 0, in windows that the recognizer accepts."""
        return pack(enumerate(clips), max_seconds(self.recognizer) - SPARE)

    def batches(self, windows: Sequence[Window], fallback: bool = False) -> Iterator[tuple[Sequence[Window], Results]]:
        """The windows in batches, each with the words of its windows."""
        step = windows_at_once(self.recognizer)
        for first in range(0, len(windows), step):
            batch = windows[first : first + step]
            samples = [window.samples for window in batch]
            yield batch, self.recognizer.recognize(samples, self.language, fallback=fallback)

    def decode(self, windows: Sequence[Window], fallback: bool = False) -> Results:
        """The words of all windows."""
        return [words for _, results in self.batches(windows, fallback) for words in results]


@dataclass(frozen=True, slots=True, eq=False)
class _Pending:
    """The rest of the clip with that ``number``, with the passes that gave words of the clip so far and these words."""

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
    """Whether the words repeat themselves over and over."""
    text = join_words(plausible(words)).encode()
    return len(text) > 40 and len(text) / len(zlib.compress(text)) > COMPRESSION


def uncovered_spans(clip: Clip, words: Sequence[Word]) -> tuple[Span, ...]:
    """Spans of the clip longer than `MAX_WORDLESS` seconds without a word."""
    spans = gaps((Span(word.start, word.end) for word in plausible(words)), clip.span)
    return tuple(gap for gap in spans if gap.duration > MAX_WORDLESS)


def _seconds(clips: Iterable[Clip]) -> float:
    return sum(clip.end - clip.start for clip in clips)


def _continued(
    current: Sequence[_Pending], words: Sequence[tuple[int, Word]], ends: Iterable[tuple[int, Clip]]
) -> list[_Pending]:
    """The unfinished ends that get a further pass: none of a clip with more than `ROUNDS` passes or with a loop."""
    continued: list[_Pending] = []
    for number, end in ends:
        rest = current[number]
        decoded = tuple(word for which, word in words if which == number)
        passes, words_so_far = rest.passes + bool(decoded), (*rest.words, *decoded)
        if passes <= ROUNDS and not is_loop(words_so_far):
            continued.append(_Pending(rest.number, end, passes, words_so_far))
    return continued


def _unfinished(window: Window, words: Sequence[Word]) -> Iterator[tuple[int, Clip]]:
    """The rest of the clips after the last word, which may hold a sentence that the window's end cuts.

    A rest of at most `PAUSE` seconds is a pause. A window without words, or with a loop, has none: fallback decoding is
    for them.
    """
    accepted = plausible(words)
    if accepted and not is_loop(accepted):
        for number, clip in window.after(max(word.end for word in accepted)):
            if clip.end - clip.start > PAUSE:
                yield number, clip


def _retry_loops(
    windows: Sequence[Window], results: Results, decoder: _Decoder
) -> Iterator[tuple[tuple[int, Word], ...]]:
    """The words of each window on the recording's clock, each with the number of its clip.

    Windows with a loop are decoded again with fallback, all together; those that still loop are decoded as halves.
    """
    looping = [n for n, words in enumerate(results) if is_loop(words)]
    retries = dict(zip(looping, decoder.decode([windows[n] for n in looping], fallback=True), strict=True))
    split = {n for n, words in retries.items() if is_loop(words) and len(windows[n].clips) > 1}
    halves = [half for n in sorted(split) for half in windows[n].halves()]
    restored = _retry_loops(halves, decoder.decode(halves), decoder) if halves else iter(())
    for n, (window, words) in enumerate(zip(windows, results, strict=True)):
        if n in split:
            yield (*next(restored), *next(restored))
        else:
            retry = retries.get(n, words)
            yield tuple(window.restore(words if is_loop(retry) else retry))


def _retry_uncovered(
    clips: Sequence[Clip], words: Sequence[Sequence[Word]], decoder: _Decoder
) -> Iterator[tuple[int, Word]]:
    """Words of spans that had none, from decoding with fallback; only those whose middle lies in such a span."""
    missing = [(number, span) for number, clip in enumerate(clips) for span in uncovered_spans(clip, words[number])]
    windows = decoder.pack(_excerpt(clips[number], span) for number, span in missing)
    for window, output in zip(windows, decoder.decode(windows, fallback=True), strict=True):
        if not is_loop(output):
            for which, word in window.restore(output):
                number, span = missing[which]
                if span.start <= word.middle < span.end:
                    yield number, word


def _excerpt(clip: Clip, span: Span) -> Clip:
    """The span's part of the clip, with `BOUNDARY` seconds on either side, so that words at its edges are whole."""
    return clip.part(to_sample(span.start - BOUNDARY - clip.start), to_sample(span.end + BOUNDARY - clip.start))
