"""Stage three, the words: what each speaker says, from whole passages and from separated streams.

Whisper writes better text from a whole passage than from one speaker cut out of silence. So, by default, solo speech is
heard in passages of the mixture and each word goes to the turn it lies in; where the ledger decided for separated
speech, each speaker's words come from his own stream, heard with some seconds of context.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from pipeline.config.schema import RecognitionConfig
from pipeline.core.audio import RATE, Audio, Clip, Samples, Stream, to_sample
from pipeline.core.codecs import DataclassCodec
from pipeline.core.events import Progress, no_progress
from pipeline.core.stage import Stage, StageModels
from pipeline.core.timeline import IntervalIndex, crop, gaps, single_speaker, union
from pipeline.core.types import Span, Turn, Utterance, Word
from pipeline.models.protocols import Diarization, Recognizer
from pipeline.stages.channels.stage import Tracks
from pipeline.stages.channels.tracks import Track
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
from pipeline.stages.recognition.result import Recognition
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


def recognize(
    tracks: Sequence[Track],
    diarization: Diarization,
    separation: Separation,
    recognizer: Recognizer,
    config: RecognitionConfig,
    progress: Progress = no_progress,
) -> Recognition:
    """The words of every speaker; one utterance of all their words each, for the assembly to cut.

    The language is decided once for the recording, and windows hold clips of all tracks.
    """
    if not diarization.turns:
        return Recognition(config.language)
    language = config.language or recognizer.detect_language(_specimen(tracks, diarization))
    listen = _from_streams if config.strategy == "streams" else _from_passages
    spoken, removed = listen(tracks, diarization, separation, recognizer, language, progress)
    return Recognition(language, _utterances(spoken), _utterances(_listed_once(removed, spoken)))


def _utterances(lines: Lines) -> tuple[Utterance, ...]:
    return tuple(Utterance(speaker, tuple(lines[speaker])) for speaker in sorted(lines) if lines[speaker])


def _from_passages(
    tracks: Sequence[Track],
    diarization: Diarization,
    separation: Separation,
    recognizer: Recognizer,
    language: str,
    progress: Progress,
) -> tuple[Lines, Lines]:
    """Solo speech from passages of the mixture, overlaps decided as separated from streams, spliced by word times; and
    the suspect words of both."""
    plans = [_plan(number, track.audio, diarization, separation) for number, track in enumerate(tracks)]
    apart = [
        (stream.speaker, clip)
        for stream in separation.streams
        for clip in _around(stream, plans[diarization.track_of(stream.speaker)].asides.get(stream.speaker, ()))
    ]
    passages = [
        _with_edge_silence(render(plan.audio, take, separation.streams, plan.track), plan.speech, tracks[plan.track])
        for plan in plans
        for take in plan.takes
    ]
    heard = transcribe_clips(passages, recognizer, language, progress, asides=[clip for _, clip in apart])
    of_takes, of_asides = iter(heard[: len(passages)]), heard[len(passages) :]
    spoken: Lines = {}
    removed: Lines = {}
    for plan in plans:
        by_take = tuple(islice(of_takes, len(plan.takes)))
        by_aside = [
            (speaker, words)
            for (speaker, clip), words in zip(apart, of_asides, strict=True)
            if clip.track == plan.track
        ]
        spoken |= merge_hypotheses(*_attributed(plan, by_take, by_aside, plausible), plan.asides)
        removed |= _removed(*_attributed(plan, by_take, by_aside, suspect), plan.asides)
    return spoken, removed


@dataclass(frozen=True, slots=True, eq=False)
class _TrackPlan:
    """What of one track is transcribed: takes of the mixture, and each speaker's asides from their stream."""

    track: int
    audio: Audio
    turns: tuple[Turn, ...]
    takes: tuple[Chunk, ...]
    asides: Mapping[str, Sequence[Span]]

    @property
    def speech(self) -> Span:
        """From the start of the first turn to the end of the last."""
        return Span(min(turn.start for turn in self.turns), max(turn.end for turn in self.turns))


def _plan(track: int, audio: Audio, diarization: Diarization, separation: Separation) -> _TrackPlan:
    turns = diarization.turns_on(track)
    speakers = {turn.speaker for turn in turns}
    regions = [region for region in separation.regions if speakers.issuperset(region.speakers)]
    sure, unsure = split_by_enrollment(turns, regions)
    holds = find_foreground(turns, sure)
    handovers = find_handovers(turns, holds)
    takes = tuple(take for span in _passages(turns, audio.duration) for take in plan_chunks(span, holds, handovers))
    lasting = [hold for hold in holds if hold.overlap not in handovers]
    asides = {speaker: background_spans(speaker, unsure, lasting) for speaker in speakers}
    return _TrackPlan(track, audio, turns, takes, asides)


def _attributed(
    plan: _TrackPlan,
    by_take: Iterable[Sequence[Word]],
    by_aside: Iterable[tuple[str, Sequence[Word]]],
    chosen: Callable[[Iterable[Word]], tuple[Word, ...]],
) -> tuple[Lines, Lines]:
    """By speaker, the chosen words of the takes, and those of the asides."""
    speech = IntervalIndex(plan.turns)
    owned: Lines = {}
    for take, words in zip(plan.takes, by_take, strict=True):
        for speaker, own_words in _owned(take, chosen(words), speech).items():
            owned.setdefault(speaker, []).extend(own_words)
    separated: Lines = {}
    for speaker, words in by_aside:
        separated.setdefault(speaker, []).extend(map(_marked, chosen(words)))
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
    tracks: Sequence[Track],
    diarization: Diarization,
    separation: Separation,
    recognizer: Recognizer,
    language: str,
    progress: Progress,
) -> tuple[Lines, Lines]:
    """Every speaker's words from their own stream alone, and the suspect ones."""
    spoken: Lines = {}
    removed: Lines = {}
    quiet = [
        gaps((turn.span for turn in diarization.turns_on(number)), Span(0, track.audio.duration))
        for number, track in enumerate(tracks)
    ]
    streams = separation.streams
    for number, stream in enumerate(streams, 1):
        track = diarization.track_of(stream.speaker)
        clips = [
            _with_edge_silence(_with_breath(clip, tracks[track].audio, quiet[track]), clip.span, tracks[track])
            for clip in _joined(stream.clips)
        ]
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


def _with_edge_silence(clip: Clip, speech: Span, track: Track) -> Clip:
    """The clip, with silence as far as `BREATH` from its ``speech`` reaches beyond the edges of the track."""
    duration = track.audio.duration
    start = max(speech.start - BREATH, -track.silence_before) if clip.start <= 0 else clip.start
    end = min(speech.end + BREATH, duration + track.silence_after) if clip.end > duration - TOUCHING else clip.end
    padding = (max(0, -to_sample(start)), max(0, to_sample(end) - to_sample(clip.end)))
    if padding == (0, 0):
        return clip
    return replace(clip, samples=np.pad(clip.samples, padding), start=min(start, clip.start))


def _specimen(tracks: Sequence[Track], diarization: Diarization) -> Samples:
    """Up to `LISTEN` seconds of the longest solo speech of everybody in turn, to tell the language by."""
    by_track = [diarization.turns_on(number) for number in range(len(tracks))]
    spans = [
        (number, span)
        for number, turns in enumerate(by_track)
        for own_spans in single_speaker(turns).values()
        for span in own_spans
    ] or [(number, turn.span) for number, turns in enumerate(by_track) for turn in turns]
    chosen: list[Samples] = []
    left = LISTEN
    for number, span in sorted(spans, key=lambda item: (-item[1].duration, item[0], item[1].start)):
        chosen.append(tracks[number].audio.crop(Span(span.start, min(span.end, span.start + left))))
        left -= len(chosen[-1]) / RATE
        if left < 0.1:
            break
    return np.concatenate(chosen)


def _run(
    tracks: Tracks,
    diarization: Diarization,
    separation: Separation,
    models: StageModels,
    settings: RecognitionConfig,
    progress: Progress,
) -> Recognition:
    return recognize(tracks.tracks, diarization, separation, models.recognizer, settings, progress)


STAGE = Stage(
    name="recognition",
    version=1,
    run=_run,
    uses=("recognizer",),
    settings=RecognitionConfig,
    codec=DataclassCodec(Recognition),
)
