"""Names and phrases of version 0.1.0 that were replaced do not come back, but for spellings that are still read."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import REPOSITORY

OLD_NAMES = """
    BACKENDS Bench Claims Clips CommonFlow Crew Crossing Effort Ended ExemplarSeparator Groups Heard LocalSpeech
    LocalVoices MixtureSeparator Night Orders Piece RefinedSeparator RefiningNet Region ReplayDiarizer
    ReplayEmbedder ReplayRecognizer ReplaySeparator Scene Seat SpeakerCount Steps Take Tape ThreadedSeparator
    TrackletDiarizer TrunkEmbedder Verdict Voice VoiceModel VoiceScale Voices Warned Witness Hopeless Cluster
    BOLDNESS CAUTION FINER FOUNDER HALO PATIENCE REMEMBERED TOGETHER_MOST HURRIED ILL MISFITS INERT
    aside asides clear_floor decode_here find_asides find_holds find_people find_voices handed_over lay_clips
    lay_floor
    lay_out lay_pieces lay_scene lay_takes lies_in load_refining mark_suspects mix_down one_core_each parts_of
    pool_heard read_turns rescue rival seat settings_key share_out silent_spans spell stillborn use_device
    without_leaks write_voices adjusted relieve
"""
"""Identifiers of version 0.1.0 that have the field's name now."""
OLD_MODULES = """
    backends speakers commands values steps protocols_old packing attending floor ownership splicing leakage suspicion
    scenes blending tracklets exemplar refining blueprint replay apart tape night crew claims interplay comma
    inert wording
"""
PHRASES = (
    r"\bso many\b",
    r"\b(is|are|was) none\b",
    r"\btak(e|es|en|ing) apart\b",
    r"\btold apart\b",
    r"\b(his|her) own\b",
    r"\bhim(self)?\b",
    r"(?<!\")\b[Hh]e (is|was|has|says|talks|speaks|himself)\b",
    r"\bof (its|their|one's|everybody's) own\b",
    r"\bheard\b",
    r"\bhearings?\b",
    r"\bfound out\b",
    r"\bcommon flow\b",
    r"\bof it [a-z]+ization\b",
    r"\bnobody'?s?\b",
    r"\beverybody'?s?\b",
)
"""Phrases of the private language that the project gave up: each has a plain word."""
ALIASES = {"pipeline/config/aliases.py", "pipeline/formats/json_aliases.py", "pipeline/analytics/analytics_file.py"}
"""Where old spellings are named because they are still read for one version."""
SOURCES = sorted(
    path
    for folder in ("pipeline", "configs", "examples")
    for path in (REPOSITORY / folder).rglob("*")
    if path.suffix in {".py", ".yaml"}
)
TESTS = sorted(path for path in (REPOSITORY / "tests").rglob("*.py") if path != Path(__file__))
"""Of the tests, names, comments and docstrings are checked; other strings are data and may have any words."""
TEST_WORDS = """
    heard told said says voice voices apart taught nobody everybody somebody none hear
"""
"""Words that no test function has in its name."""
PAGES = sorted(
    path
    for path in [REPOSITORY / "README.md", REPOSITORY / "SECURITY.md", *(REPOSITORY / "docs").rglob("*.md")]
    if "experiments" not in path.parts  # notebooks of experiments stay as they were written
)


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def prose(path: Path) -> Iterator[str]:
    """What people read of a file: a page, or the comments and texts of a module."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield text
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            yield token.string


def remarks(path: Path) -> Iterator[str]:
    """The comments and docstrings of a module; texts that describe a constant count as docstrings."""
    text = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def identifiers(path: Path) -> set[str]:
    if path.suffix != ".py":
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    named = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    return names | {node.name for node in ast.walk(tree) if isinstance(node, named)}


def test_no_old_name_is_left() -> None:
    old = set(OLD_NAMES.split())
    found = {name_of(path): identifiers(path) & old for path in [*SOURCES, *TESTS] if name_of(path) not in ALIASES}
    assert {name: names for name, names in found.items() if names} == {}


def test_no_old_module_is_left() -> None:
    paths = [path.relative_to(REPOSITORY) for path in [*SOURCES, *TESTS]]
    parts = {part.removesuffix(".py").removeprefix("test_") for path in paths for part in path.parts}
    assert parts & set(OLD_MODULES.split()) == set()


def test_no_old_phrase_is_left() -> None:
    phrase = re.compile("|".join(f"(?:{phrase})" for phrase in PHRASES))
    texts = [(path, text) for path in [*SOURCES, *PAGES] for text in prose(path)]
    texts += [(path, text) for path in TESTS for text in remarks(path)]
    hits = [
        (name_of(path), hit.group())
        for path, text in texts
        if name_of(path) not in ALIASES
        for hit in phrase.finditer(text)
    ]
    assert hits == []


def test_test_names_are_plain() -> None:
    words = set(TEST_WORDS.split())
    names = [(name_of(path), name) for path in TESTS for name in identifiers(path) if name.startswith("test_")]
    assert len(names) > 1000
    assert [(path, name) for path, name in names if words & set(name.split("_"))] == []
