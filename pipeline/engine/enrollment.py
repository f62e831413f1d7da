"""Voice prints: of a clip with one speaker, or of one speaker of a transcribed recording.

A voice print is of one embedder with its options and weights, and of one way to choose the speech: both are its
identity, and voice prints of another identity are never compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pipeline.config.schema import Config
from pipeline.core.audio import Audio
from pipeline.core.errors import InputError, printable
from pipeline.core.timeline import single_speaker
from pipeline.core.types import Span, Turn
from pipeline.engine.artifact_cache import recipe_key
from pipeline.engine.stage_keys import model_identity
from pipeline.gallery.people import VoicePrint, encoded_vector
from pipeline.models.protocols import Embedder, NameCalibration
from pipeline.stages.identification.speech import SPEECH_VERSION, SpeakerVoice, common_band, embed_speaker

MIN_SECONDS: Final = 2.0
"""Fewest seconds of speech of a voice print. Chosen by hand; less speech gives other vectors each time."""
HALVES: Final = 10.0
"""Fewest seconds of speech whose halves are compared. On clean speech, 1 of 100 pairs of pieces of 5 s of one speaker
have a similarity below 0.6; those of 2 s vary too much. The halves may be below the limit by the margin."""


def embedder_identity(config: Config, weights: Mapping[str, str]) -> str:
    """What `VoicePrint.embedder` holds: the embedder's name, and a hash of all that changes its vectors.

    Versions of packages are left out: they change last digits only.
    """
    identity = model_identity("embedder", config, weights)
    identity.pop("packages", None)
    return f"{identity['name']} {recipe_key(speech=SPEECH_VERSION, **identity)[:12]}"


@dataclass(frozen=True, slots=True)
class Enrollment:
    """How voice prints of one recording are made: the embedder, its limits and identity, and the recording's name."""

    embedder: Embedder
    limits: NameCalibration
    identity: str
    source: str


def clip_prints(audio: Audio, turns: Sequence[Turn], enrollment: Enrollment) -> tuple[VoicePrint, ...]:
    """The voice prints of a clip with one speaker; `InputError` for one without enough speech or with two people.

    A second speaker with too little speech for a voice print is left out.
    """
    spans = single_speaker(turns)
    if not spans:
        raise InputError(
            "no speech was found in it", where=enrollment.source, hint="give a clip of one person who speaks"
        )
    others = _other_people(audio, spans, enrollment) if len(spans) > 1 else set()
    return voice_prints(audio, [span for s, own in spans.items() if s not in others for span in own], enrollment)


def _other_people(audio: Audio, spans: Mapping[str, Sequence[Span]], enrollment: Enrollment) -> set[str]:
    """The speakers who are not the one with the most speech; `InputError` for one with enough for a voice print."""
    voices = {s: embed_speaker(audio, own, enrollment.embedder, both_bands=True) for s, own in spans.items()}
    main = max(voices, key=lambda speaker: voices[speaker].seconds)
    others = {s for s, voice in voices.items() if _similarity(voice, voices[main], enrollment.limits) < 0}
    for speaker in sorted(others):
        if voices[speaker].seconds >= MIN_SECONDS:
            what = f"two people speak in it ({voices[main].seconds:.1f} and {voices[speaker].seconds:.1f} s)"
            raise InputError(what, where=enrollment.source, hint="cut it to the one person")
    return others


def voice_prints(audio: Audio, spans: Sequence[Span], enrollment: Enrollment) -> tuple[VoicePrint, ...]:
    """The voice prints of the speaker who is alone in the spans; `InputError` for too little speech, and where its
    halves are not one voice."""
    voice = embed_speaker(audio, spans, enrollment.embedder, both_bands=True)
    if voice.seconds < MIN_SECONDS or not voice.vectors:
        what = f"{voice.seconds:.1f} s of speech by one person alone, at least {MIN_SECONDS:g} s are needed"
        raise InputError(what, where=enrollment.source, hint="give a longer clip: ten seconds are good")
    if voice.seconds >= HALVES:
        first, second = (embed_speaker(audio, half, enrollment.embedder, both_bands=True) for half in _halves(spans))
        if _similarity(first, second, enrollment.limits) < -enrollment.limits.margin:
            what = "the first and the second half of its speech differ: two people, music or noise"
            raise InputError(what, where=enrollment.source, hint="give a clip of one person who speaks")
    today = date.today().isoformat()
    return tuple(
        VoicePrint(
            encoded_vector(vector),
            band,
            round(voice.seconds, 2),
            enrollment.identity,
            printable(enrollment.source),
            today,
        )
        for band, vector in voice.vectors.items()
    )


def _similarity(one: SpeakerVoice, other: SpeakerVoice, limits: NameCalibration) -> float:
    """The similarity of two pieces of speech, from the limit that names someone; −1 without a common band."""
    band = common_band(one.vectors, other.vectors)
    return float(one.vectors[band] @ other.vectors[band]) - limits.of(band) if band else -1.0


def _halves(spans: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """The spans before and after half of their time."""
    half = sum(span.duration for span in spans) / 2
    first: list[Span] = []
    second: list[Span] = []
    passed = 0.0
    for span in sorted(spans):
        cut = min(max(span.start + half - passed, span.start), span.end)
        first += [Span(span.start, cut)] if cut > span.start else []
        second += [Span(cut, span.end)] if cut < span.end else []
        passed += span.duration
    return first, second
