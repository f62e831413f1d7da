"""Speaker diarization: the diarizer's turns in order, with the number of speakers that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.config.channel_roles import Role
from pipeline.config.schema import DiarizationConfig
from pipeline.core.audio import Audio
from pipeline.core.codecs import DataclassCodec
from pipeline.core.events import Progress, no_progress
from pipeline.core.stage import Stage, StageModels
from pipeline.core.timeline import normalize, relabel
from pipeline.core.types import Notice, Turn
from pipeline.models.protocols import Diarization, Diarizer, SpeakerBounds
from pipeline.stages.channels.tracks import Track, Tracks


def diarize_tracks(
    tracks: Sequence[Track], diarizer: Diarizer, config: DiarizationConfig, progress: Progress = no_progress
) -> Diarization:
    """The turns of all tracks, each diarized by itself; ``progress`` counts tracks where there are several."""
    if len(tracks) == 1:
        return _diarize_track(tracks[0], diarizer, config, progress)
    turns: list[Turn] = []
    notices: list[Notice] = []
    numbers: dict[str, int] = {}
    for number, track in enumerate(tracks):
        diarization = _diarize_track(track, diarizer, config)
        turns += diarization.turns
        notices += diarization.notices
        numbers |= dict.fromkeys((turn.speaker for turn in diarization.turns), number)
        progress(number + 1, len(tracks))
    return Diarization(tuple(sorted(turns)), tuple(notices), numbers)


def _diarize_track(
    track: Track, diarizer: Diarizer, config: DiarizationConfig, progress: Progress = no_progress
) -> Diarization:
    """One track's turns; on a channel, speakers are named after its role."""
    if track.role is None:
        return diarize(track.audio, diarizer, config, progress)
    config = replace(config, speakers=track.role.speakers, min_speakers=None, max_speakers=None)
    diarization = diarize(track.audio, diarizer, config, progress)
    return replace(diarization, turns=name_by_role(diarization.turns, track.role))


def diarize(
    audio: Audio, diarizer: Diarizer, config: DiarizationConfig, progress: Progress = no_progress
) -> Diarization:
    """Turns sorted, inside the recording, labelled by first appearance; no speaker overlaps themselves.

    Of more speakers than asked for, those with the most speech stay; fewer are reported in a notice (promise 12).
    """
    bounds = speaker_count(config)
    output = diarizer.diarize(audio, bounds, progress)
    turns = _with_most_speech(normalize(output.turns, audio.duration), bounds.maximum)
    count = len({turn.speaker for turn in turns})
    return Diarization(relabel(turns), (*output.notices, *_shortfall(count, bounds, output.notices)))


def speaker_count(config: DiarizationConfig) -> SpeakerBounds:
    """The bounds on the number of speakers in the settings."""
    return SpeakerBounds(*config.speaker_bounds)


def name_by_role(turns: Sequence[Turn], role: Role) -> tuple[Turn, ...]:
    """The turns of one channel with its role as the speaker, numbered where several speakers share it."""
    if role.speakers == 1:
        return tuple(replace(turn, speaker=role.name) for turn in turns)
    numbers = {speaker: i for i, speaker in enumerate(dict.fromkeys(turn.speaker for turn in turns), 1)}
    return tuple(replace(turn, speaker=f"{role.name}_{numbers[turn.speaker]}") for turn in turns)


def _with_most_speech(turns: tuple[Turn, ...], maximum: int | None) -> tuple[Turn, ...]:
    """The turns of up to ``maximum`` speakers, those with the most speech."""
    speech: dict[str, float] = {}
    for turn in turns:
        speech[turn.speaker] = speech.get(turn.speaker, 0.0) + turn.duration
    speakers = sorted(speech, key=lambda speaker: (-speech[speaker], speaker))[:maximum]
    return tuple(turn for turn in turns if turn.speaker in speakers)


def _shortfall(count: int, bounds: SpeakerBounds, notices: tuple[Notice, ...]) -> tuple[Notice, ...]:
    """A notice when there are too few speakers, unless the diarizer's own ``notices`` report it."""
    if count == 0 or count >= bounds.minimum or any(notice.code == "fewer_speakers" for notice in notices):
        return ()
    message = f"{bounds.minimum} speakers were asked for, but only {count} could be distinguished"
    return (Notice("fewer_speakers", message),)


def _run(tracks: Tracks, models: StageModels, settings: DiarizationConfig, progress: Progress) -> Diarization:
    diarization = diarize_tracks(tracks.tracks, models.diarizer, settings, progress)
    return replace(diarization, notices=(*tracks.notices, *diarization.notices))


STAGE = Stage(
    name="diarization",
    version=1,
    run=_run,
    uses=("diarizer", "embedder"),
    settings=DiarizationConfig,
    codec=DataclassCodec(Diarization),
)
