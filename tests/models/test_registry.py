"""Models by name: discovered without a table, declared in one file, refused in one line when they do not exist."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import presets
from pipeline.config.schema import Config, as_mapping, assign
from pipeline.core import code_version
from pipeline.core.errors import SettingsError
from pipeline.engine.pipeline import Transcriber
from pipeline.models import registry
from pipeline.models.registry import KINDS, Kind, load, locate
from pipeline.models.weights import Store
from tests import world
from tests.faults import StumblingRecognizer

NAMED = [(kind, name) for kind in KINDS for name in registry.names(kind)]


def test_names_are_those_of_the_files_that_declare_a_model() -> None:
    assert registry.names("separator") == ("nmf", "nmf-refined", "passthrough", "speechbrain", "synthetic")
    assert registry.names("embedder") == (
        "campplus",
        "ecapa-voxceleb",
        "resemblyzer",
        "synthetic",
        "wespeaker-resnet34",
    )
    assert registry.names("recognizer") == ("synthetic", "whisper")
    assert registry.names("diarizer") == ("pyannote", "synthetic")


@pytest.mark.parametrize(("kind", "name"), NAMED, ids=str)
def test_every_model_declares_what_the_engine_reads(kind: Kind, name: str) -> None:
    module, attribute = locate(kind, name)
    assert (module, attribute) == (f"pipeline.models.{kind}s.{name.replace('-', '_')}", "MODEL")
    model = registry.declaration(kind, name)
    assert vars(model)["version"] >= 1
    assert all(registry.identity(kind, name)["packages"].values())
    assert isinstance(model.weights(Config()), dict)


@pytest.mark.slow
def test_declarations_are_read_without_heavy_libraries() -> None:
    script = (
        "import sys\n"
        "from pipeline.config.schema import Config\n"
        "from pipeline.models import registry\n"
        "for kind in registry.KINDS:\n"
        "    for name in registry.names(kind): registry.identity(kind, name)\n"
        "registry.required_models(Config()), registry.effective_settings(Config())\n"
        "heavy = {'torch', 'torchaudio', 'pyannote', 'speechbrain', 'faster_whisper', 'ctranslate2', 'lightning'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert process.stdout == "[]\n"


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_name_is_refused_with_the_known_ones(kind: Kind) -> None:
    with pytest.raises(SettingsError) as caught:
        locate(kind, "magic")
    assert all(name in caught.value.line for name in registry.names(kind))
    assert "package.module:Class" in caught.value.line
    assert ("embedding_model.ckpt" in caught.value.line) == (kind == "embedder")


@pytest.mark.parametrize(
    "name",
    ["nobody:Class", "nobody.nowhere:Class", "tests.nowhere:Class", "tests.faults:Nothing", "tests.world:DIALOGUE"],
)
def test_a_class_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load("recognizer", name, Config(), Store())


def test_a_class_of_the_user_is_used() -> None:
    assert locate("recognizer", "tests.faults:StumblingRecognizer") == ("tests.faults", "StumblingRecognizer")
    made = load("recognizer", "tests.faults:StumblingRecognizer", Config(), Store())
    assert isinstance(made, StumblingRecognizer)


def test_an_inherited_version_does_not_stand_for_a_class() -> None:
    identity = registry.identity("recognizer", "tests.faults:StumblingRecognizer")
    assert identity["source"] == code_version.source_hash("tests.faults")
    assert "version" not in identity


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [("separator", "mixture", "passthrough"), ("separator", "exemplar", "nmf"), ("separator", "refined", "nmf-refined")]
    + [(kind, "replay", "synthetic") for kind in KINDS],
)
def test_earlier_names_are_read(kind: Kind, old: str, new: str) -> None:
    config = assign(Config(), {registry.SETTINGS[kind][0]: old})
    assert registry.configured_names(config)[kind] == new


@pytest.mark.promise(25)
@pytest.mark.parametrize(
    ("dotted", "value", "hint"),
    [
        ("recognition.options.beam_sise", 5, "beam_size"),
        ("recognition.options.beam_size", True, ""),
        ("recognition.options.beam_size", 0, ""),
        ("recognition.options.beam_size", 10**6, ""),
        ("recognition.options.compute_type", "int7", ""),
        ("recognition.options.compute_type", "", ""),
        ("recognition.beam_size", 0, ""),
        ("recognition.compute_type", "float", ""),
        ("diarization.options.speed", 1, ""),
        ("separation.options.atoms", 1, ""),
        ("embedding.options.size", 1, ""),
    ],
)
def test_an_option_that_the_model_does_not_have_is_refused_before_any_work(dotted: str, value: Any, hint: str) -> None:
    section, name = dotted.split(".")[0], dotted.split(".")[-1]
    with pytest.raises(SettingsError) as caught:
        Transcriber(assign(Config(), {dotted: value}))
    assert f"{section}.options.{name}" in caught.value.line
    assert hint in caught.value.hint


@pytest.mark.parametrize("value", [{"a": object()}, {"a": [b"x"]}, {"a": float("nan")}, {1: 2}, 5, "beam_size"])
def test_options_are_plain_data_by_name(value: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        assign(Config(), {"recognition.options": value})
    assert "recognition.options" in caught.value.line


def test_earlier_settings_of_whisper_are_its_options() -> None:
    config = assign(Config(), {"recognition.beam_size": 3, "recognition.compute_type": "INT16"})
    options = registry.options("recognizer", config)
    assert (options.beam_size, options.compute_type) == (3, "int16")
    settings = registry.effective_settings(Config())
    assert settings["recognition"]["options"] == {"beam_size": 1, "compute_type": "int8", "prompt": None}
    assert as_mapping(Config())["recognition"]["options"] == {}


def test_options_are_merged_and_belong_to_the_model_that_they_were_given_with() -> None:
    accurate = presets.resolve("accurate", assignments={"recognition.options.compute_type": "int16"})
    assert accurate.recognition.options == {"beam_size": 5, "compute_type": "int16"}
    other = assign(accurate, {"recognition.options.word": "hm", "recognition.backend": "synthetic"})
    assert other.recognition.options == {"word": "hm"}
    assert presets.baseline(other).recognition.options == {}


RECOGNIZER = """
    from dataclasses import dataclass
    from pipeline.models.synthetic import SyntheticRecognizer

    @dataclass(frozen=True)
    class Settings:
        suffix: str = ""

    class Mine:
        Options = Settings
        max_seconds = 12.0
        longest = 0.0

        def __init__(self, suffix):
            self.inner, self.suffix = SyntheticRecognizer(), suffix

        @classmethod
        def from_config(cls, config, weights):
            return cls(config.recognition.options.get("suffix", ""))

        def detect_language(self, samples):
            return "en"

        def recognize(self, windows, language, fallback=False):
            Mine.longest = max(Mine.longest, *(len(window) / 16_000 for window in windows))
            return self.inner.recognize(windows, language)
"""
EMBEDDER = """
    from pipeline.models.protocols import EmbedderCalibration
    from pipeline.models.synthetic import SyntheticEmbedder

    class Mine:
        calibration = EmbedderCalibration()
        calls = 0

        @classmethod
        def from_config(cls, config, weights):
            return cls()

        def embed(self, clips):
            Mine.calls += 1
            return SyntheticEmbedder().embed(clips)
"""
SEPARATOR = """
    from pipeline.models.synthetic import SyntheticSeparator

    class Mine:
        version = 7
        calls = 0

        @classmethod
        def from_config(cls, config, weights):
            return cls()

        def separate(self, mixture, solo):
            Mine.calls += 1
            return SyntheticSeparator().separate(mixture, solo)
"""


@pytest.fixture
def one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Kind, str, str], Any]:
    """Write the file of a model outside the package; returns the class, loaded by both of its names."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def add(kind: Kind, module: str, source: str) -> Any:
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(source))
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[crosstalk.{kind}s]\n{module}-entry = {module}:Mine\n")
        assert locate(kind, f"{module}:Mine") == locate(kind, f"{module}-entry") == (module, "Mine")
        assert f"{module}-entry" in registry.names(kind)
        return registry.declaration(kind, f"{module}:Mine")

    return add


def transcribed(tmp_path: Path, changes: dict[str, Any]) -> list[str]:
    run = Transcriber(world.settings(changes))
    return [word.text for word in run(world.write_wav(tmp_path / "talk.wav", world.OVERLAPPING)).words]


EXPECTED = sorted(word.text for word in world.OVERLAPPING)


@pytest.mark.parametrize("name", ["own_recognizer:Mine", "own_recognizer-entry"])
def test_one_file_adds_a_recognizer(name: str, tmp_path: Path, one_file: Callable[[Kind, str, str], Any]) -> None:
    model = one_file("recognizer", "own_recognizer", RECOGNIZER)
    model.longest = 0.0
    changes = {"recognition.backend": name, "recognition.options.suffix": "x"}
    assert sorted(transcribed(tmp_path, changes)) == EXPECTED
    assert 0 < model.longest <= model.max_seconds
    assert registry.identity("recognizer", name)["source"]
    with pytest.raises(SettingsError) as caught:
        Transcriber(world.settings({"recognition.backend": name, "recognition.options.sufix": "x"}))
    assert "suffix" in caught.value.hint


@pytest.mark.parametrize("name", ["own_embedder:Mine", "own_embedder-entry"])
def test_one_file_adds_an_embedder(name: str, tmp_path: Path, one_file: Callable[[Kind, str, str], Any]) -> None:
    model = one_file("embedder", "own_embedder", EMBEDDER)
    model.calls = 0
    changes = {"embedding.model": name, "separation.backend": "synthetic"}
    assert sorted(transcribed(tmp_path, changes)) == EXPECTED
    assert model.calls


@pytest.mark.parametrize("name", ["one_separator:Mine", "one_separator-entry"])
def test_one_file_adds_a_separator(name: str, tmp_path: Path, one_file: Callable[[Kind, str, str], Any]) -> None:
    model = one_file("separator", "one_separator", SEPARATOR)
    model.calls = 0
    assert sorted(transcribed(tmp_path, {"separation.backend": name})) == EXPECTED
    assert model.calls
    assert registry.identity("separator", name)["version"] == 7
