"""Remove the spans that a reference excludes from scoring (``IGNORE_TIME_SEGMENT_IN_SCORING``) from both sides.

As in NIST's sclite, a span applies to one channel, and a word belongs to it if its middle lies inside. If the
hypothesis has no channels (JSON and SegLST have none), a span applies to the whole recording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.core import timeline
from pipeline.core.timeline import Timed
from pipeline.core.types import Span, Transcript, Unscored, Utterance

Channels = Mapping[str, str]
"""Channel by speaker."""


def split_by_channel(
    times: Sequence[Unscored], reference: Channels, hypothesis: Channels
) -> tuple[tuple[Span, ...], dict[str, tuple[Span, ...]]]:
    """The spans for the whole recording, and the spans by channel if both sides share at least two channels."""
    if len({*reference.values()} & {*hypothesis.values()}) < 2:
        return tuple(time.span for time in times), {}
    single = {channel: tuple(t.span for t in times if t.channel == channel) for channel in {*reference.values()}}
    return tuple(time.span for time in times if time.channel is None), single


def remove_unscored(transcript: Transcript, channels: Channels, unscored: Mapping[str, Sequence[Span]]) -> Transcript:
    """The transcript without words and turns that lie in the unscored spans of their speaker's channel."""

    def spans(speaker: str) -> Sequence[Span]:
        return unscored.get(channels.get(speaker, ""), ())

    utterances = []
    for utterance in transcript.utterances:
        words = tuple(word for word in utterance.words if not is_inside(word, spans(utterance.speaker)))
        if words:
            utterances.append(Utterance(utterance.speaker, words))
    turns = tuple(part for turn in transcript.turns for part in timeline.without([turn], spans(turn.speaker)))
    return replace(transcript, utterances=tuple(utterances), turns=turns)


def is_inside(timed: Timed, spans: Sequence[Span]) -> bool:
    """Whether the middle of a word or turn lies in one of the spans."""
    middle = (timed.start + timed.end) / 2
    return any(span.start <= middle < span.end for span in spans)
