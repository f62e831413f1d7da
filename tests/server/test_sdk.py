"""OpenAI's official SDK against a server, unchanged but for the address."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import openai
import pytest
from openai.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionTextSegmentEvent,
    TranscriptionVerbose,
)

from pipeline.core.types import Word
from pipeline.server.audio_request import ALIASES, models
from pipeline.server.work import ReplyFormat
from tests import world
from tests.server.conftest import RunningServer
from tests.server.event_loop import run

pytestmark = pytest.mark.slow

FORMATS: tuple[ReplyFormat, ...] = get_args(ReplyFormat)
TYPES = {"json": Transcription, "verbose_json": TranscriptionVerbose, "diarized_json": TranscriptionDiarized}
TEXT = "a1 a2 b3 b4 a5"
"""The words of the recording `world.OVERLAPPING`."""


def monologue(speaker: str, seconds: float, start: float = 0.0) -> tuple[Word, ...]:
    """Words of one speaker without a pause between them."""
    return tuple(
        Word(start + n / 2, start + n / 2 + 0.48, f"{speaker}{n % 24}", 0.9) for n in range(round(2 * seconds))
    )


@pytest.fixture
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, ``a`` and ``b``, 6 s each."""
    folder = tmp_path_factory.mktemp("meeting")
    return world.write_wav(folder / "meeting.wav", (*monologue("a", 6), *monologue("b", 6, start=7)), 14.0)


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Data URLs of people by the letter of their words, and of one clip that is too short and one too long."""
    folder = tmp_path_factory.mktemp("references")
    lengths = {"b": 7.0, "c": 7.0, "short": 1.5, "long": 12.0}
    urls: dict[str, str] = {}
    for name, length in lengths.items():
        words = monologue(name[0] if len(name) == 1 else "a", length - 0.5)
        clip = world.write_wav(folder / f"{name}.wav", words, length)
        urls[name] = f"data:audio/wav;base64,{base64.b64encode(clip.read_bytes()).decode()}"
    return urls


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("known", [False, True])
def test_every_format(
    client: openai.OpenAI, meeting: Path, references: dict[str, str], name: ReplyFormat, known: bool
) -> None:
    people: dict[str, Any] = {"known_speaker_names": ["Bo"], "known_speaker_references": [references["b"]]}
    with meeting.open("rb") as file:
        answer: Any = client.audio.transcriptions.create(
            file=file, model="gpt-4o-transcribe-diarize", response_format=name, **(people if known else {})
        )
    text = answer if isinstance(answer, str) else answer.text
    assert isinstance(answer, TYPES.get(name, str))
    assert "a0" in text
    assert "b11" in text
    if name in ("srt", "vtt"):
        assert ("Bo" in text) == known
        assert text.count(" --> ") > 1
    if isinstance(answer, TranscriptionDiarized):
        assert [segment.speaker for segment in answer.segments] == ["A", "Bo" if known else "B"]
        assert answer.to_dict() == TranscriptionDiarized.model_validate(answer.to_dict()).to_dict()
    if isinstance(answer, TranscriptionVerbose):
        assert answer.segments
        assert answer.words is None
        assert (answer.language, answer.duration) == ("english", 14.0)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("known", [False, True])
def test_every_format_as_a_stream(
    client: openai.OpenAI, meeting: Path, references: dict[str, str], name: ReplyFormat, known: bool
) -> None:
    people: dict[str, Any] = {"known_speaker_names": ["Bo"], "known_speaker_references": [references["b"]]}
    given = people if known else {}
    with meeting.open("rb") as file:
        stream: Any = client.audio.transcriptions.create(
            file=file, model="whisper-1", response_format=name, stream=True, **given
        )
        events = list(stream)
    *before, last = events
    assert isinstance(last, TranscriptionTextDoneEvent)
    assert "".join(event.delta for event in before if isinstance(event, TranscriptionTextDeltaEvent)) == last.text
    segments = [event for event in before if isinstance(event, TranscriptionTextSegmentEvent)]
    assert [segment.speaker for segment in segments] == (
        ["A", "Bo" if known else "B"] if name == "diarized_json" else []
    )
    with meeting.open("rb") as file:
        whole: Any = client.audio.transcriptions.create(file=file, model="whisper-1", response_format=name, **given)
    assert last.text.strip() == (whole if isinstance(whole, str) else whole.text).strip()


def test_words_with_times_and_probabilities(client: openai.OpenAI, tone_file: Path) -> None:
    with tone_file.open("rb") as file:
        answer = client.audio.transcriptions.create(
            file=file, model="whisper-1", response_format="verbose_json", timestamp_granularities=["word", "segment"],
            prompt="Tones.", temperature=0, language="en",
        )  # fmt: skip
    assert answer.words
    assert answer.segments
    found = [(word.word, round(word.start, 2), round(word.end, 2)) for word in answer.words]
    assert found == [(word.text, word.start, word.end) for word in world.OVERLAPPING]
    assert {word.to_dict()["probability"] for word in answer.words} == {0.9}
    assert [segment.text for segment in answer.segments] == ["a1 a2", "b3 b4", "a5"]


def test_overlapping_segments(client: openai.OpenAI, tone_file: Path) -> None:
    with tone_file.open("rb") as file:
        answer = client.audio.transcriptions.create(
            file=file, model="gpt-4o-transcribe-diarize", response_format="diarized_json",
            chunking_strategy={"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300},
        )  # fmt: skip
    one, two, _ = answer.segments
    assert two.start < one.end
    assert one.to_dict()["overlap"] is True
    assert answer.text == TEXT


def test_log_probabilities_and_ignored_fields(client: openai.OpenAI, tone_file: Path) -> None:
    with tone_file.open("rb") as file:
        raw = client.audio.transcriptions.with_raw_response.create(
            file=file, model="gpt-4o-transcribe", include=["logprobs"], temperature=0.4, languages=["en", "de"],
            keywords=["tone"], chunking_strategy="auto", extra_body={"speakers": 2},
        )  # fmt: skip
    answer = raw.parse()
    assert raw.headers["crosstalk-ignored"].split(", ") == ["temperature", "chunking_strategy", "languages", "keywords"]
    assert answer.logprobs
    assert "".join(item.token or "" for item in answer.logprobs) == answer.text == TEXT


def test_bytes_and_tuples_as_files(client: openai.OpenAI, tone_file: Path) -> None:
    content = tone_file.read_bytes()
    for file in (content, ('Gespräch "1".wav', content), ("talk.wav", content, "audio/wav"), tone_file):
        assert client.audio.transcriptions.create(file=file, model="crosstalk").text == TEXT


def test_the_asynchronous_client(server: RunningServer, tone_file: Path) -> None:
    async def texts() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            requests = [client.audio.transcriptions.create(file=tone_file, model="gpt-transcribe") for _ in range(4)]
            stream = await client.audio.transcriptions.create(file=tone_file, model="gpt-transcribe", stream=True)
            streamed = [event.text async for event in stream if isinstance(event, TranscriptionTextDoneEvent)]
            return [*streamed, *(answer.text for answer in await asyncio.gather(*requests))]

    assert run(texts()) == [TEXT] * 5


def test_strangers_stay_strangers(client: openai.OpenAI, meeting: Path, references: dict[str, str]) -> None:
    answer = client.audio.transcriptions.create(
        file=meeting, model="gpt-4o-transcribe-diarize", response_format="diarized_json",
        known_speaker_names=["A", "Bo"], known_speaker_references=[references["c"], references["b"]],
    )  # fmt: skip
    assert [segment.speaker for segment in answer.segments] == ["B", "Bo"]


@pytest.mark.parametrize("length", ["short", "long"])
def test_references_of_a_wrong_length(
    client: openai.OpenAI, meeting: Path, references: dict[str, str], length: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.transcriptions.create(
            file=meeting, model="gpt-4o-transcribe-diarize", response_format="diarized_json",
            known_speaker_names=["Bo", "Al"], known_speaker_references=[references["b"], references[length]],
        )  # fmt: skip
    assert caught.value.param == "known_speaker_references"
    assert "known_speaker_references[1]" in caught.value.message


class TestErrors:
    def test_they_are_the_sdks_exceptions(self, client: openai.OpenAI, tone_file: Path) -> None:
        with pytest.raises(openai.NotFoundError) as missing:
            client.audio.transcriptions.create(file=tone_file, model="gpt-5")
        assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
        with pytest.raises(openai.BadRequestError) as wrong:
            client.audio.transcriptions.create(file=tone_file, model="whisper-1", extra_body={"voice": "x"})
        assert (wrong.value.type, wrong.value.param) == ("invalid_request_error", "voice")
        with pytest.raises(openai.BadRequestError) as broken:
            client.audio.transcriptions.create(file=("a.wav", b"no sound"), model="whisper-1")
        assert broken.value.code == "invalid_recording"

    def test_they_are_raised_in_a_stream(self, client: openai.OpenAI) -> None:
        stream = client.audio.transcriptions.create(file=("a.wav", b"no sound"), model="crosstalk", stream=True)
        with pytest.raises(openai.APIError) as caught:
            list(stream)
        assert caught.value.code == "invalid_recording"

    def test_an_upload_that_is_too_large(self, server: RunningServer, tmp_path: Path) -> None:
        from tests.server.conftest import running

        limited = replace(server.settings, folder=tmp_path / "limited", max_upload=100_000, workers=1)
        with (
            running(limited) as small,
            openai.OpenAI(base_url=f"{small.url}/v1", api_key="none", max_retries=0) as client,
            pytest.raises(openai.APIStatusError) as caught,
        ):
            client.audio.transcriptions.create(file=("a.wav", bytes(3_000_000)), model="crosstalk")
        assert (caught.value.status_code, caught.value.code) == (413, "too_large")


def test_models(client: openai.OpenAI) -> None:
    listed = client.models.list()
    assert tuple(model.id for model in listed) == models()
    assert client.models.retrieve("whisper-1").id == "whisper-1"
    assert set(ALIASES) < {model.id for model in listed}
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-5")
    assert caught.value.code == "model_not_found"
