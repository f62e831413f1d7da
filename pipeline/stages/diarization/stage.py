"""Stage one, who speaks when: the model's turns made tidy, its count of speakers checked."""

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
from pipeline.stages.channels.stage import Tracks
from pipeline.stages.channels.tracks import Track


def diarize_tracks(
    tracks: Sequence[Track], diarizer: Diarizer, config: DiarizationConfig, progress: Progress = no_progress
) -> Diarization:
    """The turns of every track, diarized by itself; ``progress`` counts tracks where there are several."""
    if len(tracks) == 1:
        return _diarize_track(tracks[0], diarizer, config, progress)
    turns: list[Turn] = []
    notices: list[Notice] = []
    numbers: dict[str, int] = {}
    for number, track in enumerate(tracks):
        found = _diarize_track(track, diarizer, config)
        turns += found.turns
        notices += found.notices
        numbers |= dict.fromkeys((turn.speaker for turn in found.turns), number)
        progress(number + 1, len(tracks))
    return Diarization(tuple(sorted(turns)), tuple(notices), numbers)


def _diarize_track(
    track: Track, diarizer: Diarizer, config: DiarizationConfig, progress: Progress = no_progress
) -> Diarization:
    """One track's turns; on a channel, speakers are named after its role."""
    if track.role is None:
        return diarize(track.audio, diarizer, config, progress)
    found = diarize(track.audio, diarizer, _alone(config, track.role), progress)
    return replace(found, turns=_named(found.turns, track.role))


def diarize(
    audio: Audio, diarizer: Diarizer, config: DiarizationConfig, progress: Progress = no_progress
) -> Diarization:
    """Turns sorted, inside the recording, named by first appearance; no speaker overlaps himself.

    A model that finds more speakers than asked keeps those who talk longest; fewer are said in a notice (promise 12).
    """
    count = speaker_count(config)
    found = diarizer.diarize(audio, count, progress)
    kept = _longest(normalize(found.turns, audio.duration), count.maximum)
    notices = (*found.notices, *_shortfall(len({turn.speaker for turn in kept}), count, found.notices))
    return Diarization(relabel(kept), notices)


def speaker_count(config: DiarizationConfig) -> SpeakerBounds:
    """The bounds on the number of speakers in the settings."""
    return SpeakerBounds(*config.speaker_bounds)


def _alone(config: DiarizationConfig, role: Role) -> DiarizationConfig:
    return replace(config, speakers=role.speakers, min_speakers=None, max_speakers=None)


def _named(turns: tuple[Turn, ...], role: Role) -> tuple[Turn, ...]:
    """The voices of one channel: the role, numbered where several people share it."""
    if role.speakers == 1:
        return tuple(replace(turn, speaker=role.name) for turn in turns)
    numbers = {speaker: i for i, speaker in enumerate(dict.fromkeys(turn.speaker for turn in turns), 1)}
    return tuple(replace(turn, speaker=f"{role.name}_{numbers[turn.speaker]}") for turn in turns)


def _longest(turns: tuple[Turn, ...], most: int | None) -> tuple[Turn, ...]:
    talk: dict[str, float] = {}
    for turn in turns:
        talk[turn.speaker] = talk.get(turn.speaker, 0.0) + turn.duration
    kept = sorted(talk, key=lambda speaker: (-talk[speaker], speaker))[:most]
    return tuple(turn for turn in turns if turn.speaker in kept)


def _shortfall(found: int, count: SpeakerBounds, said: tuple[Notice, ...]) -> tuple[Notice, ...]:
    if found == 0 or found >= count.minimum or any(notice.code == "fewer_speakers" for notice in said):
        return ()
    message = f"asked for {count.minimum} speakers, but only {found} could be told apart in the speech there is"
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
