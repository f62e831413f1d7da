"""Fingerprints of the code behind each declared version: ``python -m tests.engine.versions --update`` records them.

Results are cached under the versions that stages, models and formats declare, not under their source. `RECORD` holds
each version beside a fingerprint of the code that it stands for, so that no change of code goes by without a decision:
raise the version, or record that the results are the same. A fingerprint covers the module and all that it imports from
this package, as syntax trees without comments, docstrings and annotations; imports for annotations alone do not count.
Where a module reads files of its folder (`importlib.resources`), the scripts, styles and templates there count as well.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pipeline
from pipeline import formats, media
from pipeline.analytics import analytics_file
from pipeline.engine.pipeline import STAGES
from pipeline.models import registry

ROOT = Path(pipeline.__file__).parent
ASSETS = (".css", ".html", ".j2", ".js")
RECORD = Path(__file__).parent / "versions.json"
ADVICE = (
    'the code changed and its version did not: raise the version, or record "same results" with '
    "python -m tests.engine.versions --update"
)


@dataclasses.dataclass(frozen=True)
class Unit:
    """An item with a declared version: its name, that version, and the modules that its results come from."""

    name: str
    version: int | str
    modules: tuple[str, ...]

    @property
    def entry(self) -> dict[str, Any]:
        """The unit as it is recorded."""
        return {"version": self.version, "fingerprint": fingerprint(self.modules)}


def units() -> Iterator[Unit]:
    """The decoder, every stage, model and format, and the analytics."""
    yield Unit("decoder", media.DECODER_VERSION, ("pipeline.media.decoder", "pipeline.media.inputs"))
    for stage in STAGES:
        yield Unit(f"stage {stage.name}", stage.version, (stage.run.__module__,))
    for kind in registry.KINDS:
        for name in registry.names(kind):
            module, _ = registry.locate(kind, name)
            if module.startswith(f"{pipeline.__name__}."):
                model = registry.declaration(kind, name)
                yield Unit(f"{kind} {name}", model.version, (module, model.__module__))
    for name in formats.built_in():
        yield Unit(f"format {name}", formats.get(name).version, (formats.module_of(name), "pipeline.formats.files"))
    yield Unit("analytics", analytics_file.VERSION, (analytics_file.__name__,))


def problems(recorded: dict[str, Any], present: Iterable[Unit]) -> list[str]:
    """One sentence for each unit whose code is not the recorded one, and for each recorded unit that does not exist."""
    entries = {unit.name: unit.entry for unit in present}
    messages = [
        f"{name}: not recorded; run python -m tests.engine.versions --update" for name in entries.keys() - recorded
    ]
    messages += [f"{name}: recorded, but there is none" for name in recorded.keys() - entries]
    for name in entries.keys() & recorded.keys():
        before, after = recorded[name], entries[name]
        if before != after:
            same = before["version"] == after["version"]
            messages.append(
                f"{name}: {ADVICE if same else 'record the new version: python -m tests.engine.versions --update'}"
            )
    return sorted(messages)


def read_record() -> dict[str, Any]:
    """The recorded units by name; empty where nothing was recorded."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}


def update() -> list[str]:
    """Record the units as they are now; one line for each change."""
    before, after = read_record(), {unit.name: unit.entry for unit in units()}
    RECORD.write_text(json.dumps(after, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    changed = [name for name in sorted(after) if before.get(name) != after[name]]
    return [f"{name}: {_change(before.get(name), after[name])}" for name in changed]


def _change(before: dict[str, Any] | None, after: dict[str, Any]) -> str:
    if before is None:
        return f"version {after['version']}"
    if before["version"] == after["version"]:
        return f"same results as before (version {after['version']})"
    return f"version {before['version']} -> {after['version']}"


def fingerprint(modules: Iterable[str], root: Path = ROOT) -> str:
    """16 hexadecimal digits over the modules and all that they import from the package in the folder ``root``."""
    digest = hashlib.sha256()
    for name in sorted(closure(modules, root)):
        digest.update(f"{name}\0{_described(name, root)}\0".encode())
    return digest.hexdigest()[:16]


def closure(modules: Iterable[str], root: Path = ROOT) -> set[str]:
    """The modules and all that they import, transitively, inside the package, without its own ``__init__``."""
    names: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in names and name != root.name and _path(name, root):
            names.add(name)
            waiting += _imports(name, root)
    return names


def _path(module: str, root: Path) -> Path | None:
    """The file of a module of the package; None for other modules."""
    top, *parts = module.split(".")
    base = root.joinpath(*parts)
    files = (base.with_suffix(".py"), base / "__init__.py") if top == root.name else ()
    return next((file for file in files if file.is_file()), None)


@functools.cache
def _tree(module: str, root: Path) -> ast.Module:
    """The module's syntax tree without what cannot change a result."""
    path = _path(module, root)
    tree = ast.parse(path.read_text(encoding="utf-8")) if path else ast.Module([], [])
    return _Results().visit(tree)  # type: ignore[no-any-return]


@functools.cache
def _described(module: str, root: Path) -> str:
    path = _path(module, root)
    reads = path is not None and "resources.files(__package__)" in path.read_text(encoding="utf-8")
    assets = sorted(p for p in path.parent.iterdir() if p.suffix in ASSETS) if path and reads else []
    return _text(_tree(module, root)) + "".join(asset.read_text(encoding="utf-8") for asset in assets)


@functools.cache
def _imports(module: str, root: Path) -> tuple[str, ...]:
    """The names that a module imports, wherever in it, and that may be modules."""
    path = _path(module, root)
    package = module if path and path.name == "__init__.py" else module.rpartition(".")[0]
    names: list[str] = []
    for node in ast.walk(_tree(module, root)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


class _Results(ast.NodeTransformer):
    """Removes docstrings and other bare strings, annotations, and imports for type checkers."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def _text(node: Any) -> str:
    """A syntax tree as text that is the same under every version of Python: empty fields are left out."""
    if isinstance(node, list):
        return f"[{','.join(map(_text, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [f"{name}={_text(value)}" for name, value in ast.iter_fields(node) if value is not None and value != []]
    return f"{type(node).__name__}({','.join(fields)})"


if __name__ == "__main__":
    lines = update() if "--update" in sys.argv[1:] else problems(read_record(), units())
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit(bool(lines) and "--update" not in sys.argv[1:])
