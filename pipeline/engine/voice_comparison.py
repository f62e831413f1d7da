"""Voice prints of recordings, and voices compared with each other, by the models of a run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline import media
from pipeline.config.schema import Config, assign
from pipeline.core.errors import InputError, SettingsError
from pipeline.core.events import Progress, ignore, no_progress
from pipeline.core.identity import Identity
from pipeline.core.timeline import single_speaker, turns_of
from pipeline.core.types import Transcript
from pipeline.engine.artifact_cache import NoCache
from pipeline.engine.enrollment import Enrollment, clip_prints, embedder_identity, voice_prints
from pipeline.engine.model_pool import ModelPool, RecordingModels
from pipeline.engine.runner import StageRunner
from pipeline.gallery.people import Person, VoicePrint
from pipeline.media import Decoded
from pipeline.models.protocols import Embedder, NameCalibration
from pipeline.stages.channels.stage import STAGE as CHANNELS
from pipeline.stages.diarization.stage import STAGE as DIARIZATION
from pipeline.stages.identification.matching import identify, rank
from pipeline.stages.identification.speech import SpeakerVoice, embed_speaker
from pipeline.stages.identification.stage import limits_of

ONE_TRACK = {
    "diarization.channels": "mix",
    "diarization.roles": None,
    "diarization.speakers": None,
    "diarization.min_speakers": None,
    "diarization.max_speakers": None,
}
"""Settings under which a clip of one person is diarized."""


class VoiceComparison:
    """Makes voice prints, and compares them; recordings are given as to `pipeline.Transcriber`."""

    def __init__(self, models: ModelPool, config: Config) -> None:
        self._models, self._config = models, config

    @functools.cached_property
    def identity(self) -> str:
        """What `VoicePrint.embedder` holds for these settings."""
        return embedder_identity(self._config, self._models.identities)

    @property
    def limits(self) -> NameCalibration:
        """The limits from which a similarity names a person; `SettingsError` for an embedder without any."""
        return limits_of(self._embedder, self._config.identification)

    def enroll(self, recording: object, sample_rate: float | None = None) -> tuple[VoicePrint, ...]:
        """The voice prints of a clip in which one person speaks; nothing of it is kept in the cache.

        Raises `InputError` for a clip without speech, with too little of it, or in which two people speak.
        """
        return self.enroll_decoded(*media.open_input(recording, sample_rate, self._config.input.track))

    def enroll_decoded(self, name: str, decode: Callable[[Progress], Decoded]) -> tuple[VoicePrint, ...]:
        """The same of the clip that ``decode`` returns and that is called ``name``."""
        runner = StageRunner(RecordingModels(self._models), assign(self._config, ONE_TRACK), NoCache(), ignore)
        tracks = runner.run(CHANNELS, runner.decode(decode))
        turns = runner.run(DIARIZATION, tracks).turns
        return clip_prints(tracks.tracks[0].audio, turns, self._enrollment(name))

    def enroll_speaker(self, recording: object, transcript: Transcript, speaker: str) -> tuple[VoicePrint, ...]:
        """The voice prints of one speaker of a transcribed recording, from where they speak alone."""
        decoded, enrollment = self._decoded(recording, transcript)
        return voice_prints(decoded.audio, single_speaker(turns_of(transcript)).get(speaker, ()), enrollment)

    def of_speakers(self, recording: object, transcript: Transcript) -> dict[str, SpeakerVoice]:
        """The embeddings of each speaker of a transcribed recording, from where they speak alone."""
        decoded, enrollment = self._decoded(recording, transcript)
        spans = single_speaker(turns_of(transcript))
        return {s: embed_speaker(decoded.audio, own, enrollment.embedder, both_bands=True) for s, own in spans.items()}

    def verify(self, recording: object, people: Sequence[Person]) -> Identity:
        """Which of the people speaks in a clip with one speaker; raises `InputError` as `enroll` does."""
        voice = _voice(self.enroll(recording))
        (identity,) = identify({"speaker": voice}, people, self.limits, self._config.identification.min_seconds)
        return identity

    def similar(self, prints: Sequence[VoicePrint], people: Sequence[Person]) -> tuple[tuple[str, float], ...]:
        """The people whose voice prints are near enough to these to be one person's, with the similarity."""
        usable = [replace(person, prints=person.prints_of(prints[0].embedder)) for person in people]
        limits = self.limits
        ranked = rank(_voice(prints), usable, limits)
        return tuple((each.name, each.score) for each in ranked if each.score >= limits.of(each.band))

    def _decoded(self, recording: object, transcript: Transcript) -> tuple[Decoded, Enrollment]:
        """The transcript's recording, decoded, and what makes voice prints of it; `InputError` for another one."""
        name, decode = media.open_input(recording, None, self._config.input.track)
        decoded = decode(no_progress)
        if transcript.provenance and decoded.sha256 != transcript.provenance.sha256:
            raise InputError("this is not the recording of the transcript: its bytes differ", where=name)
        return decoded, self._enrollment(name)

    def _enrollment(self, source: str) -> Enrollment:
        return Enrollment(self._embedder, self.limits, self.identity, source)

    @property
    def _embedder(self) -> Embedder:
        embedder = self._models.embedder
        if embedder is None:
            raise SettingsError("these settings use no speaker embedding model", hint="set identification.names")
        return embedder


def _voice(prints: Sequence[VoicePrint]) -> SpeakerVoice:
    return SpeakerVoice(prints[0].seconds, {each.band: each.array for each in prints})
