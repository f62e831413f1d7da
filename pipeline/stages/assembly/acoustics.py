"""Loudness of turns, and what is audible in the pauses between them: silence, music or another sound.

Loudness is that of ITU-R BS.1770-4 (EBU R128) of a mono signal, in LUFS, measured by pyloudnorm on the track of the
speaker. Music is recognized by its steady partials: spectral peaks that keep their frequency for 0.3 s, at least three
at once, and that change in the course of the pause. The harmonics of speech glide, noise has no peaks, hum does not
change, and signalling tones (ringing, busy, keys) have one or two partials.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate, groupby, pairwise
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Samples
from pipeline.core.pause import MIN_PAUSE, Pause, PauseKind
from pipeline.core.timeline import crop, gaps, single_speaker
from pipeline.core.types import Span, Turn
from pipeline.models.protocols import Diarization
from pipeline.stages.channels.tracks import Track

MIN_LOUDNESS = 0.4
"""Seconds of audio that a loudness needs: a block of BS.1770. A constant of the standard; shorter turns have no
loudness."""
BELOW_SPEECH = 25.0
"""Decibels below the loudness of the speech at which a sound counts as silence. Chosen by hand: the noise of a
telephone line lies about 30 dB below; less takes quiet music for silence."""
SILENT = -60.0
"""Level in dB full scale below which a sound counts as silence, whatever the speech. Chosen by hand; a higher level
takes quiet music for silence."""
STEADY = 0.25
"""Part of the frames with `PARTIALS` steady partials from which a second is music. Of 153 excerpts (a piano, a band,
electronic and generated music; speech, babble, noise, hum, tones; each also in a telephone's band and with noise) music
had 0.29 or more and everything else 0.19 or less. A lower value takes distant speech for music."""
PARTIALS = 3
"""Steady partials at once. Signalling tones have two; fewer take them for music."""
SMOOTHING = 5
"""Seconds over which that part is averaged. Chosen by hand; fewer follow short rests of music."""
MAX_SOUNDS = 0.1
"""Largest part of the seconds of a silence that may hold sounds. Chosen by hand: one cough in ten seconds; a higher
value takes ringing, one second of five, for silence."""
CONSTANT = 0.5
"""Part of a gap in which a partial sounds from which it is hum, not music. Chosen on the same excerpts; less loses
drones of music."""
_WINDOW, _HOP = 2048, 512
"""Samples of a frame (128 ms) and between frames (32 ms)."""
_FRAMES = 10
"""Frames for which a steady partial keeps its frequency: 0.32 s. Chosen on the same excerpts."""
_PEAK_DB, _RANGE_DB = 9.0, 35.0
"""Decibels of a partial above the mean of its surroundings, and below the highest of its frame. Chosen on the same
excerpts."""
_CHUNK = 60 * RATE
"""Samples that are analyzed at once, to limit memory. Chosen by hand; `CONSTANT` refers to so much of a gap at most."""
_NO_FRAMES = np.zeros(0, np.int64)
_BAND = slice(150 * _WINDOW // RATE, 3400 * _WINDOW // RATE)
"""The bins of partials: a telephone's, without its lower end."""


def with_loudness(turns: Sequence[Turn], diarization: Diarization, tracks: Sequence[Track]) -> tuple[Turn, ...]:
    """The turns with the loudness of the audio in which their speaker is alone on their track."""
    alone = [single_speaker(diarization.turns_on(number)) for number in range(len(tracks))]
    measured: list[Turn] = []
    for turn in turns:
        number = diarization.track_of(turn.speaker)
        spans = crop(alone[number].get(turn.speaker, ()), turn)
        audio = tracks[number].audio
        pieces = [audio.crop(Span(max(s.start, turn.start), min(s.end, turn.end))) for s in spans]
        measured.append(replace(turn, loudness=loudness(np.concatenate(pieces) if pieces else np.zeros(0))))
    return tuple(measured)


def loudness(samples: NDArray[Any]) -> float | None:
    """Integrated loudness in LUFS, to a tenth; None under `MIN_LOUDNESS` seconds, and below -70 LUFS."""
    if len(samples) < MIN_LOUDNESS * RATE:
        return None
    value = float(_meter().integrated_loudness(samples))
    return round(value, 1) if np.isfinite(value) else None


def prepare() -> None:
    """Import what is slow to import: pyloudnorm and scipy."""
    import scipy.ndimage  # noqa: F401

    _meter()


@cache
def _meter() -> Any:
    """The meter; pyloudnorm is imported when the first recording is measured, see `prepare`."""
    from pyloudnorm import Meter

    return Meter(RATE, block_size=MIN_LOUDNESS)


def find_pauses(turns: Sequence[Turn], tracks: Sequence[Track], duration: float) -> tuple[Pause, ...]:
    """The pauses of a recording, each with the sound of the track that is loudest there.

    ``turns`` have their loudness: what is `BELOW_SPEECH` their median is silence.
    """
    if duration < MIN_PAUSE:
        return ()
    levels = [turn.loudness for turn in turns if turn.loudness is not None]
    threshold = max(SILENT, median(levels) - BELOW_SPEECH) if levels else SILENT
    free = gaps((turn.span for turn in turns), Span(0.0, duration))
    return tuple(pause for gap in free if gap.duration >= MIN_PAUSE for pause in _pauses_in(gap, tracks, threshold))


def _pauses_in(gap: Span, tracks: Sequence[Track], threshold: float) -> Iterator[Pause]:
    samples = max((track.audio.crop(gap) for track in tracks), key=lambda samples: float(np.square(samples).sum()))
    kinds = _merged(list(_kinds(samples, threshold)))
    start, step = gap.start, gap.duration / sum(count for _, count in kinds)
    for number, (kind, count) in enumerate(kinds, 1):
        end = gap.end if number == len(kinds) else start + count * step
        first, last = (round((time - gap.start) * RATE) for time in (start, end))
        yield Pause(start, end, kind, loudness(samples[first:last]))
        start = end


def _kinds(samples: Samples, threshold: float) -> Iterator[PauseKind]:
    """The kind of each second of a gap."""
    from scipy.ndimage import uniform_filter1d  # slow to import, see `prepare`

    count = max(1, len(samples) // RATE)
    edges = [len(samples) * number // count for number in range(count + 1)]
    is_musical = steady_partials(samples) >= PARTIALS
    frames = [is_musical[first // _HOP : last // _HOP] for first, last in pairwise(edges)]
    parts = np.array([float(each.mean()) if len(each) else 0.0 for each in frames])
    for (first, last), part in zip(pairwise(edges), uniform_filter1d(parts, SMOOTHING), strict=True):
        power = float(np.mean(np.square(samples[first:last], dtype=np.float64))) if last > first else 0.0
        if power <= 10 ** (threshold / 10):
            yield "silence"
        else:
            yield "music" if part >= STEADY else "sound"


def steady_partials(samples: Samples) -> NDArray[np.int64]:
    """The number of steady partials in each frame that are not hum; shape (frames,)."""
    step = _CHUNK // _HOP * _HOP
    chunks = (samples[start : start + step + _WINDOW - _HOP] for start in range(0, len(samples), step))
    return np.concatenate([_steady_partials(chunk) for chunk in chunks if len(chunk) >= _WINDOW] or [_NO_FRAMES])


def _steady_partials(samples: Samples) -> NDArray[np.int64]:
    from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d  # slow to import, see `prepare`

    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW).astype(np.float32), axis=1))
    level = 20 * np.log10(spectrum[:, _BAND] + 1e-9)
    peaks = (level >= maximum_filter1d(level, 3, axis=1)) & (level > uniform_filter1d(level, 33, axis=1) + _PEAK_DB)
    peaks &= level > level.max(axis=1, keepdims=True) - _RANGE_DB
    near = maximum_filter1d(peaks.astype(np.uint8), 3, axis=1)
    lasting = maximum_filter1d(minimum_filter1d(near, _FRAMES, axis=0), _FRAMES, axis=0, origin=-1)
    steady = peaks & (lasting > 0)
    hum = maximum_filter1d(steady.astype(np.uint8), 3, axis=1).mean(axis=0) > CONSTANT
    counts: NDArray[np.int64] = (steady & ~hum).sum(axis=1)
    return counts


def _merged(kinds: Sequence[PauseKind]) -> list[tuple[PauseKind, int]]:
    """Runs of equal kinds with their lengths in seconds; shorter ones than `MIN_PAUSE` join their longer neighbour.

    A silence with more than `MAX_SOUNDS` of other seconds is a sound.
    """
    runs = _runs((kind, 1) for kind in kinds)
    while len(runs) > 1 and min(count for _, count in runs) < MIN_PAUSE:
        shortest = min(range(len(runs)), key=lambda place: runs[place][1])
        neighbours = [place for place in (shortest - 1, shortest + 1) if 0 <= place < len(runs)]
        kind = runs[max(neighbours, key=lambda place: runs[place][1])][0]
        runs[shortest] = (kind, runs[shortest][1])
        runs = _runs(runs)
    ends = accumulate(count for _, count in runs)
    sounds = [count - kinds[end - count : end].count("silence") for (_, count), end in zip(runs, ends, strict=True)]
    return _runs(
        ("sound" if kind == "silence" and others > MAX_SOUNDS * count else kind, count)
        for (kind, count), others in zip(runs, sounds, strict=True)
    )


def _runs(kinds: Iterable[tuple[PauseKind, int]]) -> list[tuple[PauseKind, int]]:
    """Neighbours of one kind as one, their lengths added."""
    return [(kind, sum(count for _, count in group)) for kind, group in groupby(kinds, key=lambda run: run[0])]
