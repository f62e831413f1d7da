"""Stage one, who speaks when: the model's turns made tidy, its count of speakers checked."""

from __future__ import annotations

from dataclasses import replace

from pipeline.audio import Audio
from pipeline.config import DiarizationConfig
from pipeline.events import Progress, no_progress
from pipeline.protocols import Diarization, Diarizer, SpeakerCount
from pipeline.roles import Role
from pipeline.stages.channels import Tracks
from pipeline.timeline import renamed, shifted, tidy
from pipeline.values import Notice, Turn


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
    kept = _longest(tidy(found.turns, audio.duration), count.most)
    notices = (*found.notices, *_shortfall(len({turn.speaker for turn in kept}), count, found.notices))
    return Diarization(renamed(kept), notices)


def speaker_count(config: DiarizationConfig) -> SpeakerCount:
    """What the settings say of the number of speakers."""
    if config.speakers is not None:
        return SpeakerCount(config.speakers, config.speakers)
    return SpeakerCount(config.min_speakers or 1, config.max_speakers)


def _alone(config: DiarizationConfig, role: Role) -> DiarizationConfig:
    return replace(config, speakers=role.people, min_speakers=None, max_speakers=None)


def _named(turns: tuple[Turn, ...], role: Role) -> tuple[Turn, ...]:
    """The voices of one channel: the role, numbered where several people share it."""
    if role.people == 1:
        return tuple(replace(turn, speaker=role.name) for turn in turns)
    numbers = {speaker: i for i, speaker in enumerate(dict.fromkeys(turn.speaker for turn in turns), 1)}
    return tuple(replace(turn, speaker=f"{role.name}_{numbers[turn.speaker]}") for turn in turns)


def _longest(turns: tuple[Turn, ...], most: int | None) -> tuple[Turn, ...]:
    talk: dict[str, float] = {}
    for turn in turns:
        talk[turn.speaker] = talk.get(turn.speaker, 0.0) + turn.duration
    kept = sorted(talk, key=lambda speaker: (-talk[speaker], speaker))[:most]
    return tuple(turn for turn in turns if turn.speaker in kept)


def _shortfall(found: int, count: SpeakerCount, said: tuple[Notice, ...]) -> tuple[Notice, ...]:
    if found == 0 or found >= count.least or any(notice.code == "fewer_speakers" for notice in said):
        return ()
    message = f"asked for {count.least} speakers, but only {found} could be told apart in the speech there is"
    return (Notice("fewer_speakers", message),)
