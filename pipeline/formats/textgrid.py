"""``textgrid``: annotation of the program Praat, with two tiers for each speaker: utterances and words.

The long text format, https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html: times are in seconds, the
intervals of a tier follow each other without gaps from 0 to the end, and a quotation mark inside a text is doubled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import clean
from pipeline.formats.tiers import Interval, last_end, speaker_tiers
from pipeline.formats.timestamps import seconds

_SILENT_TIER = "utterances"
"""Name of the empty tier of a transcript without speakers: Praat has no annotation without tiers."""


def dumps(transcript: Transcript, session: str) -> str:
    """The transcript as a TextGrid; ``session`` is not written."""
    speakers = speaker_tiers(transcript, _named)
    end = last_end(transcript, speakers)
    tiers: list[tuple[str, Iterable[Interval]]] = []
    for speaker in speakers:
        tiers.append((speaker.name, [passage.whole for passage in speaker.passages]))
        tiers.append((speaker.words_name, [word for passage in speaker.passages for word in passage.words]))
    tiers = tiers or [(_SILENT_TIER, [])]
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        *_span(0, end),
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, intervals) in enumerate(tiers, start=1):
        lines += _tier(number, name, list(_filled(intervals, end)), end)
    return "\n".join([*lines, ""])


def _tier(number: int, name: str, intervals: list[Interval], end: int) -> Iterator[str]:
    yield f"    item [{number}]:"
    head = ('class = "IntervalTier"', f"name = {_quoted(name)}", *_span(0, end), f"intervals: size = {len(intervals)}")
    yield from (f"        {line}" for line in head)
    for i, interval in enumerate(intervals, start=1):
        yield f"        intervals [{i}]:"
        yield from (f"            {line}" for line in _span(interval.start, interval.end))
        yield f"            text = {_quoted(interval.text)}"


def _filled(intervals: Iterable[Interval], end: int) -> Iterator[Interval]:
    """The intervals with empty ones between them, from 0 to ``end``."""
    reached = 0
    for interval in intervals:
        if interval.start > reached:
            yield Interval(reached, interval.start, "")
        yield interval
        reached = interval.end
    if reached < end:
        yield Interval(reached, end, "")


def _span(start: int, end: int) -> tuple[str, str]:
    return f"xmin = {seconds(start)}", f"xmax = {seconds(end)}"


def _named(text: str) -> str:
    return clean(text) or "_"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


FORMAT = Format("textgrid", ".TextGrid", encoded(dumps), help="Praat tiers of each speaker's utterances and words.")
