"""Minutes beside what was planned: an agenda, and the actions of earlier minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.core.types import Transcript
from pipeline.minutes.agenda import match_agenda
from pipeline.minutes.follow_up import match_previous
from pipeline.minutes.making import rarity_for
from pipeline.minutes.talk import Talk
from pipeline.minutes.types import FollowUp, Minutes


def matched(
    minutes: Minutes, transcript: Transcript, agenda: Sequence[str] = (), previous: Sequence[FollowUp] = ()
) -> Minutes:
    """The minutes of the transcript with the lines of an agenda, and the actions of earlier minutes, where both are."""
    talk, rarity = Talk.of(transcript), rarity_for(transcript.language)
    return replace(
        minutes,
        agenda=match_agenda(talk, minutes.topics, agenda, rarity),
        previous=match_previous(talk, minutes.topics, previous, rarity),
    )
