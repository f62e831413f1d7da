"""Simulated meetings with exact references, made of single-speaker recordings.

The same recordings, settings and seed give the same bytes.
"""

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
from pipeline.evaluation.simulation.conversation import TICKS_PER_SECOND, Conversation, Placement, overlap_ratio, plan
from pipeline.evaluation.simulation.corpus import Passage, Speakers, passages
from pipeline.evaluation.simulation.rendering import Acoustics, MeetingAudio, render


@dataclass(frozen=True, slots=True)
class MeetingConfig:
    """All settings of a meeting; with the recordings they determine it."""

    conversation: Conversation = field(default_factory=Conversation)
    acoustics: Acoustics = field(default_factory=Acoustics)
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """A simulated meeting: audio, reference transcript (turns only if texts are unknown), and its plan.

    ``sources``: for each placement, the file and the second at which its passage starts.
    """

    config: MeetingConfig
    audio: MeetingAudio
    transcript: Transcript
    placements: tuple[Placement, ...]
    sources: tuple[str, ...]

    @property
    def overlap_ratio(self) -> float:
        return overlap_ratio(self.placements)

    @property
    def kinds(self) -> dict[str, int]:
        """Number of turns by kind."""
        return dict(sorted(Counter(p.kind for p in self.placements).items()))


def simulate(recordings: Speakers, config: MeetingConfig) -> Meeting:
    """Make a meeting of randomly drawn speakers; raises `SettingsError` if there are too few or nothing fits.

    A passage is repeated only after all other passages of its speaker. Turns are the spans of passages. Word times are
    unknown: the words of a passage divide its span by their number of letters.
    """
    rng = np.random.default_rng(config.seed)
    conversation = config.conversation
    if len(recordings) < conversation.speakers:
        hint = "add recordings of other speakers, or reduce the number of speakers"
        text = f"not enough recordings for {conversation.speakers} speakers: there are {len(recordings)}"
        raise SettingsError(text, hint=hint)
    names = sorted(recordings)
    chosen = sorted(names[i] for i in rng.permutation(len(names))[: conversation.speakers])
    available = {name: _passages_of(recordings, name, conversation.length, rng) for name in chosen}
    placements = plan({name: [p.ticks for p in group] for name, group in available.items()}, conversation, rng)
    audio = render(placements, available, conversation.length, config.acoustics, rng)
    used = [available[p.speaker][p.passage] for p in placements]
    transcript = _reference(placements, used, conversation.length)
    return Meeting(config, audio, transcript, placements, tuple(passage.source for passage in used))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_audio(meeting: Meeting, folder: Path, name: str, write: Callable[[Path, bytes], None] = _write) -> None:
    """Write ``NAME.wav`` (mono), ``NAME.channels.wav`` (one per speaker), ``NAME.sources/*.wav``, ``NAME.noise.wav``.

    A source is the signal of one speaker at the microphone. Sources and noise sum to the mixture, sample by sample.
    """
    files = {
        folder / f"{name}.wav": meeting.audio.mixture,
        folder / f"{name}.channels.wav": meeting.audio.channels,
        folder / f"{name}.noise.wav": meeting.audio.noise,
    }
    sources = folder / f"{name}.sources"
    files |= {sources / f"{speaker}.wav": source for speaker, source in meeting.audio.sources.items()}
    for path, samples in files.items():
        encoded = io.BytesIO()
        soundfile.write(encoded, samples, meeting.audio.rate, format="WAV", subtype="PCM_16")
        write(path, encoded.getvalue())


def description(meeting: Meeting) -> dict[str, Any]:
    """The entry of a meeting in a manifest: settings, speakers, actual overlap ratio, and the source of each turn."""
    return {
        **asdict(meeting.config),
        "duration": meeting.transcript.duration,
        "speakers": list(meeting.audio.sources),
        "overlap_ratio": round(meeting.overlap_ratio, 4),
        "kinds": meeting.kinds,
        "turns": [
            {"start": p.start / 100, "end": p.end / 100, "speaker": p.speaker, "kind": p.kind, "source": source}
            for p, source in zip(meeting.placements, meeting.sources, strict=True)
        ],
    }


def _passages_of(recordings: Speakers, name: str, length: float, rng: np.random.Generator) -> list[Passage]:
    """Passages of one speaker from recordings in random order, enough for a meeting of ``length`` seconds."""
    limit = length * TICKS_PER_SECOND
    gathered: list[Passage] = []
    for number in rng.permutation(len(recordings[name])):
        gathered += (p for p in passages(recordings[name][number], rng) if p.ticks <= limit)
        if sum(p.ticks for p in gathered) > limit:
            break
    if not gathered:
        hint = "make the meeting longer, or use shorter recordings"
        raise SettingsError(f"no passage of speaker {name} fits into a meeting of {length:g} s", hint=hint)
    return gathered


def _reference(placements: Sequence[Placement], used: Sequence[Passage], length: float) -> Transcript:
    turns = tuple(Turn(p.start / 100, p.end / 100, p.speaker) for p in placements)
    utterances = tuple(
        Utterance(turn.speaker, spread(passage.text.split(), turn.start, turn.end))
        for turn, passage in zip(turns, used, strict=True)
        if passage.text and passage.text.split()
    )
    return Transcript(round(length * 100) / 100, utterances, turns)
