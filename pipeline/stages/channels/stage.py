"""The stage that splits a recording into the tracks that the later stages process."""

from __future__ import annotations

from pipeline.config.schema import DiarizationConfig
from pipeline.core.events import Progress
from pipeline.core.stage import Stage, StageModels
from pipeline.media import Decoded
from pipeline.stages.channels.tracks import Tracks, split_channels


def _run(recording: Decoded, models: StageModels, settings: DiarizationConfig, progress: Progress) -> Tracks:
    return split_channels(recording.audio, settings)


STAGE = Stage(name="channels", version=1, run=_run, settings=DiarizationConfig)
