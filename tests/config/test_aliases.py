"""Old spellings of settings: read like the new ones, with a notice, from a file, an assignment and Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import presets, schema
from pipeline.config.aliases import ALIASES, CODE
from pipeline.config.schema import Config, DiarizationConfig
from pipeline.core.errors import SettingsError
from pipeline.core.events import Event, NoticeIssued
from pipeline.engine.pipeline import Transcriber
from tests import world

CASES = [
    ("diarization.clustering", "tracklets", "diarization.method", "windowed"),
    ("diarization.clustering", "stock", "diarization.method", "pyannote"),
    ("diarization.embedding", "ecapa-voxceleb", "embedding.model", "ecapa-voxceleb"),
    ("diarization.embedding", "replay", "embedding.model", "synthetic"),
    ("separation.backend", "mixture", "separation.backend", "passthrough"),
    ("separation.backend", "refined", "separation.backend", "nmf-refined"),
    ("separation.backend", "exemplar", "separation.backend", "nmf"),
    ("separation.backend", "replay", "separation.backend", "synthetic"),
    ("diarization.backend", "replay", "diarization.backend", "synthetic"),
    ("recognition.backend", "replay", "recognition.backend", "synthetic"),
    ("recognition.strategy", "passages", "recognition.strategy", "mixture"),
    ("recognition.beam_size", 3, "recognition.options.beam_size", 3),
    ("recognition.compute_type", "int8", "recognition.options.compute_type", "int8"),
    ("assembly.longest", 12.0, "assembly.max_utterance", 12.0),
]


def read_yaml(dotted: str, value: object) -> Config:
    *sections, key = dotted.split(".")
    text = f"{key}: {value}"
    for section in reversed(sections):
        text = f"{section}: {{{text}}}"
    return schema.read(f"{{{text}}}", "old.yaml")


def assign(dotted: str, value: object) -> Config:
    return schema.assign(Config(), {dotted: value})


@pytest.mark.parametrize("reader", [read_yaml, assign])
@pytest.mark.parametrize(("old", "value", "new", "current"), CASES)
def test_an_old_spelling_is_the_new_one_with_a_notice(
    reader: Callable[[str, object], Config], old: str, value: object, new: str, current: object
) -> None:
    config = reader(old, value)
    assert config == reader(new, current)
    assert {notice.code for notice in config.notices} == {CODE}
    assert reader(new, current).notices == ()
    assert schema.read(schema.as_yaml(config), "x.yaml").notices == ()


def test_every_alias_leads_to_a_setting_and_never_to_another_alias() -> None:
    defaults = schema.as_mapping(Config())
    for old, new in ALIASES.items():
        section, key, *_ = new.partition("=")[0].split(".")
        assert key in defaults[section]
        assert new not in ALIASES
        assert old != new


def test_an_old_value_in_a_config_made_by_hand_is_read() -> None:
    config = schema.check(Config(diarization=DiarizationConfig(backend="replay")))
    assert config.diarization.backend == "synthetic"
    assert [notice.code for notice in config.notices] == [CODE]


def test_both_spellings_at_once_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"diarization\.clustering"):
        schema.read("diarization: {clustering: stock, method: pyannote}", "x.yaml")
    with pytest.raises(SettingsError, match=r"diarization\.embedding"):
        schema.read("diarization: {embedding: a}\nembedding: {model: b}", "x.yaml")


@pytest.mark.parametrize("text", ["diarization: 5", "diarization: {clustering: 5}", "embedding: x", "assembly: null"])
def test_wrong_values_beside_old_spellings_are_still_errors(text: str) -> None:
    with pytest.raises(SettingsError):
        schema.read(text, "x.yaml")
    with pytest.raises(SettingsError):
        schema.read("diarization: {embedding: a}\nembedding: x", "x.yaml")


def test_the_notice_names_the_file_and_is_kept_once(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text("assembly: {longest: 9}")
    config = presets.resolve(file=tmp_path / "old.yaml", assignments={"recognition.language": "de"})
    (notice,) = schema.check(config).notices
    assert str(tmp_path / "old.yaml") in notice.message
    assert "assembly.max_utterance" in notice.message


def test_a_transcriber_issues_the_notices_and_the_transcript_is_the_same() -> None:
    events: list[Event] = []
    old = world.settings({"recognition.strategy": "passages"})
    Transcriber(old, listener=events.append)
    assert [event.code for event in events if isinstance(event, NoticeIssued)] == [CODE]
    assert world.transcribed(world.DIALOGUE, changes={"recognition.strategy": "passages"}) == world.transcribed(
        world.DIALOGUE
    )
