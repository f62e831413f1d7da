"""Names of Whisper models: each resolves to one name, whoever gives it and how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import schema
from pipeline.config.presets import resolve
from pipeline.config.schema import Config
from pipeline.config.whisper_models import ALIASES, ENGLISH, ENGLISH_ONLY, MULTILINGUAL, NAMES, model_name
from pipeline.models.weights import CATALOGUE

WRITTEN = st.sampled_from(NAMES).flatmap(
    lambda name: st.sampled_from([name, name.upper(), f" {name} ", f"whisper-{name}", f"Whisper-{name.title()}"])
)


@given(WRITTEN | st.text())
def test_resolving_twice_changes_nothing_more(text: str) -> None:
    assert model_name(model_name(text)) == model_name(text)


@given(WRITTEN)
def test_every_name_in_any_case_resolves_to_a_model_of_the_catalogue(text: str) -> None:
    assert model_name(text) in CATALOGUE


@given(st.text())
def test_any_other_text_stays(text: str) -> None:
    assert model_name(text) == text or model_name(text) in CATALOGUE
    for path in (f"./{text}", f"/{text}", f"{text}/small"):
        assert model_name(path) == path


def test_sizes_resolve_to_themselves_and_aliases_to_sizes() -> None:
    sizes = (*MULTILINGUAL, *ENGLISH)
    assert [model_name(size) for size in sizes] == [f"whisper-{size}" for size in sizes]
    assert {name: model_name(name) for name in ALIASES} == {
        "large": "whisper-large-v3",
        "turbo": "whisper-large-v3-turbo",
    }
    assert {name for name in map(model_name, NAMES) if name.endswith(".en") or "distil" in name} == ENGLISH_ONLY


@given(WRITTEN)
def test_equal_models_are_equal_settings_from_every_source(text: str) -> None:
    expected = resolve(given={"recognition.model": model_name(text)})
    assert resolve(given={"recognition.model": text}) == expected
    assert resolve(assignments={"recognition.model": text}) == expected
    made = replace(Config(), recognition=replace(Config().recognition, model=text))
    assert schema.check(made) == expected
    assert schema.check(schema.read(schema.as_yaml(made), "x.yaml")) == expected


def test_a_name_in_a_file_is_resolved_and_takes_precedence_over_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    (tmp_path / "mine.yaml").write_text("recognition: {model: small}")
    assert resolve(file=tmp_path / "mine.yaml").recognition.model == "whisper-small"
    assert resolve(given={"recognition.model": "./small"}).recognition.model == "./small"


def test_the_model_of_another_recognizer_keeps_its_name() -> None:
    other = {"recognition.backend": "my_package:MyRecognizer", "recognition.model": "small"}
    assert resolve(given=other).recognition.model == "small"
