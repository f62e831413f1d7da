"""Settings: what is read is what was written, and everything unknown is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import backends, config, presets
from pipeline.config import Config
from pipeline.errors import SettingsError


@given(
    speakers=st.none() | st.integers(1, 20),
    context=st.floats(0, 10),
    language=st.none() | st.sampled_from(["en", "no", "de", "on", "y"]),
    offline=st.booleans(),
)
def test_yaml_gives_the_same_config_back(
    speakers: int | None, context: float, language: str | None, offline: bool
) -> None:
    settings = config.assign(
        Config(),
        {
            "diarization.speakers": speakers,
            "separation.context": context,
            "recognition.language": language,
            "runtime.offline": offline,
        },
    )
    assert config.read(config.as_yaml(settings), "x.yaml") == settings


@pytest.mark.promise(25)
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1", "unknown setting a; known are diarization"),
        ("diarization: {speaker: 2}", "unknown setting diarization.speaker; did you mean speakers?"),
        ("diarization: {speakers: two}", "diarization.speakers must be a whole number or null, not 'two'"),
        ("recognition: {beam_size: true}", "must be a whole number, not True"),
        ("recognition: 5", "is a section of settings"),
        ("recognition: {strategy: magic}", "must be 'passages' or 'streams'"),
        ("- a", "a YAML mapping"),
        ("x: !!python/object/apply:os.system ['true']", "tags are refused (line 1)"),
        ("!x {}", "tags are refused"),
        ("a: *b", "undefined alias"),
        ("a: [", "not plain YAML"),
    ],
)
def test_what_is_not_known_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        config.read(text, "mine.yaml")
    assert caught.value.line.startswith("mine.yaml: ")
    assert complaint in caught.value.line
    assert "\n" not in caught.value.line


@pytest.mark.parametrize(
    "bad",
    [
        {"diarization.speakers": 0},
        {"diarization.speakers": 2, "diarization.max_speakers": 3},
        {"diarization.min_speakers": 4, "diarization.max_speakers": 3},
        {"separation.context": -1.0},
        {"recognition.beam_size": 0},
        {"runtime.threads": -1},
    ],
)
def test_values_that_make_no_sense_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        presets.compose(given=bad)


def test_assignments_are_yaml() -> None:
    parsed = config.parse_assignments(["recognition.language=no", "recognition.beam_size=5", "diarization.pipeline="])
    assert parsed == {"recognition.language": "no", "recognition.beam_size": 5, "diarization.pipeline": None}
    for bad in ("recognition.beam_size", "a=!!python/none x"):
        with pytest.raises(SettingsError):
            config.parse_assignments([bad])


def test_presets_hold_only_differences() -> None:
    assert presets.load_preset("default") == Config()
    assert presets.preset_names() == ("accurate", "default", "fast")
    assert presets.load_preset("accurate").recognition.model == "whisper-large-v3-turbo"
    with pytest.raises(SettingsError, match="there are accurate, default, fast"):
        presets.load_preset("best")


def test_what_is_given_by_name_wins_over_file_and_preset(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("recognition: {beam_size: 3, language: de}")
    settings = presets.compose("accurate", {"recognition.language": "fr"}, {"recognition.beam_size": 4}, file)
    assert (settings.recognition.language, settings.recognition.beam_size) == ("fr", 4)
    assert settings.recognition.model == "whisper-large-v3-turbo"


def test_every_preset_names_backends_that_are_there() -> None:
    for name in presets.preset_names():
        settings = presets.load_preset(name)
        backends.target("diarizer", settings.diarization.backend)
        backends.target("embedder", settings.diarization.embedding)
        backends.target("separator", settings.separation.backend)
        backends.target("recognizer", settings.recognition.backend)


def test_models_of_a_preset_are_known_to_the_store() -> None:
    from pipeline.store import catalogue

    known = {model.name for model in catalogue()}
    for name in presets.preset_names():
        assert set(presets.models_of(presets.load_preset(name))) <= known
    assert presets.models_of(Config()) == (
        "crosstalk-segmentation",
        "resemblyzer",
        "crosstalk-separation",
        "whisper-base",
    )
