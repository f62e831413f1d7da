"""Settings: what is read is what was written, and everything unknown is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import presets, schema
from pipeline.config.schema import Config
from pipeline.core.errors import SettingsError
from pipeline.models import registry


@given(
    speakers=st.none() | st.integers(1, 20),
    context=st.floats(0, 10),
    language=st.none() | st.sampled_from(["en", "no", "de"]),
    model=st.sampled_from(["whisper-base", "on", "y", "1", "null", "~"]),
    offline=st.booleans(),
)
def test_yaml_gives_the_same_config_back(
    speakers: int | None, context: float, language: str | None, model: str, offline: bool
) -> None:
    settings = schema.assign(
        Config(),
        {
            "diarization.speakers": speakers,
            "separation.context": context,
            "recognition.language": language,
            "recognition.model": model,
            "runtime.offline": offline,
        },
    )
    assert schema.read(schema.as_yaml(settings), "x.yaml") == settings


@pytest.mark.promise(25)
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1", "a: is not known; known are diarization"),
        ("diarization: {speaker: 2}", "diarization.speaker: is not known; did you mean speakers?"),
        ("diarization: {speakers: two}", "diarization.speakers: must be a whole number or null, not 'two'"),
        ("runtime: {threads: true}", "must be a whole number, not True"),
        ("recognition: 5", "recognition: must be a mapping"),
        ("recognition: {strategy: magic}", "recognition.strategy: must be 'mixture' or 'streams'"),
        ("- a", "a YAML mapping"),
        ("x: !!python/object/apply:os.system ['true']", "tags are refused (line 1)"),
        ("!x {}", "tags are refused"),
        ("a: *b", "undefined alias"),
        ("a: [", "not plain YAML"),
    ],
)
def test_unknown_settings_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        schema.read(text, "mine.yaml")
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
        {"runtime.threads": -1},
    ],
)
def test_invalid_values_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        presets.resolve(given=bad)


def test_assignments_are_yaml() -> None:
    parsed = schema.parse_assignments(
        ["recognition.language=no", "recognition.options.beam_size=5", "diarization.pipeline="]
    )
    assert parsed == {"recognition.language": "no", "recognition.options.beam_size": 5, "diarization.pipeline": None}
    for bad in ("recognition.options.beam_size", "a=!!python/none x"):
        with pytest.raises(SettingsError):
            schema.parse_assignments([bad])


def test_presets_hold_only_differences() -> None:
    assert presets.load_preset("default") == Config()
    assert presets.preset_names() == ("accurate", "better", "default", "fast", "published")
    with pytest.raises(SettingsError, match="there are accurate, better, default, fast, published"):
        presets.load_preset("best")


@pytest.mark.parametrize(("name", "model"), [("better", "whisper-small"), ("accurate", "whisper-large-v3-turbo")])
def test_larger_presets_change_recognition_only(name: str, model: str) -> None:
    options = {"recognition.model": model, "recognition.options.beam_size": 5}
    assert presets.load_preset(name) == schema.assign(Config(), options)


def test_only_the_published_preset_needs_a_gated_model() -> None:
    from pipeline.models.weights import CATALOGUE, HubSource

    for name in presets.preset_names():
        sources = [
            source
            for model in registry.required_model_names(presets.load_preset(name))
            for source in CATALOGUE[model].sources
        ]
        gated = {source.repo for source in sources if isinstance(source, HubSource) and source.gated}
        assert gated == ({"pyannote/speaker-diarization-community-1"} if name == "published" else set())


def test_the_help_names_every_preset() -> None:
    from pipeline.cli.options import PRESETS

    assert all(name in PRESETS for name in presets.preset_names())


def test_assignments_take_precedence_over_file_and_preset(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("recognition: {beam_size: 3, language: de}")
    settings = presets.resolve("accurate", {"recognition.language": "fr"}, {"recognition.options.beam_size": 4}, file)
    assert (settings.recognition.language, settings.recognition.options) == ("fr", {"beam_size": 4})
    assert settings.recognition.model == "whisper-large-v3-turbo"


def test_every_preset_names_backends_that_are_there() -> None:
    for name in presets.preset_names():
        settings = presets.load_preset(name)
        registry.locate("diarizer", settings.diarization.backend)
        registry.locate("embedder", settings.embedding.model)
        registry.locate("separator", settings.separation.backend)
        registry.locate("recognizer", settings.recognition.backend)


def test_models_of_a_preset_are_known_to_the_store() -> None:
    from pipeline.models.weights import catalogue

    names = {model.name for model in catalogue()}
    for name in presets.preset_names():
        assert set(registry.required_model_names(presets.load_preset(name))) <= names
    assert registry.required_model_names(Config()) == (
        "crosstalk-segmentation",
        "campplus",
        "crosstalk-separation",
        "whisper-base",
    )


def leaves() -> list[tuple[str, Any]]:
    """Every setting's dotted name, and its default."""
    sections = {name: each for name, each in schema.as_mapping(Config()).items() if isinstance(each, dict)}
    return [(f"{s}.{k}", v) for s, section in sections.items() for k, v in section.items()]


BAD: dict[str, list[Any]] = {
    "diarization.threshold": [-3, 1.5],
    "separation.context": [-0.1, 1e6],
    "assembly.pause": [-1, 1e9],
    "assembly.max_utterance": [0, 1e9],
    "diarization.speakers": [0, -1, 10**9],
    "diarization.min_speakers": [0, 10**9],
    "diarization.max_speakers": [0, 10**9],
    "runtime.threads": [-1, 10**6],
    "runtime.batch_size": [0, 10**6],
    "recognition.language": ["jp", "english please", "xx"],
    "runtime.device": ["toaster", "cuda:", "cuda:x", "cuda:-1", "gpu", "cpu:1"],
    "diarization.channels": ["stereo"],
    "diarization.method": ["kmeans"],
    "recognition.strategy": ["magic"],
    "diarization.roles": ["a,a", ":2", "1=a,1=b"],
    "input.track": [0, -1, 10**6],
    "identification.names": ["yes", 1],
    "identification.threshold": [-2, 2],
    "identification.narrow_threshold": [-2, 2],
    "identification.margin": [-1, 3],
    "identification.min_seconds": [-1, 1e9],
    "runtime.offline": ["yes", 1],
}


@pytest.mark.parametrize(("name", "default"), leaves(), ids=lambda value: str(value))
def test_every_setting_refuses_invalid_values_and_the_error_names_it(name: str, default: object) -> None:
    numeric = name in BAD and isinstance(BAD[name][0], int | float)
    wrong = [*BAD.get(name, ["", "a\nb"]), [], {}, b"x", float("nan"), float("inf"), -float("inf")]
    wrong = [value for value in wrong if not isinstance(default, dict) or value != {}]
    for value in [*wrong, *(["two", True] if numeric else [5])]:
        for attempt in (lambda v=value: schema.assign(Config(), {name: v}), lambda v=value: built(name, v)):
            with pytest.raises(SettingsError) as caught:
                attempt()
            assert name in caught.value.line
            assert len(caught.value.line.splitlines()) == 1
    assert schema.assign(Config(), {name: default}) == Config()


def built(name: str, value: object) -> Config:
    """A config constructed in Python, without `assign`."""
    section, _, key = name.partition(".")
    made = replace(getattr(Config(), section), **{key: value})
    return schema.check(replace(Config(), **{section: made}))


def test_values_are_normalised_wherever_they_come_from(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("recognition: {language: Deutsch}\nruntime: {device: CUDA:1}")
    assert presets.resolve(file=tmp_path / "mine.yaml").recognition.language == "de"
    assert presets.resolve(file=tmp_path / "mine.yaml").runtime.device == "cuda:1"
    assert presets.resolve(given={"recognition.language": "en-US"}).recognition.language == "en"
    assert presets.resolve(assignments={"recognition.language": "GER"}).recognition.language == "de"
    assert built("recognition.language", "pt_BR").recognition.language == "pt"
    assert presets.resolve("fast", {"recognition.language": "auto"}).recognition.language is None
    assert built("diarization.speakers", np.int64(2)).diarization.speakers == 2
    assert type(built("diarization.speakers", np.int64(2)).diarization.speakers) is int
    assert built("assembly.pause", np.float32(0.5)).assembly.pause == 0.5
    assert built("recognition.model", tmp_path).recognition.model == str(tmp_path)


def test_the_error_of_a_wrong_value_names_its_place() -> None:
    with pytest.raises(SettingsError) as caught:
        schema.assign(Config(), {"recognition.language": "jp"}, where="calls.csv, line 3")
    assert caught.value.where == "calls.csv, line 3"
    assert " ja " in caught.value.hint


def test_options_are_settings_by_name() -> None:
    assert presets.named(speakers=2, language=None, offline=False) == {"diarization.speakers": 2}
    assert presets.named(model="small") == {"recognition.model": "small"}
    assert presets.named(offline=True) == {"runtime.offline": True}
    defaults = dict(leaves())
    assert set(presets.OPTIONS.values()) <= set(defaults)
