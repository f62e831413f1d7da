"""``ass``: Advanced SubStation Alpha subtitles, with a style for each speaker and a place for those who talk at once.

Specification: http://www.tcax.org/docs/ass-specs.htm. The styles are called ``Speaker 1`` and so on, in order of first
appearance, and are meant to be changed; the speaker's name is in the field ``Name`` of each line. Speakers who talk at
the same time have different lanes: heights above the lower edge. Braces, which begin override tags, and the backslash,
which begins escapes, become look-alikes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.core.doubts import with_marks
from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import clean, distinct
from pipeline.formats.subtitles import Cue, cues
from pipeline.formats.timestamps import clock

_WIDTH, _HEIGHT = 1920, 1080
"""The screen in which sizes and places are given, in pixels; players scale it to the picture."""
_SIZE = 54
"""Height of the letters in pixels: a twentieth of the screen, as is usual for subtitles. Chosen by hand."""
_EDGE = 54
"""Distance of the lowest lane from the lower edge in pixels, chosen by hand: a twentieth of the screen."""
_LANE = 200
"""Height of a lane in pixels: three lines of letters, the most that a cue with a name has. Chosen by hand.

A smaller value puts cues of different lanes onto each other."""
_LANES = 5
"""Number of lanes that fit on the screen; a sixth speaker at the same time shares a lane, and players move the text."""
_COLOURS = ("FFFFFF", "E69F00", "56B4E9", "F0E442", "009E73", "CC79A7", "D55E00", "0072B2")
"""Colours of the speakers as red, green and blue: white, then the palette of Okabe and Ito (2008).

The palette is distinguishable with any kind of colour vision; a ninth speaker has the first colour again."""
_LOOKALIKES = str.maketrans({"{": "❴", "}": "❵", "\\": "\N{REVERSE SOLIDUS OPERATOR}"})
_FIELDS = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
_STYLE_FIELDS = (
    "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, "
    "StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, "
    "Encoding"
)


def dumps(transcript: Transcript, session: str, mark_doubts: bool = False, speaker_names: bool = True) -> str:
    """The transcript as a script under the title ``session``."""
    transcript = with_marks(transcript) if mark_doubts else transcript
    shown = cues(transcript, labelled=speaker_names)
    numbers = {speaker: number for number, speaker in enumerate(transcript.speakers, start=1)}
    lanes = _lanes(shown, transcript.speakers)
    names = distinct(transcript.speakers, _name)
    lines = [
        "[Script Info]",
        f"Title: {clean(session)}",
        "ScriptType: v4.00+",
        "WrapStyle: 2",
        "ScaledBorderAndShadow: yes",
        f"PlayResX: {_WIDTH}",
        f"PlayResY: {_HEIGHT}",
        "",
        "[V4+ Styles]",
        f"Format: {_STYLE_FIELDS}",
        *(_style(number, lanes[speaker]) for speaker, number in numbers.items()),
        "",
        "[Events]",
        f"Format: {_FIELDS}",
        *(_event(cue, numbers[cue.speaker], names[cue.speaker]) for cue in shown),
    ]
    return "\n".join([*lines, ""])


def _lanes(shown: Sequence[Cue], speakers: Sequence[str]) -> dict[str, int]:
    """A lane for each speaker from 0, the lowest one that no earlier speaker has who is shown at the same time."""
    meeting = _meeting(shown)
    lanes: dict[str, int] = {}
    for speaker in speakers:
        taken = {lanes[other] for other in meeting.get(speaker, ()) if other in lanes}
        lanes[speaker] = next(lane for lane in range(len(speakers)) if lane not in taken) % _LANES
    return lanes


def _meeting(shown: Sequence[Cue]) -> Mapping[str, set[str]]:
    """The speakers that are shown at the same time as each one; ``shown`` is in order of start."""
    meeting: dict[str, set[str]] = {}
    active: list[Cue] = []
    for cue in shown:
        active = [other for other in active if other.end > cue.start]
        for other in active:
            if other.speaker != cue.speaker:
                meeting.setdefault(cue.speaker, set()).add(other.speaker)
                meeting.setdefault(other.speaker, set()).add(cue.speaker)
        active.append(cue)
    return meeting


def _style(number: int, lane: int) -> str:
    colour = _COLOURS[(number - 1) % len(_COLOURS)]
    primary = f"&H00{colour[4:6]}{colour[2:4]}{colour[0:2]}"
    head = f"Style: Speaker {number},Arial,{_SIZE},{primary},{primary},&H00000000,&H80000000"
    return f"{head},0,0,0,0,100,100,0,0,1,3,1,2,60,60,{_EDGE + lane * _LANE},1"


def _event(cue: Cue, number: int, name: str) -> str:
    start, end = cue.start // 10, max(cue.end // 10, cue.start // 10 + 1)  # the format has hundredths of a second
    times = ",".join(clock(time * 10, digits=2).removeprefix("0") for time in (start, end))
    text = "\\N".join(line.translate(_LOOKALIKES) for line in cue.lines)
    return f"Dialogue: 0,{times},Speaker {number},{name},0,0,0,,{text}"


def _name(speaker: str) -> str:
    """A name for the field ``Name``, which a comma would end."""
    return clean(speaker).translate(_LOOKALIKES).replace(",", "\N{SINGLE LOW-9 QUOTATION MARK}")


FORMAT = Format(
    "ass",
    ".ass",
    encoded(dumps),
    options=("mark_doubts", "speaker_names"),
    per_speaker=True,
    help="SubStation Alpha subtitles with a style and place for each speaker.",
)
