"""The key under which a recording counts as done: whatever a result depends on is in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import formats
from pipeline.batch import estimate
from pipeline.batch.estimate import done_key
from pipeline.config import presets
from pipeline.engine import code_version
from tests import world

NUMBERS = itertools.count()


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make one module's source read as changed."""

    def touch(module: str) -> None:
        before = code_version.source_hash

        def fingerprint(name: str) -> str:
            return before(name) + ("changed" if module in code_version._closure(name) else "")

        monkeypatch.setattr(estimate, "source_hash", fingerprint)

    return touch


def key(written: tuple[str, ...] = ("txt", "json"), rules: str | None = None, **changes: Any) -> str:
    return done_key(world.settings(changes), written, rules, {})


@pytest.mark.promise(16)
@pytest.mark.parametrize("name", formats.names())
def test_the_code_of_each_written_format_is_in_the_key(name: str, touched: Callable[[str], None]) -> None:
    others = tuple(other for other in ("txt", "ctm") if other != name)
    before = key((*others, name)), key(others)
    touched(formats.module_of(name))
    assert key((*others, name)) != before[0]
    if not any(formats.module_of(name) in code_version._closure(formats.module_of(other)) for other in others):
        assert key(others) == before[1]


@pytest.mark.promise(16)
@pytest.mark.parametrize(
    ("setting", "name", "module"),
    [
        ("diarization.embedding", "resemblyzer", "pipeline.models.embedders.resemblyzer"),
        ("diarization.embedding", "ecapa-voxceleb", "pipeline.models.embedders.ecapa"),
        ("diarization.embedding", "wespeaker-resnet34", "pipeline.models.embedders.wespeaker"),
        ("diarization.embedding", "ecapa-voxceleb", "pipeline.models.embedders.base"),
        ("diarization.backend", "pyannote", "pipeline.models.diarizers.pyannote"),
        ("separation.backend", "refined", "pipeline.models.separators.mask_network"),
        ("recognition.backend", "whisper", "pipeline.models.recognizers.whisper"),
    ],
)
def test_the_code_of_each_backend_is_in_the_key(
    setting: str, name: str, module: str, touched: Callable[[str], None]
) -> None:
    before = key(**{setting: name}), key()
    touched(module)
    assert key(**{setting: name}) != before[0]
    assert key() == before[1]


@pytest.mark.promise(16)
def test_an_embedder_of_the_users_own_is_in_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / f"mine{next(NUMBERS)}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "model.py").write_text("from .helper import scale\nclass Mine: ...\n")
    (package / "helper.py").write_text("scale = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = key(**{"diarization.embedding": f"{package.name}.model:Mine"})
    for known in (code_version.source_hash, code_version._imports, code_version._imported, code_version._source):
        known.cache_clear()
    (package / "helper.py").write_text("scale = 2\n")
    assert key(**{"diarization.embedding": f"{package.name}.model:Mine"}) != before


@pytest.mark.promise(16)
@pytest.mark.parametrize("package", ["numpy", "av", "ctranslate2"])
def test_the_versions_of_packages_are_in_the_key(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(**{"recognition.backend": "whisper"})
    versions = estimate.versions()
    monkeypatch.setattr(estimate, "versions", lambda: {**versions, package: "0"})
    assert versions.keys() >= {package}
    monkeypatch.setattr(estimate, "requirements", lambda module: {})
    assert key(**{"recognition.backend": "whisper"}) != before


@pytest.mark.parametrize("separator", ["tests.faults:Own", "refined", "exemplar", "speechbrain", "replay"])
def test_the_embedder_is_a_part_wherever_it_is_loaded(separator: str) -> None:
    changes = {
        "diarization.backend": "pyannote",
        "diarization.pipeline": "some-published-pipeline",
        "diarization.embedding": "resemblyzer",
        "separation.backend": separator,
    }
    assert presets.required_models(world.settings(changes))["embedding"] == "resemblyzer"
    changes["separation.backend"] = "mixture"
    assert "embedding" not in presets.required_models(world.settings(changes))


def test_rules_bring_the_code_of_analytics_into_the_key(touched: Callable[[str], None]) -> None:
    before = key(rules="rules: []"), key()
    touched("pipeline.analytics.interactions")
    assert key(rules="rules: []") != before[0]
    assert key() == before[1]


def test_making_a_key_changes_nothing_that_others_read() -> None:
    before = dict(estimate.versions())
    key(rules="rules: []", **{"recognition.backend": "whisper"})
    assert estimate.versions() == before
