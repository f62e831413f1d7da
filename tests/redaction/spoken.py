"""A call in the tones of `pipeline.models.synthetic`, in which each tone is a word of a dialogue with planted items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.config.schema import Config
from pipeline.core.audio import Samples
from pipeline.core.types import Word
from pipeline.models.synthetic import SyntheticRecognizer, _words
from pipeline.models.weights import Store
from tests import world

TEXTS = {
    "a0": "Thank", "a1": "you", "a2": "for", "a3": "calling.", "a4": "Could", "a5": "I", "a6": "have", "a7": "your",
    "a8": "card", "a9": "number,", "a10": "please?", "a11": "And", "a12": "the", "a13": "security", "a14": "code?",
    "a15": "Great,", "a16": "it", "a17": "is", "a18": "paid.",
    "b0": "Yes,", "b1": "it's", "b2": "4539", "b3": "5787", "b4": "6362", "b5": "1486.", "b6": "The", "b7": "code",
    "b8": "is", "b9": "947.", "b10": "Thanks,", "b11": "goodbye.",
}  # fmt: skip
"""The words of the dialogue by tone: the agent's and the customer's."""
CARD = ("4539", "5787", "6362", "1486")
"""The planted card number in its groups."""
CODE = "947"
"""The planted security code."""
LINES = (
    "a0 a1 a2 a3",
    "a4 a5 a6 a7 a8 a9 a10",
    "b0 b1 b2 b3 b4 b5",
    "a11 a12 a13 a14",
    "b6 b7 b8 b9",
    "a15 a16 a17 a18",
    "b10 b11",
)
"""The tones of each line."""
RECOGNIZER = "tests.redaction.spoken:SpokenRecognizer"
SETTINGS = {"recognition.backend": RECOGNIZER}


class SpokenRecognizer(SyntheticRecognizer):
    """Recognizes the tones as the words of the dialogue."""

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> SpokenRecognizer:
        return cls()

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        found = super().recognize(windows, language, fallback)
        return [tuple(replace(word, text=TEXTS.get(word.text, word.text)) for word in words) for words in found]


def dialogue() -> tuple[Word, ...]:
    """The tones with their times: 0.4 s each, 0.6 s between lines."""
    words: list[Word] = []
    time = 0.5
    for line in LINES:
        for tone in line.split():
            words.append(Word(round(time, 2), round(time + 0.4, 2), tone))
            time += 0.5
        time += 0.5
    return tuple(words)


def write_call(path: Path) -> Path:
    """The call as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return world.write_wav(path, dialogue(), dialogue()[-1].end + 1)


def tones_in(samples: Samples) -> set[str]:
    """The texts of the tones that can be recognized in samples."""
    return {TEXTS.get(word.text, word.text) for word in _words(samples)}
