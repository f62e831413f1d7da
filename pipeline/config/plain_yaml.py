"""Plain YAML: values without tags, as data or as nodes with their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from pipeline.core.errors import SettingsError


class PlainLoader(yaml.SafeLoader):
    """Plain data only: any explicit tag (``!x``, ``!!python/...``) is refused, and ``no`` is Norwegian, not false."""

    yaml_implicit_resolvers = {  # noqa: RUF012 — yaml declares it so
        first: [(tag, rule) for tag, rule in rules if not (tag.endswith(":bool") and first not in "tTfF")]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def fetch_tag(self) -> None:
        raise yaml.YAMLError(f"tags are refused (line {self.line + 1})")


def load_plain(text: str, where: str) -> dict[Any, Any]:
    """The mapping in a YAML text (empty for an empty text); raises `SettingsError` for tags and anything else."""
    try:
        loaded = yaml.load(text, Loader=PlainLoader)
    except yaml.YAMLError as error:
        raise SettingsError(f"not plain YAML: {_first_line(error)}", where=where) from error
    if loaded is None:
        loaded = {}
    if not isinstance(loaded, dict):
        raise SettingsError("settings are a YAML mapping of sections", where=where)
    return loaded


def compose(text: str, where: str) -> tuple[yaml.Node | None, Callable[[yaml.Node], Any]]:
    """The nodes of a YAML text with their marks, and what gives the value of a scalar, as `load_plain` reads them.

    Raises `SettingsError`, with line and column, for tags and for what is no YAML.
    """
    try:
        loader = PlainLoader(text)
    except yaml.reader.ReaderError as error:
        lines = text[: error.position].split("\n")
        place = f"{where}, line {len(lines)}, column {len(lines[-1]) + 1}"
        raise SettingsError(f"not plain YAML: {error.reason}", where=place) from error
    try:
        return loader.get_single_node(), loader.construct_object
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or loader.get_mark()
        problem = getattr(error, "problem", None) or _first_line(error)
        place = f"{where}, line {mark.line + 1}, column {mark.column + 1}"
        raise SettingsError(f"not plain YAML: {problem}", where=place) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
