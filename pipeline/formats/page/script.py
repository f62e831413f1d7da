"""The modules of the page as one script: in the order of their imports, without imports and exports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

ENTRY = "main.js"
"""The module that is imported by no other and starts the page."""
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(?:\./|(?:\.\./)+(?:\w+/)+)([\w.]+)";\n', re.MULTILINE)
_DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
_EXPORTED = re.compile(r"^export (?:async )?(?:function\*?|const|class) (\w+)", re.MULTILINE)
_FORBIDDEN = re.compile(r"^(?:import|export (?:default|\{|\*))|^(?:const|let|var) [\[{]|</script|<!--", re.MULTILINE)
"""Spellings that joining does not understand, and texts that would end the script's element."""


@cache
def script() -> str:
    """The script of the page."""
    folder = resources.files(__package__)
    modules = {
        path.name: path.read_bytes().decode()
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".js")
    }
    return joined(modules)


def joined(modules: Mapping[str, str], entry: str = ENTRY) -> str:
    """The modules as one script; ``ValueError`` where they do not fit together.

    A module imports only by ``import { a, b } from "./other.js";``, or by the path of another folder. No two modules
    have one name, and no two declare a name in common.
    """
    order = list(_after_imports(modules, entry, ()))
    if unused := modules.keys() - set(order):
        raise ValueError(f"no module imports {', '.join(sorted(unused))}")
    owners: dict[str, str] = {}
    for module in order:
        for name in _DECLARED.findall(modules[module]):
            if name in owners:
                raise ValueError(f"{owners[name]} and {module} both declare {name}")
            owners[name] = module
    return "\n".join(_without_imports(module, modules) for module in order)


def _after_imports(modules: Mapping[str, str], module: str, importing: tuple[str, ...]) -> dict[str, None]:
    """The modules that ``module`` needs in their order, then itself; as keys."""
    if module in importing:
        raise ValueError(f"modules import one another: {' → '.join((*importing, module))}")
    if module not in modules:
        raise ValueError(f"there is no module {module}, which {importing[-1] if importing else 'the page'} needs")
    order: dict[str, None] = {}
    for _, other in _IMPORT.findall(modules[module]):
        order |= _after_imports(modules, other, (*importing, module))
    return {**order, module: None}


def _without_imports(module: str, modules: Mapping[str, str]) -> str:
    text = modules[module]
    for names, other in _IMPORT.findall(text):
        exported = set(_EXPORTED.findall(modules[other]))
        if unknown := {name.strip() for name in names.split(",") if name.strip()} - exported:
            raise ValueError(f"{other} does not export {', '.join(sorted(unknown))}, which {module} imports")
    text = _IMPORT.sub("", text)
    if found := _FORBIDDEN.search(text):
        raise ValueError(f"{module} has {found[0]!r}, which cannot be joined into one script")
    return re.sub(r"^export (?=(?:async )?(?:function|const|class))", "", text, flags=re.MULTILINE)
