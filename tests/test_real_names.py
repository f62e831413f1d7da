"""Names by voice prints with the default models: the two people of a call, a stranger, and clips that are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from pipeline import Transcriber, formats, media
from pipeline.config.schema import Config, assign
from pipeline.core.audio import RATE
from pipeline.core.errors import InputError
from pipeline.core.timeline import single_speaker
from pipeline.core.types import Span

pytestmark = [pytest.mark.weights, pytest.mark.slow]
HALF = 18.0
"""Second at which the call is divided: people are enrolled before it and looked for after it."""


@pytest.fixture(scope="module")
def clips(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each person says alone in the first part of the call, and its second part."""
    folder = tmp_path_factory.mktemp("clips")
    audio = media.decode(sample).audio
    reference = formats.load(sample.with_suffix(".rttm"))
    paths = {"call": str(folder / "call.wav")}
    media.export(audio.crop(Span(HALF, audio.duration)).copy(), paths["call"], "wav")
    for speaker, spans in single_speaker(reference.turns).items():
        pieces = [audio.crop(s) for s in spans if s.end <= HALF]
        paths[speaker] = str(folder / f"{speaker}.wav")
        media.export(np.concatenate(pieces), paths[speaker], "wav")
    return paths


def transcriber(known: Mapping[str, str]) -> Transcriber:
    settings = {"identification.known": dict(known), "diarization.speakers": 2, "runtime.offline": True}
    return Transcriber(assign(Config(), settings))


@pytest.mark.promise(27)
def test_the_people_of_a_call_are_named_and_a_stranger_is_not(clips: dict[str, str]) -> None:
    one, two = sorted(set(clips) - {"call"})
    both = transcriber({one: clips[one], two: clips[two]})(clips["call"])
    assert set(both.speakers) == {one, two}
    alone = transcriber({one: clips[one]})(clips["call"])
    assert [speaker for speaker in alone.speakers if not speaker.startswith("SPEAKER_")] == [one]
    label = next(identity.speaker for identity in both.identities if identity.name == one)
    assert [identity.speaker for identity in alone.identities if identity.name == one] == [label]


def test_clips_of_two_people_of_noise_and_of_music_are_refused(clips: dict[str, str]) -> None:
    enroll = transcriber({}).voices.enroll
    with pytest.raises(InputError, match=r"two people|differ"):
        enroll(clips["call"])
    time = np.arange(10 * RATE) / RATE
    noise = np.random.default_rng(0).normal(0, 0.05, len(time)).astype(np.float32)
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220.0, 277.2, 329.6)) * (1 - time % 0.5)
    for samples in (noise, (0.1 * chord).astype(np.float32), np.zeros(len(time), np.float32)):
        with pytest.raises(InputError, match=r"no speech|at least 2 s|differ"):
            enroll(samples, RATE)
