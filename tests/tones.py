"""Conversations of synthetic tones (`pipeline.models.synthetic`), in which every word is recognized exactly."""

from __future__ import annotations

from hypothesis import strategies as st

from pipeline.core.types import Word
from pipeline.models.synthetic import FRAME

FRAMES = 50
"""Frames a second."""


@st.composite
def conversations(draw: st.DrawFn, speakers: str = "abc", most: int = 8) -> tuple[Word, ...]:
    """Words of all speakers, sorted by start; words of one speaker do not overlap."""
    words: list[Word] = []
    for speaker in speakers:
        frame = draw(st.integers(0, 200))
        for _ in range(draw(st.integers(0, most))):
            length = draw(st.integers(6, 40))
            number = draw(st.integers(0, 23))
            words.append(Word(frame * FRAME, (frame + length) * FRAME, f"{speaker}{number}", 0.9))
            frame += length + draw(st.sampled_from([4, 10, 100]))
    return tuple(sorted(words, key=lambda word: (word.start, word.text)))
