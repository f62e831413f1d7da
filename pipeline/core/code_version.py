"""Fingerprints of our own code: a change of code redoes exactly the stages that depend on it.

A module's fingerprint covers its source and, transitively, that of every module of the same package that it imports,
read from the files without importing anything. The package's own ``__init__`` only offers names to users: what it
imports does not count.
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
    """16 hexadecimal digits over the module and what it imports from its own package; "" for what has no source."""
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
    tops = {name.partition(".")[0] for own in _closure(module) for name in _imported(own)}
    names = {name for top in tops - sys.stdlib_module_names for name in owners.get(top, ())}
    return {name: importlib.metadata.version(name) for name in sorted(names)}


@functools.cache
def _owners() -> dict[str, list[str]]:
    """The installed packages by the modules that they bring."""
    return {top: list(names) for top, names in importlib.metadata.packages_distributions().items()}


def _closure(module: str) -> set[str]:
    """The module and all it imports, transitively, inside its top-level package."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found and _source(name):
            found.add(name)
            waiting += _imports(name) if "." in name else ()
    return found


@functools.cache
def _imports(module: str) -> tuple[str, ...]:
    """What a module imports from its own top-level package."""
    top = module.partition(".")[0]
    return tuple(name for name in _imported(module) if name.partition(".")[0] == top)


@functools.cache
def _imported(module: str) -> tuple[str, ...]:
    """What a module imports, anywhere in its source."""
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
    """Its file, found from the top package's folder down: `find_spec` of a dotted name would import its parents."""
    top, *rest = module.split(".")
    spec = importlib.util.find_spec(top)
    name = top
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        name = f"{name}.{part}"
        spec = importlib.machinery.PathFinder.find_spec(name, spec.submodule_search_locations)
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
