"""Markdown pages of the repository: their code blocks, commands, links and generated parts."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
README = REPOSITORY / "README.md"


def every_page() -> list[Path]:
    """All Markdown pages that users read."""
    top = [REPOSITORY / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")]
    return [*top, *sorted(DOCS.rglob("*.md"))]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code(page: Path, language: str) -> list[str]:
    """The fenced code blocks in a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text(page), re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[str]:
    """The lines of the shell blocks that run ``transcribe``, without comments."""
    lines = [re.sub(r"\s{2,}#.*", "", line).strip() for block in code(page, "sh") for line in block.splitlines()]
    return [line for line in lines if "transcribe " in line]


def block(page: Path, name: str) -> str:
    """The part between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``."""
    return generator().split(text(page), name)[1]


def links(page: Path) -> list[str]:
    """Targets of links and images that lie in the repository, without their anchors."""
    plain = re.sub(r"^ *```.*?^ *```", "", text(page), flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)\s]+)\)", plain)
    return [target.partition("#")[0] for target in targets if not re.match(r"https?:|mailto:|#", target)]


def generator() -> ModuleType:
    """The script that writes the generated parts."""
    name = "docs_generate"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, DOCS / "mkdocs" / "generate.py")
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
