"""The parts of the documentation that follow from the code: ``python docs/mkdocs/generate.py --update`` writes them.

Each part stands in a page between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``. A test compares the pages with
the code, so that a new setting, field or model fails until its page is written again.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import json
import sys
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pipeline import formats
from pipeline.analytics.tables import TABLES
from pipeline.config.constraints import OneOf, Range
from pipeline.config.presets import load_preset, preset_names
from pipeline.config.schema import Config
from pipeline.core import correction as core_correction
from pipeline.core import identity as core_identity
from pipeline.core import pause as core_pause
from pipeline.core import role as core_role
from pipeline.core import types as core_types
from pipeline.core.notices import NOTICES
from pipeline.core.serialization import constraint_of, to_plain
from pipeline.corrections import corrections_file
from pipeline.formats import crosstalk_json
from pipeline.minutes import types as minutes_types
from pipeline.minutes.documents import json_
from pipeline.models import registry
from pipeline.models.weights.catalogue import catalogue

DOCS = Path(__file__).parent.parent
RESULTS = DOCS.parent / "examples" / "benchmarks" / "results.json"
EXAMPLE = DOCS / "example.json"
OUTPUT = (
    core_types.Transcript, core_types.Utterance, core_types.Word, core_types.Turn, core_types.OverlapDecision,
    core_types.SpeakerEvidence, core_identity.Identity, core_identity.Candidate, core_correction.Correction,
    core_role.RoleDecision, core_role.RoleEvidence, core_pause.Pause, core_types.Coverage, core_types.Notice,
    core_types.Provenance,
)  # fmt: skip
"""The objects of the JSON output, the whole first."""
CORRECTIONS = (corrections_file.CorrectionsFile, corrections_file.CorrectedRecording, core_correction.Correction)
"""The objects of a file of corrections."""
MINUTES = (
    minutes_types.Minutes, minutes_types.Share, minutes_types.Topic, minutes_types.Item, minutes_types.Action,
    minutes_types.Evidence, minutes_types.AgendaItem, minutes_types.FollowUp, minutes_types.LeftOut,
    minutes_types.DoubtfulName, core_types.Notice,
)  # fmt: skip
"""The objects of minutes as JSON, the whole first."""


def settings() -> str:
    """Every setting: a table per section, with type, default and meaning, and one per model that has options."""
    about, sections_of_config = meanings(Config), to_plain(Config())
    sections = [
        f"## `{name}`\n\n{about[name]}"
        + (f"\n\n{fields_table(kind, f'{name}.')}" if isinstance(kind, type) and dataclasses.is_dataclass(kind) else "")
        + "".join(options_tables(name))
        for name, kind in typing.get_type_hints(Config).items()
        if name in sections_of_config
    ]
    return "\n\n".join(sections)


def options_tables(section: str) -> list[str]:
    """A table for each model whose own settings are the options of a section."""
    tables = []
    for kind, (_, owner) in registry.SETTINGS.items():
        for name in registry.names(kind) if owner == section else ():
            declared = registry.declaration(kind, name).Options
            if declared is not None:
                tables.append(f"\n\nOptions of the {kind} `{name}`:\n\n{fields_table(declared, f'{section}.options.')}")
    return tables


def preset_differences() -> str:
    """The settings in which each preset differs from the defaults."""
    plain = _flat(to_plain(Config()))
    rows = []
    for name in preset_names():
        changed = [f"`{k}: {v}`" for k, v in _flat(to_plain(load_preset(name))).items() if v != plain.get(k)]
        rows.append((f"`{name}`", "<br>".join(changed) or "–"))
    return table(("preset", "differs from the defaults in"), rows)


def tables_of(kinds: Sequence[type]) -> str:
    """The fields of objects in JSON, a table per object."""
    return "\n\n".join(f"### {kind.__name__}\n\n{fields_table(kind)}" for kind in kinds)


def json_schema(
    kinds: Sequence[type], before: Mapping[str, Any], after: Mapping[str, Any] = MappingProxyType({})
) -> str:
    """The JSON Schema of the first of ``kinds``, which holds the others, with further keys before and after its own."""
    whole, *objects = map(_object_schema, kinds)
    whole["properties"] = {**before, **whole["properties"], **after}
    whole["required"] = [*whole["properties"]]
    version = next(iter(before.values()))["const"]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Crosstalk, {version}"}
    parts = {kind.__name__: each for kind, each in zip(kinds[1:], objects, strict=True)}
    return json.dumps({**head, **whole, "$defs": parts}, indent=2, ensure_ascii=False) + "\n"


def _object_schema(kind: type) -> dict[str, Any]:
    """The schema of one dataclass, with the keys that follow from others."""
    hints, described = typing.get_type_hints(kind), meanings(kind)
    fields = dataclasses.fields(kind)
    derived = crosstalk_json.DERIVED.get(kind, ())
    properties: dict[str, Any] = {
        **{name: _value_schema(typing.get_type_hints(inspect_property(kind, name))["return"]) for name in derived},
        **{f.name: {**_value_schema(hints[f.name]), "description": described[f.name]} for f in fields},
    }
    required = [*derived, *(f.name for f in fields if default_of(f) == "–")]
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def inspect_property(kind: type, name: str) -> Callable[..., Any]:
    """The function behind a property."""
    found = inspect.getattr_static(kind, name).fget
    assert callable(found)
    return typing.cast("Callable[..., Any]", found)


def _value_schema(hint: Any) -> dict[str, Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is tuple:
        return {"type": "array", "items": _value_schema(inner[0])}
    if origin is not None and origin in (types.UnionType, typing.Union):
        return {"anyOf": [_value_schema(part) for part in inner]}
    if origin is not None and issubclass(origin, Mapping):
        values_of = {} if inner[1] is Any else {"additionalProperties": _value_schema(inner[1])}
        return {"type": "object", **values_of}
    plain = {str: "string", float: "number", int: "integer", bool: "boolean", type(None): "null"}
    return {"type": plain[hint]} if hint in plain else {"$ref": f"#/$defs/{hint.__name__}"}


def models() -> str:
    """Every known model with its use, licence and size."""
    rows = []
    for model in catalogue():
        size = "included" if model.bundled else f"{model.download / 1e6:.0f} MB" if model.download else "unknown"
        rows.append((f"`{model.name}`", model.purpose, model.license, size))
    return table(("name", "use", "licence", "download"), rows)


def notices() -> str:
    """Every code of a notice with its meaning."""
    return table(("code", "meaning"), [(f"`{code}`", meaning) for code, meaning in NOTICES.items()])


def comparison() -> str:
    """The systems measured by this project: errors per set, from the results of ``make bench``."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]
    sets = {"ami": "AMI, 10 clips", "simulated-20": "simulated, 20 % ov.", "simulated-40": "simulated, 40 % ov."}
    heads = ("measured by this project (cpWER: lower is better)", *sets.values(), "× real time, 20 %")
    lines = []
    for system in dict.fromkeys(row["system"] for row in rows):
        by_set = {row["group"]: row for row in rows if row["system"] == system}
        rates = [f"{100 * by_set[name]['cpwer']:.1f} %" for name in sets]
        speed = sum(by_set["simulated-20"]["real_time_factor"].values())
        lines.append((SYSTEMS[system], *rates, f"{speed:.2f}"))
    return table(heads, lines)


SYSTEMS = {
    "baseline": "baseline: stock pyannote pipeline, Whisper on the mixture",
    "Crosstalk, overlaps not separated": "Crosstalk, separation off",
    "Crosstalk": "**Crosstalk, default**",
}
"""Names of the measured systems in the README."""


def example() -> str:
    """The README's example: a stored transcript as text."""
    transcript = formats.loads(EXAMPLE.read_text(encoding="utf-8"), "json")
    return f"```text\n{formats.dumps(transcript, 'txt').decode().rstrip()}\n```"


def data_dictionary() -> str:
    """Every table of ``transcribe report`` with name, type, unit and meaning of its columns."""
    parts = []
    for each in TABLES.values():
        rows = [(f"`{c.name}`", COLUMN_TYPES[c.type], c.unit or "–", c.meaning) for c in each.columns]
        parts.append(f"### {each.name}\n\n{each.meaning}\n\n{table(('column', 'type', 'unit', 'meaning'), rows)}")
    return "\n\n".join(parts)


COLUMN_TYPES: Mapping[type, str] = MappingProxyType(
    {str: "text", float: "number", int: "whole number", bool: "true or false"}
)
"""Types of columns as people read them."""


CONSTANTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pipeline.core.timeline": ("BOUNDARY", "MAX_WORDLESS", "MIN_WORD"),
        "pipeline.stages.separation.stage": ("ENROLLMENT",),
        "pipeline.stages.separation.source_assignment": ("SILENT_DB", "SAME", "RESIDUE"),
        "pipeline.stages.recognition.plan": ("MAX_PAUSE", "MIN_ENROLLMENT"),
        "pipeline.stages.recognition.windows": ("SPARE", "SEARCH"),
        "pipeline.stages.recognition.clips": ("CONTEXT",),
        "pipeline.stages.recognition.transcribe_clips": ("ROUNDS",),
        "pipeline.stages.recognition.word_attribution": ("CHANGE", "CHANGE_INSIDE"),
        "pipeline.stages.assembly.hallucinations": ("REPEATS", "LOOP_WORDS"),
        "pipeline.models.recognizers.whisper": ("NO_REPEAT_NGRAM", "ZERO_LENGTH_RUN"),
    }
)
"""The constants that steer the text, by module."""


def constants() -> str:
    """A table of the constants that steer the text, with the sentences below them in the code."""
    rows = []
    for module, names in CONSTANTS.items():
        about = constants_of(Path(inspect.getsourcefile(importlib.import_module(module)) or ""))
        place = module.removeprefix("pipeline.").replace(".", "/")
        rows += [(f"`{name}`", f"`{place}`", *about[name]) for name in names]
    return table(("constant", "module", "value", "meaning"), rows)


def constants_of(path: Path) -> dict[str, tuple[str, str]]:
    """The value of each constant of a module, as its source has it, and the sentences below it."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found: dict[str, tuple[str, str]] = {}
    for node, after in pairwise(body):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        described = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name) and node.value and described:
            text = " ".join(ast.literal_eval(after.value).split())
            found[target.id] = ast.unparse(node.value), text
    return found


def fields_table(kind: type, prefix: str = "") -> str:
    """The fields of a dataclass with type, default and meaning."""
    hints, meaning = typing.get_type_hints(kind), meanings(kind)
    rows = []
    for field in dataclasses.fields(kind):
        described = meaning[field.name]
        allowed = type_name(hints[field.name]) + limits(field)
        rows.append((f"`{prefix}{field.name}`", allowed, default_of(field), described))
    return table(("key", "type", "default", "meaning"), rows)


def meanings(kind: type) -> dict[str, str]:
    """The sentence below each field of a dataclass; a field without one is a KeyError with the field's name."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    inherited = [base for base in kind.__bases__ if dataclasses.is_dataclass(base)]
    found = {name: meaning for base in inherited for name, meaning in meanings(base).items()}
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
            found[field.target.id] = " ".join(ast.literal_eval(after.value).split())
    return found


def type_name(hint: Any) -> str:
    """A type as people read it: ``text``, ``number``, ``list of Word``."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin is tuple:
        return f"list of {type_name(inner[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return "object"
    if inner:
        return " or ".join(type_name(part) for part in inner)
    plain = {str: "text", float: "number", int: "whole number", bool: "true or false", type(None): "null"}
    return plain.get(hint) or f"[{hint.__name__}](#{hint.__name__.lower()})"


def limits(field: dataclasses.Field[Any]) -> str:
    """The range or the allowed values of a setting, to stand behind its type."""
    constraint = constraint_of(field)
    if isinstance(constraint, Range):
        return f", {constraint.least:g} to {constraint.most:g}"
    if isinstance(constraint, OneOf):
        return ": " + ", ".join(f"`{option}`" for option in constraint.options)
    return ""


def default_of(field: dataclasses.Field[Any]) -> str:
    """The default as it would be written in YAML or JSON; a dash for what must be there."""
    if field.default is dataclasses.MISSING:
        return "–" if field.default_factory is dataclasses.MISSING else "empty"
    if field.default in ((), ""):
        return "empty"
    return f"`{json.dumps(field.default)}`" if not isinstance(field.default, str) else f"`{field.default}`"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


BLOCKS: Mapping[tuple[Path, str], Callable[[], str]] = MappingProxyType(
    {
        (DOCS / "configuration.md", "settings"): settings,
        (DOCS / "configuration.md", "constants"): constants,
        (DOCS / "models.md", "presets"): preset_differences,
        (DOCS / "models.md", "catalogue"): models,
        (DOCS / "output-json.md", "schema"): partial(tables_of, OUTPUT),
        (DOCS / "output-json.md", "notices"): notices,
        (DOCS / "corrections.md", "corrections"): partial(tables_of, CORRECTIONS),
        (DOCS / "minutes.md", "schema"): partial(tables_of, MINUTES),
        (DOCS / "tables.md", "tables"): data_dictionary,
        (DOCS.parent / "README.md", "comparison"): comparison,
        (DOCS.parent / "README.md", "example"): example,
        (DOCS / "index.md", "example"): example,
    }
)
"""The generated parts by page and name."""
_CHECKSUM = {"type": "string", "description": "Hash of everything that does not follow from the rest."}
_TITLE = {"type": "string", "description": "Name of the recording."}
SCHEMAS: Mapping[Path, Callable[[], str]] = MappingProxyType({
    DOCS / "crosstalk-1.schema.json": partial(
        json_schema, OUTPUT, {"version": {"const": crosstalk_json.VERSION}}, {"checksum": _CHECKSUM}
    ),
    DOCS / "crosstalk-minutes-1.schema.json": partial(
        json_schema, MINUTES, {"schema": {"const": json_.SCHEMA}, "title": _TITLE}
    ),
})  # fmt: skip
"""The generated JSON Schemas."""


def split(page: str, name: str) -> tuple[str, str, str]:
    """A page's text before, inside and after a part."""
    before, begin, rest = page.partition(f"<!-- {name}:begin -->\n")
    inside, end, after = rest.partition(f"<!-- {name}:end -->")
    if not begin or not end:
        raise ValueError(f"the page has no part {name!r}")
    return before + begin, inside.strip("\n"), end + after


def update() -> None:
    """Write every generated part into its page."""
    for (path, name), make in BLOCKS.items():
        before, _, after = split(path.read_text(encoding="utf-8"), name)
        path.write_text(f"{before}{make()}\n{after}", encoding="utf-8")
    for path, make in SCHEMAS.items():
        path.write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("usage: python docs/mkdocs/generate.py --update")
    update()
