"""Corrections that were made in the page give the same lines when they are applied by the program."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from pipeline.core.types import Provenance, Transcript, Turn, Utterance, Word
from pipeline.corrections import apply_corrections, loads
from pipeline.formats.base import Sound
from pipeline.formats.page.data import page_data
from tests.page.test_scripts import node

SCRIPT = Path(__file__).parent / "random_edits.mjs"
WORDS = ("yes", "and", "then", "the", "budget", "twenty", "-five", "well,", "no", "o'clock", "Übung")


def talk(seed: int) -> Transcript:
    """A conversation of three speakers with overlaps, pauses and repeated words."""
    rng, lines, busy, time = random.Random(seed), [], dict.fromkeys("ABC", 0.0), 0.0
    for _ in range(12):
        speaker, words = rng.choice("ABC"), []
        time = max(time + rng.uniform(-1.0, 2.0), busy[speaker] + 0.2, 0.0)
        for i in range(rng.randint(1, 7)):
            text = rng.choice(WORDS)
            start, time = time + rng.choice((0.0, 0.05, 0.3)), time + rng.uniform(0.35, 0.8)
            words.append(Word(start, time, text, 0.9, no_space=text.startswith("-") and i > 0))
        busy[speaker] = time
        lines.append(Utterance(f"SPEAKER_{'ABC'.index(speaker):02d}", tuple(words)))
    lines.sort(key=lambda line: line.start)
    turns = tuple(sorted(Turn(line.start, line.end, line.speaker) for line in lines))
    end = max(line.end for line in lines) + 5
    return Transcript(end, tuple(lines), turns, provenance=Provenance("talk.wav", "f" * 64))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_the_program_and_the_page_agree(seed: int) -> None:
    transcript = talk(seed)
    data = page_data(transcript, "talk", Sound())
    given = json.dumps({"data": data, "seed": seed, "count": 25})
    done = subprocess.run([node(), str(SCRIPT)], input=given, capture_output=True, text=True, check=True)
    made = json.loads(done.stdout)
    applied = apply_corrections(transcript, loads(made["file"]))
    entries = [each for each in applied.corrections if each.operation in ("include", "exclude")]
    marks = [[each.operation, each.after, each.speaker, each.before] for each in entries if not each.problem]
    assert marks == made["marks"]
    lost = [each for each in applied.corrections if each.problem]
    assert (len(lost), {each.operation for each in lost} - {"include", "exclude"}) == (made["lost"], set())
    assert [[line.speaker, line.text] for line in applied.utterances] == made["shown"]
