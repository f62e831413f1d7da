"""The table of backends: every name stands for a class that exists, and what does not exist is refused in one line."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from pipeline.config.schema import Config
from pipeline.core.errors import SettingsError
from pipeline.models import registry
from pipeline.models.registry import MODELS, load, locate
from pipeline.models.weights import Store
from tests.faults import StumblingRecognizer

NAMED = [(kind, name) for kind, names in MODELS.items() for name in names]


@pytest.mark.parametrize(("kind", "name"), NAMED, ids=str)
def test_every_name_stands_for_a_class(kind: registry.Kind, name: str) -> None:
    module, attribute = locate(kind, name)
    spec = importlib.util.find_spec(module)
    assert spec
    assert spec.origin
    classes = {n.name: n for n in ast.parse(Path(spec.origin).read_text()).body if isinstance(n, ast.ClassDef)}
    assert "from_config" in {n.name for n in classes[attribute].body if isinstance(n, ast.FunctionDef)}


@pytest.mark.parametrize("kind", list(MODELS))
def test_an_unknown_name_is_refused_with_the_known_ones(kind: registry.Kind) -> None:
    with pytest.raises(SettingsError) as caught:
        locate(kind, "magic")
    assert all(name in caught.value.line for name in MODELS[kind])
    assert "package.module:Class" in caught.value.line


@pytest.mark.parametrize(
    "name",
    ["nobody:Class", "nobody.nowhere:Class", "tests.nowhere:Class", "tests.faults:Nothing", "tests.world:DIALOGUE"],
)
def test_a_class_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load("recognizer", name, Config(), Store())


def test_a_class_of_ones_own_is_used() -> None:
    assert locate("recognizer", "tests.faults:StumblingRecognizer") == ("tests.faults", "StumblingRecognizer")
    made = load("recognizer", "tests.faults:StumblingRecognizer", Config(), Store())
    assert isinstance(made, StumblingRecognizer)
