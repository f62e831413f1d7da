"""Whisper models of every kind of vocabulary and number of bands: small ones with random weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.cli.app import main
from pipeline.config.presets import resolve
from pipeline.config.whisper_models import ENGLISH_ONLY
from pipeline.core.audio import RATE
from pipeline.core.errors import SettingsError
from pipeline.engine import artifact_cache
from pipeline.models.recognizers.whisper import WhisperRecognizer, read_vocabulary
from pipeline.models.weights import CATALOGUE, HubSource, Store
from pipeline.models.weights.lockfile import Manifest
from tests import world
from tests.models.embedders import babble
from tests.models.whisper_checkpoints import ENGLISH, V2, V3, write_whisper

KINDS = {"english": (ENGLISH, 80), "v2": (V2, 80), "v3": (V3, 128)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("whisper")
    return {kind: write_whisper(root / kind, *sizes) for kind, sizes in KINDS.items()}


def loaded(model: str, store: Store, preset: str = "accurate") -> WhisperRecognizer:
    config = resolve(preset, {"recognition.model": model, "runtime.device": "cpu", "runtime.threads": 1})
    return WhisperRecognizer.from_config(config, store)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("preset", ["better", "accurate"])
def test_every_kind_is_decoded_with_the_settings_of_the_larger_presets(
    folders: dict[str, Path], kind: str, preset: str
) -> None:
    recognizer = loaded(str(folders[kind]), Store(), preset)
    windows = [babble(5.0), babble(1.0, seed=1), babble(0.0)]
    results = recognizer.recognize(windows, "en")
    assert results == [recognizer.recognize([window], "en")[0] for window in windows]
    assert results[0]
    assert results[2] == ()
    for window, words in zip(windows, results, strict=True):
        assert all(0 <= word.start < word.end <= len(window) / RATE for word in words)


def test_only_a_multilingual_model_detects_a_language(folders: dict[str, Path]) -> None:
    detected = {kind: loaded(str(folder), Store()).detect_language(babble(5.0)) for kind, folder in folders.items()}
    assert detected["english"] == "en"
    assert detected["v3"] != "en"  # random weights: the precondition of the test below
    vocabulary = read_vocabulary(folders["v3"])
    assert vocabulary
    assert {f"<|{language}|>" for language in detected.values()} <= vocabulary


def installed(name: str, folder: Path, root: Path) -> Store:
    """A store in which the files of ``folder`` are those of a model that was pulled from the hub."""
    shutil.copytree(folder, root / name)
    (source,) = CATALOGUE[name].sources
    assert isinstance(source, HubSource)
    Manifest.of(root / name, {source.repo: "a" * 40}).write(root / name)
    assert Store(root).status(name) == "here"
    return Store(root)


def test_a_distilled_model_transcribes_english_only_although_its_vocabulary_has_all_languages(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    for name in ("whisper-distil-large-v3", "whisper-large-v3"):
        store = installed(name, folders["v3"], tmp_path)
        german = resolve(given={"recognition.model": name, "recognition.language": "de"})
        if name in ENGLISH_ONLY:
            with pytest.raises(SettingsError, match="supports English only"):
                WhisperRecognizer.check(german, store)
        else:
            WhisperRecognizer.check(german, store)
        assert (loaded(name, store).detect_language(babble(5.0)) == "en") == (name in ENGLISH_ONLY)


@pytest.mark.parametrize("name", sorted(ENGLISH_ONLY))
def test_english_only_models_are_known_by_name_before_they_are_installed(name: str, tmp_path: Path) -> None:
    for language, refused in (("de", True), ("en", False), (None, False)):
        config = resolve(given={"recognition.model": name, "recognition.language": language})
        if refused:
            with pytest.raises(SettingsError, match="supports English only"):
                WhisperRecognizer.check(config, Store(tmp_path))
        else:
            WhisperRecognizer.check(config, Store(tmp_path))


def test_the_command_takes_a_folder_as_the_model(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / ".cache")
    world.write_wav(tmp_path / "talk.wav")
    arguments = world.arguments({"recognition.backend": "whisper"})
    with pytest.raises(SystemExit) as caught:
        main(["talk.wav", "-q", "--language", "en", "--threads", "1", "--model", str(folders["v3"]), *arguments])
    assert not caught.value.code
    assert '"model": "' + str(folders["v3"]) in (tmp_path / "talk.json").read_text()
