"""The hub: one commit, trusted on first use where none is pinned, and held to it afterwards."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.core.errors import BadModel, ResourceError
from pipeline.models.weights import File, HubSource, Model, Store

from .fake_pip import sha

FIRST, SECOND = "a" * 40, "b" * 40


class FakeHub:
    """Repositories as commits of files, with the interface of the hub's client."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, bytes]] = {FIRST: {"model.ckpt": b"one", "notes.md": b"-"}}
        self.branch = FIRST
        self.failure: Exception | None = None
        self.stated: dict[str, str] = {}

    def HfApi(self) -> FakeHub:  # noqa: N802 — the name in the client
        return self

    def model_info(self, repo: str, revision: str, files_metadata: bool) -> Any:
        if self.failure:
            raise self.failure
        commit = self.branch if revision == "main" else revision
        siblings = [self._sibling(name, data) for name, data in self.commits[commit].items()]
        return SimpleNamespace(sha=commit, siblings=siblings)

    def _sibling(self, name: str, data: bytes) -> Any:
        lfs = SimpleNamespace(sha256=self.stated.get(name, sha(data)))
        return SimpleNamespace(rfilename=name, size=len(data), lfs=lfs if name.endswith(".ckpt") else None)

    def snapshot_download(self, repo: str, revision: str, local_dir: Path, allow_patterns: list[str]) -> None:
        for name in allow_patterns:
            (local_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (local_dir / name).write_bytes(self.commits[revision][name])
        (local_dir / ".cache").mkdir()
        (local_dir / ".cache" / "lock").write_text("")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    fake = FakeHub()
    quiet = SimpleNamespace(disable_progress_bars=lambda: None)
    for name, module in (("huggingface_hub", fake), ("huggingface_hub.utils", quiet)):
        monkeypatch.setitem(sys.modules, name, module)  # type: ignore[arg-type]
    return fake


def _store(tmp_path: Path, revision: str = "main", files: tuple[File, ...] = (), gated: bool = False) -> Store:
    source = HubSource("maker/toy", revision, ("*.ckpt",), folder="sub", gated=gated)
    return Store(tmp_path / "models", models={"toy": Model("toy", "tests", "MIT", files, (source,))})


def test_the_first_pull_is_recorded_and_later_ones_are_held_to_it(hub: FakeHub, tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.pull(["toy"])
    identity = store.identity("toy")
    assert sorted(p.name for p in store.path("toy").rglob("*")) == ["crosstalk.json", "model.ckpt", "sub"]
    assert store.verify("toy") == []
    hub.commits[SECOND], hub.branch = {"model.ckpt": b"two"}, SECOND
    (store.path("toy") / "sub" / "model.ckpt").write_bytes(b"eno")
    assert store.verify("toy") == ["sub/model.ckpt differs from its pinned hash"]
    store.pull(["toy"])
    assert (store.path("toy") / "sub" / "model.ckpt").read_bytes() == b"one"
    assert store.identity("toy") == identity


def test_a_whisper_model_without_a_known_commit_is_pulled_by_the_branch_and_recorded(
    hub: FakeHub, tmp_path: Path
) -> None:
    needed = {"config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json"}
    hub.commits[FIRST] = {name: name.encode() for name in (*needed, "README.md", "flax_model.msgpack")}
    Store(tmp_path).pull(["whisper-medium"])
    assert {path.name for path in Store(tmp_path).path("whisper-medium").iterdir()} == {*needed, "crosstalk.json"}
    identity = Store(tmp_path).identity("whisper-medium")
    hub.branch, hub.commits[SECOND] = SECOND, dict.fromkeys(needed, b"newer")
    (tmp_path / "whisper-medium" / "model.bin").unlink()
    Store(tmp_path).pull(["whisper-medium"])
    assert Store(tmp_path).identity("whisper-medium") == identity


def test_a_rewritten_commit_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.pull(["toy"])
    hub.commits[FIRST] = {"model.ckpt": b"forged"}
    (store.path("toy") / "sub" / "model.ckpt").unlink()
    assert store.status("toy") == "damaged"
    with pytest.raises(BadModel, match=r"sub/model\.ckpt differs"):
        store.pull(["toy"])


def test_a_pinned_commit_overrules_the_record(hub: FakeHub, tmp_path: Path) -> None:
    _store(tmp_path).pull(["toy"])
    hub.commits[SECOND] = {"model.ckpt": b"two"}
    store = _store(tmp_path, revision=SECOND)
    assert store.status("toy") == "damaged"
    store.pull(["toy"])
    assert (store.path("toy") / "sub" / "model.ckpt").read_bytes() == b"two"


def test_a_pinned_file_is_checked_on_the_first_pull(hub: FakeHub, tmp_path: Path) -> None:
    good = File("sub/model.ckpt", sha(b"one"), 3)
    _store(tmp_path / "good", FIRST, (good,)).pull(["toy"])
    bad = _store(tmp_path / "bad", FIRST, (File(good.name, sha(b"other"), 3),))
    with pytest.raises(BadModel, match="differs from its pinned hash"):
        bad.pull(["toy"])
    assert bad.status("toy") == "missing"


@pytest.mark.parametrize(
    ("files", "message"), [({"../evil.ckpt": b""}, "evil.ckpt"), ({"readme": b""}, "none of the expected files")]
)
def test_invalid_listings_are_refused(hub: FakeHub, tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    hub.commits[FIRST] = files
    with pytest.raises(BadModel, match=message):
        _store(tmp_path).pull(["toy"])


def test_downloads_must_have_the_hub_hash(hub: FakeHub, tmp_path: Path) -> None:
    hub.stated["model.ckpt"] = "0" * 64
    with pytest.raises(BadModel, match="differs from its hash on the hub"):
        _store(tmp_path).pull(["toy"])


def test_the_real_client_takes_these_calls() -> None:
    real, fake = importlib.import_module("huggingface_hub"), FakeHub()
    for called, calls in ((real.HfApi.model_info, fake.model_info), (real.snapshot_download, fake.snapshot_download)):
        assert set(inspect.signature(calls).parameters) - {"repo"} <= set(inspect.signature(called).parameters)
    assert callable(importlib.import_module("huggingface_hub.utils").disable_progress_bars)


class GatedRepoError(Exception):
    """Named like the exception of the client."""


@pytest.mark.parametrize(("failure", "message"), [(GatedRepoError(), "HF_TOKEN"), (OSError("down"), r"\(OSError\)")])
def test_failures_have_a_hint(hub: FakeHub, tmp_path: Path, failure: Exception, message: str) -> None:
    hub.failure = failure
    with pytest.raises(ResourceError, match=f"maker/toy: .*{message}"):
        _store(tmp_path).pull(["toy"])
