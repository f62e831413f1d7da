"""Invariants of a transcript: violations cannot be constructed; readers and the pipeline satisfy all of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core import timeline
from pipeline.core.types import OverlapDecision, SpeakerEvidence, Transcript, Turn, Utterance, Word
from tests import strategies


def line(*words: tuple[float, float], speaker: str = "A") -> Utterance:
    return Utterance(speaker, tuple(Word(start, end, "x") for start, end in words))


LAWLESS: dict[str, dict[str, Any]] = {
    "turns not sorted": {"turns": (Turn(2, 3, "A"), Turn(0, 1, "A"))},
    "turns of one speaker overlap": {"turns": (Turn(0, 2, "A"), Turn(1, 3, "A"))},
    "with another's between": {"turns": (Turn(0, 2, "A"), Turn(0.5, 1, "B"), Turn(1, 3, "A"))},
    "a turn inside another": {"turns": (Turn(0, 3, "A"), Turn(1, 2, "A"))},
    "one turn twice": {"turns": (Turn(0, 3, "A"), Turn(0, 3, "A"))},
    "a turn too late": {"turns": (Turn(0, 11, "A"),)},
    "utterances not sorted": {"utterances": (line((2, 3)), line((0, 1), speaker="B"))},
    "words not sorted": {"utterances": (line((2, 3), (0, 1)),)},
    "a word too late": {"utterances": (line((9, 11)),)},
    "an overlap too late": {
        "overlaps": (OverlapDecision(9, 11, (SpeakerEvidence("A"), SpeakerEvidence("B")), "x", "mixture", "x"),)
    },
    "a duration below zero": {"duration": -1.0},
    "a duration without end": {"duration": float("inf")},
    "a duration that is no number": {"duration": float("nan")},
}


@pytest.mark.promise(13)
@pytest.mark.parametrize("law", LAWLESS)
def test_invalid_transcripts_cannot_be_made(law: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Transcript(**{"duration": 10.0, **LAWLESS[law]})


def test_touching_turns_and_overlapping_speakers_are_valid() -> None:
    turns = (Turn(0, 1, "A"), Turn(0.5, 2, "B"), Turn(1, 10 + 1e-9, "A"))
    assert Transcript(10.0, (line((0, 1)), line((0.5, 2))), turns).turns == turns


@given(strategies.transcripts(), st.data())
def test_merging_two_overlapping_speakers_is_an_error(transcript: Transcript, data: st.DataObject) -> None:
    """Turns of two overlapping speakers cannot be merged without joining; without overlap, renaming is valid."""
    merged = tuple(sorted(replace(turn, speaker="A") for turn in transcript.turns))
    shared = any(overlap.duration > 1e-6 for overlap in timeline.overlaps(transcript.turns))
    if shared:
        with pytest.raises(ValueError, match="overlap"):
            replace(transcript, turns=merged)
    joined = timeline.joined(merged)
    assert replace(transcript, turns=joined).turns == joined
    assert timeline.covered(turn.span for turn in joined) == pytest.approx(
        timeline.covered(turn.span for turn in transcript.turns)
    )


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20), st.sampled_from("AB")), max_size=12))
def test_joined_turns_are_valid_and_cover_the_same(rows: list[tuple[int, int, str]]) -> None:
    turns = [Turn(start / 10, (start + length) / 10, speaker) for start, length, speaker in rows]
    joined = timeline.joined(turns)
    Transcript(10.0, turns=joined)
    assert timeline.joined(joined) == joined
    for speaker, speaker_turns in timeline.by_speaker(turns).items():
        joined_turns = timeline.by_speaker(joined)[speaker]
        assert timeline.union(t.span for t in joined_turns) == timeline.union(t.span for t in speaker_turns)
        assert all(one.end <= two.start for one, two in pairwise(joined_turns))


STM = "m 1 A 0 5 one two three\nm 1 A 3 8 four five\nm 1 A 8 9 six\nm 1 B 1 2 seven\n"


def test_rows_of_one_speaker_that_overlap_keep_their_words_and_are_one_turn() -> None:
    transcript = formats.loads(STM, "stm")
    assert [utterance.text for utterance in transcript.utterances] == ["one two three", "seven", "four five", "six"]
    assert transcript.turns == (Turn(0, 8, "A"), Turn(1, 2, "B"), Turn(8, 9, "A"))


def test_overlaps_of_a_speaker_with_themselves_are_read(shared_data: Path) -> None:
    path = shared_data / "odd" / "self.stm"
    transcript = formats.loads(path.read_text(encoding="utf-8"), "stm")
    rows = [row.split() for row in path.read_text(encoding="utf-8").splitlines() if row.strip()]
    assert len(transcript.words) == sum(len(row) - 5 for row in rows if not row[0].startswith(";;"))
