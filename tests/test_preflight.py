"""Checks before any work: models, languages, devices, and classes of the user."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import pytest

from pipeline.batch.scheduler import settings_of
from pipeline.batch.worker import Setup
from pipeline.config.presets import resolve
from pipeline.config.schema import Config
from pipeline.core.audio import Samples
from pipeline.core.errors import CrosstalkError, MissingModel, SettingsError
from pipeline.core.types import Word
from pipeline.engine import preflight
from pipeline.engine.pipeline import Transcriber
from pipeline.models.recognizers.whisper import MULTILINGUAL
from pipeline.models.synthetic import SyntheticRecognizer
from pipeline.models.weights import Store
from tests import world


def whisper(folder: Path, languages: Sequence[str] = ("en", "de"), tokens: int = MULTILINGUAL) -> Path:
    """A folder that looks like a Whisper model in CTranslate2's format."""
    folder.mkdir()
    words = [f"<|{language}|>" for language in languages]
    vocabulary = [*words, *(f"w{number}" for number in range(tokens - len(words)))]
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary))
    return folder


def with_model(folder: Path, language: str | None) -> Config:
    return world.settings(
        {"recognition.backend": "whisper", "recognition.model": str(folder), "recognition.language": language}
    )


def refused(config: Config, store: Store) -> CrosstalkError:
    with pytest.raises(CrosstalkError) as caught:
        preflight.require(config, store)
    assert len(caught.value.line.splitlines()) == 1
    return caught.value


def test_missing_models_are_one_error_with_one_command(tmp_path: Path) -> None:
    error = refused(Config(), Store(tmp_path))
    assert isinstance(error, MissingModel)
    assert error.exit_code == 5
    assert error.hint == "run: transcribe models pull campplus whisper-base"
    only = world.settings({"recognition.backend": "whisper"})
    assert refused(only, Store(tmp_path)).hint == "run: transcribe models pull whisper-base"
    with pytest.raises(MissingModel):
        Transcriber(Config(), store=Store(tmp_path))


@pytest.mark.parametrize("language", ["de", "German", "yue"])
def test_an_english_only_model_is_detected_by_its_name(tmp_path: Path, language: str) -> None:
    config = resolve("fast", {"recognition.language": language})
    assert refused(config, Store(tmp_path)).exit_code == 1
    assert refused(resolve("fast"), Store(tmp_path)).exit_code == 5
    assert refused(resolve("fast", {"recognition.language": "auto"}), Store(tmp_path)).exit_code == 5


def test_the_vocabulary_of_a_model_determines_its_languages(tmp_path: Path) -> None:
    many, english = whisper(tmp_path / "many"), whisper(tmp_path / "one", tokens=MULTILINGUAL - 1)
    for folder, supported, unsupported in (
        (many, ("en", "de", None), ("yue", "fr")),
        (english, ("en", None), ("de", "fr")),
    ):
        for language in supported:
            preflight.require(with_model(folder, language), Store(tmp_path / "store"))
        for language in unsupported:
            assert refused(with_model(folder, language), Store(tmp_path / "store")).exit_code == 1


def test_a_row_of_a_manifest_in_a_language_that_the_model_does_not_support_is_refused(tmp_path: Path) -> None:
    english = whisper(tmp_path / "one", tokens=MULTILINGUAL - 1)
    setup = Setup(with_model(english, None), tmp_path / "out", ("txt",))
    assert settings_of({"recognition.language": "English"}, setup).recognition.language == "en"
    for language in ("de", "jp"):
        with pytest.raises(SettingsError):
            settings_of({"recognition.language": language}, setup)


@pytest.mark.parametrize("compute_type", ["float16", "int8_float16", "bfloat16"])
def test_arithmetic_that_the_device_cannot_do_is_refused(
    tmp_path: Path, compute_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda *_: {"int8", "float32"})
    changes = {"recognition.backend": "whisper", "recognition.model": str(whisper(tmp_path / "model"))}
    config = world.settings({**changes, "recognition.options.compute_type": compute_type})
    assert isinstance(refused(config, Store(tmp_path)), SettingsError)


@pytest.mark.parametrize(
    ("device", "count", "works"),
    [("cpu", 0, True), ("auto", 0, True), ("cuda", 0, False), ("cuda:9", 2, False), ("cuda:1", 2, True)],
)
def test_a_device_that_is_not_there_is_refused(
    device: str, count: int, works: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.models.torch_runtime.count_gpus", lambda: count)
    config = world.settings({"runtime.device": device})
    if works:
        preflight.require(config, Store())
    else:
        assert refused(config, Store()).exit_code == 1


def test_an_apple_gpu_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch  # before the system has another name

    assert torch.backends.mps
    for system, there in (("Darwin", True), ("Darwin", False), ("Linux", False)):
        monkeypatch.setattr("platform.system", lambda system=system: system)
        monkeypatch.setattr("torch.backends.mps.is_available", lambda there=there: there)
        config = world.settings({"runtime.device": "mps"})
        if there:
            preflight.require(config, Store())
        else:
            assert refused(config, Store()).exit_code == 1


class NoLanguage:
    """A recogniser without `language`."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> NoLanguage:
        return cls()

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        return []


class NoRescue(SyntheticRecognizer):
    """A recogniser whose `recognize` takes too little."""

    def recognize(self, windows: Sequence[Samples]) -> list[tuple[Word, ...]]:  # type: ignore[override]
        return []


class Untyped:
    """A recogniser whose `from_config` has no return annotation."""

    @classmethod
    def from_config(cls, config, models):  # type: ignore[no-untyped-def]
        return cls()


class Breaking(Untyped):
    """A class whose `from_config` fails."""

    @classmethod
    def from_config(cls, config, models):  # type: ignore[no-untyped-def]
        raise KeyError("no licence")


class NoFactory:
    """A class without `from_config`."""


class AnyNames(SyntheticRecognizer):
    """Parameters may have other names where they are given by place, and any where there are keywords."""

    def recognize(self, pieces: Any, code: str, **others: Any) -> list[tuple[Word, ...]]:  # type: ignore[override]
        return super().recognize(pieces, code)


class Made:
    """A class that makes objects of another class."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> SyntheticRecognizer:
        return SyntheticRecognizer()


HERE = "tests.test_preflight"


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        (f"{HERE}:NoLanguage", "language"),
        (f"{HERE}:NoRescue", "recognize"),
        (f"{HERE}:NoFactory", "from_config"),
        (f"{HERE}:Untyped", "language"),
        (f"{HERE}:Breaking", "no licence"),
        (f"{HERE}:Nobody", "Nobody"),
        (f"{HERE}.nowhere:Nobody", "nowhere"),
        ("nobody.nowhere:Nobody", "nobody"),
        ("tests.broken_module:Anything", "ZeroDivisionError"),
        ("wisper", "wisper"),
    ],
)
def test_a_class_of_the_user_is_checked_before_any_work(name: str, missing: str) -> None:
    with pytest.raises(SettingsError, match=missing) as caught:
        Transcriber(world.settings({"recognition.backend": name}))
    assert len(caught.value.line.splitlines()) == 1


@pytest.mark.parametrize("kind", ["diarization.backend", "separation.backend", "embedding.model"])
def test_every_kind_is_checked(kind: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Transcriber(world.settings({kind: f"{HERE}:NoLanguage"}))
    assert "docs/extending.md" in caught.value.hint


@pytest.mark.parametrize("name", ["AnyNames", "Made"])
def test_a_class_with_the_interface_works(name: str, tmp_path: Path) -> None:
    run = Transcriber(world.settings({"recognition.backend": f"{HERE}:{name}"}))
    assert len(run(world.write_wav(tmp_path / "talk.wav")).words) == len(world.DIALOGUE)
