"""The shape of the code: imports go one way, heavy packages stay in backends, functions and files stay short."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import pipeline

ROOT = Path(pipeline.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
HEAVY = {"torch", "torchaudio", "pyannote", "speechbrain", "faster_whisper", "ctranslate2", "pydub", "av", "lightning"}
HEAVY_HOMES = ("models/", "media/")

LAYERS: tuple[tuple[str, ...], ...] = (
    ("_version",),
    ("core",),
    ("config",),
    ("media",),
    ("models", "formats", "gallery"),
    ("stages", "corrections"),
    ("engine",),
    ("minutes",),
    ("analytics",),
    ("redaction",),
    ("workers",),
    ("batch",),
    ("evaluation", "server"),
    ("api", "cli"),
    ("__init__", "__main__"),
)
"""From the bottom up; a package imports from its layer and below."""
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


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


def arrows(path: Path) -> set[tuple[str, str]]:
    """The pairs of packages (importing, imported) of one module, wherever in the module the import stands."""
    names = [name.split(".") for name in imported(parsed(path))]
    rooms = {parts[1] for parts in names if parts[0] == "pipeline" and len(parts) > 1}
    return {(room(path), other) for other in rooms & RANK.keys() - {room(path)}}


def test_imports_go_down() -> None:
    upwards = [(str(path), other) for path in MODULES for room, other in arrows(path) if RANK[other] >= RANK[room]]
    assert upwards == []


def test_every_room_has_its_layer_and_arrows_are_few() -> None:
    assert {room(path) for path in MODULES} == RANK.keys()
    assert len(set().union(*map(arrows, MODULES))) <= 87


@pytest.mark.parametrize("path", sorted((ROOT / "evaluation" / "metrics").glob("*.py")), ids=lambda p: p.stem)
def test_metrics_do_not_depend_on_the_pipeline(path: Path) -> None:
    rooms = {name.split(".")[1] for name in imported(parsed(path)) if name.startswith("pipeline.")}
    assert rooms <= {"core", "formats", "evaluation"}


def test_heavy_packages_stay_in_their_rooms() -> None:
    for path in MODULES:
        where = str(path.relative_to(ROOT))
        if not where.startswith(HEAVY_HOMES):
            names = {name.partition(".")[0] for name in imported(parsed(path), top_level_only=True)}
            assert not names & HEAVY, where


def test_files_and_functions_are_short() -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    assert [str(path) for path in MODULES if path.read_text(encoding="utf-8").count("\n") > 350] == []
    nodes = [(path, node) for path in MODULES for node in ast.walk(parsed(path)) if isinstance(node, functions)]
    assert [(str(path), node.name) for path, node in nodes if (node.end_lineno or 0) - node.lineno >= 40] == []


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from pipeline.cli.app import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('loaded:', sorted({HEAVY | {'numpy', 'scipy', 'rich.console'}!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout
