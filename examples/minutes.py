"""Minutes of a meeting: each speaker's talk time, the utterances, and the overlaps.

python examples/minutes.py meeting.m4a --speakers 3
"""

from __future__ import annotations

import argparse
import sys

from pipeline import transcribe
from pipeline.core.timeline import by_speaker
from pipeline.core.types import Transcript


def main() -> None:
    """Transcribe a recording and print its minutes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recording")
    parser.add_argument("--speakers", type=int)
    options = parser.parse_args()
    sys.stdout.write(minutes(transcribe(options.recording, speakers=options.speakers)))


def minutes(transcript: Transcript) -> str:
    """The minutes as text."""
    lines = [
        f"{speaker}: {sum(t.duration for t in turns):.0f} s" for speaker, turns in by_speaker(transcript.turns).items()
    ]
    lines += [f"{u.start:8.1f}  {u.speaker}: {u.text}" for u in transcript.utterances]
    for region in transcript.overlaps:
        texts = " | ".join(f"{voice.speaker}: {voice.text or '–'}" for voice in region.evidence)
        lines.append(f"at once, {region.start:.1f} to {region.end:.1f} s ({region.decision}): {texts}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
