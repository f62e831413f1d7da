"""Identification: speakers of a recording are named by the voice prints of a gallery, or stay unnamed.

Nothing of it is stored: the stage has no codec, and embeddings are in no result.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config.schema import IdentificationConfig
from pipeline.core.errors import SettingsError
from pipeline.core.events import Progress
from pipeline.core.identity import Identity
from pipeline.core.stage import Stage, StageModels
from pipeline.core.timeline import single_speaker
from pipeline.gallery.people import Person
from pipeline.models.protocols import Diarization, Embedder, NameCalibration
from pipeline.stages.channels.tracks import Tracks
from pipeline.stages.identification.matching import identify
from pipeline.stages.identification.speech import SpeakerVoice, embed_speaker


def speaker_voices(
    tracks: Tracks, diarization: Diarization, embedder: Embedder, both_bands: bool = True
) -> dict[str, SpeakerVoice]:
    """The embeddings of each speaker, by label in order of the first turn."""
    voices: dict[str, SpeakerVoice] = {}
    for number, track in enumerate(tracks.tracks):
        spans = single_speaker(diarization.turns_on(number))
        for speaker in dict.fromkeys(turn.speaker for turn in diarization.turns_on(number)):
            voices[speaker] = embed_speaker(track.audio, spans.get(speaker, ()), embedder, both_bands)
    return voices


def not_measured() -> SettingsError:
    """The error for an embedder without limits for names."""
    hint = "choose one that was: --set embedding.model=campplus"
    return SettingsError("this speaker embedding model was not measured for names", hint=hint)


def limits_of(embedder: Embedder, settings: IdentificationConfig) -> NameCalibration:
    """The limits of the settings, else the embedder's; raises `SettingsError` for an embedder without any."""
    declared = embedder.calibration.names
    if declared is None:
        raise not_measured()
    return NameCalibration(
        wide=settings.threshold if settings.threshold is not None else declared.wide,
        narrow=settings.narrow_threshold if settings.narrow_threshold is not None else declared.narrow,
        margin=settings.margin if settings.margin is not None else declared.margin,
    )


def _run(
    tracks: Tracks,
    diarization: Diarization,
    people: Sequence[Person],
    models: StageModels,
    settings: IdentificationConfig,
    progress: Progress,
) -> tuple[Identity, ...]:
    limits = limits_of(models.embedder, settings)
    both_bands = any(all(each.band != "wide" for each in person.prints) for person in people)
    voices = speaker_voices(tracks, diarization, models.embedder, both_bands)
    return identify(voices, people, limits, settings.min_seconds)


STAGE = Stage(name="identification", version=1, run=_run, uses=("embedder",), settings=IdentificationConfig)
