"""Stage three, the words: what each speaker says, from whole passages and from separated streams.

Whisper writes better text from a whole passage than from one speaker cut out of silence. So, by default, solo speech is
heard in passages of the mixture and each word goes to the turn it lies in; where the ledger decided for separated
speech, each speaker's words come from his own stream, heard with some seconds of context.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.config.schema import RecognitionConfig
from pipeline.core.audio import RATE, Audio, Clip, Samples, Stream
from pipeline.core.codecs import DataclassCodec
from pipeline.core.events import Progress, no_progress
from pipeline.core.stage import Models, Stage
from pipeline.core.timeline import IntervalIndex, crop, gaps, single_speaker, union
from pipeline.core.types import Notice, OverlapDecision, Span, Turn, Utterance, Word
from pipeline.models.protocols import Diarization, Recognizer
from pipeline.stages.channels.tracks import Tracks
from pipeline.stages.recognition.merge import is_inside, merge_hypotheses
from pipeline.stages.recognition.plan import (
    Chunk,
    background_spans,
    drop_foreground_words,
    find_foreground,
    find_handovers,
    plan_chunks,
    render,
    split_by_enrollment,
)
from pipeline.stages.recognition.transcribe_clips import plausible, suspect, transcribe_clips
from pipeline.stages.recognition.word_attribution import FAR, attribute_words
from pipeline.stages.separation.result import Separation

Lines = dict[str, list[Word]]
"""Words by speaker."""

BREATH = 0.3
"""Seconds of the mixture kept before and after speech, where nobody else talks: turns cut words at their edges."""
PASSAGE = 1.0
"""Turns at most so many seconds apart are heard as one passage."""
CONTEXT = 2.0
"""Seconds of his own speech heard with a speaker's part of an overlap; 1 s costs less and makes more errors."""
LISTEN = 30.0
"""Seconds of speech on which the language is decided."""
TOUCHING = 1e-3
"""Seconds by which the edges of a clip and of a silence beside it may differ: one sample and some rounding."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """The language (None without speech) and, per speaker, the words sorted by time; ``removed`` holds those that are
    marked ``suspect`` and belong in no text."""

    language: str | None
    spoken: tuple[Utterance, ...] = ()
    removed: tuple[Utterance, ...] = ()
    notices: tuple[Notice, ...] = ()


def recognize(
    audio: Audio,
    turns: Sequence[Turn],
    streams: Sequence[Stream],
    regions: Sequence[OverlapDecision],
    recognizer: Recognizer,
    config: RecognitionConfig,
    progress: Progress = no_progress,
) -> Recognition:
    """The words of every speaker; one utterance of all his words each, for the assembly to cut."""
    if not turns:
        return Recognition(config.language)
    language = config.language or recognizer.detect_language(_specimen(audio, turns))
    listen = _from_streams if config.strategy == "streams" else _from_passages
    spoken, removed = listen(audio, turns, streams, regions, recognizer, language, progress)
    return Recognition(language, _utterances(spoken), _utterances(_listed_once(removed, spoken)))


def _utterances(lines: Lines) -> tuple[Utterance, ...]:
    return tuple(Utterance(speaker, tuple(lines[speaker])) for speaker in sorted(lines) if lines[speaker])


def _from_passages(
    audio: Audio,
    turns: Sequence[Turn],
    streams: Sequence[Stream],
    regions: Sequence[OverlapDecision],
    recognizer: Recognizer,
    language: str,
    progress: Progress,
) -> tuple[Lines, Lines]:
    """Solo speech from passages of the mixture, overlaps decided as separated from streams, spliced by word times; and
    the suspect words of both."""
    sure, unsure = split_by_enrollment(turns, regions)
    holds = find_foreground(turns, sure)
    handovers = find_handovers(turns, holds)
    takes = [take for span in _passages(turns, audio.duration) for take in plan_chunks(span, holds, handovers)]
    lasting = [hold for hold in holds if hold.overlap not in handovers]
    asides = {stream.speaker: background_spans(stream.speaker, unsure, lasting) for stream in streams}
    apart = [(stream.speaker, clip) for stream in streams for clip in _around(stream, asides[stream.speaker])]
    passages = [render(audio, take, streams) for take in takes]
    heard = transcribe_clips(passages, recognizer, language, progress, asides=[clip for _, clip in apart])
    speakers = [speaker for speaker, _ in apart]
    speech = IntervalIndex(turns)
    spoken = merge_hypotheses(*_attributed(takes, speakers, [plausible(words) for words in heard], speech), asides)
    return spoken, _removed(*_attributed(takes, speakers, [suspect(words) for words in heard], speech), asides)


def _attributed(
    takes: Sequence[Chunk],
    speakers: Sequence[str],
    heard: Sequence[Sequence[Word]],
    turns: IntervalIndex[Turn],
) -> tuple[Lines, Lines]:
    """By speaker, the words of the takes, which come first in ``heard``, and those of the clips of ``speakers``."""
    owned: Lines = {}
    for take, words in zip(takes, heard, strict=False):
        for speaker, own_words in _owned(take, words, turns).items():
            owned.setdefault(speaker, []).extend(own_words)
    separated: Lines = {}
    for speaker, words in zip(speakers, heard[len(takes) :], strict=True):
        separated.setdefault(speaker, []).extend(map(_marked, words))
    return owned, separated


def _removed(mixture: Lines, streams: Lines, asides: Mapping[str, Sequence[Span]]) -> Lines:
    """By speaker, the suspect words of the mixture outside the ``asides``, and those of the streams inside."""
    removed: Lines = {}
    for speaker in {*mixture, *streams}:
        spans = asides.get(speaker, ())
        words = [word for word in mixture.get(speaker, ()) if not is_inside(word, spans)]
        words += (word for word in streams.get(speaker, ()) if is_inside(word, spans))
        removed[speaker] = sorted(words, key=lambda word: (word.start, word.end))
    return removed


def _owned(take: Chunk, words: Sequence[Word], turns: IntervalIndex[Turn]) -> dict[str, list[Word]]:
    """A take's words by speaker; those in a hold are the holder's."""
    if not words:
        return {}
    near = tuple(turns.meeting(take.span.start - FAR, take.span.end + FAR))
    floor = [hold.span for hold in take.holds]
    return attribute_words(
        [_marked(word) if is_inside(word, floor) else word for word in words], drop_foreground_words(near, take.holds)
    )


def _marked(word: Word) -> Word:
    return replace(word, origin="separated")


def _listed_once(removed: Lines, spoken: Lines) -> Lines:
    """The removed words of each speaker, sorted by start, without those that a further pass gave once more at the same
    time, as suspect or not."""
    listed: Lines = {}
    for speaker, words in removed.items():
        text = IntervalIndex(spoken.get(speaker, ()))
        ends: dict[str, float] = {}
        for word in words:
            is_in_text = any(other.text == word.text for other in text.meeting(word.start, word.end))
            if not is_in_text and ends.get(word.text, 0.0) <= word.start:
                listed.setdefault(speaker, []).append(word)
                ends[word.text] = word.end
    return listed


def _from_streams(
    audio: Audio,
    turns: Sequence[Turn],
    streams: Sequence[Stream],
    regions: Sequence[OverlapDecision],
    recognizer: Recognizer,
    language: str,
    progress: Progress,
) -> tuple[Lines, Lines]:
    """Every speaker's words from their own stream alone, and the suspect ones."""
    spoken: Lines = {}
    removed: Lines = {}
    quiet = gaps((turn.span for turn in turns), Span(0, audio.duration))
    for number, stream in enumerate(streams, 1):
        clips = [_with_breath(clip, audio, quiet) for clip in _joined(stream.clips)]
        words = [word for words in transcribe_clips(clips, recognizer, language) for word in words]
        spoken[stream.speaker], removed[stream.speaker] = [*plausible(words)], [*suspect(words)]
        progress(number, len(streams))
    return spoken, removed


def _passages(turns: Iterable[Turn], duration: float) -> tuple[Span, ...]:
    """Where anybody talks, with a breath on either side, pauses up to `PASSAGE` included."""
    wide = (Span(max(0.0, t.start - BREATH), min(duration, t.end + BREATH)) for t in turns)
    return union(wide, max(0.0, PASSAGE - 2 * BREATH))


def _around(stream: Stream, apart: Sequence[Span]) -> tuple[Clip, ...]:
    """The stream's separated clips joined with up to `CONTEXT` seconds of the speaker's speech before and after; the
    spans are in order of time and do not overlap."""
    wide = union(Span(max(0.0, span.start - CONTEXT), span.end + CONTEXT) for span in apart)
    near = [_trimmed(clip, spans[0]) for clip in stream.clips if (spans := crop(wide, clip))]
    return tuple(clip for clip in _joined(near) if crop(apart, clip))


def _trimmed(clip: Clip, span: Span) -> Clip:
    """A mixture clip cut to the span; a separated clip is kept whole."""
    if clip.origin == "separated":
        return clip
    return clip.part(round((span.start - clip.start) * RATE), round((span.end - clip.start) * RATE))


def _joined(clips: Sequence[Clip]) -> tuple[Clip, ...]:
    """Clips that touch become one: the recogniser hears a passage, not its seams."""
    runs: list[list[Clip]] = []
    end = 0.0
    length = 0
    for clip in clips:
        if not runs or abs(end - clip.start) >= 1.5 / RATE:
            runs.append([])
            length = 0
        runs[-1].append(clip)
        length += len(clip.samples)
        end = runs[-1][0].start + length / RATE
    return tuple(map(_concatenated, runs))


def _concatenated(run: Sequence[Clip]) -> Clip:
    return replace(run[0], samples=np.concatenate([clip.samples for clip in run])) if len(run) > 1 else run[0]


def _with_breath(clip: Clip, audio: Audio, quiet: Sequence[Span]) -> Clip:
    """The clip with up to `BREATH` seconds of the mixture before and after, as far as nobody talks there."""
    before = bisect_right(quiet, -TOUCHING, key=lambda span: span.end - clip.start)
    after = bisect_right(quiet, -TOUCHING, key=lambda span: span.start - clip.end)
    start, end = clip.start, clip.end
    if before < len(quiet) and quiet[before].end - clip.start < TOUCHING:
        start = max(quiet[before].start, clip.start - BREATH)
    if after < len(quiet) and quiet[after].start - clip.end < TOUCHING:
        end = min(quiet[after].end, clip.end + BREATH)
    head = audio.crop(Span(start, clip.start)) if start < clip.start else clip.samples[:0]
    tail = audio.crop(Span(clip.end, end)) if clip.end < end else clip.samples[:0]
    start = max(0.0, clip.start - len(head) / RATE)
    return replace(clip, samples=np.concatenate([head, clip.samples, tail]), start=start)


def _specimen(audio: Audio, turns: Sequence[Turn]) -> Samples:
    """Up to `LISTEN` seconds of the longest solo speech of everybody in turn, to tell the language by."""
    spans = [span for own_spans in single_speaker(turns).values() for span in own_spans] or [
        turn.span for turn in turns
    ]
    chosen: list[Samples] = []
    left = LISTEN
    for span in sorted(spans, key=lambda s: (-s.duration, s.start)):
        chosen.append(audio.crop(Span(span.start, min(span.end, span.start + left))))
        left -= len(chosen[-1]) / RATE
        if left < 0.1:
            break
    return np.concatenate(chosen)


def _run(
    tracks: Tracks,
    diarization: Diarization,
    separation: Separation,
    models: Models,
    settings: RecognitionConfig,
    progress: Progress,
) -> Recognition:
    turns, streams, regions = diarization.turns, separation.streams, separation.regions
    return recognize(tracks.audio, turns, streams, regions, models.recognizer, settings, progress)


STAGE = Stage(
    name="recognition",
    version=1,
    run=_run,
    uses=("recognizer",),
    settings=RecognitionConfig,
    codec=DataclassCodec(Recognition),
)
