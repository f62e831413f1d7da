"""Clips into windows of limited length, and words back onto the recording's clock.

An encoder that works on windows of one length (Whisper's: 30 s) computes as much for a lone clip of 2 s as for a full
window: clips share windows. Gaps are kept as they are up to `PAUSE` seconds and shortened to it beyond, so that the
recognizer gets separate sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from pipeline.core.audio import RATE, Clip, Samples, to_sample
from pipeline.core.timeline import BOUNDARY, MIN_WORD, ROUNDING, MaximumTree
from pipeline.core.types import Word
from pipeline.models.protocols import MAX_SECONDS

SPARE = 1.0
"""Seconds of a recognizer's longest window that stay free, for rounding and a little silence at the end. Chosen by
hand; less lets the end of a window be cut."""
WINDOW = MAX_SECONDS - SPARE
"""Longest packed window in seconds for a recognizer that declares no other length."""
BETWEEN = "in the silence between two clips"
"""Reason to suspect a word that lies in no clip of its window."""
PAUSE = 2 * BOUNDARY
"""Longest silence between two clips of a window, in seconds: that of the audio around either. With 1.2 or 2 s the
errors on ten AMI clips were as many within noise (docs/experiments/recognition.md), and fewer clips fit."""
SEARCH = 6.0
"""Seconds before the end of a full window in which a long clip is cut, where it is quietest. Chosen by hand; more finds
longer pauses and leaves windows less full."""

Placed = tuple[Clip, float, int]
"""A clip, its offset in its window in seconds, and the number of the clip that it was cut from."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Clips one after the other, as they are transcribed together."""

    clips: tuple[Clip, ...]
    offsets: tuple[float, ...]
    """Start of each clip in the window, in seconds."""
    numbers: tuple[int, ...]
    """Number of the clip that each clip was cut from."""

    @property
    def samples(self) -> Samples:
        joined = np.zeros(to_sample(self.offsets[-1]) + len(self.clips[-1].samples), np.float32)
        for clip, offset in zip(self.clips, self.offsets, strict=True):
            joined[to_sample(offset) : to_sample(offset) + len(clip.samples)] = clip.samples
        return joined

    def halves(self) -> tuple[Window, Window]:
        """The first half of the clips and the others, each a window; there are at least two."""
        middle = len(self.clips) // 2
        later = tuple(offset - self.offsets[middle] for offset in self.offsets[middle:])
        first = Window(self.clips[:middle], self.offsets[:middle], self.numbers[:middle])
        return first, Window(self.clips[middle:], later, self.numbers[middle:])

    def after(self, time: float) -> Iterator[tuple[int, Clip]]:
        """The rest of the clips after a time in the window, in seconds, each with its number."""
        for number, clip, offset in zip(self.numbers, self.clips, self.offsets, strict=True):
            rest = clip.part(to_sample(time - offset))
            if len(rest.samples):
                yield number, rest

    def restore(self, words: Iterable[Word]) -> Iterator[tuple[int, Word]]:
        """The words on the recording's clock, each with the number of its clip.

        A word whose middle lies in the silence between two clips goes to the nearer one, marked ``suspect``.
        """
        for word in words:
            for number, clip, offset in zip(self.numbers, self.clips, self.offsets, strict=True):
                if offset <= word.middle < offset + clip.end - clip.start:
                    shift = clip.start - offset
                    start, end = max(clip.start, word.start + shift), min(clip.end, word.end + shift)
                    yield number, _placed(word, start, end, clip)
                    break
            else:
                yield self._restore_outside(word)

    def _restore_outside(self, word: Word) -> tuple[int, Word]:
        """A word between the clips, moved to the edge of the nearest one."""

        def distance(row: int) -> float:
            offset, length = self.offsets[row], self.clips[row].end - self.clips[row].start
            return max(offset - word.middle, word.middle - offset - length)

        row = min(range(len(self.clips)), key=distance)
        clip = self.clips[row]
        length = min(word.end - word.start, clip.end - clip.start)
        start = clip.start if word.middle < self.offsets[row] else clip.end - length
        reason = word.suspect or BETWEEN
        return self.numbers[row], _placed(replace(word, suspect=reason), start, min(clip.end, start + length), clip)


def pack(clips: Iterable[tuple[int, Clip]], longest: float = WINDOW) -> tuple[Window, ...]:
    """Windows of up to ``longest`` seconds that hold every numbered clip; long clips are cut at quiet places.

    Each clip goes into the first window with room for it (first fit, Johnson 1973): short ones fill the room that long
    ones leave. Clips of several tracks share windows.
    """
    short = [(number, clip) for number, whole in clips for clip in _cut(whole, longest)]
    windows = _FirstFit(len(short), longest)
    for number, clip in short:
        windows.put(number, clip)
    return tuple(map(_window, windows.contents))


class _FirstFit:
    """Windows that are being filled; log n steps find the first one with room for a clip.

    Any window with room for the clip and a pause of `PAUSE` fits. A shorter pause is enough only where the clip begins
    shortly after a window's last one ends: these windows are found by the track and the time of that end.
    """

    def __init__(self, max_windows: int, longest: float) -> None:
        self._longest = longest
        self.contents: list[list[Placed]] = []
        self._room = MaximumTree([-inf] * max_windows)
        self._ending: dict[tuple[int, int], set[int]] = {}

    def put(self, number: int, clip: Clip) -> None:
        """Put a clip into the first window with room for it, else into a new one."""
        window = min(
            (w for w in (*self._shortly_before(clip), *self._with_room(clip)) if self._fits(w, clip)), default=None
        )
        if window is None:
            window = len(self.contents)
            self.contents.append([])
        else:
            last = self._last(window)[0]
            self._ending[self._slot(last, last.end)].discard(window)
        self.contents[window].append((clip, self._offset(window, clip), number))
        self._room[window] = self._longest - self._filled(window)
        self._ending.setdefault(self._slot(clip, clip.end), set()).add(window)

    def _with_room(self, clip: Clip) -> Iterator[int]:
        """The first window with room for the clip after a pause of `PAUSE`."""
        needed = clip.end - clip.start + PAUSE - 2 * ROUNDING  # just below the limit of `_fits`
        window = self._room.first_above(needed)
        while window is not None:
            yield window
            window = None if self._fits(window, clip) else self._room.first_above(needed, window + 1)

    def _shortly_before(self, clip: Clip) -> Iterator[int]:
        track, slot = self._slot(clip, clip.start)
        return (window for near in (slot - 1, slot, slot + 1) for window in self._ending.get((track, near), ()))

    def _fits(self, window: int, clip: Clip) -> bool:
        return self._offset(window, clip) + (clip.end - clip.start) <= self._longest + ROUNDING

    def _offset(self, window: int, clip: Clip) -> float:
        """The offset that the clip would have in the window, in seconds."""
        return self._filled(window) + _pause(self._last(window)[0], clip) if self.contents[window] else 0.0

    def _filled(self, window: int) -> float:
        last, offset, _ = self._last(window)
        return offset + (last.end - last.start)

    def _last(self, window: int) -> Placed:
        return self.contents[window][-1]

    def _slot(self, clip: Clip, time: float) -> tuple[int, int]:
        return clip.track, int(time // PAUSE)


def _placed(word: Word, start: float, end: float, clip: Clip) -> Word:
    """The word at its time in the recording; of one in the silence before it begins, `MIN_WORD` seconds remain."""
    if start < 0:
        start, end = 0.0, max(MIN_WORD, end)
    return replace(word, start=start, end=end, origin=clip.origin)


def _window(contents: Sequence[Placed]) -> Window:
    clips, offsets, numbers = zip(*contents, strict=True)
    return Window(clips, offsets, numbers)


def _pause(last: Clip, clip: Clip) -> float:
    """Seconds of silence between two clips; one of another track, or that goes back in time, is another speaker's."""
    if clip.track != last.track or clip.start < last.end - 0.5 / RATE:
        return PAUSE
    return min(PAUSE, max(0.0, clip.start - last.end))


def _cut(clip: Clip, longest: float) -> Iterator[Clip]:
    """The clip in clips of up to ``longest`` seconds, cut where it is quiet."""
    while clip.end - clip.start > longest:
        cut = _quietest(clip.samples, longest)
        yield clip.part(0, cut)
        clip = clip.part(cut)
    if len(clip.samples):
        yield clip


def _quietest(samples: Samples, longest: float) -> int:
    """The sample to cut at: the middle of the quietest `BOUNDARY` seconds in the last `SEARCH` seconds of a window."""
    first = to_sample(longest - min(SEARCH, longest / 2))
    length = to_sample(BOUNDARY)
    energy = np.cumsum(np.square(samples[first : to_sample(longest)], dtype=np.float64))
    return first + length // 2 + int(np.argmin(energy[length:] - energy[:-length]))
