"""An agenda: its lines as a text file, and where each was talked about.

A line counts as discussed where its words stand densely in some passage of a few minutes. What a line means is not
known: a line in other words than those that were said is not found, and one whose words were said of something else is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.core.errors import FormatError
from pipeline.core.text import counted, fold, read_settings
from pipeline.formats.sanitize import clean
from pipeline.minutes.choosing import item, topic_at
from pipeline.minutes.passages import LEAST
from pipeline.minutes.places import Places, Vector, line_tokens, shared_words
from pipeline.minutes.talk import Talk
from pipeline.minutes.types import AgendaItem, Item, Topic

MOST_LINES, MOST_LETTERS, MOST_BYTES = 200, 500, 1_000_000
"""Most lines of an agenda, letters of a line, and bytes of the file: limits of time and of the page. Chosen by hand."""
BIN, BIN_LEAST, BINS = 80, 10, 40
"""Most tokens of a bin (about half a minute), fewest, and the number of bins that shorter talks have. 20, 40 and 80
tokens and 30, 40, 60 and 80 bins were tried on the parts train and tune; with shorter bins fewer passages are in the
marked time. The fewest tokens were chosen by hand."""
WIDTH = 6
"""Bins over which an occurrence counts less and less, on each side: about two and a half minutes. 3, 4, 6, 10 and 16
were tried on the parts train and tune; 6 and 10 are equal."""
HALF = 3.0
"""Occurrences that make half a word. 1, 2, 3, 5 and 6 were tried on the parts train and tune; with 1 fewer passages are
in the marked time."""
SINGLE = 1.0
"""Weight that is added to that of a line, about one word. 0, 1 and 2 were tried on the parts train and tune; with 0, a
line of one word counts as discussed where the word was said once."""
DISCUSSED = 0.13
"""Least score of a line that was discussed. Chosen on the parts train and tune, so that about one line in twenty of
meetings of another kind counts as discussed; a higher value finds fewer lines."""
AS_GOOD = 0.9
"""A topic matches where its best passage has at least this share of the line's best score. 0.7 to 1 were tried on the
parts train and tune: with less, more of the topics are about something else; with more, less of the time is found."""
_KERNEL: Vector = np.bartlett(2 * WIDTH + 1)[1:-1]
_BULLET = r"[-*+•·・–—▪◦‣○●►✓☐☑]|#{1,6}|\[[ xX]?\]"
_NUMBER = r"\(?(?:\d{1,3}[.)]|[A-Za-z]\)|[a-z]\.|[ivxIVX]{1,5}[.)])(?=\s|$)|\d{1,3}(?:\.\d{1,3})+[.)]?|TOP\s*\d+[.:)]?"
_MARK = re.compile(rf"(?:{_BULLET}|{_NUMBER})(?:\s+|$)|(?:[•・]|\d{{1,3}}[.)])(?=[^\W\d_])")
"""What may stand before an item: a bullet, a number, a letter with a bracket, ``TOP 1``; not the initial of a name."""
_TITLE = re.compile(
    r"(?:(?:the |meeting )?agenda|items|topics|tagesordnung|themen|traktanden|(?:l')?ordre du jour|orden del d[ií]a)"
)
"""A line that is only the title of an agenda."""
_HINT = "an agenda is plain text, one item in a line"
_OTHER_FORMATS = ("%PDF", "{\\rtf", "<!DOCTYPE", "<html")


def read_agenda(path: Path) -> tuple[str, ...]:
    """The items of a text file with one item per line, without bullets and numbers; raises `FormatError`.

    Lines without a word, and a title like "Agenda:", are no items.
    """
    where = str(path)
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise FormatError("is larger than 1 MB, which no agenda is", where=where, hint=_HINT)
    text = read_settings(path)
    if text.startswith(_OTHER_FORMATS) or re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text):
        raise FormatError("is not a text file", where=where, hint=_HINT)
    items = []
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MOST_LETTERS:
            what = f"has {counted(len(line), 'character')}; an item has up to {MOST_LETTERS}"
            raise FormatError(what, where=f"{where} line {number}", hint=_HINT)
        if entry := _item_of(line):
            items.append(entry)
    if not items:
        raise FormatError("has no item", where=where, hint=_HINT)
    if len(items) > MOST_LINES:
        raise FormatError(
            f"has {counted(len(items), 'item')}, an agenda has up to {MOST_LINES}", where=where, hint=_HINT
        )
    return tuple(items)


def match_agenda(
    talk: Talk, topics: Sequence[Topic], lines: Sequence[str], rarity: Mapping[str, float]
) -> tuple[AgendaItem, ...]:
    """Where each line was talked about, in the order of the lines.

    ``rarity``: the table of the weights, or nothing for a language without one. Takes time proportional to the tokens
    of the talk, and to the words of the lines times the bins (`BIN`) of the talk.
    """
    size = min(BIN, max(BIN_LEAST, sum(map(len, talk.tokens)) // BINS))
    places = Places.of(talk, rarity, size)
    return tuple(_matched(places, topics, line) for line in lines)


def _matched(places: Places, topics: Sequence[Topic], line: str) -> AgendaItem:
    wanted = places.wanted(line_tokens(line))
    scores = places.scores(wanted, _KERNEL, HALF, SINGLE)
    best = float(scores.max(initial=0.0))
    if best < DISCUSSED:
        return AgendaItem(line, score=round(best, 3))
    mention = _mention(places, topics, wanted, scores)
    middles = ((places.edges[n] + places.edges[n + 1]) // 2 for n in np.flatnonzero(scores >= AS_GOOD * best))
    found = {mention.topic, *(topic_at(topics, line) for line in middles)}
    return AgendaItem(line, tuple(sorted(found)), round(best, 3), mention)


def _mention(places: Places, topics: Sequence[Topic], wanted: Mapping[str, float], scores: Vector) -> Item:
    """The sentence with most of the line's words near the best passage; of equal ones the first."""
    peak = int(scores.argmax())
    near = places.sentences(max(0, peak - WIDTH), min(len(scores) - 1, peak + WIDTH))
    ranked = ((shared_words(each, wanted), len(each.tokens) >= LEAST, each) for each in near)
    shared, _, sentence = max(ranked, key=lambda found: (sum(map(wanted.__getitem__, found[0])), found[1]))
    reason = ", ".join(dict.fromkeys(shared.values()))
    return item(places.talk.transcript, topics, sentence, reason, float(scores[peak]))


def _item_of(line: str) -> str:
    """The text of an item; empty where the line has none."""
    text = clean(line)
    while (match := _MARK.match(text)) and match[0]:
        text = text[match.end() :].lstrip()
    text = text.strip("#").strip().removesuffix(":").rstrip()
    empty = _TITLE.fullmatch(fold(text)) or not re.search(r"[^\W_]", text)
    return "" if empty else text
