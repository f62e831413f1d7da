"""Constructed calls of two synthetic speakers, with what is planted in them: for the example calls and the benchmark.

A line's text marks what is planted: ``My card number is [card:four two four two].`` The reference of a call has the
words, and for each mark its kind, words and times. Times inside a sentence divide it by the number of letters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from examples.synthetic_voices import HEART, Line, Synthesizer, SyntheticVoice, joined, place, utterance
from pipeline import Transcript, formats
from pipeline.core.audio import Samples
from pipeline.core.types import Turn
from pipeline.evaluation.simulation.conversation import TICKS_PER_SECOND
from pipeline.evaluation.simulation.corpus import TICK, Passage
from pipeline.evaluation.simulation.rendering import Acoustics, render

AGENT, CUSTOMER = "agent", "customer"
"""Labels of the speakers in a reference; in a stereo call the agent is on the left channel."""
VOICES: Mapping[str, SyntheticVoice] = {
    "heart": SyntheticVoice(HEART, 1.05),
    "low": SyntheticVoice(HEART, 1.0, 0.88, 0.62),
    "bright": SyntheticVoice(HEART, 1.1, 1.1, 1.12),
    "deep": SyntheticVoice(HEART, 1.05, 0.83, 0.52),
    "gongitsune": SyntheticVoice("jf_gongitsune", 1.1),
    "kumo": SyntheticVoice("jm_kumo", 1.05),
}
"""Voices by short names. Chosen by hand."""
TAIL = 0.6
"""Seconds of noise after the last word."""
MARK = re.compile(r"\[(\w+):([^\]]+)\]")
"""What is planted in a line's text: its kind and its words."""


@dataclass(frozen=True, slots=True)
class CallScript:
    """What is said in a call, by which voices, and how it was recorded."""

    lines: Sequence[Line]
    voices: Mapping[str, str]
    """Speaker -> name in `VOICES`."""
    stereo: bool = False
    """One channel for each speaker."""
    telephone: bool = True
    """300 to 3400 Hz, at 8 kHz; otherwise at 16 kHz."""
    snr: float = 28.0
    """Speech over pink noise in dB."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What is planted, by kind, in digits or as written."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Rule -> passed, failed or not_applicable: whether the words of the rule were said."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """How the call was made, to group figures by."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A mark of a line: words ``first`` to ``last`` (not included) of an utterance of the reference."""

    kind: str
    text: str
    speaker: str
    utterance: int
    first: int
    last: int
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class ConstructedCall:
    """A call: 16-bit samples of shape (frames, channels), what was said, and what is planted."""

    samples: NDArray[np.int16]
    rate: int
    reference: Transcript
    planted: tuple[Planted, ...]
    script: CallScript


class CallMaker:
    """Makes calls of scripts; what a voice said before is not synthesized again."""

    def __init__(self) -> None:
        self._synthesizer = Synthesizer()
        self._spoken: dict[tuple[str, str], list[Samples]] = {}

    def make(self, script: CallScript, seed: int) -> ConstructedCall:
        """The sound and the reference of a script."""
        lines = [replace(line, text=plain(line.text)) for line in script.lines]
        spoken = [self._say(line.text, script.voices[line.speaker]) for line in lines]
        placements = place(lines, [len(joined(sentences)) // TICK for sentences in spoken])
        passages: dict[str, list[Passage]] = {line.speaker: [] for line in lines}
        for line, sentences in zip(lines, spoken, strict=True):
            passages[line.speaker].append(Passage(line.speaker, joined(sentences), line.text, ""))
        length = max(each.end for each in placements) / TICKS_PER_SECOND + TAIL
        acoustics = Acoustics(3.0, script.snr, 0.0, script.telephone)
        audio = render(placements, passages, length, acoustics, np.random.default_rng(seed))
        texts = [self._synthesizer.sentences(line.text) for line in lines]
        utterances = tuple(map(utterance, placements, texts, spoken))
        turns = tuple(sorted(Turn(u.start, u.end, u.speaker) for u in utterances))
        reference = Transcript(round(length, 2), utterances, turns, language="en")
        samples = audio.channels + audio.noise[:, None] if script.stereo else audio.mixture[:, None]
        return ConstructedCall(samples, audio.rate, reference, tuple(_planted(script.lines, reference)), script)

    def _say(self, text: str, voice: str) -> list[Samples]:
        if (text, voice) not in self._spoken:
            self._spoken[text, voice] = self._synthesizer.line(text, VOICES[voice], len(text))
        return self._spoken[text, voice]


def plain(text: str) -> str:
    """A line as it is spoken, without marks."""
    return MARK.sub(r"\2", text)


def _planted(lines: Sequence[Line], reference: Transcript) -> Iterator[Planted]:
    for index, (line, said) in enumerate(zip(lines, reference.utterances, strict=True)):
        for mark in MARK.finditer(line.text):
            first = len(plain(line.text[: mark.start()]).split())
            last = first + len(mark[2].split())
            start, end = said.words[first].start, said.words[last - 1].end
            yield Planted(mark[1], mark[2], line.speaker, index, first, last, round(start, 2), round(end, 2))


def truth(call: ConstructedCall) -> dict[str, Any]:
    """What is known of a call, as plain data: the content of ``NAME.truth.json``."""
    script = call.script
    return {
        "speakers": dict(script.voices),
        "first": script.lines[0].speaker,
        "stereo": script.stereo,
        "rate": call.rate,
        "values": dict(script.values),
        "rules": dict(script.rules),
        "notes": dict(script.notes),
        "planted": [asdict(each) for each in call.planted],
    }


def write(call: ConstructedCall, folder: Path, name: str) -> None:
    """Write ``NAME.wav`` into ``folder/audio``, and the reference and the truth into ``folder/reference``."""
    for part in ("audio", "reference"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    reference = folder / "reference"
    (reference / f"{name}.json").write_bytes(formats.dumps(call.reference, "json", name))
    soundfile.write(folder / "audio" / f"{name}.wav", call.samples, call.rate, subtype="PCM_16")
    (reference / f"{name}.truth.json").write_text(json.dumps(truth(call), indent=1) + "\n", encoding="utf-8")
