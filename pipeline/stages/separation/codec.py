"""How a `Separation` is stored: only separated samples; the clips of the mixture are cut from the recording again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.core import serialization
from pipeline.core.audio import Audio, Clip, Samples, Stream, to_sample
from pipeline.core.codecs import Read, decode_flac, encode_flac, encode_json
from pipeline.core.types import Notice, Origin, OverlapDecision
from pipeline.stages.separation.result import Separation


@dataclass(frozen=True, slots=True)
class _StoredClip:
    """A clip without its samples: its speaker, its start in seconds, its length in samples and its track's number."""

    speaker: str
    start: float
    length: int
    origin: Origin
    track: int


@dataclass(frozen=True, slots=True)
class _StoredSeparation:
    """A separation without its samples."""

    regions: tuple[OverlapDecision, ...]
    notices: tuple[Notice, ...]
    speakers: tuple[str, ...]
    clips: tuple[_StoredClip, ...]


class SeparationCodec:
    """Stores a `Separation`: separated samples, which lie on the 16-bit grid, as FLAC, and the rest as JSON."""

    kind = Separation

    def encode(self, value: Separation) -> Mapping[str, bytes]:
        clips = [(stream.speaker, clip) for stream in value.streams for clip in stream.clips]
        places = (_StoredClip(who, clip.start, len(clip.samples), clip.origin, clip.track) for who, clip in clips)
        stored = _StoredSeparation(
            value.regions,
            value.notices,
            tuple(stream.speaker for stream in value.streams),
            tuple(places),
        )
        separated = [clip.samples for _, clip in clips if clip.origin == "separated"]
        audio = {"flac": encode_flac(np.concatenate(separated))} if separated else {}
        return {**audio, "json": encode_json(serialization.to_plain(stored))}

    def decode(self, read: Read, inputs: Sequence[Any]) -> Separation | None:
        """The separation; the first of the ``inputs`` has the tracks in which the clips of the mixture lie."""
        content = read("json")
        if content is None:
            return None
        stored = serialization.from_plain(_StoredSeparation, json.loads(content))
        length = sum(clip.length for clip in stored.clips if clip.origin == "separated")
        audio = read("flac") if length else None
        samples = decode_flac(audio) if audio is not None else np.zeros(0, np.float32)
        if len(samples) != length:
            return None
        mixtures = [track.audio for track in inputs[0].tracks]
        return Separation(_streams(stored, samples, mixtures), stored.regions, stored.notices)


def _streams(stored: _StoredSeparation, separated: Samples, mixtures: Sequence[Audio]) -> tuple[Stream, ...]:
    clips: dict[str, list[Clip]] = {speaker: [] for speaker in stored.speakers}
    position = 0
    for clip in stored.clips:
        if clip.origin == "separated":
            samples = separated[position : position + clip.length]
            position += clip.length
        else:
            first = to_sample(clip.start)
            samples = mixtures[clip.track].samples[first : first + clip.length]
        clips[clip.speaker].append(Clip(samples, clip.start, clip.origin, clip.track))
    return tuple(Stream(speaker, tuple(of_speaker)) for speaker, of_speaker in clips.items())
