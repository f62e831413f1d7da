"""Requests of the audio API: every spelling of a field, what each of them does, and what is refused."""

from __future__ import annotations

import base64
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.presets import load_preset, preset_names
from pipeline.config.schema import Config, assign, check
from pipeline.server.api_errors import ApiError, of_failure
from pipeline.server.audio_request import ALIASES, PROMPT_LENGTH, AudioRequest, models, parse
from pipeline.server.request_fields import LISTS, Fields
from pipeline.server.settings import ServerSettings
from pipeline.server.uploads import Form, Uploaded
from pipeline.server.work import Failed, Reply, ReplyFormat

CLIP = b"RIFF\0\0\0\0WAVE"
URL = f"data:audio/wav;base64,{base64.b64encode(CLIP).decode()}"
HOME = Path("unused")


def asked(*fields: tuple[str, str], config: Config | None = None, folder: Path = HOME) -> AudioRequest:
    """What a request with a recording and these fields asks for."""
    files = {"file": Uploaded(folder / "upload-0.wav", "talk.wav", 100)}
    server = ServerSettings(config=config or Config(), preset="default", folder=folder)
    return parse(Form(fields, files), folder, server)


def refusal(*fields: tuple[str, str], folder: Path = HOME) -> tuple[int, str | None, str | None]:
    """Status, code and parameter of the error of a request."""
    with pytest.raises(ApiError) as caught:
        asked(*fields, folder=folder)
    return caught.value.status, caught.value.code, caught.value.param


WORDS = st.text("abc de", min_size=1, max_size=8)


@given(values=st.lists(WORDS, max_size=5), name=st.sampled_from(LISTS), start=st.integers(0, 3))
def test_all_spellings_of_a_list_are_equal(values: list[str], name: str, start: int) -> None:
    plain = Fields([(name, value) for value in values])
    brackets = Fields([(f"{name}[]", value) for value in values])
    numbers = [(f"{name}[{start + number}]", value) for number, value in enumerate(values)]
    assert plain.values(name) == brackets.values(name) == tuple(values)
    assert Fields(numbers[::-1]).values(name) == Fields(numbers).values(name) == tuple(values)


def test_a_request_without_fields_has_the_servers_settings() -> None:
    request = asked()
    assert (request.config, request.reply, request.ignored, request.name) == (Config(), Reply(), (), "talk.wav")
    assert request.recording == HOME / "upload-0.wav"


@pytest.mark.parametrize(
    "name", ["model", "language", "prompt", "temperature", "response_format", "speakers", "preset"]
)
def test_an_empty_text_counts_as_a_missing_one(name: str) -> None:
    assert asked((name, "")) == asked()


class TestModels:
    @pytest.mark.parametrize("model", ["crosstalk", "crosstalk-default", *ALIASES])
    def test_the_servers_preset_has_many_names(self, model: str) -> None:
        assert asked(("model", model)).config == Config()

    @pytest.mark.parametrize("name", preset_names())
    def test_a_preset_changes_the_result_and_not_the_machine(self, name: str) -> None:
        own = assign(Config(), {"runtime.threads": 3, "identification.names": True, "assembly.pause": 2.0})
        for fields in ((("model", f"crosstalk-{name}"),), (("model", "whisper-1"), ("preset", name))):
            config = asked(*fields, config=own).config
            if name == "default":
                assert config == own
            else:
                wanted = load_preset(name)
                assert (config.recognition, config.assembly) == (wanted.recognition, wanted.assembly)
                assert (config.runtime, config.identification) == (own.runtime, own.identification)

    def test_others_are_refused(self) -> None:
        assert refusal(("model", "gpt-5")) == (404, "model_not_found", "model")
        assert refusal(("model", "crosstalk-best")) == (404, "model_not_found", "model")
        assert refusal(("preset", "best")) == (400, "invalid_value", "preset")
        assert refusal(("model", "crosstalk-fast"), ("preset", "better")) == (400, "invalid_value", "preset")

    def test_all_that_are_listed_exist(self) -> None:
        assert len(models()) == 1 + len(preset_names()) + len(ALIASES)
        for model in models():
            asked(("model", model))


class TestReplies:
    @pytest.mark.parametrize("name", ["json", "verbose_json", "diarized_json", "text", "srt", "vtt"])
    @pytest.mark.parametrize(("stream", "expected"), [("true", True), ("false", False), ("1", True), ("False", False)])
    def test_formats_and_streams(self, name: ReplyFormat, stream: str, expected: bool) -> None:
        assert asked(("response_format", name), ("stream", stream)).reply == Reply(name, expected)

    @pytest.mark.parametrize(
        ("given", "words", "segments"),
        [((), False, True), (("word",), True, False), (("segment",), False, True), (("word", "segment"), True, True)],
    )
    def test_granularities(self, given: tuple[str, ...], words: bool, segments: bool) -> None:
        fields = [("timestamp_granularities[]", each) for each in given]
        reply = asked(("response_format", "verbose_json"), *fields).reply
        assert (reply.words, reply.segments) == (words, segments)

    def test_log_probabilities(self) -> None:
        assert asked(("include[]", "logprobs")).reply == Reply("json", logprobs=True)
        assert refusal(("include[]", "logprobs"), ("response_format", "text")) == (400, "invalid_value", "include")
        assert refusal(("include[]", "all")) == (400, "invalid_value", "include")


class TestSpeakers:
    def test_numbers_replace_those_of_the_server(self) -> None:
        server = assign(Config(), {"diarization.min_speakers": 2, "diarization.max_speakers": 5})
        assert asked(config=server).config == server
        assert asked(("speakers", "3"), config=server).config.diarization.speaker_bounds == (3, 3)
        assert asked(("min_speakers", "4"), config=server).config.diarization.speaker_bounds == (4, None)
        both = asked(("min_speakers", "2"), ("max_speakers", "3")).config
        assert both.diarization.speaker_bounds == (2, 3)

    def test_channels_and_roles(self) -> None:
        config = asked(("channels", "split"), ("roles", "agent,customer")).config
        assert (config.diarization.channels, config.diarization.roles) == ("split", "agent,customer")

    @pytest.mark.parametrize(
        ("fields", "param"),
        [
            ([("speakers", "0")], "speakers"),
            ([("speakers", "1001")], "speakers"),
            ([("speakers", "two")], "speakers"),
            ([("speakers", "-1")], "speakers"),
            ([("speakers", "9" * 5000)], "speakers"),
            ([("max_speakers", "1.5")], "max_speakers"),
            ([("speakers", "2"), ("min_speakers", "2")], "speakers"),
            ([("min_speakers", "3"), ("max_speakers", "2")], "min_speakers"),
            ([("channels", "left")], "channels"),
            ([("roles", "agent,agent")], "roles"),
            ([("roles", "=")], "roles"),
        ],
    )
    def test_wrong_values(self, fields: list[tuple[str, str]], param: str) -> None:
        assert refusal(*fields) == (400, "invalid_value", param)

    def test_known_speakers(self, tmp_path: Path) -> None:
        server = assign(Config(), {"identification.known": {"Cem": "cem.wav"}})
        fields = [("known_speaker_names[]", "Ana"), ("known_speaker_references[]", URL)]
        fields += [("known_speaker_names[]", "Bob"), ("known_speaker_references[]", URL.replace("wav", "x-m4a"))]
        config = asked(*fields, config=server, folder=tmp_path).config
        paths = {"Ana": tmp_path / "reference-0.wav", "Bob": tmp_path / "reference-1.m4a"}
        assert config.identification.known == {"Cem": "cem.wav", **{name: str(path) for name, path in paths.items()}}
        assert [path.read_bytes() for path in paths.values()] == [CLIP, CLIP]
        assert check(config) == config

    @pytest.mark.parametrize(
        "url",
        [URL, URL.replace("data:", "DATA:"), URL.replace("audio/wav", ""), URL.replace("wav;", "wav;codecs=1;"),
         URL[:30] + "\r\n" + URL[30:]],
    )  # fmt: skip
    def test_data_urls(self, url: str, tmp_path: Path) -> None:
        asked(("known_speaker_names", "Ana"), ("known_speaker_references", url), folder=tmp_path)
        (path,) = tmp_path.iterdir()
        assert path.read_bytes() == CLIP

    @pytest.mark.parametrize(
        "url",
        ["", "x", "https://example.org/a.wav", "file:///etc/passwd", "data:audio/wav,RIFF", "data:audio/wav;base64,",
         "data:audio/wav;base64,%%%", URL[:-1], URL.replace("audio/wav", "audio/../../x"),
         "data:" + "a" * 9000 + ";base64,AAAA"],
    )  # fmt: skip
    def test_other_references_are_refused_before_anything_is_written(self, url: str, tmp_path: Path) -> None:
        fields = [("known_speaker_names", "Ana"), ("known_speaker_references", URL)]
        fields += [("known_speaker_names", "Bob"), ("known_speaker_references", url)]
        assert refusal(*fields, folder=tmp_path) == (400, "invalid_value", "known_speaker_references")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("names", "param"),
        [
            (["Ana", "Ana"], "known_speaker_names"),
            (["SPEAKER_00"], "known_speaker_names"),
            (["a\nb"], "known_speaker_names"),
            ([""], "known_speaker_names"),
            (["A", "B", "C", "D", "E"], "known_speaker_names"),
        ],
    )
    def test_names(self, names: list[str], param: str, tmp_path: Path) -> None:
        fields = [pair for n in names for pair in (("known_speaker_names[]", n), ("known_speaker_references[]", URL))]
        assert refusal(*fields, folder=tmp_path) == (400, "invalid_value", param)
        assert refusal(*fields[:-1], folder=tmp_path) == (400, "invalid_value", "known_speaker_references")
        assert list(tmp_path.iterdir()) == []


class TestWords:
    def test_languages(self) -> None:
        english = assign(Config(), {"recognition.language": "en"})
        assert asked(("language", "German")).config.recognition.language == "de"
        assert asked(("languages[]", "pt-BR")).config.recognition.language == "pt"
        assert asked(config=english).config.recognition.language == "en"
        assert asked(("language", "auto"), config=english).config.recognition.language is None
        several = asked(("languages[]", "de"), ("languages[]", "en"), config=english)
        assert (several.config.recognition.language, several.ignored) == (None, ("languages",))
        assert refusal(("language", "xx")) == (400, "invalid_value", "language")
        assert refusal(("languages[]", "en"), ("languages[]", "klingon")) == (400, "invalid_value", "languages")
        assert refusal(("languages[]", "en"), ("language", "en")) == (400, "invalid_value", "languages")

    def test_prompt_and_keywords_are_whispers_prompt(self) -> None:
        fields = [("prompt", "A call\nabout  roofs."), ("keywords[]", "Li Ana"), ("keywords[]", "می‌روم")]
        request = asked(*fields, config=assign(Config(), {"recognition.options": {"beam_size": 5}}))
        assert request.config.recognition.options == {"beam_size": 5, "prompt": "A call about roofs. Li Ana, می‌روم."}
        assert request.ignored == ()
        assert asked(("prompt", "Hi.")).config.recognition.options["prompt"] == "Hi."
        assert asked(("keywords", "Ana")).config.recognition.options["prompt"] == "Ana."

    def test_other_recognizers_take_no_prompt(self) -> None:
        synthetic = assign(Config(), {"recognition.backend": "synthetic"})
        request = asked(("prompt", "Hi."), ("keywords[]", "Ana"), config=synthetic)
        assert (request.config, request.ignored) == (synthetic, ("prompt", "keywords"))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("prompt", "x" * (PROMPT_LENGTH + 1)),
            ("prompt", "a\x00b"),
            ("prompt", "a <|endoftext|> b"),
            ("keywords[]", "a\nb"),
            ("keywords[]", "a\r\n"),
            ("keywords[]", "a\x1bb"),
            ("keywords[]", "\u202ea"),
            ("keywords[]", " "),
            ("keywords[]", "x" * 101),
            ("keywords[]", "<|en|>"),
        ],
    )
    def test_prompts_that_are_refused(self, name: str, value: str) -> None:
        assert refusal((name, value)) == (400, "invalid_value", name.removesuffix("[]"))

    def test_too_many_keywords(self) -> None:
        assert refusal(*[("keywords[]", "x" * 100)] * 40) == (400, "invalid_value", "keywords")

    @pytest.mark.parametrize(
        ("fields", "ignored"),
        [
            ([("temperature", "0")], ()),
            ([("temperature", "0.2")], ("temperature",)),
            ([("chunking_strategy", "auto")], ("chunking_strategy",)),
            ([("chunking_strategy[type]", "server_vad"), ("chunking_strategy[threshold]", "0.5"),
              ("chunking_strategy[prefix_padding_ms]", "300"), ("chunking_strategy[silence_duration_ms]", "200")],
             ("chunking_strategy",)),
            ([("chunking_strategy", '{"type": "server_vad", "threshold": 0.5}')], ("chunking_strategy",)),
        ],
    )  # fmt: skip
    def test_fields_without_effect_are_named(self, fields: list[tuple[str, str]], ignored: tuple[str, ...]) -> None:
        assert asked(*fields).ignored == ignored


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ([("langauge", "en")], "unknown_parameter", "langauge"),
        ([("language[]", "en")], "unknown_parameter", "language[]"),
        ([("keywords[x]", "en")], "unknown_parameter", "keywords[x]"),
        ([("speakers[0]", "2")], "unknown_parameter", "speakers[0]"),
        ([("chunking_strategy[x]", "2")], "unknown_parameter", "chunking_strategy[x]"),
        ([("x" * 5000, "2")], "unknown_parameter", "x" * 100),
        ([("file", "RIFF")], "unknown_parameter", "file"),
        ([("model", "whisper-1"), ("model", "whisper-1")], "invalid_value", "model"),
        ([("response_format", "docx")], "invalid_value", "response_format"),
        ([("stream", "yes")], "invalid_value", "stream"),
        ([("temperature", "2")], "invalid_value", "temperature"),
        ([("temperature", "nan")], "invalid_value", "temperature"),
        ([("temperature", "warm")], "invalid_value", "temperature"),
        ([("timestamp_granularities[]", "word")], "invalid_value", "timestamp_granularities"),
        ([("timestamp_granularities[]", "letter")], "invalid_value", "timestamp_granularities"),
        ([("chunking_strategy", "none")], "invalid_value", "chunking_strategy"),
        ([("chunking_strategy", "[" * 100_000)], "invalid_value", "chunking_strategy"),
        ([("chunking_strategy[threshold]", "0.5")], "invalid_value", "chunking_strategy[type]"),
        ([("chunking_strategy", '{"type": "server_vad", "threshold": 2}')], "invalid_value",
         "chunking_strategy[threshold]"),
        ([("chunking_strategy", "auto"), ("chunking_strategy[type]", "server_vad")], "invalid_value",
         "chunking_strategy"),
    ],
)  # fmt: skip
def test_what_is_refused(fields: list[tuple[str, str]], code: str, param: str) -> None:
    assert refusal(*fields) == (400, code, param)


def test_a_close_name_is_suggested() -> None:
    with pytest.raises(ApiError, match="did you mean language"):
        asked(("langauge", "en"))


def test_the_recording() -> None:
    server = ServerSettings(config=Config(), preset="default", folder=HOME)
    uploaded = Uploaded(HOME / "upload-0.wav", "talk.wav", 100)
    cases: list[tuple[dict[str, Uploaded], str | None]] = [
        ({}, "file"),
        ({"file": replace(uploaded, size=0)}, "file"),
        ({"audio": uploaded}, "audio"),
        ({"file": uploaded, "known_speaker_references[]": uploaded}, "known_speaker_references[]"),
    ]
    for files, param in cases:
        with pytest.raises(ApiError) as caught:
            parse(Form((), files), HOME, server)
        assert (caught.value.status, caught.value.param) == (400, param)


@pytest.mark.parametrize(
    ("failed", "status", "param", "retry"),
    [
        (Failed("request", "known_speaker_references[1]: is 12 s long"), 400, "known_speaker_references", None),
        (Failed("request", "the model supports English only"), 400, None, None),
        (Failed("recording", "file: no audio"), 400, "file", None),
        (Failed("machine", "models are missing"), 503, None, None),
        (Failed("model", "it failed"), 500, None, "false"),
        (Failed("crash", "it died"), 500, None, "false"),
        (Failed("limit", "too long"), 413, None, None),
    ],
)
def test_failures_of_work(failed: Failed, status: int, param: str | None, retry: str | None) -> None:
    error = of_failure(failed)
    assert (error.status, error.param, error.headers.get("x-should-retry")) == (status, param, retry)
    assert error.body["error"].keys() == {"message", "type", "param", "code"}


def test_the_front_process_loads_nothing_heavy() -> None:
    heavy = {"numpy", "scipy", "torch", "av", "ctranslate2", "soundfile"}
    script = (
        "import sys\n"
        "import pipeline.server.audio_request, pipeline.server.uploads, pipeline.server.replies\n"
        "from pipeline.server import audio_routes\n"
        f"print('loaded:', sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout
