"""What readers of tables and report should know about the calls, one line each; collected while they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pipeline.analytics.calls import Call
from pipeline.analytics.tables.rows import recorded_day
from pipeline.core.errors import printable
from pipeline.core.text import counted

AGENT, TEAM = "agent", "team"
"""Columns of a manifest, in any case, that name the agent of a call and their team."""


@dataclass(slots=True)
class Remarks:
    """Collects remarks about calls; with a ``role``, also about folders in which only other roles are known."""

    role: str | None = None
    roles: set[str] = field(default_factory=set)
    old: int = 0
    dated: int = 0
    undated: list[str] = field(default_factory=list)
    future: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    teams: dict[str, dict[str, None]] = field(default_factory=dict)

    def watch(self, calls: Iterable[Call]) -> Iterator[Call]:
        """The calls, unchanged, while remarks about them are collected."""
        for call in calls:
            self._add(call)
            yield call

    def lines(self) -> list[str]:
        """The remarks, each one line with a number and the first example."""
        lines: list[str] = []
        if self.old:
            lines.append(
                f"files with the analytics format of an earlier version, which the next one will refuse: {self.old}; "
                "write them again with transcribe batch --analytics"
            )
        if self.role is not None and self.roles and self.role not in self.roles:
            lines.append(f"no speaker of any call has the role {self.role}; there are {', '.join(sorted(self.roles))}")
        if self.undated and self.dated:  # many devices write no dates at all
            calls = counted(len(self.undated), "call")
            lines.append(f"{calls} without a recording date, so without a day; the first: {self.undated[0]}")
        if self.future:
            name, recorded = self.future[0]
            lines.append(
                f"{counted(len(self.future), 'call')} with a recording date in the future, so without a day; "
                f"the first: {name}, {recorded}"
            )
        if self.duplicates:
            name, owner = self.duplicates[0]
            calls = counted(len(self.duplicates), "call")
            lines.append(f"{calls} with the recording of another one (duplicate_of); the first: {name}, like {owner}")
        several = {agent: list(teams) for agent, teams in self.teams.items() if len(teams) > 1}
        if several:
            agent, teams = next(iter(several.items()))
            lines.append(
                f"{counted(len(several), 'agent')} in more than one team, each one agent in the report unless you "
                f"group by agent and team; the first: {agent}, in {', '.join(teams)}"
            )
        return [printable(line) for line in lines]

    def _add(self, call: Call) -> None:
        self.old += call.is_old
        self.roles |= {each["role"] for each in call.analytics.get("roles", ()) if each["role"]}
        recorded = call.analytics["recorded"]
        if not recorded:
            self.undated.append(call.name)
        elif recorded_day(recorded) is None:
            self.future.append((call.name, recorded))
        else:
            self.dated += 1
        if call.duplicate_of:
            self.duplicates.append((call.name, call.duplicate_of))
        columns = {name.casefold(): value for name, value in call.analytics["columns"].items()}
        if columns.get(AGENT) and columns.get(TEAM):
            self.teams.setdefault(columns[AGENT], {})[columns[TEAM]] = None
