"""Meetings with known truth, made of single-speaker recordings: same voices, settings and seed, same bytes."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pipeline.core.errors import SettingsError
from pipeline.core.timeline import spread
from pipeline.core.types import Transcript, Turn, Utterance
from pipeline.evaluation.simulation.conversation import Conversation, Placement, overlap_ratio, plan
from pipeline.evaluation.simulation.corpus import Passage, Voices, passages
from pipeline.evaluation.simulation.rendering import Acoustics, Sound, render


@dataclass(frozen=True, slots=True)
class MeetingConfig:
    """Everything that decides a meeting besides the voices."""

    conversation: Conversation = field(default_factory=Conversation)
    acoustics: Acoustics = field(default_factory=Acoustics)
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """A made-up meeting: its sound, its true transcript (turns alone where texts are not known), and how it was made.

    ``sources`` names, for each placement, the file and the second its passage comes from.
    """

    config: MeetingConfig
    sound: Sound
    transcript: Transcript
    placements: tuple[Placement, ...]
    sources: tuple[str, ...]

    @property
    def overlap_ratio(self) -> float:
        return overlap_ratio(self.placements)

    @property
    def kinds(self) -> dict[str, int]:
        """How many turns came about in which way."""
        return dict(sorted(Counter(p.kind for p in self.placements).items()))


def simulate(voices: Voices, config: MeetingConfig) -> Meeting:
    """Make a meeting of speakers drawn from ``voices``; raises `SettingsError` when they do not suffice.

    A passage is repeated only after all others of its speaker. Turns are the passages' spans; a word's time is not
    known, so a passage's words share its span by their letters.
    """
    rng = np.random.default_rng(config.seed)
    conversation = config.conversation
    if len(voices) < conversation.speakers:
        raise SettingsError(f"{conversation.speakers} speakers asked for, voices of {len(voices)} found")
    names = sorted(voices)
    chosen = sorted(names[i] for i in rng.permutation(len(names))[: conversation.speakers])
    available = {name: _gather(voices, name, conversation.length, rng) for name in chosen}
    placements = plan({name: [p.ticks for p in own] for name, own in available.items()}, conversation, rng)
    sound = render(placements, available, conversation.length, config.acoustics, rng)
    spoken = [available[p.speaker][p.passage] for p in placements]
    transcript = _truth(placements, spoken, conversation.length)
    return Meeting(config, sound, transcript, placements, tuple(passage.source for passage in spoken))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_audio(meeting: Meeting, folder: Path, name: str, write: Callable[[Path, bytes], None] = _write) -> None:
    """Write ``NAME.wav`` (mono), ``NAME.channels.wav`` (one per speaker), ``NAME.sources/*.wav``, ``NAME.noise.wav``.

    Sources are what reaches the microphone from each speaker: with the noise they sum to the mixture, sample by sample.
    """
    files = {
        folder / f"{name}.wav": meeting.sound.mixture,
        folder / f"{name}.channels.wav": meeting.sound.channels,
        folder / f"{name}.noise.wav": meeting.sound.noise,
    }
    sources = folder / f"{name}.sources"
    files |= {sources / f"{speaker}.wav": source for speaker, source in meeting.sound.sources.items()}
    for path, samples in files.items():
        encoded = io.BytesIO()
        soundfile.write(encoded, samples, meeting.sound.rate, format="WAV", subtype="PCM_16")
        write(path, encoded.getvalue())


def description(meeting: Meeting) -> dict[str, Any]:
    """The meeting's entry in a manifest: settings, speakers, what was realised, and where each turn comes from."""
    return {
        **asdict(meeting.config),
        "duration": meeting.transcript.duration,
        "speakers": list(meeting.sound.sources),
        "overlap_ratio": round(meeting.overlap_ratio, 4),
        "kinds": meeting.kinds,
        "turns": [
            {"start": p.start / 100, "end": p.end / 100, "speaker": p.speaker, "kind": p.kind, "source": source}
            for p, source in zip(meeting.placements, meeting.sources, strict=True)
        ],
    }


def _gather(voices: Voices, name: str, length: float, rng: np.random.Generator) -> list[Passage]:
    """Passages of one speaker from recordings in random order, as many as a meeting of ``length`` seconds can hold."""
    found: list[Passage] = []
    for number in rng.permutation(len(voices[name])):
        found += (p for p in passages(voices[name][number], rng) if p.ticks <= length * 100)
        if sum(p.ticks for p in found) > length * 100:
            break
    if not found:
        raise SettingsError(f"no speech of speaker {name} fits into a meeting of {length:g} s")
    return found


def _truth(placements: Sequence[Placement], spoken: Sequence[Passage], length: float) -> Transcript:
    turns = tuple(Turn(p.start / 100, p.end / 100, p.speaker) for p in placements)
    utterances = tuple(
        Utterance(turn.speaker, spread(passage.text.split(), turn.start, turn.end))
        for turn, passage in zip(turns, spoken, strict=True)
        if passage.text and passage.text.split()
    )
    return Transcript(round(length * 100) / 100, utterances, turns)
