"""Speech recognition: the words of every speaker, from segments of the mixture and from separated streams.

Whisper writes better text for a whole segment than for one speaker cut out of silence. So, by default, single-speaker
speech is transcribed in segments of the mixture, and each word is attributed by the turns; where the ledger decided for
separated speech, words come from each speaker's stream, transcribed with some seconds of context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from pipeline.config.schema import RecognitionConfig
from pipeline.core.audio import RATE, Audio, Samples
from pipeline.core.codecs import DataclassCodec
from pipeline.core.events import Progress, no_progress
from pipeline.core.stage import Stage, StageModels
from pipeline.core.timeline import IntervalIndex, gaps, single_speaker
from pipeline.core.types import Span, Turn, Utterance, Word
from pipeline.models.protocols import MAX_SECONDS, Diarization, Recognizer
from pipeline.stages.channels.tracks import Track, Tracks
from pipeline.stages.recognition.clips import joined, with_context, with_edge_silence, with_padding
from pipeline.stages.recognition.merge import is_inside, merge_hypotheses
from pipeline.stages.recognition.plan import (
    Chunk,
    background_spans,
    find_foreground,
    find_handovers,
    find_segments,
    plan_chunks,
    render,
    split_by_enrollment,
    without_background,
)
from pipeline.stages.recognition.result import Recognition
from pipeline.stages.recognition.transcribe_clips import plausible, suspect, transcribe_clips
from pipeline.stages.recognition.word_attribution import FAR, attribute_words
from pipeline.stages.separation.result import Separation

Lines = dict[str, list[Word]]
"""Words by speaker."""


def recognize(
    tracks: Sequence[Track],
    diarization: Diarization,
    separation: Separation,
    recognizer: Recognizer,
    config: RecognitionConfig,
    progress: Progress = no_progress,
) -> Recognition:
    """The words of every speaker, as one utterance each, which the assembly cuts.

    The language is detected once for the recording, and windows hold clips of all tracks.
    """
    if not diarization.turns:
        return Recognition(config.language)
    language = config.language or recognizer.detect_language(_language_sample(tracks, diarization))
    strategy = _from_streams if config.strategy == "streams" else _from_mixture
    spoken, removed = strategy(tracks, diarization, separation, recognizer, language, progress)
    return Recognition(language, _utterances(spoken), _utterances(_without_repeats(removed, spoken)))


def _utterances(lines: Lines) -> tuple[Utterance, ...]:
    return tuple(Utterance(speaker, tuple(lines[speaker])) for speaker in sorted(lines) if lines[speaker])


def _from_mixture(
    tracks: Sequence[Track],
    diarization: Diarization,
    separation: Separation,
    recognizer: Recognizer,
    language: str,
    progress: Progress,
) -> tuple[Lines, Lines]:
    """Words of the mixture, and of the streams in background spans, merged by their times; and the suspect ones."""
    plans = [_plan(number, track.audio, diarization, separation) for number, track in enumerate(tracks)]
    clips = [
        with_edge_silence(render(plan.audio, chunk, separation.streams, plan.track), plan.speech, tracks[plan.track])
        for plan in plans
        for chunk in plan.chunks
    ]
    background = [
        (stream.speaker, clip)
        for stream in separation.streams
        for clip in with_context(stream, plans[diarization.track_of(stream.speaker)].background[stream.speaker])
    ]
    words = transcribe_clips(clips, recognizer, language, progress, background=[clip for _, clip in background])
    of_chunks, of_background = iter(words[: len(clips)]), words[len(clips) :]
    spoken: Lines = {}
    removed: Lines = {}
    for plan in plans:
        by_chunk = tuple(islice(of_chunks, len(plan.chunks)))
        by_clip = [
            (speaker, words_of_clip)
            for (speaker, clip), words_of_clip in zip(background, of_background, strict=True)
            if clip.track == plan.track
        ]
        spoken |= merge_hypotheses(*attribute(plan, by_chunk, by_clip, plausible), plan.background)
        removed |= _suspect_lines(*attribute(plan, by_chunk, by_clip, suspect), plan.background)
    return spoken, removed


@dataclass(frozen=True, slots=True, eq=False)
class TrackPlan:
    """The parts of one track that are transcribed: chunks of the mixture, and background spans of each stream."""

    track: int
    audio: Audio
    turns: tuple[Turn, ...]
    chunks: tuple[Chunk, ...]
    background: Mapping[str, Sequence[Span]]
    """Spans by speaker."""

    @property
    def speech(self) -> Span:
        """From the start of the first turn to the end of the last."""
        return Span(min(turn.start for turn in self.turns), max(turn.end for turn in self.turns))


def _plan(track: int, audio: Audio, diarization: Diarization, separation: Separation) -> TrackPlan:
    turns = diarization.turns_on(track)
    speakers = [stream.speaker for stream in separation.streams if diarization.track_of(stream.speaker) == track]
    regions = [region for region in separation.regions if diarization.track_of(region.speakers[0]) == track]
    sufficient, insufficient = split_by_enrollment(turns, regions)
    foregrounds = find_foreground(turns, sufficient)
    handovers = find_handovers(turns, foregrounds)
    segments = find_segments(turns, audio.duration)
    chunks = tuple(chunk for segment in segments for chunk in plan_chunks(segment, foregrounds, handovers))
    lasting = [foreground for foreground in foregrounds if foreground.overlap not in handovers]
    background = {speaker: background_spans(speaker, insufficient, lasting) for speaker in speakers}
    return TrackPlan(track, audio, turns, chunks, background)


def attribute(
    plan: TrackPlan,
    by_chunk: Iterable[Sequence[Word]],
    by_clip: Iterable[tuple[str, Sequence[Word]]],
    select: Callable[[Iterable[Word]], tuple[Word, ...]],
) -> tuple[Lines, Lines]:
    """The selected words by speaker: of the plan's chunks, and of clips of streams, which come with their speaker."""
    turns = IntervalIndex(plan.turns)
    mixture: Lines = {}
    for chunk, words in zip(plan.chunks, by_chunk, strict=True):
        for speaker, words_of_speaker in _attribute_chunk(chunk, select(words), turns).items():
            mixture.setdefault(speaker, []).extend(words_of_speaker)
    streams: Lines = {}
    for speaker, words in by_clip:
        streams.setdefault(speaker, []).extend(map(_as_separated, select(words)))
    return mixture, streams


def _suspect_lines(mixture: Lines, streams: Lines, background: Mapping[str, Sequence[Span]]) -> Lines:
    """By speaker, the words of the mixture outside the background spans, and those of the streams inside."""
    lines: Lines = {}
    for speaker in {*mixture, *streams}:
        spans = background.get(speaker, ())
        words = [word for word in mixture.get(speaker, ()) if not is_inside(word, spans)]
        words += (word for word in streams.get(speaker, ()) if is_inside(word, spans))
        lines[speaker] = sorted(words, key=lambda word: (word.start, word.end))
    return lines


def _attribute_chunk(chunk: Chunk, words: Sequence[Word], turns: IntervalIndex[Turn]) -> dict[str, list[Word]]:
    """A chunk's words by speaker; those in a separated overlap are the foreground speaker's."""
    if not words:
        return {}
    near = tuple(turns.meeting(chunk.span.start - FAR, chunk.span.end + FAR))
    separated = [foreground.span for foreground in chunk.foregrounds]
    return attribute_words(
        [_as_separated(word) if is_inside(word, separated) else word for word in words],
        without_background(near, chunk.foregrounds),
    )


def _as_separated(word: Word) -> Word:
    return replace(word, origin="separated")


def _without_repeats(removed: Lines, spoken: Lines) -> Lines:
    """The removed words of each speaker, sorted by start, without those that another pass gave again at the same time,
    as suspect or not."""
    lines: Lines = {}
    for speaker, words in removed.items():
        text = IntervalIndex(spoken.get(speaker, ()))
        ends: dict[str, float] = {}
        for word in words:
            is_in_text = any(other.text == word.text for other in text.meeting(word.start, word.end))
            if not is_in_text and ends.get(word.text, 0.0) <= word.start:
                lines.setdefault(speaker, []).append(word)
                ends[word.text] = word.end
    return lines


def _from_streams(
    tracks: Sequence[Track],
    diarization: Diarization,
    separation: Separation,
    recognizer: Recognizer,
    language: str,
    progress: Progress,
) -> tuple[Lines, Lines]:
    """Every speaker's words from their stream alone, and the suspect ones."""
    spoken: Lines = {}
    removed: Lines = {}
    silences = [
        gaps((turn.span for turn in diarization.turns_on(number)), Span(0, track.audio.duration))
        for number, track in enumerate(tracks)
    ]
    for number, stream in enumerate(separation.streams, 1):
        track_number = diarization.track_of(stream.speaker)
        track, silence = tracks[track_number], silences[track_number]
        clips = [
            with_edge_silence(with_padding(clip, track.audio, silence), clip.span, track)
            for clip in joined(stream.clips)
        ]
        words = [word for words in transcribe_clips(clips, recognizer, language) for word in words]
        spoken[stream.speaker], removed[stream.speaker] = [*plausible(words)], [*suspect(words)]
        progress(number, len(separation.streams))
    return spoken, removed


def _language_sample(tracks: Sequence[Track], diarization: Diarization) -> Samples:
    """Up to `MAX_SECONDS` seconds of single-speaker speech, the longest spans of all speakers first."""
    by_track = [diarization.turns_on(number) for number in range(len(tracks))]
    spans = [
        (number, span)
        for number, turns in enumerate(by_track)
        for spans_of_speaker in single_speaker(turns).values()
        for span in spans_of_speaker
    ] or [(number, turn.span) for number, turns in enumerate(by_track) for turn in turns]
    parts: list[Samples] = []
    remaining = MAX_SECONDS
    for number, span in sorted(spans, key=lambda item: (-item[1].duration, item[0], item[1].start)):
        parts.append(tracks[number].audio.crop(Span(span.start, min(span.end, span.start + remaining))))
        remaining -= len(parts[-1]) / RATE
        if remaining < 0.1:
            break
    return np.concatenate(parts)


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
    version=3,
    run=_run,
    uses=("recognizer",),
    settings=RecognitionConfig,
    codec=DataclassCodec(Recognition),
)
