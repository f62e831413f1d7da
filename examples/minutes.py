"""Minutes in Python: each decision, action and open question of a meeting, with its time and speaker.

python examples/minutes.py meeting.m4a --speakers 4
python examples/minutes.py meeting.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline import formats, transcribe
from pipeline.formats.timestamps import whole_seconds
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import Minutes


def main() -> None:
    """Print the minutes of a recording, or of a transcript in JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("meeting", type=Path)
    parser.add_argument("--speakers", type=int)
    options = parser.parse_args()
    path = options.meeting
    transcript = formats.load(path) if path.suffix == ".json" else transcribe(path, speakers=options.speakers)
    sys.stdout.writelines(f"{line}\n" for line in lines(make_minutes(transcript)))


def lines(minutes: Minutes) -> Iterator[str]:
    """The items of the minutes: kind, time, speaker and words; of an action also who does it, and until when."""
    for decision in minutes.decisions:
        yield f"decided {whole_seconds(decision.start)} {decision.speaker}: {decision.text}"
    for action in minutes.actions:
        task = ", ".join(each for each in (action.who, action.due) if each)
        yield f"to do   {whole_seconds(action.start)} {action.speaker}: {action.text} ({task or 'without a name'})"
    for question in minutes.questions:
        yield f"open    {whole_seconds(question.start)} {question.speaker}: {question.text}"


if __name__ == "__main__":
    main()
