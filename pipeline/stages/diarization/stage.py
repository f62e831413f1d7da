"""Stage one, who speaks when: the model's turns made tidy, its count of speakers checked."""

from __future__ import annotations

from dataclasses import replace

from pipeline.config.channel_roles import Role
from pipeline.config.schema import DiarizationConfig
from pipeline.core.audio import Audio
from pipeline.core.codecs import DataclassCodec
from pipeline.core.events import Progress, no_progress
from pipeline.core.stage import Models, Stage
from pipeline.core.timeline import normalize, relabel, shifted
from pipeline.core.types import Notice, Turn
from pipeline.models.protocols import Diarization, Diarizer, SpeakerBounds
from pipeline.stages.channels.tracks import Tracks


def diarize_tracks(
    tracks: Tracks, diarizer: Diarizer, config: DiarizationConfig, progress: Progress = no_progress
) -> Diarization:
    """The turns of the recording; of a call, those of each channel for itself, on the clock of the tape."""
    if not tracks.roles:
        found = diarize(tracks.audio, diarizer, config, progress)
        return replace(found, notices=(*tracks.notices, *found.notices))
    turns: list[Turn] = []
    notices: list[Notice] = []
    for number, role in enumerate(tracks.roles):
        found = diarize(tracks.track(number), diarizer, _alone(config, role))
        turns += shifted(_named(found.turns, role), number * tracks.stride)
        notices += found.notices
        progress(number + 1, len(tracks.roles))
    return Diarization(tuple(turns), tuple(notices))


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
    """What the settings say of the number of speakers."""
    if config.speakers is not None:
        return SpeakerBounds(config.speakers, config.speakers)
    return SpeakerBounds(config.min_speakers or 1, config.max_speakers)


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


def _run(tracks: Tracks, models: Models, settings: DiarizationConfig, progress: Progress) -> Diarization:
    return diarize_tracks(tracks, models.diarizer, settings, progress)


STAGE = Stage(
    name="diarization",
    version=1,
    run=_run,
    uses=("diarizer", "embedder"),
    settings=DiarizationConfig,
    codec=DataclassCodec(Diarization),
)
