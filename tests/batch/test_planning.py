"""The key under which a recording counts as done: whatever a result depends on is in it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from pipeline import formats
from pipeline.batch import estimate
from pipeline.batch.estimate import done_key
from pipeline.core import code_version
from pipeline.models import registry
from tests import world

NUMBERS = itertools.count()


def key(written: tuple[str, ...] = ("txt", "json"), rules: str | None = None, **changes: Any) -> str:
    return done_key(world.settings(changes), written, rules, {})


@pytest.mark.promise(16)
@pytest.mark.parametrize("name", formats.names())
def test_the_version_of_each_written_format_is_in_the_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    others = tuple(other for other in ("txt", "ctm") if other != name)
    before = key((*others, name)), key(others)
    version = estimate._format_version
    monkeypatch.setattr(estimate, "_format_version", lambda each: version(each) + (each == name))
    assert key((*others, name)) != before[0]
    assert key(others) == before[1]


@pytest.mark.promise(16)
@pytest.mark.parametrize(
    ("setting", "kind", "name"),
    [(setting, kind, name) for kind, (setting, _) in registry.SETTINGS.items() for name in registry.names(kind)],
)
def test_the_version_of_each_model_is_in_the_key(
    setting: str, kind: registry.Kind, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {key: "synthetic" for key, _ in registry.SETTINGS.values()}
    before = key(**{**changes, setting: name})
    model = registry.declaration(kind, name)
    monkeypatch.setattr(model, "version", model.version + 1)
    assert key(**{**changes, setting: name}) != before


@pytest.mark.promise(16)
@pytest.mark.parametrize("number", range(len(estimate.STAGES)))
def test_the_version_of_each_stage_is_in_the_key(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    stages = list(estimate.STAGES)
    stages[number] = replace(stages[number], version=stages[number].version + 1)
    monkeypatch.setattr(estimate, "STAGES", stages)
    assert key() != before


@pytest.mark.promise(16)
def test_the_version_of_the_decoder_is_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setattr(estimate, "DECODER_VERSION", estimate.DECODER_VERSION + 1)
    assert key() != before


@pytest.mark.promise(16)
def test_extension_stages_are_in_the_key_with_version_and_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"stages{next(NUMBERS)}"
    (tmp_path / f"{name}.py").write_text(EXTENSION)
    monkeypatch.syspath_prepend(str(tmp_path))
    changes: dict[str, Any] = {"stages": [f"{name}:STAGE"]}
    seen = {key(), key(**changes), key(**changes, stage_options={"own": {"size": 2}})}
    module = import_module(name)
    module.STAGE = replace(module.STAGE, version=2)
    assert len({*seen, key(**changes)}) == 4


EXTENSION = """
from dataclasses import dataclass
from pipeline.core.stage import Stage
from pipeline.core.types import Transcript

@dataclass(frozen=True)
class Settings:
    size: int = 1

STAGE = Stage(name="own", version=1, run=lambda value, *others: value, refines=Transcript, settings=Settings)
"""


@pytest.mark.promise(16)
def test_an_embedder_of_the_user_is_in_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / f"mine{next(NUMBERS)}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "model.py").write_text(
        "from .helper import scale\nclass Mine:\n    @classmethod\n    def from_config(cls, config, weights): ...\n"
    )
    (package / "helper.py").write_text("scale = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = key(**{"embedding.model": f"{package.name}.model:Mine"})
    for function in (code_version.source_hash, code_version._imports, code_version._imported, code_version._source):
        function.cache_clear()
    (package / "helper.py").write_text("scale = 2\n")
    assert key(**{"embedding.model": f"{package.name}.model:Mine"}) != before


@pytest.mark.promise(16)
@pytest.mark.parametrize("package", ["numpy", "av", "ctranslate2"])
def test_the_versions_of_packages_are_in_the_key(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(**{"recognition.backend": "whisper"})
    versions = estimate.versions()
    monkeypatch.setattr(estimate, "versions", lambda: {**versions, package: "0"})
    assert versions.keys() >= {package}
    assert key(**{"recognition.backend": "whisper"}) != before


@pytest.mark.parametrize("separator", ["tests.faults:PlainSeparator", "nmf-refined", "nmf", "speechbrain", "synthetic"])
def test_the_embedder_is_a_part_wherever_it_is_loaded(separator: str) -> None:
    changes = {
        "diarization.backend": "pyannote",
        "diarization.pipeline": "some-published-pipeline",
        "embedding.model": "resemblyzer",
        "separation.backend": separator,
    }
    assert registry.required_models(world.settings(changes))["embedding"] == "resemblyzer"
    changes["separation.backend"] = "passthrough"
    assert "embedding" not in registry.required_models(world.settings(changes))


def test_rules_bring_the_version_of_analytics_into_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(rules="rules: []"), key()
    monkeypatch.setattr(estimate.analytics_file, "VERSION", "crosstalk-analytics/0")
    assert key(rules="rules: []") != before[0]
    assert key() == before[1]


def test_making_a_key_changes_nothing_that_others_read() -> None:
    before = dict(estimate.versions())
    key(rules="rules: []", **{"recognition.backend": "whisper"})
    assert estimate.versions() == before
