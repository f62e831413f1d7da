"""The documentation is correct: commands run, generated parts and figures follow from code and results, links exist."""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import types
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given

import pipeline
from pipeline import formats
from pipeline.cli import run
from pipeline.cli.app import COMMANDS, main
from pipeline.config import presets
from pipeline.config.schema import assign
from pipeline.core.correction import Correction
from pipeline.core.errors import ResourceError
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.corrections import CorrectionsFile, dumps
from pipeline.corrections.corrections_file import of_transcript
from pipeline.engine import artifact_cache
from pipeline.evaluation.benchmark.tables import as_table
from pipeline.gallery import store as gallery_store
from pipeline.models import registry
from tests import pages, strategies, world
from tests.conftest import REPOSITORY
from tests.engine.test_api import options
from tests.engine.test_names import MEETING, monologue
from tests.pages import DOCS, README
from tests.test_layers import LAYERS

PAGES_WITH_COMMANDS = (
    README,
    *(
        DOCS / f"{name}.md"
        for name in ("index", "usage", "page", "minutes", "models", "configuration", "stereo-calls", "extending")
    ),
)
EXTENDING = DOCS / "extending.md"
FETCHES = "models pull"
"""Needs the network; `make setup` runs it, and tests/weights the code behind it."""
CONTACTS = "--llm "
"""Commands with it contact a server: tests/minutes/llm/test_command.py runs them."""
MAY_LACK_MODELS = ("doctor", "models path", "models verify")
"""Commands that end with the exit code of missing models where these are not on the machine."""
RESULTS = json.loads((REPOSITORY / "examples" / "benchmarks" / "results.json").read_text(encoding="utf-8"))
PACKAGE = Path(pipeline.__file__).parent
STAGE_FILES = tuple((PACKAGE / "stages").rglob("*.py"))
IDENTITY_FILES = tuple((PACKAGE / "stages" / "identification").rglob("*.py"))
DECISIONS = ("Decision", "OverlapDecision", "Failure", "Identity")
"""Values that hold a reason."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the recordings that the pages name, made of synthetic tones, and the examples' modules."""
    from tests.batch.test_batch_pages import write_call

    for name in ("meeting.m4a", "meeting.wav", "one.mp3", "two.mp3", "talk.ogg", "monday.m4a", "tuesday.m4a"):
        world.write_wav(tmp_path / name)
    write_call(tmp_path / "call.wav")
    words = tuple(Word(word.start, word.end, word.text) for word in world.DIALOGUE if word.text[0] == "a")
    transcript = world.transcribed(world.DIALOGUE)
    truth = type(transcript)(8.0, (Utterance("A", words),), (Turn(1.0, 6.4, "A"),))
    for folder in ("references", "transcripts"):
        (tmp_path / folder).mkdir()
    (tmp_path / "transcripts" / "meeting.json").write_bytes(formats.dumps(transcript, "json", "meeting"))
    for place in (tmp_path, tmp_path / "references"):
        (place / "meeting.stm").write_bytes(formats.dumps(truth, "stm", "meeting"))
    (tmp_path / "recordings").mkdir()
    world.write_wav(tmp_path / "recordings" / "talk.wav")
    (tmp_path / "recordings" / "talk.stm").write_bytes(formats.dumps(transcript, "stm", "talk"))
    check = Correction("check", "SPEAKER_00", 1.0, 2.0, "a1 a2")
    (tmp_path / "meeting.corrections.json").write_text(dumps(CorrectionsFile(corrections=(check,))))
    (tmp_path / "agenda.txt").write_text("1. Money\n2. Parking\n")
    (tmp_path / "last-week.minutes.json").write_bytes(formats.dumps(transcript, "minutes-json"))
    write_examples(tmp_path)
    monkeypatch.setattr(webbrowser, "open", lambda address: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n" * 9))
    monkeypatch.syspath_prepend(REPOSITORY / "examples")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / ".cache")
    default = presets.load_preset("default")
    monkeypatch.setattr(presets, "load_preset", lambda name: assign(default, world.REPLAY))
    return tmp_path


def execute(line: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> int:
    """Run a line of a page as a shell would: pipes from ``cat``, patterns, and redirected output; the exit code."""
    line = re.sub(r"^PYTHONPATH=\S+ ", "", line)
    head, _, tail = line.rpartition("|") if line.startswith("cat ") else ("", "", line)
    if head:
        piped = io.BytesIO((desk / head.split()[1]).read_bytes())
        monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=piped))
    tail, _, target = tail.partition(" > ")
    arguments: list[str] = []
    for part in shlex.split(tail)[1:]:
        arguments += sorted(p.name for p in desk.glob(part)) if "*" in part else [part]
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    if target:
        (desk / target.strip()).write_text(capsys.readouterr().out)
    return int(caught.value.code or 0)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS, ids=lambda page: page.stem)
def test_commands_run(
    page: Path, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in pages.commands(page) if FETCHES not in line and CONTACTS not in line]
    assert lines
    for line in lines:
        allowed = {0, ResourceError.exit_code} if any(name in line for name in MAY_LACK_MODELS) else {0}
        assert execute(line, desk, monkeypatch, capsys) in allowed, f"{page.name}: {line}: {capsys.readouterr().err}"


@pytest.mark.slow
def test_names_in_five_minutes(desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The page's commands in order; in the end, the gallery has Ana alone, and her name is in the meeting."""
    monkeypatch.setattr(gallery_store, "default_folder", lambda: desk / "gallery")
    world.write_wav(desk / "ana.wav", monologue("a"), 7.0)
    world.write_wav(desk / "meeting.wav", MEETING, 14.0)
    for name in ("ana", "bob"):
        (desk / "people" / name).mkdir(parents=True)
        for number in "12":
            world.write_wav(desk / "people" / name / f"{number}.wav", monologue(name[0]), 7.0)
    for line in pages.commands(DOCS / "names.md"):
        assert execute(line, desk, monkeypatch, capsys) == 0, f"{line}: {capsys.readouterr().err}"
    assert [person.name for person in gallery_store.Gallery(desk / "gallery").people()] == ["Ana"]
    assert pipeline.load(desk / "meeting.json").speakers == ("Ana", "Bob")


@pytest.mark.slow
def test_correct_a_transcript(desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The page's commands in order; in the end, the corrected transcript is the reference and Ana is enrolled."""
    monkeypatch.setattr(gallery_store, "default_folder", lambda: desk / "gallery")
    world.write_wav(desk / "meeting.m4a", MEETING, 14.0)
    transcript = world.transcribed(MEETING, 14.0)
    name = Correction("name", "SPEAKER_00", after="Ana")
    file = CorrectionsFile(speakers=of_transcript(transcript).speakers, corrections=(name,))
    (desk / "meeting.corrections.json").write_text(dumps(file))
    lines = pages.commands(DOCS / "corrections.md")
    assert lines
    for line in lines:
        assert execute(line, desk, monkeypatch, capsys) == 0, f"{line}: {capsys.readouterr().err}"
    assert [person.name for person in gallery_store.Gallery(desk / "gallery").people()] == ["Ana"]
    assert pipeline.load(desk / "again" / "meeting.json").speakers == ("Ana", "SPEAKER_01")


def write_examples(folder: Path) -> dict[str, Path]:
    """The examples of the page on extending, each a file of the name in its first line; the files by that name."""
    files: dict[str, Path] = {}
    for source in pages.code(EXTENDING, "python"):
        (name,) = re.findall(r"\A# (my_\w+)\.py$", source, re.MULTILINE)
        files[name] = folder / f"{name}.py"
        files[name].write_text(source)
    return files


def as_modules(files: dict[str, Path], folder: Path) -> dict[str, str]:
    """The examples in full, as ``package.module:Class``."""
    return {group: place for group, points in declared().items() for place in points.values()}


def as_entry_points(files: dict[str, Path], folder: Path) -> dict[str, str]:
    """The examples as an installed package with the page's entry points."""
    info = folder / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    groups = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in declared().items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups))
    return {group: name for group, points in declared().items() for name in points}


def as_built_in(files: dict[str, Path], folder: Path) -> dict[str, str]:
    """The examples in the folders of a copy of this package."""
    copy = shutil.copytree(PACKAGE, folder / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REPOSITORY / "configs", folder / "configs")
    (copy / "stages" / "masking").mkdir()
    (copy / "stages" / "masking" / "__init__.py").touch()
    for name, path in files.items():
        kind = name.removeprefix("my_")
        places = {"stage": "stages/masking/stage.py", "format": "formats/my_format.py"}
        path.rename(copy / places.get(kind, f"models/{kind}s/{name}.py"))
    return {group: name for group, points in declared().items() for name in points}


def declared() -> dict[str, dict[str, str]]:
    """The entry points on the page, by group."""
    (lines,) = pages.code(EXTENDING, "toml")
    points: dict[str, dict[str, str]] = tomllib.loads(lines)["project"]["entry-points"]
    return points


@pytest.mark.slow
@pytest.mark.parametrize("install", [as_modules, as_entry_points, as_built_in])
def test_examples_of_the_extending_page_are_used(
    install: Callable[[dict[str, Path], Path], dict[str, str]], tmp_path: Path
) -> None:
    """One run with all examples but the diarizer, and one with it; the transcripts show each of them."""
    entry_points = install(write_examples(tmp_path), tmp_path)
    names = {group.removeprefix("crosstalk."): name for group, name in entry_points.items()}
    assert set(names) == {*(f"{kind}s" for kind in registry.KINDS), "formats", "stages"}
    world.write_wav(tmp_path / "meeting.wav", world.OVERLAPPING)
    chosen = {
        "recognition.backend": names["recognizers"],
        "embedding.model": names["embedders"],
        "separation.backend": names["separators"],
        "recognition.options.word": "yes",
        "stages": f"[{names['stages']}]",
        "stage_options.masking.words": "[yes]",
    }
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(REPOSITORY)])}
    for output, changes in (("all", chosen), ("diarizer", {"diarization.backend": names["diarizers"]})):
        settings = world.arguments(changes)
        program = [sys.executable, "-m", "pipeline", "meeting.wav", "-f", f"json,{names['formats']}", "-o", output]
        done = subprocess.run(
            [*program, "--no-cache", "--quiet", *settings],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    transcript = pipeline.load(tmp_path / "all" / "meeting.json")
    assert {word.text for word in transcript.words} == {"[removed]"}
    assert {decision.reason for decision in transcript.overlaps} == {"two sources are the same"}
    assert transcript.provenance
    assert transcript.provenance.stages["masking"] == 1
    assert transcript.provenance.settings["embedding"]["model"] == names["embedders"]
    lines = (tmp_path / "all" / "meeting.lines").read_text().splitlines()
    assert [line.partition(": ")[2] for line in lines] == [each.text for each in transcript.utterances]
    assert pipeline.load(tmp_path / "diarizer" / "meeting.json").speakers == ("SPEAKER_00",)


@pytest.mark.slow
@pytest.mark.parametrize("page", [README, DOCS / "usage.md", DOCS / "python-api.md"], ids=lambda page: page.stem)
def test_python_runs(page: Path, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for source in pages.code(page, "python"):
        exec(compile(source, page.name, "exec"), names)
    assert "SPEAKER_00" in capsys.readouterr().out


def test_generated_parts_are_up_to_date() -> None:
    for (page, name), make in pages.generator().BLOCKS.items():
        assert pages.block(page, name) == make(), f"{page.name}: run python docs/mkdocs/generate.py --update"


def test_the_json_schemas_are_up_to_date() -> None:
    for path, make in pages.generator().SCHEMAS.items():
        assert pages.text(path) == make(), "run python docs/mkdocs/generate.py --update"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "schema"), [("json", "crosstalk-1.schema.json"), ("minutes-json", "crosstalk-minutes-1.schema.json")]
)
@given(transcript=strategies.transcripts())
def test_every_json_output_obeys_the_schema(name: str, schema: str, transcript: Transcript) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(pages.text(DOCS / schema)))
    written = json.loads(formats.dumps(transcript, name, "talk"))
    validator.validate(written)
    assert not validator.is_valid({**written, "unknown": 1})


def test_the_readme_is_short_and_its_picture_is_described() -> None:
    """A relative picture is dead on a package index, which shows the README as well: its text must do."""
    assert pages.text(README).count("\n") <= 150
    (described,) = re.findall(r"!\[(.*?)\]\(docs/images/page-light.png\)", pages.text(README))
    assert len(described) > 40


@pytest.mark.parametrize("page", pages.every_page(), ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_exist(page: Path) -> None:
    for target in pages.links(page):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_tables_of_benchmarks_are_the_results() -> None:
    assert pages.block(DOCS / "benchmarks.md", "bench") == as_table(RESULTS["rows"])


def test_figures_in_the_text_are_the_results() -> None:
    """Each sentence of the benchmark page that compares two systems."""
    rows = {(row["group"], row["system"]): row for row in RESULTS["rows"]}
    base, off, on = "baseline", "Crosstalk, overlaps not separated", "Crosstalk"
    page = " ".join(pages.text(DOCS / "benchmarks.md").split())

    def rate(group: str, system: str) -> str:
        return f"{100 * rows[group, system]['cpwer']:.1f}"

    def lost(group: str, system: str) -> int:
        overlap = rows[group, system]["scores"]["overlap"]
        return int(overlap["words"] - overlap["right"])

    for group in ("ami", "simulated-20"):
        assert f"from {rate(group, base)} to {rate(group, on)} %" in page
    for group in ("simulated-10", "simulated-20", "simulated-40", "ami"):
        assert f"{lost(group, off)} → {lost(group, on)}" in page
    assert f"{rows['ami', off]['errors']} → {rows['ami', on]['errors']}" in page


def test_memory_on_the_install_page_is_what_was_measured() -> None:
    measured = re.findall(r"^\| (\d+) \| (\d+) \|$", pages.block(DOCS / "benchmarks.md", "memory"), re.MULTILINE)
    rounded = re.findall(
        r"^\| (?:10 minutes|\d hours?) \| ([\d.]+) GB \|$", pages.text(DOCS / "install.md"), re.MULTILINE
    )
    assert [f"{int(peak) / 1000:.1f}" for _, peak in measured] == rounded
    assert len(rounded) == 3


def test_every_option_and_command_is_documented() -> None:
    usage = pages.text(DOCS / "usage.md")
    for name in options():
        if name != "recordings":
            assert f"--{name.replace('_', '-')}" in usage, name
    everything = "\n".join(pages.text(page) for page in pages.every_page())
    assert [name for name in COMMANDS if f"transcribe {name}" not in everything] == []
    assert run.run.__name__ in COMMANDS


def test_rooms_on_the_architecture_page_are_the_layers() -> None:
    table = pages.text(DOCS / "architecture.md").partition("## Rooms")[2].partition("\n## ")[0]
    rows = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in table.splitlines() if line.startswith("| `")]
    assert [tuple(row) for row in rows] == [layer for layer in LAYERS if not layer[0].startswith("_")]


def test_formats_on_the_usage_page_are_those_there_are() -> None:
    table = pages.text(DOCS / "usage.md").partition("## Output formats")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:5] for line in table.splitlines() if line.startswith("| `")]
    names = {name: row for row in rows for name in re.findall(r"`([\w-]+)`", row[0])}
    assert set(names) == set(formats.names())
    assert {name for name, row in names.items() if row[3].strip() == "yes"} == set(formats.readable())
    assert all(f"`NAME{formats.suffix(name)}`" in row[1] for name, row in names.items())


@pytest.mark.parametrize(
    ("section", "sources"),
    [
        ("Overlap ledger", sorted({*STAGE_FILES} - {*IDENTITY_FILES})),
        ("Identity ledger", [*IDENTITY_FILES, PACKAGE / "formats" / "naming.py", PACKAGE / "formats" / "editing.py"]),
    ],
)
def test_reasons_of_the_ledgers_are_documented(section: str, sources: Sequence[Path]) -> None:
    page = pages.text(DOCS / "output-json.md").partition(f"## {section}")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    given = {reason for path in sources for reason in reasons(path)}
    assert len(given) > 7
    assert given == documented


def reasons(path: Path) -> Iterator[str]:
    """Every reason that a module gives for a decision, with ``…`` for what varies."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (isinstance(node, ast.Return) and path.parent.name != "formats") or (
            isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("reason", "GIVEN", "TAKEN", "ELSEWHERE")
        ):
            yield from _sentence(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in DECISIONS:
            yield from (s for argument in node.args for s in _sentence(argument))


def _sentence(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


@pytest.mark.slow
def test_the_site_builds_strictly_and_needs_no_network(tmp_path: Path) -> None:
    if importlib.util.find_spec("material") is None or importlib.util.find_spec("mkdocstrings_handlers") is None:
        pytest.skip("needs the extra docs (mkdocs-material, mkdocstrings)")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path / "site")]
    configuration = str(DOCS / "mkdocs" / "mkdocs.yml")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [*command, "--config-file", configuration], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    built = list((tmp_path / "site").rglob("*.html"))
    assert len(built) > 20
    for path in built:
        loaded = Loaded(path.read_text(encoding="utf-8")).targets
        assert [target for target in loaded if re.match(r"(https?:)?//", target)] == [], path.name
    for path in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", path.read_text(encoding="utf-8")), path.name


class Loaded(HTMLParser):
    """What a browser fetches to show a page: scripts, style sheets, icons, pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag in ("script", "img", "iframe", "source"):
            self.targets.append(values.get("src") or "")
        if tag == "link" and values.get("rel") not in ("canonical", "next", "prev"):
            self.targets.append(values.get("href") or "")
