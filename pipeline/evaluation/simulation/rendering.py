"""Render a planned meeting: the signal of each speaker at the microphone, and the noise, as 16-bit samples.

Sources and noise are rounded before they are summed, so that the mixture is exactly their sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, oaconvolve, sosfiltfilt

from pipeline.core.audio import RATE
from pipeline.core.errors import SettingsError
from pipeline.evaluation.simulation.conversation import Placement
from pipeline.evaluation.simulation.corpus import TICK, Passage

Pcm = NDArray[np.int16]

_SPEECH_DBFS = -26.0
"""Level of active speech in dBFS, before ``level_spread``. Chosen by hand; noise is relative
to the speech and follows it."""
_MAX_PEAK = 0.9
"""Maximum amplitude, relative to full scale. Chosen by hand; louder meetings are scaled down to it."""
_TELEPHONE_RATE = 8_000
"""Sampling rate of narrowband telephony in Hz (ITU-T G.711)."""


@dataclass(frozen=True, slots=True)
class Acoustics:
    """Acoustic conditions of a meeting.

    ``level_spread``: loudest over softest speaker in dB. ``snr``: speech over pink noise in dB (None: no noise).
    ``reverberation``: RT60 of the room in seconds (0: no room). ``telephone``: band-pass 300 to 3400 Hz, at 8 kHz.
    """

    level_spread: float = 0.0
    snr: float | None = None
    reverberation: float = 0.0
    telephone: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.level_spread <= 60:
            raise SettingsError(f"level_spread must be 0 to 60 dB; got {self.level_spread}")
        if self.snr is not None and not -20 <= self.snr <= 100:
            raise SettingsError(f"snr must be -20 to 100 dB; got {self.snr}")
        if self.reverberation and not 0.15 <= self.reverberation <= 1.5:
            raise SettingsError(f"reverberation must be 0, or 0.15 to 1.5 s; got {self.reverberation}")

    @property
    def rate(self) -> int:
        return _TELEPHONE_RATE if self.telephone else RATE


@dataclass(frozen=True, slots=True, eq=False)
class MeetingAudio:
    """A rendered meeting: ``sources`` by speaker, sorted by name, and ``noise``; all have the same length."""

    rate: int
    sources: Mapping[str, Pcm]
    noise: Pcm

    @property
    def mixture(self) -> Pcm:
        total: Pcm = np.sum([self.noise, *self.sources.values()], axis=0, dtype=np.int16)
        return total

    @property
    def channels(self) -> Pcm:
        """Sources as columns in order of speaker name; shape (samples, speakers)."""
        return np.stack(list(self.sources.values()), axis=1)


def render(
    placements: Sequence[Placement],
    passages: Mapping[str, Sequence[Passage]],
    length: float,
    acoustics: Acoustics,
    rng: np.random.Generator,
) -> MeetingAudio:
    """Render ``length`` seconds: one source for each speaker, with level, room and telephone band, and the noise."""
    sources = {speaker: _dry(placements, passages[speaker], length) for speaker in sorted(passages)}
    gains = _gains(len(sources), acoustics.level_spread, rng)
    responses = (
        room_responses(len(sources), acoustics.reverberation, rng) if acoustics.reverberation else [None] * len(sources)
    )
    received = {
        speaker: _leveled(_reverberated(dry, response), dry != 0, gain)
        for (speaker, dry), response, gain in zip(sources.items(), responses, gains, strict=True)
    }
    active = np.any([dry != 0 for dry in sources.values()], axis=0)
    noise = _noise(_total(received.values()), active, acoustics.snr, rng)
    if acoustics.telephone:
        received, noise = (
            {speaker: _telephone_band(source) for speaker, source in received.items()},
            _telephone_band(noise),
        )
    # The sum of magnitudes is an upper bound for each source and each partial sum: no clipping, no integer overflow.
    peak = max(float(_total(np.abs(track) for track in (noise, *received.values())).max()), 1e-9)
    scale = min(1.0, _MAX_PEAK / peak) * 32767
    return MeetingAudio(
        acoustics.rate, {speaker: _pcm(source, scale) for speaker, source in received.items()}, _pcm(noise, scale)
    )


def _dry(placements: Sequence[Placement], passages: Sequence[Passage], length: float) -> NDArray[np.float32]:
    """The placed passages of one speaker, each with RMS 1, without room and noise."""
    track = np.zeros(round(length * 100) * TICK, np.float32)
    for placement in placements:
        if placement.speaker == passages[0].speaker:
            samples = passages[placement.passage].samples
            level = np.sqrt(np.mean(samples.astype(np.float64) ** 2))
            track[placement.start * TICK : placement.end * TICK] = samples / max(level, 1e-9)
    return track


def _total(tracks: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The sum, one track at a time: one hour takes 230 MB."""
    total = np.zeros(1, np.float32)
    for track in tracks:
        total = total + track
    return total


def _leveled(track: NDArray[np.float32], active: NDArray[np.bool_], gain_db: float) -> NDArray[np.float32]:
    """The track scaled so that its speech has -26 dBFS plus ``gain_db``."""
    power = float(np.mean(track[active].astype(np.float64) ** 2)) if active.any() else 1.0
    return track * np.float32(10 ** ((_SPEECH_DBFS + gain_db) / 20) / np.sqrt(max(power, 1e-18)))


def _gains(count: int, spread: float, rng: np.random.Generator) -> list[float]:
    """Evenly spaced levels over ``spread`` dB, in random order."""
    levels = np.linspace(-spread / 2, spread / 2, count) if count > 1 else np.zeros(1)
    return [float(levels[i]) for i in rng.permutation(count)]


def _noise(
    speech: NDArray[np.float32], active: NDArray[np.bool_], snr: float | None, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Pink noise (power falls as 1/f above 50 Hz), ``snr`` dB below the power of active speech."""
    if snr is None or not active.any():
        return np.zeros(len(speech), np.float32)
    noise = pink_noise(len(speech), rng)
    power = float(np.mean(speech[active].astype(np.float64) ** 2)) * 10 ** (-snr / 10)
    return np.asarray(noise * np.float32(np.sqrt(power / np.mean(noise**2, dtype=np.float64))), np.float32)


def pink_noise(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of arbitrary level whose power falls as 1/f above 50 Hz."""
    shape = np.fft.irfft(1 / np.sqrt(np.maximum(np.fft.rfftfreq(2 * TICK, 1 / RATE), 50.0)))
    white = rng.standard_normal(length, dtype=np.float32)
    return np.asarray(oaconvolve(white, np.roll(shape, TICK).astype(np.float32), mode="same"), np.float32)


def room_responses(count: int, rt60: float, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Impulse responses of one room from positions around a table to a microphone on it, by the image-source method.

    Each response starts at its direct path, so that reference times are those at the microphone. Needs the extra
    ``simulate``.
    """
    try:
        import pyroomacoustics as room_acoustics
    except ImportError as error:
        raise SettingsError(
            "reverberation needs pyroomacoustics", hint="pip install 'crosstalk-transcribe[simulate]'"
        ) from error
    room_acoustics.constants.set("num_threads", 1)  # a different order of summation would change the bytes
    size = np.array([5.0, 4.0, 2.8]) + rng.random(3) * [3.0, 2.0, 0.4]
    absorption, order = room_acoustics.inverse_sabine(rt60, size)
    room = room_acoustics.ShoeBox(
        size, fs=RATE, materials=room_acoustics.Material(absorption), max_order=min(order, 40)
    )
    centre = np.array([size[0] / 2, size[1] / 2, 0.8])
    room.add_microphone(centre)
    for position in range(count):
        angle = 2 * np.pi * (position + 0.5 * rng.random()) / count
        distance = 0.7 + 0.8 * rng.random()
        room.add_source(centre + np.array([distance * np.cos(angle), distance * np.sin(angle), 0.4]))
    room.compute_rir()
    responses = [np.asarray(response, np.float64) for response in room.rir[0]]
    return [response[int(np.argmax(np.abs(response))) :] for response in responses]


def _reverberated(track: NDArray[np.float32], response: NDArray[np.float64] | None) -> NDArray[np.float32]:
    if response is None:
        return track
    return np.asarray(oaconvolve(track, response.astype(np.float32))[: len(track)], np.float32)


def _telephone_band(track: NDArray[np.float32]) -> NDArray[np.float32]:
    """The track filtered to 300–3400 Hz and resampled to 8 kHz."""
    band = butter(4, (300, 3400), "bandpass", fs=RATE, output="sos")
    return sosfiltfilt(band, track.astype(np.float64))[:: RATE // _TELEPHONE_RATE].astype(np.float32)


def _pcm(track: NDArray[np.float32], scale: float) -> Pcm:
    return np.round(track.astype(np.float64) * scale).astype(np.int16)
