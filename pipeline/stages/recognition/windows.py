"""Clips into windows of limited length, and words back onto the recording's clock.

An encoder that works on windows of one length (Whisper's: 30 s) computes as much for a lone clip of 2 s as for a full
window: clips share windows. Gaps are kept as they are up to `JOIN` seconds and shortened to it beyond, so that the
recognizer gets separate sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from pipeline.core.audio import RATE, Clip, Samples, to_sample
from pipeline.core.timeline import ROUNDING, MaximumTree
from pipeline.core.types import Word
from pipeline.models.protocols import MAX_SECONDS

SPARE = 1.0
"""Seconds of a recognizer's longest window that stay free, for rounding and a little silence at the end."""
WINDOW = MAX_SECONDS - SPARE
"""Longest packed window in seconds for a recognizer that declares no other length."""
BETWEEN = "in the silence between two clips"
"""Why a word is suspect that lies in no clip of its window."""
JOIN = 0.6
"""Longest silence kept between two clips of a window, in seconds."""
SHORTEST = 0.001
"""Seconds that are left of a word in the silence before the recording begins."""
SEARCH = 6.0
"""How far back from the end of a full window the quietest place to cut a long clip is looked for, in seconds."""
_FRAME = 0.05

Placed = tuple[Clip, float, int]
"""A piece, where it begins in its window (seconds), and the number of the clip that it is a piece of."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Clips laid side by side: ``offsets[i]`` is where clip i begins in ``samples``, in seconds, and it is a piece of
    the clip with number ``numbers[i]``."""

    clips: tuple[Clip, ...]
    offsets: tuple[float, ...]
    numbers: tuple[int, ...]

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

    @property
    def pieces(self) -> Iterator[tuple[int, Clip]]:
        """The clips, each with its number."""
        return zip(self.numbers, self.clips, strict=True)

    def after(self, time: float) -> Iterator[tuple[int, Clip]]:
        """What of the clips lies after a time in the window, in seconds, each with its number."""
        for number, clip, offset in zip(self.numbers, self.clips, self.offsets, strict=True):
            rest = clip.part(to_sample(time - offset))
            if len(rest.samples):
                yield number, rest

    def restore(self, words: Iterable[Word]) -> Iterator[tuple[int, Word]]:
        """The words on the recording's clock, each with the number of its clip. One whose middle lies in the silence
        between two clips goes to the nearer one, marked ``suspect``: there was nothing to transcribe."""
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
            begin, length = self.offsets[row], self.clips[row].end - self.clips[row].start
            return max(begin - word.middle, word.middle - begin - length)

        row = min(range(len(self.clips)), key=distance)
        clip = self.clips[row]
        length = min(word.end - word.start, clip.end - clip.start)
        start = clip.start if word.middle < self.offsets[row] else clip.end - length
        reason = word.suspect or BETWEEN
        return self.numbers[row], _placed(replace(word, suspect=reason), start, min(clip.end, start + length), clip)


def pack(clips: Iterable[tuple[int, Clip]], longest: float = WINDOW) -> tuple[Window, ...]:
    """Windows of up to ``longest`` seconds that hold every numbered clip; long clips are cut at quiet places.

    Each piece goes into the first window with room for it (first fit, Johnson 1973): short ones find their place in
    what long ones leave.
    """
    pieces = [(number, piece) for number, whole in clips for piece in _pieces(whole, longest)]
    windows = _FirstFit(len(pieces), longest)
    for number, piece in pieces:
        windows.put(number, piece)
    return tuple(map(_window, windows.held))


class _FirstFit:
    """Windows that are being filled; log n steps find the first one with room for a piece.

    Any window with room for the piece and a pause of `JOIN` fits. A shorter pause is enough only where the piece begins
    shortly after a window's last one ends: these windows are found by that end.
    """

    def __init__(self, most: int, longest: float) -> None:
        self._longest = longest
        self.held: list[list[Placed]] = []
        self._room = MaximumTree([-inf] * most)
        self._ending: dict[tuple[int, int], set[int]] = {}

    def put(self, number: int, clip: Clip) -> None:
        """The piece of clip ``number`` into the first window with room for it, else into a new one."""
        window = min(
            (w for w in (*self._shortly_before(clip), *self._with_room(clip)) if self._fits(w, clip)), default=None
        )
        if window is None:
            window = len(self.held)
            self.held.append([])
        else:
            last = self._last(window)[0]
            self._ending[self._slot(last, last.end)].discard(window)
        self.held[window].append((clip, self._offset(window, clip), number))
        self._room[window] = self._longest - self._filled(window)
        self._ending.setdefault(self._slot(clip, clip.end), set()).add(window)

    def _with_room(self, clip: Clip) -> Iterator[int]:
        """The first window with room for the piece after a pause of `JOIN`."""
        needed = clip.end - clip.start + JOIN - 2 * ROUNDING  # just below what `_fits` asks for
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
        """Where the piece would begin in the window."""
        return self._filled(window) + _pause(self._last(window)[0], clip) if self.held[window] else 0.0

    def _filled(self, window: int) -> float:
        last, begins, _ = self._last(window)
        return begins + (last.end - last.start)

    def _last(self, window: int) -> Placed:
        return self.held[window][-1]

    def _slot(self, clip: Clip, time: float) -> tuple[int, int]:
        return clip.track, int(time // JOIN)


def _placed(word: Word, start: float, end: float, clip: Clip) -> Word:
    """The word at its time in the recording; of one in the silence before it begins, `SHORTEST` seconds remain."""
    start = max(0.0, start)
    return replace(word, start=start, end=max(start + SHORTEST, end) if start == 0.0 else end, origin=clip.origin)


def _window(held: Sequence[Placed]) -> Window:
    clips, offsets, numbers = zip(*held, strict=True)
    return Window(clips, offsets, numbers)


def _pause(last: Clip, clip: Clip) -> float:
    """Seconds of silence between two clips; one of another track, or that goes back in time, is another's speech."""
    if clip.track != last.track or clip.start < last.end - 0.5 / RATE:
        return JOIN
    return min(JOIN, max(0.0, clip.start - last.end))


def _pieces(clip: Clip, longest: float) -> Iterator[Clip]:
    while clip.end - clip.start > longest:
        cut = _quietest(clip.samples, longest)
        yield clip.part(0, cut)
        clip = clip.part(cut)
    if len(clip.samples):
        yield clip


def _quietest(samples: Samples, longest: float) -> int:
    """The sample to cut at: the middle of the quietest 50 ms in the last `SEARCH` seconds of a window."""
    frame = to_sample(_FRAME)
    first = to_sample(longest - min(SEARCH, longest / 2))
    tail = samples[first : to_sample(longest)].astype(np.float64)
    energy = np.square(tail[: len(tail) // frame * frame]).reshape(-1, frame).sum(axis=1)
    smooth = np.convolve(energy, np.ones(5), mode="same")
    return first + int(np.argmin(smooth)) * frame + frame // 2
