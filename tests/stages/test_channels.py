"""Stereo calls of synthetic tones: each channel is a speaker, no word is doubled, and other recordings are mixed."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.audio import RATE, Audio, Samples
from pipeline.core.errors import SettingsError
from pipeline.core.types import Transcript, Word
from pipeline.engine.artifact_cache import DiskCache, NoCache
from pipeline.engine.model_pool import ModelPool, RecordingModels
from pipeline.engine.pipeline import run_pipeline
from pipeline.engine.runner import StageRunner
from pipeline.media import Decoded
from pipeline.media.downmix import downmix
from pipeline.models.synthetic import synthesize
from pipeline.models.weights import Store
from tests import world
from tests.max_examples import at_most
from tests.tones import conversations

AGENT = (Word(0.5, 1.5, "a1"), Word(1.6, 2.6, "a2"), Word(5.0, 6.0, "a3"))
CUSTOMER = (Word(2.2, 3.2, "b1"), Word(3.4, 4.4, "b2"), Word(5.5, 5.9, "b3"))
SECONDS = 8.0


def tones(words: tuple[Word, ...], seconds: float = SECONDS) -> Samples:
    return synthesize(words, seconds) * 4


def transcribe(channels: list[Samples], changes: dict[str, Any] | None = None, cache: Any = None) -> Transcript:
    """The transcript of a recording with these channels, mixed as the decoder mixes them."""
    mix = downmix(np.stack(channels, axis=1))
    sha256 = hashlib.sha256(np.stack(channels).tobytes()).hexdigest()
    recording = Decoded(Audio(mix.samples, RATE, mix.channels), sha256, True, mix.notices, len(mix.samples) / RATE)
    config = world.settings(changes)
    models = RecordingModels(ModelPool(config, Store()))
    runner = StageRunner(models, config, cache or NoCache(), lambda event: None)
    return run_pipeline(lambda progress: recording, "call.wav", runner)


def lines(transcript: Transcript) -> dict[str, list[tuple[str, float]]]:
    words: dict[str, list[tuple[str, float]]] = {}
    for utterance in transcript.utterances:
        words.setdefault(utterance.speaker, []).extend((w.text, round(w.start, 2)) for w in utterance.words)
    return words


def line_of(words: tuple[Word, ...]) -> list[tuple[str, float]]:
    return [(word.text, round(word.start, 2)) for word in words]


CHANGES = [{}, {"separation.backend": "synthetic", "recognition.strategy": "streams"}]


@pytest.mark.parametrize("changes_of_stages", CHANGES)
@pytest.mark.parametrize("echo", [0.0, 0.3])
def test_each_channel_is_a_role_and_no_word_is_doubled(echo: float, changes_of_stages: dict[str, str]) -> None:
    left, right = tones(AGENT), tones(CUSTOMER)
    late = np.pad(left, (400, 0))[: len(left)]  # 25 ms
    transcript = transcribe([left, right + echo * late], {"diarization.roles": "agent,customer", **changes_of_stages})
    for role, words in (("agent", AGENT), ("customer", CUSTOMER)):
        line = lines(transcript)[role]
        assert [text for text, _ in line] == [word.text for word in words]
        assert [start for _, start in line] == pytest.approx([word.start for word in words], abs=0.03)
    assert transcript.duration == SECONDS
    assert {region.separator for region in transcript.overlaps} == {"channels with echo" if echo else "channels"}
    both = next(region for region in transcript.overlaps if region.start > 5)
    assert {tones.speaker: tones.text for tones in both.evidence} == {"agent": "a3", "customer": "b3"}


@at_most(30)
@given(conversations(speakers="ab", most=6))
def test_every_word_of_both_channels_once(words: tuple[Word, ...]) -> None:
    seconds = max((word.end for word in words), default=0.0) + 1.0
    by_channel = [tuple(word for word in words if word.text[0] == name) for name in "ab"]
    transcript = transcribe([tones(channel, seconds) for channel in by_channel], {"diarization.channels": "split"})
    if all(by_channel):
        assert lines(transcript) == {f"CHANNEL_{n}": line_of(channel) for n, channel in enumerate(by_channel, 1)}
    assert Counter(w.text for w in transcript.words) == Counter(w.text for w in words)
    assert not any(region.leaked for region in transcript.overlaps)


def test_the_same_word_at_the_same_time_is_kept_on_both_channels() -> None:
    bye = (Word(1.0, 2.0, "a7"),)
    more = (Word(3.0, 4.0, "a8"),)
    transcript = transcribe([tones(bye + more), tones(bye)], {"diarization.channels": "split"})
    assert lines(transcript) == {"CHANNEL_1": line_of(bye + more), "CHANNEL_2": line_of(bye)}


def test_dual_mono_and_antiphase_are_one_recording() -> None:
    both = tones(AGENT) + tones(CUSTOMER)
    for other in (both, both * 0.8, -both):
        transcript = transcribe([both, other])
        assert set(transcript.speakers) == {"SPEAKER_00", "SPEAKER_01"}
        assert Counter(word.text for word in transcript.words) == Counter(word.text for word in AGENT + CUSTOMER)
    assert [notice.code for notice in transcript.notices] == ["antiphase"]


def test_a_room_with_two_microphones_is_no_call() -> None:
    both = (tones(AGENT) + tones(CUSTOMER)) / 3
    near = np.pad(both, (48, 0))[: len(both)] * 0.7
    assert transcribe([both, near]).speakers == ("SPEAKER_00", "SPEAKER_01")


def test_speech_on_one_channel_only_is_no_call_without_roles() -> None:
    quiet = np.zeros(int(SECONDS * RATE), np.float32)
    assert transcribe([tones(AGENT), quiet]).speakers == ("SPEAKER_00",)
    assert transcribe([tones(AGENT), quiet], {"diarization.roles": "agent,customer"}).speakers == ("agent",)


def test_a_channel_with_two_speakers_is_diarized_when_asked() -> None:
    third = (Word(6.5, 7.5, "c1"),)
    left, right = tones(AGENT), tones(CUSTOMER) + tones(third)
    transcript = transcribe([left, right], {"diarization.roles": "1=agent,2=diarize:2"})
    expected = {"agent": line_of(AGENT), "CHANNEL_2_1": line_of(CUSTOMER), "CHANNEL_2_2": line_of(third)}
    assert lines(transcript) == expected
    named = transcribe([left, right], {"diarization.roles": "agent,customer:2"})
    assert set(named.speakers) == {"agent", "customer_1", "customer_2"}


def test_mix_and_a_contradicting_count_mix() -> None:
    channels = [tones(AGENT), tones(CUSTOMER)]
    assert "SPEAKER_00" in transcribe(channels, {"diarization.channels": "mix"}).speakers
    assert transcribe(channels, {"diarization.speakers": 1}).speakers == ("SPEAKER_00",)
    assert set(transcribe(channels, {"diarization.speakers": 2}).speakers) == {"CHANNEL_1", "CHANNEL_2"}
    with pytest.raises(SettingsError, match="contradicts"):
        transcribe(channels, {"diarization.speakers": 1, "diarization.channels": "split"})


def test_unused_roles_are_reported_in_a_notice() -> None:
    (notice,) = world.transcribed(world.DIALOGUE, changes={"diarization.roles": "agent,customer"}).notices
    assert notice.code == "channels_mixed"


def test_a_cached_call_has_the_same_transcript(tmp_path: Any) -> None:
    channels = [tones(AGENT), tones(CUSTOMER)]
    changes_of_stages = {**CHANGES[1], "diarization.roles": "agent,customer:2"}
    cache = DiskCache(tmp_path)
    once, again = (transcribe(channels, changes_of_stages, cache) for _ in range(2))
    assert once == again


@at_most(20)
@given(st.integers(0, 30), st.integers(0, 3))
def test_silence_of_any_length_is_no_call(tenths: int, blocks: int) -> None:
    quiet = np.zeros((2, tenths * 160 + blocks * 3200 + 1), np.float32)
    quiet[0, 0] = 1e-4
    assert transcribe(list(quiet)).status == "no_speech"


@pytest.mark.parametrize("text", ["agent,agent", "1=a,1=b", "0=a", "a:0", "a,,b", "", "a:b"])
def test_an_invalid_role_is_refused(text: str) -> None:
    from pipeline.config.schema import check

    with pytest.raises(SettingsError, match="role"):
        check(world.settings({"diarization.roles": text}))


def test_a_role_for_a_channel_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match="channel 3"):
        transcribe([tones(AGENT), tones(CUSTOMER)], {"diarization.roles": "a,b,c"})
