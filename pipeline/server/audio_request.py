"""What a request of the audio API asks for: settings, the recording, and the answer's format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

from pipeline.config.channel_roles import parse_roles
from pipeline.config.languages import parse_language
from pipeline.config.presets import load_preset, preset_names
from pipeline.config.schema import SPEAKERS, Config, assign, check
from pipeline.core.errors import SettingsError
from pipeline.formats.sanitize import clean
from pipeline.server.api_errors import ApiError, of_error
from pipeline.server.references import write_references
from pipeline.server.request_fields import Fields, invalid
from pipeline.server.settings import ServerSettings
from pipeline.server.uploads import Form, Uploaded
from pipeline.server.work import Reply, ReplyFormat

OWN_MODEL: Final = "crosstalk"
"""The model that stands for the server's preset; ``crosstalk-PRESET`` stands for that preset."""
ALIASES: Final = (
    "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe-2025-12-15", "gpt-4o-transcribe-diarize",
    "gpt-transcribe", "whisper-1",
)  # fmt: skip
"""OpenAI's models, which stand for the server's preset as well."""
PROMPT_LENGTH: Final = 4000
"""Most characters of prompt and keywords together: Whisper reads the last 223 tokens, about 900 characters of English,
and OpenAI's clients send more. Chosen by hand; a larger value has no effect on the words."""
KEYWORD_LENGTH: Final = 100
"""Most characters of a keyword. Chosen by hand, for a name or a term."""
_SPECIAL: Final = "<|"
"""Beginning of Whisper's special tokens, which a prompt must not hold: they would command the decoder."""
_NUMBERS: Final = ("speakers", "min_speakers", "max_speakers")
_CHANNELS: Final = ("auto", "split", "mix")


@dataclass(frozen=True, slots=True)
class AudioRequest:
    """A request that was checked: ``recording`` is the uploaded file, ``name`` its name for people.

    ``ignored`` are the fields that have no effect here.
    """

    config: Config
    recording: Path
    name: str
    reply: Reply
    ignored: tuple[str, ...] = ()


def models() -> tuple[str, ...]:
    """The models that a request may name."""
    return (OWN_MODEL, *(f"{OWN_MODEL}-{name}" for name in preset_names()), *ALIASES)


def parse(form: Form, folder: Path, settings: ServerSettings) -> AudioRequest:
    """What a body asks for; recordings of known speakers are written to ``folder``. Raises `ApiError`."""
    uploaded, fields = _recording(form), Fields(form.fields)
    reply = _reply(fields)
    config = _with_channels(_with_speakers(_of_preset(fields, settings), fields), fields)
    config = _with_language(config, fields)
    config, unprompted = _with_prompt(config, fields)
    ignored = (*_ineffective(fields), *unprompted)
    known = {**config.identification.known, **write_references(fields, folder)}
    people = replace(config.identification, known=known)
    return AudioRequest(replace(config, identification=people), uploaded.path, uploaded.name, reply, ignored)


def _recording(form: Form) -> Uploaded:
    """The uploaded recording."""
    for name in form.files:
        if name != "file":
            raise ApiError(400, f"there is no file field {name[:100]}; send file", "unknown_parameter", name[:100])
    uploaded = form.files.get("file")
    if uploaded is None or not uploaded.size:
        problem = "is empty" if uploaded is not None else "send the recording as a file with a name"
        raise ApiError(400, f"file: {problem}", "missing_file" if uploaded is None else "invalid_recording", "file")
    return uploaded


def _of_preset(fields: Fields, settings: ServerSettings) -> Config:
    """The settings of the preset that ``model`` or ``preset`` name; else the server's.

    Another preset replaces what decides the result; device, gallery and the like stay the server's.
    """
    preset, model = fields.choice("preset", preset_names()), fields.text("model") or OWN_MODEL
    if model not in models():
        raise unknown_model(model)
    named = model.removeprefix(f"{OWN_MODEL}-") if model not in (OWN_MODEL, *ALIASES) else None
    if preset is not None and named not in (None, preset):
        raise invalid("preset", f"contradicts the model {model}")
    wanted, own = preset or named, settings.config
    if wanted is None or wanted == settings.preset:
        return own
    return replace(load_preset(wanted), identification=own.identification, input=own.input, runtime=own.runtime)


def unknown_model(model: str) -> ApiError:
    """The answer to a model that does not exist."""
    return ApiError(404, f"there is no model {model[:100]}; GET /v1/models lists them", "model_not_found", "model")


def _with_speakers(config: Config, fields: Fields) -> Config:
    """The numbers of speakers that were given, which replace the server's."""
    given = {name: fields.whole(name) for name in _NUMBERS}
    if all(value is None for value in given.values()):
        return config
    for name, value in given.items():
        try:
            _ = value is None or SPEAKERS(value)
        except ValueError as error:
            raise invalid(name, str(error)) from error
    param = "speakers" if given["speakers"] is not None else "min_speakers"
    return _assigned(config, {f"diarization.{name}": value for name, value in given.items()}, param)


def _with_channels(config: Config, fields: Fields) -> Config:
    channels, roles = fields.choice("channels", _CHANNELS), fields.text("roles")
    if channels is not None:
        config = _assigned(config, {"diarization.channels": channels}, "channels")
    if roles is None:
        return config
    try:
        parse_roles(roles)
    except SettingsError as error:
        raise of_error(error, "roles") from error
    return _assigned(config, {"diarization.roles": roles}, "roles")


def _with_language(config: Config, fields: Fields) -> Config:
    """The language that was given; of several, the recording's is detected."""
    one, several = fields.text("language"), fields.values("languages")
    if one is not None and several:
        raise invalid("languages", "give either language or languages[], not both")
    param = "language" if one is not None else "languages"
    try:
        codes = [parse_language(text) for text in ((one,) if one is not None else several)]
    except SettingsError as error:
        raise of_error(error, param) from error
    if not codes:
        return config
    return _assigned(config, {"recognition.language": codes[0] if len(codes) == 1 else None}, param)


def _with_prompt(config: Config, fields: Fields) -> tuple[Config, tuple[str, ...]]:
    """The settings with the prompt and the keywords that were given, and those of the two that have no effect.

    Keywords come last: of a long prompt, Whisper reads the end.
    """
    prompt = " ".join((fields.text("prompt") or "").split())
    keywords = tuple(word.strip(" ") for word in fields.values("keywords"))
    if not _is_plain(prompt):
        raise invalid("prompt", "must be plain text")
    if not all(word and len(word) <= KEYWORD_LENGTH and _is_plain(word) for word in keywords):
        raise invalid("keywords", f"must be words on one line, each of at most {KEYWORD_LENGTH} characters")
    text = " ".join(part for part in (prompt, ", ".join(keywords) + "." if keywords else "") if part)
    if len(text) > PROMPT_LENGTH:
        name = "prompt" if len(prompt) > PROMPT_LENGTH or not keywords else "keywords"
        raise invalid(name, f"prompt and keywords together have at most {PROMPT_LENGTH} characters")
    if not text:
        return config, ()
    if config.recognition.backend != "whisper":
        return config, (*(["prompt"] if prompt else []), *(["keywords"] if keywords else []))
    return _assigned(config, {"recognition.options.prompt": text}, "prompt"), ()


def _is_plain(text: str) -> bool:
    """Whether a text is one line without control characters and without Whisper's special tokens."""
    return clean(text) == text and _SPECIAL not in text


def _ineffective(fields: Fields) -> tuple[str, ...]:
    """The names of fields that are checked, and change nothing: decoding is deterministic, and cuts at pauses."""
    found = {
        "temperature": bool(fields.fraction("temperature")),
        "chunking_strategy": fields.chunking(),
        "languages": len(fields.values("languages")) > 1,
    }
    return tuple(name for name, given in found.items() if given)


def _reply(fields: Fields) -> Reply:
    """The format of the answer."""
    formats: tuple[ReplyFormat, ...] = get_args(ReplyFormat)
    chosen = fields.choice("response_format", formats) or "json"
    include = fields.choices("include", ("logprobs",))
    granularities = fields.choices("timestamp_granularities", ("word", "segment"))
    if include and chosen != "json":
        raise invalid("include", "logprobs need the response_format json")
    if granularities and chosen != "verbose_json":
        raise invalid("timestamp_granularities", "needs the response_format verbose_json")
    return Reply(
        format=next(each for each in formats if each == chosen),
        stream=fields.flag("stream"),
        words="word" in granularities,
        segments=not granularities or "segment" in granularities,
        logprobs=bool(include),
    )


def _assigned(config: Config, changes: Mapping[str, Any], param: str) -> Config:
    """The settings with these changes, checked; ``param`` is the field that an error is about."""
    try:
        return check(assign(config, changes))
    except SettingsError as error:
        raise of_error(error, param) from error
