"""A call as rules see it: the transcript, its analytics as plain data, and phrases that were looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pipeline.analytics.roles.labels import roles_of
from pipeline.analytics.rules.matching import Stream, find_in, streams
from pipeline.analytics.rules.types import Evidence, Outcome, Rule
from pipeline.core.types import Transcript


@dataclass(frozen=True, eq=False)
class Call:
    """A transcript, its analytics (the keys of ``crosstalk-analytics/3``), and the rules of a file by name."""

    transcript: Transcript
    analytics: Mapping[str, Any]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """Outcomes of rules that others refer to, each evaluated once."""

    @property
    def duration(self) -> float:
        return self.transcript.duration

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """The words of each speaker."""
        return streams(self.transcript)

    def streams_of(self, label: str | None) -> tuple[Stream, ...]:
        """The words of one speaker, or of each."""
        return tuple(stream for stream in self.streams if label is None or stream.speaker == label)

    def find(self, phrases: tuple[str, ...], similarity: float, label: str | None) -> tuple[Evidence, ...]:
        """The matches of phrases, with the roles of speakers."""
        return self.with_roles(find_in(self.streams_of(label), phrases, similarity))

    def with_roles(self, evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        """Evidence with the roles of its speakers."""
        roles = roles_of(self.transcript)
        return tuple(replace(each, role=roles.get(each.speaker)) for each in evidence)
