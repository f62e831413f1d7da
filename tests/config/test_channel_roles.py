"""Roles: every speaker gets a distinct name, whatever is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.channel_roles import Role, complete, parse_roles
from pipeline.core.errors import SettingsError
from pipeline.core.types import Turn
from pipeline.stages.diarization.stage import name_by_role


@pytest.mark.parametrize(
    "text",
    [
        "2=CHANNEL_1",
        "1=CHANNEL_2",
        "2=CHANNEL_01",
        "2=CHANNEL_1_1",
        "1=CHANNEL:2",
        "2=CHANNEL_1:2",
        "1=agent:2,2=agent_1",
        "agent_2,agent:2",
        "agent:2,agent",
        "agent,agent:3",
        "a,a",
        "1=a,1=b",
        "1=diarize,2=CHANNEL_1_2",
        "agent:0",
        "agent:9999999999",
        "agent;customer",
    ],
)
def test_roles_that_could_merge_two_speakers_are_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_roles(text)


@pytest.mark.parametrize("text", ["1=CHANNEL_1", "agent:2,agent_x", "agent:2,agent_0", "diarize,diarize:2", "a,a_1"])
def test_roles_that_merge_no_speakers_are_accepted(text: str) -> None:
    assert parse_roles(text)


NAMES = st.sampled_from(["agent", "agent_1", "agent_2", "agent_1_1", "CHANNEL", "CHANNEL_1", "CHANNEL_2_1", "diarize"])
ITEMS = st.builds(
    lambda channel, name, count: f"{channel}={name}" + (f":{count}" if count else ""),
    st.integers(1, 3),
    NAMES,
    st.none() | st.integers(1, 3),
)


def labels(role: Role) -> set[str]:
    """The names that the stage gives to the maximum number of speakers of the channel."""
    count = role.speakers or 3
    turns = tuple(Turn(float(n), n + 1.0, f"SPEAKER_{n:02d}") for n in range(count))
    return {turn.speaker for turn in name_by_role(turns, role)}


@given(st.lists(ITEMS, min_size=1, max_size=3))
def test_no_two_channels_share_a_name(items: list[str]) -> None:
    try:
        roles = complete(parse_roles(",".join(items)), 3)
    except SettingsError:
        return
    all_labels = [label for role in roles for label in labels(role)]
    assert len(all_labels) == len(set(all_labels))
