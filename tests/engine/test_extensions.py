"""An extension stage is one new file: it refines a value, with its own settings, cached, reported and recorded."""

from __future__ import annotations

import dataclasses
import itertools
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import pipeline
from pipeline import formats
from pipeline.cli.app import main
from pipeline.config.schema import Config, assign
from pipeline.core.errors import BackendError, MissingModel, SettingsError
from pipeline.core.events import Event, NoticeIssued, StageAdvanced, StageFinished
from pipeline.core.types import Transcript
from pipeline.engine import extensions, stage_keys
from pipeline.engine.artifact_cache import DiskCache, NoCache
from pipeline.engine.pipeline import Transcriber
from pipeline.models.weights import Store
from tests import world

NUMBERS = itertools.count()
SOURCE = '''
"""Stages of a user's own."""

from dataclasses import dataclass, replace

from pipeline.core.stage import Stage
from pipeline.core.types import Notice, Transcript
from pipeline.media import Decoded
from pipeline.models.protocols import Diarization
from pipeline.stages.recognition.result import Recognition
from pipeline.stages.separation.result import Separation

CALLS = []


@dataclass(frozen=True)
class Redaction:
    word: str = "a1"
    replacement: str = "[removed]"


def redact(transcript, models, settings, progress):
    CALLS.append("redaction")
    progress(1, 1)
    utterances = tuple(
        replace(u, words=tuple(replace(w, text=w.text.replace(settings.word, settings.replacement)) for w in u.words))
        for u in transcript.utterances
    )
    notice = Notice("redacted", f"{settings.word} was replaced")
    return replace(transcript, utterances=utterances, notices=(*transcript.notices, notice))


def rename(diarization, models, settings, progress):
    CALLS.append("renaming")
    turns = tuple(replace(turn, speaker=turn.speaker.replace("SPEAKER", "PERSON")) for turn in diarization.turns)
    return Diarization(turns, (*diarization.notices, Notice("renamed", "speakers were renamed")))


def same(value, models, settings, progress):
    CALLS.append(type(value).__name__)
    return value


REDACTION = Stage(name="redaction", version=3, run=redact, refines=Transcript, settings=Redaction)
RENAMING = Stage(name="renaming", version=1, run=rename, refines=Diarization)
SAME = {
    kind.__name__: Stage(name=f"same_{kind.__name__.lower()}", version=1, run=same, refines=kind)
    for kind in (Decoded, Diarization, Separation, Recognition, Transcript)
}
SAME_DECODED, SAME_DIARIZATION, SAME_SEPARATION, SAME_RECOGNITION, SAME_TRANSCRIPT = SAME.values()
WRONG = Stage(name="wrong", version=1, run=lambda *inputs: None, refines=Diarization)
LISTENING = Stage(
    name="listening", version=1, refines=Recognition, uses=("recognizer", "embedder"),
    run=lambda value, models, settings, progress: replace(value, language=models.recognizer.detect_language([])),
)
EMBEDDING = Stage(
    name="embedding", version=1, refines=Recognition, uses=("embedder",),
    run=lambda value, models, settings, progress: replace(
        value, notices=(*value.notices, Notice(type(models.embedder).__name__, "the embedder"))
    ),
)
NOTHING = Stage(name="nothing", version=1, run=same)
TAKEN = Stage(name="assembly", version=1, run=same, refines=Transcript)
NUMBER = 5
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module with stages, in one file of the user."""
    name = f"my_stages{next(NUMBERS)}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def settings(module: str, **options: Any) -> dict[str, Any]:
    """Settings under which a run renames speakers and redacts words."""
    given = {"stages": [f"{module}:RENAMING", f"{module}:REDACTION"]}
    return given | ({"stage_options": {"redaction": options}} if options else {})


def text(transcript: Transcript) -> list[tuple[str, str]]:
    return [(utterance.speaker, utterance.text) for utterance in transcript.utterances]


EXPECTED = [("PERSON_00", "*** a2"), ("PERSON_01", "b3 b4 b6"), ("PERSON_00", "a5")]


def test_the_library_runs_the_stages_of_one_new_file(module: str, tmp_path: Path) -> None:
    events: list[Event] = []
    changes = {**world.REPLAY, **settings(module, replacement="***")}
    transcript = pipeline.transcribe(world.write_wav(tmp_path / "talk.wav"), settings=changes, listener=events.append)
    pipeline.release_models()
    assert text(transcript) == EXPECTED
    assert transcript.speakers == ("PERSON_00", "PERSON_01")
    codes = ["renamed", "redacted"]
    assert [notice.code for notice in transcript.notices] == codes
    assert [event.code for event in events if isinstance(event, NoticeIssued)] == codes
    stages = ["decode", "diarization", "renaming", "separation", "recognition", "redaction"]
    assert [event.stage for event in events if isinstance(event, StageFinished)] == stages
    assert StageAdvanced("redaction", 1, 1) in events
    assert transcript.provenance
    assert transcript.provenance.stages["redaction"] == 3
    assert set(transcript.provenance.stages) == {*stages[1:], "channels", "assembly"}
    assert transcript.provenance.settings["stage_options"] == {"redaction": {"word": "a1", "replacement": "***"}}
    assert formats.loads(formats.dumps(transcript, "json"), "json") == transcript


def test_the_command_runs_the_stages_of_one_new_file(module: str, tmp_path: Path) -> None:
    path = world.write_wav(tmp_path / "talk.wav")
    config = tmp_path / "settings.yaml"
    config.write_text(yaml.safe_dump(settings(module, replacement="***")))
    given = ["--config", str(config), *world.arguments(), "--no-cache", "-o", str(tmp_path), "-f", "json"]
    with pytest.raises(SystemExit) as ended:
        main(["run", str(path), *given])
    assert ended.value.code == 0
    written = json.loads((tmp_path / "talk.json").read_text())
    assert [(each["speaker"], each["text"]) for each in written["utterances"]] == EXPECTED
    assert written["provenance"]["stages"]["renaming"] == 1


def calls(module: str) -> list[str]:
    made: list[str] = sys.modules[module].CALLS
    calls, made[:] = made[:], []
    return calls


def test_refinements_are_cached_under_their_versions_and_settings(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = DiskCache(tmp_path / "cache")

    def run(**options: Any) -> list[str]:
        transcript = world.transcribed(world.DIALOGUE, changes=settings(module, **options), cache=cache)
        alone = world.transcribed(world.DIALOGUE, changes=settings(module, **options))
        assert formats.dumps(transcript, "json") == formats.dumps(alone, "json")
        without_cache = ["renaming", "redaction"]
        made = calls(module)
        assert made[-2:] == without_cache
        return made[:-2]

    assert run() == ["renaming", "redaction"]
    assert run() == []
    assert run(word="a2") == ["redaction"]
    stages = sys.modules[module]
    monkeypatch.setattr(stages, "REDACTION", dataclasses.replace(stages.REDACTION, version=4))
    assert run() == ["redaction"]
    monkeypatch.setattr(stages, "RENAMING", dataclasses.replace(stages.RENAMING, version=2))
    assert run() == ["renaming", "redaction"]


@pytest.mark.parametrize("separator", ["synthetic", "passthrough"])
def test_every_value_can_be_refined_and_comes_back_from_the_cache(module: str, separator: str, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"separation.backend": separator}
    plain = world.transcribed(world.DIALOGUE, changes=changes)
    kinds = ["Decoded", "Diarization", "Separation", "Recognition", "Transcript"]
    changes["stages"] = [f"{module}:SAME_{kind.upper()}" for kind in kinds]
    cache = DiskCache(tmp_path / "cache")
    for expected in (kinds, []):
        transcript = world.transcribed(world.DIALOGUE, changes=changes, cache=cache)
        assert calls(module) == expected
        assert (transcript.utterances, transcript.turns, transcript.overlaps) == (
            plain.utterances, plain.turns, plain.overlaps,
        )  # fmt: skip


def test_a_stage_has_the_models_that_it_declares(module: str) -> None:
    transcript = world.transcribed(world.DIALOGUE, changes={"stages": [f"{module}:LISTENING"]})
    assert transcript.language == "en"


def test_an_embedder_that_only_a_stage_uses_is_checked_and_loaded(module: str, tmp_path: Path) -> None:
    changes = {"embedding.model": "resemblyzer", "stages": [f"{module}:EMBEDDING"]}
    config = world.settings(changes)
    with pytest.raises(MissingModel) as caught:
        Transcriber(config, store=Store(tmp_path))
    assert "resemblyzer" in caught.value.hint
    transcript = world.transcribed(world.DIALOGUE, changes={"stages": [f"{module}:EMBEDDING"]})
    assert [notice.code for notice in transcript.notices] == ["SyntheticEmbedder"]


def test_the_key_of_the_words_covers_refinements(module: str) -> None:
    config = assign(Config(), {"stages": [f"{module}:RENAMING"]})
    plain, renamed = (stage_keys.recognition_key("0", each, {}) for each in (Config(), config))
    redacted = assign(Config(), {"stages": [f"{module}:REDACTION"]})
    assert plain != renamed
    assert stage_keys.recognition_key("0", redacted, {}) == plain


def test_a_refinement_returns_the_type_that_it_refines(module: str) -> None:
    with pytest.raises(BackendError) as caught:
        world.transcribed(world.DIALOGUE, changes={"stages": [f"{module}:WRONG"]})
    assert "NoneType" in caught.value.line


REFUSED = {
    "unknown name": {"stages": ["no-such-stage"]},
    "unknown module": {"stages": ["no_such_module:STAGE"]},
    "unknown attribute": {"stages": ["MODULE:NO_SUCH_STAGE"]},
    "not a stage": {"stages": ["MODULE:NUMBER"]},
    "refines nothing": {"stages": ["MODULE:NOTHING"]},
    "a stage of the pipeline": {"stages": ["pipeline.stages.diarization.stage:STAGE"]},
    "a name of the pipeline": {"stages": ["MODULE:TAKEN"]},
    "twice": {"stages": ["MODULE:RENAMING", "MODULE:RENAMING"]},
    "options of a stage that is off": {"stage_options": {"redaction": {"word": "a"}}},
    "unknown option": {"stages": ["MODULE:REDACTION"], "stage_options": {"redaction": {"wort": "a"}}},
    "option of another type": {"stages": ["MODULE:REDACTION"], "stage_options": {"redaction": {"word": 5}}},
    "options of a stage without any": {"stages": ["MODULE:RENAMING"], "stage_options": {"renaming": {"x": 1}}},
    "no list": {"stages": "MODULE:RENAMING"},
    "no mapping": {"stages": ["MODULE:RENAMING"], "stage_options": ["renaming"]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_unknown_stages_and_options_are_refused_before_any_work(
    name: str, module: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = yaml.safe_load(yaml.safe_dump(REFUSED[name]).replace("MODULE", module))
    with pytest.raises(SettingsError):
        Transcriber(world.settings(given), cache=NoCache())
    config = tmp_path / "settings.yaml"
    config.write_text(yaml.safe_dump(given))
    with pytest.raises(SystemExit) as ended:
        main(["run", str(tmp_path / "missing.wav"), "--config", str(config), *world.arguments()])
    assert ended.value.code == 1
    assert "missing.wav" not in capsys.readouterr().err


def test_the_nearest_option_is_suggested(module: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Transcriber(world.settings({**settings(module), "stage_options": {"redaction": {"wort": "a"}}}))
    assert "word" in caught.value.hint
    assert "stage_options.redaction.wort" in caught.value.line


def test_stages_of_installed_packages_are_found_by_name(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint, entry_points

    point = EntryPoint("my-redaction", f"{module}:REDACTION", extensions.GROUP)
    monkeypatch.setattr(
        extensions.importlib.metadata,  # type: ignore[attr-defined]
        "entry_points",
        lambda **given: [point] if given.get("group") == extensions.GROUP else entry_points(**given),
    )
    assert extensions.locate("my-redaction").name == "redaction"
    with pytest.raises(SettingsError) as caught:
        extensions.locate("my_redaction")
    assert "my-redaction" in caught.value.hint
