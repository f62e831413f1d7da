"""Times that a reference marks as not to be scored, taken out of both sides of a comparison.

As NIST's sclite does it: a mark holds for one channel, and a word lies in it by its middle. Where the hypothesis does
not know the channels (JSON and SegLST have none), a mark holds for the whole recording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.core import timeline
from pipeline.core.timeline import Timed
from pipeline.core.types import Span, Transcript, Unscored, Utterance

Channels = Mapping[str, str]
"""The channel of each speaker."""


def divide(
    times: Sequence[Unscored], reference: Channels, hypothesis: Channels
) -> tuple[tuple[Span, ...], dict[str, tuple[Span, ...]]]:
    """The spans that hold for the whole recording, and those of single channels, when both sides share channels."""
    if len({*reference.values()} & {*hypothesis.values()}) < 2:
        return tuple(time.span for time in times), {}
    single = {channel: tuple(t.span for t in times if t.channel == channel) for channel in {*reference.values()}}
    return tuple(time.span for time in times if time.channel is None), single


def cut(transcript: Transcript, channels: Channels, marked: Mapping[str, Sequence[Span]]) -> Transcript:
    """The transcript without the words and the turns of each speaker that lie in the marked spans of their channel."""

    def spans(speaker: str) -> Sequence[Span]:
        return marked.get(channels.get(speaker, ""), ())

    utterances = []
    for utterance in transcript.utterances:
        words = tuple(word for word in utterance.words if not lies_in(word, spans(utterance.speaker)))
        if words:
            utterances.append(Utterance(utterance.speaker, words))
    turns = tuple(part for turn in transcript.turns for part in timeline.without([turn], spans(turn.speaker)))
    return replace(transcript, utterances=tuple(utterances), turns=turns)


def lies_in(timed: Timed, spans: Sequence[Span]) -> bool:
    """Whether the middle of a word lies in one of the spans."""
    middle = (timed.start + timed.end) / 2
    return any(span.start <= middle < span.end for span in spans)
