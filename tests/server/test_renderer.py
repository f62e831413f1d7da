"""Renderers: a finished transcript in every format, corrected where that is asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import formats
from pipeline.core.correction import Correction
from pipeline.core.types import Transcript
from pipeline.corrections import dumps
from pipeline.corrections.corrections_file import of_transcript
from pipeline.server.renderer import SAVE, render, start
from pipeline.server.work import TRANSCRIPT, Done, Failed, Rendering
from pipeline.workers.program import Control
from tests import world


@pytest.fixture(scope="module")
def transcript() -> Transcript:
    return world.transcribed(world.DIALOGUE, 8.0)


@pytest.fixture
def folder(tmp_path: Path, transcript: Transcript) -> Path:
    """The folder of a finished job; the sound of the recording has not the hash that the transcript has."""
    (tmp_path / TRANSCRIPT).write_bytes(formats.dumps(transcript, "json"))
    world.write_wav(tmp_path / "upload-0.wav")
    return tmp_path


def rendering(folder: Path, kind: str, corrections: Path | None = None) -> Rendering:
    target = folder / f"first@{kind}@"
    return Rendering("1", folder, folder / "upload-0.wav", "A <talk>.wav", kind, target, corrections)


def corrected(folder: Path, transcript: Transcript, *corrections: Correction) -> Path:
    path = folder / "corrections-1.json"
    path.write_text(dumps(replace(of_transcript(transcript), corrections=corrections)))
    return path


@pytest.mark.parametrize("kind", formats.names())
def test_every_format_is_written_with_its_suffix(folder: Path, kind: str) -> None:
    end = start(None)(rendering(folder, kind), Control())
    assert isinstance(end, Done)
    assert end.duration == 8.0
    path = folder / f"first@{kind}@{formats.suffix(kind)}"
    assert path.stat().st_size > 0
    assert {each.name for each in folder.iterdir()} == {path.name, TRANSCRIPT, "upload-0.wav"}


def test_a_page_has_the_sound(tmp_path: Path) -> None:
    from pipeline.batch.worker import Limits
    from pipeline.server.work import Work
    from pipeline.server.worker import WorkerSetup
    from pipeline.server.worker import start as start_worker

    recording = world.write_wav(tmp_path / "upload-0.wav")
    worker = start_worker(WorkerSetup(world.settings(), Limits()))
    assert isinstance(worker(Work("1", tmp_path, recording, "talk.wav", world.settings()), Control()), Done)
    assert isinstance(render(rendering(tmp_path, "html"), Control()), Done)
    page = (tmp_path / "first@html@.html").read_bytes()
    sound_in = formats.get("html").sound_in
    assert sound_in is not None
    assert sound_in(page).content
    if "save" in formats.get("html").options:
        assert SAVE.encode() in page


def test_corrections_are_applied_and_those_that_do_not_fit_are_reported(folder: Path, transcript: Transcript) -> None:
    line = transcript.utterances[0]
    named = Correction("name", line.speaker, after="Nobody Else")
    stray = Correction("text", line.speaker, start=7.0, end=7.5, before="zzz", after="yyy")
    path = corrected(folder, transcript, named, stray)
    end = render(rendering(folder, "json", path), Control())
    assert isinstance(end, Done)
    assert "corrections_not_applied" in end.notices
    assert "Nobody Else" in formats.loads((folder / "first@json@.json").read_bytes(), "json").speakers


def test_corrections_that_cannot_be_used_are_refused(folder: Path, transcript: Transcript) -> None:
    path = corrected(folder, transcript)
    other = json.loads(path.read_text())
    other["recording"]["sha256"] = "f" * 64
    for content in ("", "[]", "{}", '{"version": "crosstalk-corrections/1", "x": 1}', "[" * 10_000, json.dumps(other)):
        path.write_text(content)
        end = render(rendering(folder, "json", path), Control())
        assert isinstance(end, Failed), content
        assert (end.kind, end.message[:13]) == ("request", "corrections: ")
        assert str(folder) not in end.message
    assert not (folder / "first@json@.json").exists()


@pytest.mark.parametrize("kind", ["nothing", "os:path", "pipeline.formats.srt:FORMAT", "../srt"])
def test_only_formats_by_name_are_written(folder: Path, kind: str) -> None:
    end = render(rendering(folder, kind), Control())
    assert isinstance(end, Failed)
    assert end.kind == "request"


def test_a_folder_that_is_gone_is_a_failure(tmp_path: Path) -> None:
    assert isinstance(render(rendering(tmp_path / "gone", "srt"), Control()), Failed)
