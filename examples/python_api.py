"""The Python interface: one recording, several recordings with the same models, and output formats.

python examples/python_api.py monday.m4a tuesday.m4a --language en
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline import Transcriber, Transcript, formats
from pipeline.config.presets import resolve
from pipeline.config.schema import Config
from pipeline.core.errors import CrosstalkError
from pipeline.core.events import Event, NoticeIssued, StageFinished


def main() -> None:
    """Transcribe recordings and write each as JSON and as subtitles beside it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--language", default="auto")
    options = parser.parse_args()
    config = resolve("default", {"recognition.language": options.language})
    for path, transcript in transcribe_all(options.recordings, config):
        for name in ("json", "srt"):
            target = path.with_name(path.stem + formats.suffix(name))
            target.write_bytes(formats.dumps(transcript, name))
        sys.stdout.write(summary(path, transcript) + "\n")


def transcribe_all(recordings: Sequence[Path], config: Config) -> Iterator[tuple[Path, Transcript]]:
    """The transcripts of the recordings that can be transcribed; the models are loaded once."""
    transcriber = Transcriber(config, listener=report)
    for path in recordings:
        try:
            yield path, transcriber(path)
        except CrosstalkError as error:
            sys.stderr.write(f"{path}: {error}\n")


def report(event: Event) -> None:
    """A listener: finished stages and notices on standard error. The library itself never prints."""
    if isinstance(event, StageFinished):
        sys.stderr.write(f"{event.stage}: {event.seconds:.1f} s\n")
    elif isinstance(event, NoticeIssued):
        sys.stderr.write(f"{event.code}: {event.message}\n")


def summary(path: Path, transcript: Transcript) -> str:
    """Speakers, words, and the overlaps of which separated speech was used, in one line."""
    words = sum(len(utterance.words) for utterance in transcript.utterances)
    separated = sum(region.decision == "separated" for region in transcript.overlaps)
    speakers = ", ".join(transcript.speakers)
    return f"{path.name}: {speakers}; {words} words; {separated} of {len(transcript.overlaps)} overlaps separated"


if __name__ == "__main__":
    main()
