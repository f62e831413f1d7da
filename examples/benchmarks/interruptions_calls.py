"""Calls of two speakers with overlaps of known kinds, made of AMI speech with known words (`make_call`).

Every overlap is placed: a backchannel that was one in the meeting ("yeah", "mm-hmm"), the end of a turn, an incomer
for whom the holder stops in the middle of a sentence, one who says a few words, waits until the holder stops and goes
on, one who gives up after a few words, and two who begin at the same time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline import media
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.evaluation.simulation.conversation import Placement
from pipeline.evaluation.simulation.corpus import TICK, Passage

SHARES = {
    "gap": 0.2, "turn_end": 0.2, "backchannel": 0.2, "takes the floor": 0.12, "waits for the floor": 0.1,
    "gives up": 0.1, "start": 0.08,
}  # fmt: skip
"""Probability of each way in which a turn ends or is overlapped. Chosen by hand."""
KIND = {
    "turn_end": "turn_end", "backchannel": "backchannel", "takes the floor": "interruption",
    "waits for the floor": "interruption", "gives up": "interruption", "start": "start",
}  # fmt: skip
"""The kind of overlap that each of them is."""
SHORT_WORDS = frozenset({"yeah", "okay", "mm-hmm", "mm", "hmm", "right", "yep", "uh-huh", "oh", "sure", "great", "cool",
                         "yes", "mhm", "mm-mm", "good"})  # fmt: skip
"""Words of the meetings that are backchannels where they stand alone."""
Role = Literal["long", "short", "backchannel"]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Speech of one speaker alone, with its words at times from the clip's start."""

    speaker: str
    samples: np.ndarray[tuple[int], np.dtype[np.float32]]
    words: tuple[Word, ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / TICK / 100

    def cut(self, words: int) -> Clip:
        """The clip up to the end of its first ``words`` words."""
        ticks = int(self.words[words - 1].end * 100)
        return Clip(self.speaker, self.samples[: ticks * TICK], self.words[:words])


@dataclass(frozen=True, slots=True)
class Truth:
    """An overlap of a known kind, from the start of the incomer to the end of the overlap; ``way`` as in `SHARES`."""

    start: float
    end: float
    way: str
    incomer: str


@dataclass(slots=True, eq=False)
class Call:
    """A call: clips with their starts in seconds, and the overlaps."""

    placed: list[tuple[float, Clip]] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)

    @property
    def end(self) -> float:
        return max((start + clip.seconds for start, clip in self.placed), default=0.0)

    def reference(self) -> Transcript:
        """The exact transcript."""
        rows = sorted(self.placed, key=lambda row: row[0])
        lines = [Utterance(clip.speaker, tuple(_later(word, start) for word in clip.words)) for start, clip in rows]
        turns = (Turn(start, start + clip.seconds, clip.speaker) for start, clip in rows)
        return Transcript(
            self.end + 1.0, tuple(sorted(lines, key=lambda u: u.start)), tuple(sorted(turns)), language="en"
        )

    def placements(self) -> tuple[list[Placement], dict[str, list[Passage]]]:
        """The same for `pipeline.evaluation.simulation.rendering.render`."""
        passages: dict[str, list[Passage]] = {}
        placements = []
        for start, clip in self.placed:
            group = passages.setdefault(clip.speaker, [])
            tick = round(start * 100)
            placements.append(Placement(tick, tick + len(clip.samples) // TICK, clip.speaker, len(group), "gap"))
            group.append(Passage(clip.speaker, clip.samples, None, ""))
        return placements, passages


SpeakerClips = Mapping[str, Mapping[Role, Sequence[Clip]]]
"""The clips of each speaker, by length and content."""


def gather_clips(audio: Path, speakers: Sequence[str], further: Sequence[Path]) -> SpeakerClips:
    """The clips of some speakers of a meeting, with the backchannels of all its speakers and of ``further`` meetings.

    Isolated backchannels are rare, and who says "mm-hmm" for 0.3 s is hardly audible.
    """
    meeting = _read_clips(audio)
    others = [_read_clips(path) for path in further]
    short = [clip for clips in (meeting, *others) for groups in clips.values() for clip in groups["backchannel"]]
    return {
        each: {**meeting[each], "backchannel": [replace(clip, speaker=each) for clip in short]} for each in speakers
    }


def _read_clips(audio: Path) -> dict[str, dict[Role, list[Clip]]]:
    """The clips of all speakers of a meeting."""
    samples = media.decode(audio).audio.samples
    rows = list(csv.DictReader(audio.with_suffix(".tsv").open(encoding="utf-8"), delimiter="\t"))
    words = [(float(r["start"]), float(r["end"]), r["speaker"], r["word"]) for r in rows if float(r["start"]) > 0.2]
    clips: dict[str, dict[Role, list[Clip]]] = {
        each: {"long": [], "short": [], "backchannel": []} for each in dict.fromkeys(row[2] for row in words)
    }
    for speaker in clips:
        others = [(start, end) for start, end, name, _ in words if name != speaker]
        for run in _runs([word for word in words if word[2] == speaker], others):
            clip = _clip(samples, run)
            texts = {text.lower().strip(".,?") for _, _, _, text in run}
            if texts <= SHORT_WORDS and 0.2 <= clip.seconds <= 1.0:
                clips[speaker]["backchannel"].append(clip)
            elif clip.seconds >= 2.5 and len(clip.words) >= 8:
                clips[speaker]["long"].append(clip)
            elif len(clip.words) >= 2 and not texts & SHORT_WORDS:
                first = (clip.cut(count) for count in (2, 3) if count <= len(clip.words))
                clips[speaker]["short"] += [short for short in first if 0.3 <= short.seconds <= 1.1]
    return clips


def _runs(
    words: Sequence[tuple[float, float, str, str]], others: Sequence[tuple[float, float]]
) -> Iterator[list[tuple[float, float, str, str]]]:
    """Sequences of words with pauses under 0.4 s, at most 7 s long, in which no one else speaks."""
    run: list[tuple[float, float, str, str]] = []
    for word in words:
        is_alone = not any(start - 0.05 < word[1] and word[0] < end + 0.05 for start, end in others)
        if run and (not is_alone or word[0] - run[-1][1] > 0.4 or word[1] - run[0][0] > 7.0):
            yield run
            run = []
        if is_alone and word[1] > word[0]:
            run.append(word)
    if run:
        yield run


def _clip(samples: np.ndarray[tuple[int], np.dtype[np.float32]], run: Sequence[tuple[float, float, str, str]]) -> Clip:
    first = int(run[0][0] * 100)
    last = int(run[-1][1] * 100) + 1
    words = tuple(Word(start - first / 100, end - first / 100, text) for start, end, _, text in run)
    return Clip(run[0][2], samples[first * TICK : last * TICK], words)


def _start(utterance: Utterance) -> float:
    return utterance.start


def _later(word: Word, seconds: float) -> Word:
    return Word(word.start + seconds, word.end + seconds, word.text)


class _Maker:
    """Makes one call, turn after turn."""

    def __init__(self, clips: SpeakerClips, seed: int) -> None:
        self._clips, self._rng = clips, np.random.default_rng(seed)
        self._free = dict.fromkeys(clips, 0.0)
        self._is_overlapping = False
        self.call = Call()

    def make(self, length: float) -> Call:
        names = sorted(self._clips)
        speaker, start = names[int(self._rng.integers(2))], 0.5
        while start < length:
            other = next(name for name in names if name != speaker)
            way = str(self._rng.choice(list(SHARES), p=list(SHARES.values())))
            way = "gap" if way == "start" and self._is_overlapping else way
            self._is_overlapping = False
            start = max(start, self._free[speaker] + 0.6)
            start = self._turn(way, speaker, other, start)
            if way in ("gap", "turn_end", "takes the floor", "waits for the floor") or self._rng.random() < 0.5:
                speaker = other
        if self._is_overlapping:
            self.call.truths.pop()  # the next turn is not placed
        return self.call

    def _turn(self, way: str, speaker: str, other: str, start: float) -> float:
        """Place a turn of ``speaker`` and its overlap; returns the earliest start of the next turn."""
        clip = self._draw(speaker, "long")
        if way == "start":
            start = max(start, self._free[other] + 0.7)
        if way in ("takes the floor", "waits for the floor"):
            clip = clip.cut(int(self._rng.integers(len(clip.words) // 2, len(clip.words))))
        end = start + clip.seconds
        earliest = max(start + 0.5, self._free[other] + 0.6)
        self._place(start, clip)
        if way == "turn_end":
            return self._next(way, other, end - self._between(0.1, 0.7), earliest, end)
        if way == "takes the floor":
            return self._next(way, other, end - self._between(0.4, 1.5), earliest, end)
        if way == "start":
            first = start + self._between(0.0, 0.15)
            self._inside(way, self._draw(other, "short"), first, self._free[other] + 0.6, end)
        elif way in ("backchannel", "gives up"):
            short = self._draw(other, "backchannel" if way == "backchannel" else "short")
            latest = end - (0.5 if way == "backchannel" else 1.0)
            first = self._between(start + 0.5, max(latest - short.seconds, start + 0.5))
            self._inside(way, short, first, earliest, latest)
        elif way == "waits for the floor":
            short = self._draw(other, "short")
            if self._inside(way, short, end - self._between(0.1, 0.6) - short.seconds, earliest, end):
                return max(end + 0.1, self._free[other] + self._between(0.0, 0.5))
        return end + self._between(0.2, 1.0)

    def _next(self, way: str, other: str, start: float, earliest: float, end: float) -> float:
        """The next turn begins before the ``end`` of this one."""
        if start < earliest:
            return end + 0.3
        self._is_overlapping = True
        self.call.truths.append(Truth(start, end, way, other))
        self._free[other] = start - 0.6
        return start

    def _inside(self, way: str, clip: Clip, start: float, earliest: float, latest: float) -> bool:
        """Place a clip inside the present turn if there is room."""
        if start < earliest or start + clip.seconds > latest:
            return False
        self._place(start, clip)
        self.call.truths.append(Truth(round(start, 2), round(start + clip.seconds, 2), way, clip.speaker))
        return True

    def _place(self, start: float, clip: Clip) -> None:
        start = round(start, 2)
        self.call.placed.append((start, clip))
        self._free[clip.speaker] = start + clip.seconds

    def _draw(self, speaker: str, role: Role) -> Clip:
        clips = self._clips[speaker][role]
        return clips[int(self._rng.integers(len(clips)))]

    def _between(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))


def make_call(clips: SpeakerClips, seed: int, length: float = 120.0) -> Call:
    """A call of two speakers of about ``length`` seconds; the same clips and seed give the same call."""
    return _Maker(clips, seed).make(length)
