"""Tickets: every reader gets the latest update, then all that matter, and the end; whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.server.tickets import Ticket, ignore
from pipeline.server.work import Cancelled, Done, End, Failed, StageProgress, Started, Update, Waiting
from tests.server.event_loop import run
from tests.server.work_programs import ScriptedJob

STAGES = st.builds(StageProgress, st.sampled_from(["decode", "diarization"]), st.floats(0, 9))
UPDATES = st.one_of(st.builds(Waiting, st.integers(0, 9)), st.builds(Started, st.integers(1, 3)), STAGES, STAGES)
ENDS = st.sampled_from([Done(), Failed("crash", "the worker died"), Cancelled()])


def ticket() -> Ticket[ScriptedJob]:
    return Ticket(ScriptedJob("1"), 0, lambda ticket: None, ignore)


async def pause() -> None:
    """Let everything happen on the loop that can."""
    for _ in range(3):
        await asyncio.sleep(0)


def without_thinned(updates: Sequence[Update]) -> list[Update]:
    """The updates, of each stage in a row the last one."""
    kept: list[Update] = []
    for update in updates:
        last = kept[-1] if kept else None
        if isinstance(update, StageProgress) and isinstance(last, StageProgress) and last.stage == update.stage:
            kept.pop()
        kept.append(update)
    return kept


@given(st.lists(UPDATES, max_size=12), ENDS, st.lists(st.integers(0, 13), min_size=1, max_size=4), st.data())
def test_each_reader_gets_the_latest_update_then_all_others_and_the_end(
    updates: list[Update], end: End, joined: list[int], data: st.DataObject
) -> None:
    """``joined``: after how many updates each reader begins to read."""
    pauses = data.draw(st.lists(st.booleans(), min_size=len(updates) + 1, max_size=len(updates) + 1))

    async def follow() -> list[tuple[Update, list[Update]]]:
        one = ticket()
        readers: list[tuple[Update, asyncio.Task[list[Update]]]] = []

        async def read(updates: Any) -> list[Update]:
            return [update async for update in updates]

        for number, update in enumerate([*updates, end]):
            for _ in range(joined.count(number)):
                readers.append((one.latest, asyncio.create_task(read(one.updates()))))
            one.post(update)
            if pauses[number]:
                await pause()
        assert await one.end() == end
        for _ in range(sum(number > len(updates) for number in joined)):
            readers.append((one.latest, asyncio.create_task(read(one.updates()))))
        assert len(one.history) <= len(updates) + 2
        return [(first, await task) for first, task in readers]

    for first, seen in run(follow()):
        assert seen[-1] == end
        assert sum(isinstance(update, End) for update in seen) == 1
        matter = [update for update in seen if not isinstance(update, StageProgress)]
        expected = [update for update in [Waiting(0), *updates, end] if not isinstance(update, StageProgress)]
        assert matter == expected[len(expected) - len(matter) :], "nothing that matters is left out"
        if isinstance(first, StageProgress):
            assert isinstance(seen[0], StageProgress)
        else:
            assert seen[0] == first


@given(st.lists(UPDATES, max_size=30))
def test_the_history_has_of_each_stage_in_a_row_the_last_update(updates: list[Update]) -> None:
    async def history() -> list[Update]:
        one = ticket()
        for update in updates:
            one.post(update)
        await pause()
        return one.history

    assert run(history()) == without_thinned([Waiting(0), *updates])


def test_a_read_that_is_given_up_loses_nothing() -> None:
    async def follow() -> list[Update]:
        one, seen = ticket(), []
        updates = one.updates()
        for update in (Started(1), StageProgress("decode"), Done()):
            seen.append(await anext(updates))
            for _ in range(2):
                try:
                    await asyncio.wait_for(anext(updates), 0.001)
                except TimeoutError:
                    continue
            one.post(update)
        return [*seen, *[update async for update in updates]]

    assert run(follow()) == [Waiting(0), Started(1), StageProgress("decode"), Done()]


def test_a_post_after_the_loop_is_closed_is_lost() -> None:
    async def make() -> Ticket[ScriptedJob]:
        return ticket()

    one = run(make())
    one.post(Done())
    assert one.latest == Waiting(0)
