"""Stage one, who speaks when: the model's turns made tidy, its count of speakers checked."""

from __future__ import annotations

from pipeline.audio import Audio
from pipeline.config import DiarizationConfig
from pipeline.events import Progress, no_progress
from pipeline.protocols import Diarization, Diarizer, SpeakerCount
from pipeline.timeline import renamed, tidy
from pipeline.values import Notice, Turn


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
