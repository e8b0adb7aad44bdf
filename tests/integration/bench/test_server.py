"""The server is measured by real requests, and a figure without its work done is none."""

from __future__ import annotations

import pytest

from holdfast.bench.report import Effort
from holdfast.bench.server.client import Client
from holdfast.bench.server.load import Load, drive
from holdfast.bench.server.programs import PARTS, measure
from holdfast.bench.server.serving import Asker, Served
from holdfast.bench.server.turns import Turns

ONCE = Effort(rounds=1, seconds=0.0, quick=True)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_part_measures_something_and_claims_nothing_when_quick(part: str) -> None:
    """A quick run fills every row with what happened, and says nothing about the promises."""
    report = measure(ONCE, parts=(part,))

    assert all(table.rows for table in report.tables)
    assert report.tables
    assert report.targets == ()


async def test_turns_that_nobody_was_told_of_fail_the_measurement() -> None:
    """What clients were told is compared with what the store holds, turn by turn."""
    turns = Turns(1)

    async def once_more(client: Client, asker: Asker, number: int) -> float:
        took = await turns.as_json(client, asker, number)
        await Turns(1).as_json(client, asker, number + 1)
        return took

    with pytest.raises(RuntimeError, match=r"1 turns were acknowledged, 2 are in the store"):
        async with turns.served(pieces=1, model_s=0.0) as server:
            await drive(Load(), server, server.askers[:1], once_more, 0.0)


async def test_an_answer_of_another_status_is_an_error() -> None:
    """A server that refuses is not measured as a fast one."""
    async with Turns(1).served(pieces=1, model_s=0.0) as server:
        with pytest.raises(RuntimeError, match="answered 401"):
            await _list(server, key="hf_wrong_key")


async def _list(server: Served, key: str) -> None:
    async with Client(server.url, key) as client:
        await client.ask("GET", "/api/conversations/current_user")
