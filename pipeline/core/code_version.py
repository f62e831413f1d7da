"""Hashes of source code, for classes of the user's own that declare no version: another hash, other results.

A module's hash covers its source and, transitively, that of every module of the same package that it imports. The files
are read, not imported. The imports of the package's own ``__init__`` do not count, because it only offers names.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path


@functools.cache
def source_hash(module: str) -> str:
    """16 hexadecimal digits over a module and its imports from its package; a fixed value without source."""
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        path = _source(name)
        if path:
            digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def requirements(module: str) -> dict[str, str]:
    """The version of each installed package that the module, or what it imports from its own package, imports."""
    owners = _owners()
    tops = {name.partition(".")[0] for part in _closure(module) for name in _imported(part)}
    names = {name for top in tops - sys.stdlib_module_names for name in owners.get(top, ())}
    return {name: importlib.metadata.version(name) for name in sorted(names)}


@functools.cache
def _owners() -> dict[str, list[str]]:
    """The installed distributions by the top-level modules that they provide."""
    return {top: list(names) for top, names in importlib.metadata.packages_distributions().items()}


def _closure(module: str) -> set[str]:
    """The module and all it imports, transitively, inside its top-level package."""
    closure: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in closure and _source(name):
            closure.add(name)
            waiting += _imports(name) if "." in name else ()
    return closure


@functools.cache
def _imports(module: str) -> tuple[str, ...]:
    """The names that a module imports from its own top-level package."""
    top = module.partition(".")[0]
    return tuple(name for name in _imported(module) if name.partition(".")[0] == top)


@functools.cache
def _imported(module: str) -> tuple[str, ...]:
    """The names that a module imports, anywhere in its source."""
    path = _source(module)
    tree = ast.parse(path.read_text(encoding="utf-8")) if path else ast.Module([], [])
    package = module if path and path.name == "__init__.py" else module.rpartition(".")[0]
    return tuple(_names(tree, package))


def _names(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@functools.cache
def _source(module: str) -> Path | None:
    """A module's file, found from the top package down: `find_spec` of a dotted name would import its parents."""
    top, *rest = module.split(".")
    spec = importlib.util.find_spec(top)
    name = top
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        name = f"{name}.{part}"
        spec = importlib.machinery.PathFinder.find_spec(name, spec.submodule_search_locations)
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
