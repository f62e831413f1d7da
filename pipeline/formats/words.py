"""Words as the formats want them: whole tokens without inner joints, utterances marked where voices overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.core.types import Utterance, Word
from pipeline.formats.sanitize import clean


def merged(words: Sequence[Word]) -> tuple[Word, ...]:
    """Clean words, each ``joined`` one made part of the one before.

    Words without a visible character are left out. A merged word is as probable as its least probable part.
    """
    found: list[Word] = []
    for word in (replace(word, text=clean(word.text)) for word in words):
        if not word.text:
            continue
        if found and word.no_space:
            known = [p for p in (found[-1].probability, word.probability) if p is not None]
            found[-1] = replace(
                found[-1],
                end=max(found[-1].end, word.end),
                text=found[-1].text + word.text,
                probability=min(known, default=None),
            )
        else:
            found.append(word)
    return tuple(found)


def overlapping(utterances: Sequence[Utterance]) -> frozenset[int]:
    """The indices of the utterances during which somebody else talks."""
    found: set[int] = set()
    active: list[int] = []
    for i in sorted(range(len(utterances)), key=lambda i: utterances[i].start):
        now = utterances[i]
        active = [j for j in active if utterances[j].end > now.start]
        others = [j for j in active if utterances[j].speaker != now.speaker]
        found.update(others, [i] if others else [])
        active.append(i)
    return frozenset(found)
