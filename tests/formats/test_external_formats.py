"""Formats of other packages: one new file, used as ``module:FORMAT`` and through an entry point."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pipeline
from pipeline import formats
from pipeline.cli.app import main
from pipeline.core.errors import FormatError, SettingsError
from pipeline.formats import files
from tests import world
from tests.conftest import REPOSITORY

LINES = """
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import clean

def dumps(transcript, session):
    rows = [f"{u.start:.3f} {u.end:.3f} {clean(u.speaker)}: {clean(u.text)}\\n" for u in transcript.utterances]
    return "".join(rows)

def loads(text):
    utterances = []
    for line in text.splitlines():
        start, end, rest = line.split(" ", 2)
        speaker, _, said = rest.partition(": ")
        utterances.append(Utterance(speaker, (Word(float(start), float(end), said),)))
    turns = tuple(sorted(Turn(u.start, u.end, u.speaker) for u in utterances))
    return Transcript(max((u.end for u in utterances), default=0.0), tuple(utterances), turns)

FORMAT = Format("lines", ".lines", encoded(dumps), loads, help="Lines.")
"""
"""A text format with a reader, complete."""
MODULES = ("external_lines", "external_talk", "external_broken")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages with two formats, each one file."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "external_lines.py").write_text(LINES)
    shutil.copy(Path(__file__).parent / "external_format.py", folder / "external_talk.py")
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def declare(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Declare entry points in the metadata of an installed distribution."""

    def write(lines: str) -> None:
        info = packages / "external_formats-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: external-formats\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[crosstalk.formats]\n{lines}\n")
        monkeypatch.syspath_prepend(packages)

    return write


def run(*arguments: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*arguments])
    assert caught.value.code in (0, None)


def transcribe(folder: Path, names: str) -> Path:
    """The folder with the results of a synthetic recording in formats."""
    world.write_wav(folder / "talk.wav")
    out = folder / "out"
    run(str(folder / "talk.wav"), "-f", names, "-o", str(out), "--no-cache", "--quiet", *world.arguments())
    return out


def test_a_module_given_in_the_option_is_a_format(packages: Path, tmp_path: Path) -> None:
    out = transcribe(tmp_path, "external_lines:FORMAT,json,external_talk:FORMAT")
    transcript = pipeline.load(out / "talk.json")
    assert (out / "talk.lines").read_bytes() == formats.dumps(transcript, "external_lines:FORMAT")
    assert pipeline.load(out / "talk.lines", "external_lines:FORMAT").speakers == transcript.speakers
    assert pipeline.load(out / "talk.talk.z", "external_talk:FORMAT") == transcript
    assert formats.module_of("external_lines:FORMAT") == "external_lines"


def test_an_entry_point_is_a_format(declare: Callable[[str], None], tmp_path: Path) -> None:
    declare("lines = external_lines:FORMAT\ntalk = external_talk:FORMAT")
    assert {"lines", "talk"} <= set(formats.names()) & set(formats.readable())
    out = transcribe(tmp_path, "lines,talk,txt")
    assert formats.guess("x.TALK.Z") == "talk"
    assert formats.module_of("lines") == "external_lines"
    for name in ("talk.lines", "talk.talk.z"):
        run("convert", str(out / name), "-f", "srt", "-o", str(tmp_path / name))
    converted = (tmp_path / "talk.lines" / "talk.srt").read_text()
    assert "SPEAKER_00: " in converted
    run("score", str(out / "talk.lines"), str(out / "talk.talk.z"))


@pytest.mark.slow
def test_a_batch_writes_the_format_of_an_entry_point(
    declare: Callable[[str], None], packages: Path, tmp_path: Path
) -> None:
    declare("lines = external_lines:FORMAT")
    world.write_wav(tmp_path / "talk.wav")
    program = [sys.executable, "-c", "from pipeline.cli.app import main; main()", "batch", "talk.wav", "-o", "out"]
    paths = os.pathsep.join([str(packages), str(REPOSITORY)])
    subprocess.run(
        [*program, "-f", "lines", "--no-cache", "--quiet", *world.arguments()],
        check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, capture_output=True,
    )  # fmt: skip
    assert pipeline.load(tmp_path / "out" / "talk.lines").utterances


@pytest.mark.parametrize(
    "code", ["import nobody_has_this", "FORMAT = 7", "from pipeline.formats.srt import FORMAT", "1 / 0", ""]
)
def test_a_broken_package_is_named_and_disturbs_no_other_format(
    declare: Callable[[str], None], packages: Path, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    declare("broken = external_broken:FORMAT\nlines = external_lines:FORMAT")
    (packages / "external_broken.py").write_text(code)
    with pytest.raises(FormatError, match="broken"):
        formats.get("broken")
    with caplog.at_level(logging.WARNING):
        assert formats.guess("a.lines") == "lines"
    with pytest.raises(SettingsError, match="broken"):
        files.parse_formats("txt,broken")


def test_a_format_of_the_package_takes_precedence(declare: Callable[[str], None]) -> None:
    declare("txt = external_lines:FORMAT")
    assert formats.get("txt").suffix == ".txt"
    assert formats.names().count("txt") == 1


def test_two_formats_with_one_suffix_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"\.txt"):
        files.parse_formats("txt,pipeline.formats.text:FORMAT")


def test_the_help_names_the_formats(capsys: pytest.CaptureFixture[str]) -> None:
    run("run", "--help")
    page = "".join(capsys.readouterr().out.split())  # lines are also broken after hyphens
    assert all(name in page for name in formats.built_in())
