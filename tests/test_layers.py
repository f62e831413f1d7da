"""The shape of the code: imports go one way, heavy packages stay in backends, functions and files stay short."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline

ROOT = Path(pipeline.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
HEAVY = {"torch", "torchaudio", "pyannote", "speechbrain", "faster_whisper", "ctranslate2", "pydub", "av", "lightning"}
HEAVY_HOMES = ("backends/", "media/")

LAYERS: tuple[tuple[str, ...], ...] = (
    ("values",),
    ("errors", "events", "failpoints", "notices", "text"),
    ("timeline", "audio", "plain", "sources", "files", "roles", "languages", "output_record", "doubts"),
    ("constraints",),
    ("config", "protocols", "cache", "formats", "speakers"),
    ("presets", "store", "media", "output", "stages", "analytics"),
    ("backends",),
    ("steps", "preflight"),
    ("run",),
    ("api", "batch", "evaluation"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""From the bottom up; a room imports from its own layer and below."""
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(tree: ast.AST, top_level_only: bool = False) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree) if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "pipeline":
                yield from (f"pipeline.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    own = room(path)
    if own == "__init__":
        return
    for name in imported(ast.parse(path.read_text()), top_level_only=True):
        parts = name.split(".")
        if parts[0] == "pipeline" and len(parts) > 1 and parts[1] != own:
            assert RANK[parts[1]] <= RANK[own], f"{own} must not import {parts[1]}"
            assert parts[1] != "backends" or len(parts) == 2, "a backend is imported by nobody"


@pytest.mark.parametrize("name", ["scoring", "simulation", "conversation", "words", "diarization", "attribution"])
def test_scores_and_simulation_know_nothing_of_the_pipeline(name: str) -> None:
    tree = ast.parse((ROOT / "evaluation" / f"{name}.py").read_text())
    rooms = {module.split(".")[1] for module in imported(tree) if module.startswith("pipeline.")}
    assert rooms <= {"values", "errors", "text", "timeline", "audio", "evaluation"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_packages_stay_in_their_rooms(path: Path) -> None:
    where = str(path.relative_to(ROOT))
    if not where.startswith(HEAVY_HOMES):
        names = {name.partition(".")[0] for name in imported(ast.parse(path.read_text()), top_level_only=True)}
        assert not names & HEAVY


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 40, f"{node.name} is too long"


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from pipeline.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('loaded:', sorted({HEAVY | {'numpy', 'scipy', 'rich.console'}!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout
