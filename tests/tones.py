"""Conversations in the world of tones (`pipeline.models.synthetic`), where every word can be heard again exactly."""

from __future__ import annotations

from hypothesis import strategies as st

from pipeline.core.types import Word
from pipeline.models.synthetic import FRAME

FRAMES = 50
"""Frames a second."""


@st.composite
def conversations(draw: st.DrawFn, voices: str = "abc", most: int = 8) -> tuple[Word, ...]:
    """Words of each voice in order of time, sorted by start; voices overlap, one voice's words do not."""
    words: list[Word] = []
    for voice in voices:
        frame = draw(st.integers(0, 200))
        for _ in range(draw(st.integers(0, most))):
            length = draw(st.integers(6, 40))
            number = draw(st.integers(0, 23))
            words.append(Word(frame * FRAME, (frame + length) * FRAME, f"{voice}{number}", 0.9))
            frame += length + draw(st.sampled_from([4, 10, 100]))
    return tuple(sorted(words, key=lambda word: (word.start, word.text)))
