"""Recognition: the language is detected once; words are of the mixture, and of streams in separated regions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given

from pipeline.config.schema import RecognitionConfig
from pipeline.core.audio import RATE, Audio, Clip, Samples, Stream
from pipeline.core.timeline import union
from pipeline.core.types import Origin, OverlapDecision, Span, SpeakerEvidence, Turn, Word
from pipeline.models.protocols import Diarization, Recognizer
from pipeline.models.synthetic import SyntheticRecognizer, synthesize
from pipeline.stages.channels.tracks import Track
from pipeline.stages.recognition import stage
from pipeline.stages.recognition.result import Recognition
from pipeline.stages.separation.result import Separation
from tests.max_examples import at_most
from tests.tones import conversations

WORDS_A = (Word(1.0, 1.4, "a1"), Word(1.6, 2.6, "a2"), Word(2.8, 3.2, "a3"))
WORDS_B = (Word(1.7, 2.5, "b7"), Word(4.0, 4.4, "b8"))
DURATION = 6.0


class Counting(SyntheticRecognizer):
    """Stores the samples of every detection of the language."""

    def __init__(self) -> None:
        self.samples: list[Samples] = []

    def detect_language(self, samples: Samples) -> str:
        self.samples.append(samples)
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


def overlap(decision: Origin) -> tuple[Audio, list[Turn], list[Stream], list[OverlapDecision]]:
    """Two speakers with an overlap from 1.7 to 2.5; when separated, each stream holds its speaker alone there."""
    audio = Audio(synthesize((*WORDS_A, *WORDS_B), DURATION))
    turns = [*turns_of(WORDS_A, "A"), *turns_of(WORDS_B, "B")]
    streams = []
    for speaker, words in (("A", WORDS_A), ("B", WORDS_B)):
        single_speaker = Audio(synthesize(words, DURATION))
        clips = []
        for start, end in cuts(turns, speaker):
            is_separated = decision == "separated" and start == 1.7
            source = single_speaker if is_separated else audio
            clips.append(Clip(source.crop(Span(start, end)), start, "separated" if is_separated else "mixture"))
        streams.append(Stream(speaker, tuple(clips)))
    region = OverlapDecision(1.7, 2.5, (SpeakerEvidence("A"), SpeakerEvidence("B")), "synthetic", decision, "because")
    return audio, sorted(turns), streams, [region]


def cuts(turns: list[Turn], speaker: str) -> list[tuple[float, float]]:
    """The speaker's turns, cut at the overlap's edges."""
    spans = []
    for turn in turns:
        if turn.speaker == speaker:
            edges = sorted({turn.start, turn.end, *(e for e in (1.7, 2.5) if turn.start < e < turn.end)})
            spans += list(itertools.pairwise(edges))
    return spans


def texts(recognition: Recognition) -> dict[str, list[str]]:
    return {line.speaker: [word.text for word in line.words] for line in recognition.spoken}


@pytest.mark.parametrize("strategy", ["mixture", "streams"])
def test_separated_regions_take_their_words_from_streams(strategy: Literal["mixture", "streams"]) -> None:
    recognition = recognize(*overlap("separated"), SyntheticRecognizer(), RecognitionConfig(strategy=strategy))
    assert texts(recognition) == {"A": ["a1", "a2", "a3"], "B": ["b7", "b8"]}


def test_words_have_the_origin_of_their_audio() -> None:
    recognition = recognize(*overlap("separated"), SyntheticRecognizer(), RecognitionConfig())
    origins = {word.text: word.origin for line in recognition.spoken for word in line.words}
    assert origins == {"a1": "mixture", "a2": "separated", "a3": "mixture", "b7": "separated", "b8": "mixture"}


def test_mixtures_are_transcribed_once() -> None:
    recognition = recognize(*overlap("mixture"), SyntheticRecognizer(), RecognitionConfig())
    words = sorted(word.text for line in recognition.spoken for word in line.words)
    assert words == ["a1", "a2", "a3", "b7", "b8"]
    assert {word.origin for line in recognition.spoken for word in line.words} == {"mixture"}


def test_the_language_is_detected_once_and_never_when_given() -> None:
    counting = Counting()
    assert recognize(*overlap("separated"), counting, RecognitionConfig()).language == "de"
    assert len(counting.samples) == 1
    assert recognize(*overlap("mixture"), counting, RecognitionConfig(language="fr")).language == "fr"
    assert len(counting.samples) == 1


def test_the_language_is_detected_in_single_speaker_speech_of_all_speakers() -> None:
    counting = Counting()
    recognize(*overlap("mixture"), counting, RecognitionConfig())
    (words,) = SyntheticRecognizer().recognize(counting.samples, "en")
    assert {word.text for word in words} >= {"a1", "a3", "b8"}
    assert len(counting.samples[0]) <= 30 * RATE


@pytest.mark.parametrize("seconds", [31, 200])
def test_the_language_is_detected_in_at_most_30_seconds(seconds: int) -> None:
    counting = Counting()
    audio = Audio(np.zeros(seconds * RATE, np.float32))
    turns = [Turn(0, seconds / 2, "A"), Turn(seconds / 2, seconds, "B")]
    assert recognize(audio, turns, [], [], counting, RecognitionConfig()).spoken == ()
    assert len(counting.samples[0]) <= 30 * RATE


def test_without_turns_nothing_is_transcribed() -> None:
    counting = Counting()
    recognition = recognize(Audio(np.zeros(RATE, np.float32)), [], [], [], counting, RecognitionConfig())
    assert (recognition, counting.samples) == (Recognition(None), [])


@at_most(40)
@given(conversations(speakers="a"))
def test_one_speaker_has_the_same_words_in_the_mixture_and_in_the_stream(words: tuple[Word, ...]) -> None:
    audio = Audio(synthesize(words, 60.0))
    turns = turns_of(words, "A")
    streams = [Stream("A", tuple(Clip(audio.crop(turn.span), turn.start) for turn in turns))]
    one, other = (
        recognize(audio, turns, streams, [], SyntheticRecognizer(), RecognitionConfig(strategy=strategy))
        for strategy in ("mixture", "streams")
    )
    assert texts(one) == texts(other) == ({"A": [word.text for word in words]} if words else {})
    for line in one.spoken:
        assert [w.start for w in line.words] == pytest.approx([w.start for w in words], abs=0.021)


class Doubtful(Counting):
    """Marks some of the words as suspect."""

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        words = super().recognize(windows, language, fallback)
        return [tuple(replace(w, suspect="no speech") if w.text in ("a2", "b8") else w for w in ws) for ws in words]


@pytest.mark.parametrize("strategy", ["mixture", "streams"])
def test_suspect_words_are_removed_once_and_nothing_else_changes(strategy: Literal["mixture", "streams"]) -> None:
    config = RecognitionConfig(strategy=strategy)
    whole, recognition = (recognize(*overlap("separated"), one, config) for one in (Counting(), Doubtful()))
    assert texts(recognition) == {s: [t for t in line if t not in ("a2", "b8")] for s, line in texts(whole).items()}
    removed = sorted((line.speaker, w.text, w.suspect) for line in recognition.removed for w in line.words)
    assert removed == [("A", "a2", "no speech"), ("B", "b8", "no speech")]
    assert whole.removed == ()


class Recording(SyntheticRecognizer):
    """Stores the windows of every call."""

    def __init__(self) -> None:
        self.windows: list[Samples] = []
        self.detections = 0

    def detect_language(self, samples: Samples) -> str:
        self.detections += 1
        return "en"

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        self.windows += windows
        return super().recognize(windows, language, fallback)


def recognize_tracks(tracks: Sequence[Track], recognizer: Recognizer) -> Recognition:
    """The words of two tracks with one speaker each, of `WORDS_A` and `WORDS_B`."""
    diarization = Diarization((*turns_of(WORDS_A, "A"), *turns_of(WORDS_B, "B")), tracks={"A": 0, "B": 1})
    return stage.recognize(tracks, diarization, Separation((), ()), recognizer, RecognitionConfig())


def test_tracks_share_windows_and_the_language() -> None:
    recognizer = Recording()
    tracks = [Track(Audio(synthesize(words, DURATION))) for words in (WORDS_A, WORDS_B)]
    assert texts(recognize_tracks(tracks, recognizer)) == {"A": ["a1", "a2", "a3"], "B": ["b7", "b8"]}
    assert (len(recognizer.windows), recognizer.detections) == (1, 1)


def test_speech_at_the_edges_of_a_channel_has_silence_around_it_and_words_inside_it() -> None:
    recognizer = Recording()
    words = (Word(0.0, 1.0, "a1"),)
    track = Track(Audio(synthesize(words, 1.0)), silence_before=0.3, silence_after=0.3)
    diarization = Diarization((Turn(0.0, 1.0, "A"),))
    recognition = stage.recognize([track], diarization, Separation((), ()), recognizer, RecognitionConfig())
    assert [len(window) for window in recognizer.windows] == [round(1.6 * RATE)]
    (line,) = recognition.spoken
    assert (line.words[0].start, line.words[0].end) == pytest.approx((0.0, 1.0), abs=0.03)
