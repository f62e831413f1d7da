"""The library's function and the command offer the same, and the command documents all of it."""

from __future__ import annotations

import dataclasses
import inspect
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import typer

import pipeline
from pipeline.cli import run
from pipeline.cli.app import main
from pipeline.cli.options import WritingOptions
from pipeline.core.errors import SettingsError
from pipeline.core.events import Event, StageFinished
from pipeline.engine import artifact_cache
from pipeline.engine.model_pool import ModelPool
from tests import world

WRITING = {field.name for field in dataclasses.fields(WritingOptions)}
COMMAND_ONLY = {"config", "output_dir", "format", "corrections", "overwrite", "quiet", "debug", *WRITING}
LIBRARY_ONLY = {"listener", "sample_rate"}
RENAMED = {"recordings": "recording", "set": "settings", "no_cache": "cache"}


def options() -> dict[str, inspect.Parameter]:
    return {name.rstrip("_"): value for name, value in inspect.signature(run.run).parameters.items()}


def test_the_function_and_the_command_take_the_same() -> None:
    command = {RENAMED.get(name, name) for name in options()}
    library = set(inspect.signature(pipeline.transcribe).parameters)
    assert command - COMMAND_ONLY == library - LIBRARY_ONLY


def test_their_defaults_are_the_same() -> None:
    library = inspect.signature(pipeline.transcribe).parameters
    for name in set(options()) & set(library):
        assert options()[name].default == library[name].default


def test_the_command_keeps_finished_stages_and_the_function_does_not_unless_asked() -> None:
    assert options()["no_cache"].default is False
    assert inspect.signature(pipeline.transcribe).parameters["cache"].default is False


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    assert caught.value.code in (0, None)
    return capsys.readouterr().out


def test_every_option_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    page = "".join(printed(capsys, "run", "--help").split())  # lines are also broken after hyphens
    app = typer.Typer()
    app.command()(run.run)
    parameters = {parameter.name: parameter for parameter in typer.main.get_command(app).params}
    for name in options():
        parameter = next(value for key, value in parameters.items() if key and key.rstrip("_") == name)
        text = getattr(parameter, "help", None)
        assert text, f"{name} has no help text"
        assert "".join(text.split()) in page
        if name != "recordings":
            assert f"--{name.replace('_', '-')}" in parameter.opts


def test_help_names_every_command_and_version_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    from pipeline.cli.app import COMMANDS

    page = printed(capsys, "--help")
    assert all(f"  {name} " in page for name in COMMANDS)
    assert printed(capsys, "-h") == page
    assert printed(capsys, "--version") == f"transcribe {pipeline.__version__}\n"


def test_transcribe_gives_the_transcript_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / "cache")
    events: list[Event] = []
    path = world.write_wav(tmp_path / "talk.wav")
    transcripts = [
        pipeline.transcribe(
            path, speakers=2, language="German", settings=dict(world.REPLAY), listener=events.append, cache=True
        )
        for _ in range(2)
    ]
    assert transcripts[0] == transcripts[1]
    assert transcripts[0].language == "de"
    assert [e.cached for e in events if isinstance(e, StageFinished) and e.stage == "recognition"] == [False, True]
    with pytest.raises(SettingsError, match="either speakers or"):
        pipeline.transcribe(path, speakers=2, max_speakers=3)


@pytest.mark.slow
def test_a_loop_over_files_loads_models_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.models import registry

    loads: list[str] = []
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda kind, *others: (loads.append(kind), load(kind, *others))[1])
    path = world.write_wav(tmp_path / "talk.wav")
    replay: dict[str, object] = dict(world.REPLAY)
    pipeline.release_models()
    for options in ({}, {"speakers": 2}, {"language": "de"}, {"roles": "a,b"}, {"channels": "mix"}):
        pipeline.transcribe(path, settings=replay, **options)
    once = sorted(loads)
    assert len(once) == len(set(once)) > 0
    pipeline.transcribe(path, settings=replay | {"separation.context": 0.5})
    assert sorted(loads) == sorted(once * 2)
    pipeline.release_models()
    pipeline.transcribe(path, settings=replay | {"separation.context": 0.5})
    assert sorted(loads) == sorted(once * 3)
    pipeline.release_models()


@pytest.mark.slow
def test_concurrent_threads_get_the_results_of_sequential_runs(tmp_path: Path) -> None:
    path = world.write_wav(tmp_path / "talk.wav")

    def text(speakers: int) -> list[str]:
        transcript = pipeline.transcribe(path, speakers=speakers, settings=dict(world.REPLAY))
        return [f"{line.speaker} {line.text}" for line in transcript.utterances]

    expected = [text(count) for count in (1, 2, 1, 2)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(text, (1, 2, 1, 2))) == expected
    pipeline.release_models()


def test_roles_of_a_mono_call_are_those_of_the_command(tmp_path: Path) -> None:
    path, rules = world.write_wav(tmp_path / "call.wav"), tmp_path / "rules.yaml"
    rules.write_text("roles: [{role: agent, says: [b3 b4 b6]}, {role: customer}]")
    replay: dict[str, object] = dict(world.REPLAY)
    call = pipeline.transcribe(path, rules=rules, settings=replay)
    assert {each.speaker: each.decision for each in call.roles} == {"customer": "other", "agent": "phrase"}
    assert call.speakers == ("customer", "agent")
    unknown = pipeline.transcribe(path, roles="agent,customer", settings=replay)
    assert [each.role for each in unknown.roles] == [None, None]
    assert "roles_unknown" in {notice.code for notice in unknown.notices}
    rules.write_text("roles: [{role: agent}, {role: customer}]")
    with pytest.raises(SettingsError, match="cannot both be the other speaker"):
        pipeline.transcribe(path, rules=rules, settings=replay)
    pipeline.release_models()


def test_other_weights_or_another_store_are_other_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.write_wav(tmp_path / "talk.wav")
    made: list[ModelPool] = []
    init = ModelPool.__init__

    def note(self: ModelPool, *arguments: object) -> None:
        init(self, *arguments)  # type: ignore[arg-type]
        made.append(self)

    monkeypatch.setattr(ModelPool, "__init__", note)
    pipeline.release_models()
    for folder in ("one", "one", "two"):
        monkeypatch.setenv("CROSSTALK_MODELS", str(tmp_path / folder))
        pipeline.transcribe(path, settings=dict(world.REPLAY))
    assert [models.loads > 0 for models in made] == [True, False, True]
    pipeline.release_models()


def test_public_names_are_there() -> None:
    for name in pipeline.__all__:
        assert getattr(pipeline, name)
    with pytest.raises(AttributeError):
        _ = pipeline.nothing
