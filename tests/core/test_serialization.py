"""The codec: every value comes back from plain data, through JSON too, and data that does not fit names its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.serialization import DataError, constraint_of, from_plain, internal, overlay, setting, to_plain
from pipeline.core.types import Notice, Transcript, Turn
from pipeline.models.protocols import Diarization
from pipeline.stages.recognition.stage import Recognition
from tests import strategies


def even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even")
    return value


@dataclass(frozen=True, slots=True)
class Inner:
    """A nested value."""

    name: str
    size: int = setting(2, even)


@dataclass(frozen=True, slots=True)
class Outer:
    """A value with every kind of annotation."""

    inner: Inner = Inner("x")
    items: tuple[Inner, ...] = ()
    table: Mapping[str, Any] = field(default_factory=dict)
    choice: Literal["a", "b"] = "a"
    number: float | str | None = None
    anything: Any = None
    flag: bool = False
    hidden: int = internal(0)


@given(strategies.transcripts())
def test_transcripts_come_back(transcript: Transcript) -> None:
    assert from_plain(Transcript, json.loads(json.dumps(to_plain(transcript)))) == transcript


@given(strategies.turns(), strategies.utterances())
def test_results_of_stages_come_back(turns: tuple[Turn, ...], utterances: tuple[object, ...]) -> None:
    diarization = Diarization(turns, (Notice("code", "words"),))
    back = from_plain(Diarization, json.loads(json.dumps(to_plain(diarization))))
    assert back == diarization
    assert [turn.margin for turn in back.turns] == [turn.margin for turn in turns]
    recognition = Recognition("en", utterances)  # type: ignore[arg-type]
    assert from_plain(Recognition, json.loads(json.dumps(to_plain(recognition)))) == recognition


@given(
    st.sampled_from(
        [None, 5, [], {}, "turns", {"turns": 5}, {"turns": [{}], "notices": []}, {"turns": [None], "notices": []},
         {"turns": [{"start": 2, "end": 1, "speaker": "A", "margin": None}], "notices": []},
         {"turns": [{"start": "1", "end": 2, "speaker": "A", "margin": None}], "notices": []}]
    )
)  # fmt: skip
def test_data_of_another_shape_is_refused(data: object) -> None:
    with pytest.raises(DataError):
        from_plain(Diarization, data)


@pytest.mark.parametrize(
    ("data", "place", "problem"),
    [
        ({"iner": {}}, "iner", "is not known"),
        ({"inner": {}}, "inner.name", "is missing"),
        ({"inner": {"name": 5}}, "inner.name", "must be a text"),
        ({"inner": {"name": "a", "size": 3}}, "inner.size", "must be even"),
        ({"inner": {"name": "a", "size": True}}, "inner.size", "must be a whole number"),
        ({"inner": None}, "inner", "must be a mapping"),
        ({"items": [{"name": "a"}, {"name": "b", "sise": 2}]}, "items[1].sise", "is not known"),
        ({"items": "ab"}, "items", "must be a list"),
        ({"table": {1: 2}}, "table.1", "must have a text as its key"),
        ({"choice": "c"}, "choice", "must be 'a' or 'b'"),
        ({"choice": []}, "choice", "must be 'a' or 'b'"),
        ({"number": []}, "number", "must be a finite number or a text or null"),
        ({"flag": 1}, "flag", "must be true or false"),
        ({"hidden": 1}, "hidden", "is not known"),
        ([], "", "must be a mapping"),
    ],
)
def test_an_error_has_place_and_problem(data: object, place: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        from_plain(Outer, data)
    assert (caught.value.place, caught.value.problem) == (place, problem)
    if problem != "is missing":  # an overlay has the value of the base
        with pytest.raises(DataError) as caught:
            overlay(Outer(), data)
        assert (caught.value.place, caught.value.problem) == (place, problem)


def test_the_nearest_key_is_suggested() -> None:
    with pytest.raises(DataError) as caught:
        from_plain(Outer, {"chioce": "a"}, "file")
    assert (caught.value.place, caught.value.hint) == ("file.chioce", "did you mean choice?")


def test_texts_are_shown_only_on_request() -> None:
    with pytest.raises(DataError) as caught:
        from_plain(Outer, {"flag": "private words"})
    assert "private" not in str(caught.value)
    assert "'private words'" in caught.value.line(quote=True)


def test_an_overlay_keeps_everything_else() -> None:
    base = Outer(Inner("kept", 4), table={"a": 1, "deep": {"x": 1, "y": 2}}, hidden=7)
    changed = overlay(base, {"inner": {"size": 6}, "table": {"b": 2, "deep": {"y": 3}}})
    assert changed == Outer(Inner("kept", 6), table={"a": 1, "b": 2, "deep": {"x": 1, "y": 3}})
    assert changed.hidden == 7
    assert overlay(base, {}) == base


def test_numbers_of_numpy_become_those_of_python() -> None:
    read = from_plain(Outer, {"number": np.float32(0.5), "inner": {"name": "a", "size": np.int64(4)}})
    assert (type(read.number), type(read.inner.size)) == (float, int)
    for value in (float("nan"), float("inf"), 10**400):
        with pytest.raises(DataError):
            from_plain(Outer, {"number": value})


def test_compact_data_leaves_out_defaults() -> None:
    assert to_plain(Outer(choice="b", hidden=3), compact=True) == {"choice": "b"}
    assert to_plain(Inner("a"), properties={Inner: ("__doc__",)}) == {"name": "a", "__doc__": Inner.__doc__, "size": 2}
    assert list(to_plain({"b": 1, "a": (1,)}).items()) == [("a", [1]), ("b", 1)]


def test_constraints_can_be_read() -> None:
    assert [constraint_of(each) for each in fields(Inner)] == [None, even]
