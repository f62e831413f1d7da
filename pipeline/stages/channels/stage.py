"""The stage that splits a recording into the tracks that the later stages process."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.config.schema import DiarizationConfig
from pipeline.core.events import Progress
from pipeline.core.stage import Stage, StageModels
from pipeline.core.types import Notice
from pipeline.media import Decoded
from pipeline.stages.channels.tracks import Track, split_channels


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The tracks of a recording, and notices about them."""

    tracks: tuple[Track, ...]
    notices: tuple[Notice, ...] = ()


def _run(recording: Decoded, models: StageModels, settings: DiarizationConfig, progress: Progress) -> Tracks:
    return Tracks(*split_channels(recording.audio, settings))


STAGE = Stage(name="channels", version=1, run=_run, settings=DiarizationConfig)
