"""Recognition: language asked once, solo speech from passages, separated regions from streams."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings

from pipeline.config.schema import RecognitionConfig
from pipeline.core.audio import RATE, Audio, Clip, Samples, Stream
from pipeline.core.timeline import union
from pipeline.core.types import Origin, OverlapDecision, Span, SpeakerEvidence, Turn, Word
from pipeline.models.protocols import Diarization, Recognizer
from pipeline.models.synthetic import SyntheticRecognizer, synthesize
from pipeline.stages.channels.tracks import Track
from pipeline.stages.recognition import stage
from pipeline.stages.recognition.stage import Recognition
from pipeline.stages.separation.result import Separation
from tests.tones import conversations

MINE = (Word(1.0, 1.4, "a1"), Word(1.6, 2.6, "a2"), Word(2.8, 3.2, "a3"))
THEIRS = (Word(1.7, 2.5, "b7"), Word(4.0, 4.4, "b8"))
DURATION = 6.0


class Polite(SyntheticRecognizer):
    """Counts how often the language is asked, and keeps what it was asked by."""

    def __init__(self) -> None:
        self.asked: list[Samples] = []

    def detect_language(self, samples: Samples) -> str:
        self.asked.append(samples)
        return "de"


def recognize(
    audio: Audio,
    turns: Sequence[Turn],
    streams: Sequence[Stream],
    regions: Sequence[OverlapDecision],
    recognizer: Recognizer,
    config: RecognitionConfig,
) -> Recognition:
    """The words of a recording with one track."""
    separation = Separation(tuple(streams), tuple(regions))
    return stage.recognize([Track(audio)], Diarization(tuple(turns)), separation, recognizer, config)


def turns_of(words: Sequence[Word], speaker: str) -> list[Turn]:
    return [Turn(s.start, s.end, speaker) for s in union((Span(w.start, w.end) for w in words), 0.5)]


def scene(decision: Origin) -> tuple[Audio, list[Turn], list[Stream], list[OverlapDecision]]:
    """Two voices with an overlap from 1.7 to 2.5; when separated, each stream holds its own voice there."""
    audio = Audio(synthesize((*MINE, *THEIRS), DURATION))
    turns = [*turns_of(MINE, "A"), *turns_of(THEIRS, "B")]
    streams = []
    for speaker, words in (("A", MINE), ("B", THEIRS)):
        pure = Audio(synthesize(words, DURATION))
        clips = []
        for start, end in cuts(turns, speaker):
            apart = decision == "separated" and start == 1.7
            source = pure if apart else audio
            clips.append(Clip(source.crop(Span(start, end)), start, "separated" if apart else "mixture"))
        streams.append(Stream(speaker, tuple(clips)))
    region = OverlapDecision(1.7, 2.5, (SpeakerEvidence("A"), SpeakerEvidence("B")), "synthetic", decision, "because")
    return audio, sorted(turns), streams, [region]


def cuts(turns: list[Turn], speaker: str) -> list[tuple[float, float]]:
    """The speaker's turns, cut at the overlap's edges."""
    found = []
    for turn in turns:
        if turn.speaker == speaker:
            edges = sorted({turn.start, turn.end, *(e for e in (1.7, 2.5) if turn.start < e < turn.end)})
            found += list(itertools.pairwise(edges))
    return found


def said(found: Recognition) -> dict[str, list[str]]:
    return {line.speaker: [word.text for word in line.words] for line in found.spoken}


@pytest.mark.parametrize("strategy", ["passages", "streams"])
def test_separated_regions_take_their_words_from_streams(strategy: Literal["passages", "streams"]) -> None:
    found = recognize(*scene("separated"), SyntheticRecognizer(), RecognitionConfig(strategy=strategy))
    assert said(found) == {"A": ["a1", "a2", "a3"], "B": ["b7", "b8"]}


def test_words_tell_where_they_were_heard() -> None:
    found = recognize(*scene("separated"), SyntheticRecognizer(), RecognitionConfig())
    origins = {word.text: word.origin for line in found.spoken for word in line.words}
    assert origins == {"a1": "mixture", "a2": "separated", "a3": "mixture", "b7": "separated", "b8": "mixture"}


def test_kept_mixtures_are_heard_once() -> None:
    found = recognize(*scene("mixture"), SyntheticRecognizer(), RecognitionConfig())
    heard = sorted(word.text for line in found.spoken for word in line.words)
    assert heard == ["a1", "a2", "a3", "b7", "b8"]
    assert {word.origin for line in found.spoken for word in line.words} == {"mixture"}


def test_the_language_is_asked_once_and_never_when_given() -> None:
    polite = Polite()
    assert recognize(*scene("separated"), polite, RecognitionConfig()).language == "de"
    assert len(polite.asked) == 1
    assert recognize(*scene("mixture"), polite, RecognitionConfig(language="fr")).language == "fr"
    assert len(polite.asked) == 1


def test_the_language_is_told_by_solo_speech_of_everybody() -> None:
    polite = Polite()
    recognize(*scene("mixture"), polite, RecognitionConfig())
    (heard,) = SyntheticRecognizer().recognize(polite.asked, "en")
    assert {word.text for word in heard} >= {"a1", "a3", "b8"}
    assert len(polite.asked[0]) <= 30 * RATE


@pytest.mark.parametrize("seconds", [31, 200])
def test_the_language_is_told_by_at_most_30_seconds(seconds: int) -> None:
    polite = Polite()
    audio = Audio(np.zeros(seconds * RATE, np.float32))
    turns = [Turn(0, seconds / 2, "A"), Turn(seconds / 2, seconds, "B")]
    assert recognize(audio, turns, [], [], polite, RecognitionConfig()).spoken == ()
    assert len(polite.asked[0]) <= 30 * RATE


def test_without_turns_nothing_is_heard() -> None:
    polite = Polite()
    found = recognize(Audio(np.zeros(RATE, np.float32)), [], [], [], polite, RecognitionConfig())
    assert (found, polite.asked) == (Recognition(None), [])


@settings(max_examples=40)
@given(conversations(voices="a"))
def test_one_voice_is_heard_alike_in_passages_and_in_its_stream(words: tuple[Word, ...]) -> None:
    audio = Audio(synthesize(words, 60.0))
    turns = turns_of(words, "A")
    streams = [Stream("A", tuple(Clip(audio.crop(turn.span), turn.start) for turn in turns))]
    one, other = (
        recognize(audio, turns, streams, [], SyntheticRecognizer(), RecognitionConfig(strategy=strategy))
        for strategy in ("passages", "streams")
    )
    assert said(one) == said(other) == ({"A": [word.text for word in words]} if words else {})
    for line in one.spoken:
        assert [w.start for w in line.words] == pytest.approx([w.start for w in words], abs=0.021)


class Doubtful(Polite):
    """Does not believe some of the words."""

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        heard = super().recognize(windows, language, fallback)
        return [tuple(replace(w, suspect="no speech") if w.text in ("a2", "b8") else w for w in ws) for ws in heard]


@pytest.mark.parametrize("strategy", ["passages", "streams"])
def test_suspect_words_are_removed_once_and_nothing_else_changes(strategy: Literal["passages", "streams"]) -> None:
    config = RecognitionConfig(strategy=strategy)
    whole, found = (recognize(*scene("separated"), one, config) for one in (Polite(), Doubtful()))
    assert said(found) == {s: [t for t in texts if t not in ("a2", "b8")] for s, texts in said(whole).items()}
    removed = sorted((line.speaker, w.text, w.suspect) for line in found.removed for w in line.words)
    assert removed == [("A", "a2", "no speech"), ("B", "b8", "no speech")]
    assert whole.removed == ()
