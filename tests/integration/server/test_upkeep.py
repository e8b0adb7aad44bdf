"""What the server does by itself, with a short interval."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.keeper.configured import open_configured
from holdfast.keeper.keeper import Keeper
from holdfast.server.upkeep import Upkeep
from holdfast.settings import load_settings

from .conftest import HUNG_S, Served

_NEIGHBOUR = Path(__file__).with_name("neighbour_child.py")


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Served]:
    """A server that keeps house all the time."""
    server = Served(tmp_path).start(upkeep_interval_s=0.05)
    yield server
    if server.process is not None:
        server.kill()


async def statuses(served: Served, session_id: str) -> list[str]:
    """Of the turns of a session, as the server tells them."""
    found = await served.get(f"/api/conversations/current_user/{session_id}")
    return [turn["status"] for turn in found["session"]["turns"]]


async def test_promise_03_ended_a_killed_neighbours_turn_without_a_restart(busy: Served) -> None:
    """It is open while its process lives, however often the server looks; interrupted after."""
    command = [sys.executable, str(_NEIGHBOUR)]
    with subprocess.Popen(command, env=busy.env, stdout=subprocess.PIPE, text=True) as neighbour:
        assert neighbour.stdout is not None
        session_id = neighbour.stdout.readline().strip()
        before = await statuses(busy, session_id)
        neighbour.kill()
    async with asyncio.timeout(HUNG_S):
        while (after := await statuses(busy, session_id)) == ["open"]:
            pass

    assert (before, after) == (["open"], ["interrupted"])


async def test_a_session_gets_its_summary_by_itself_and_the_server_stops_well(
    busy: Served,
) -> None:
    """The summary names the session, and a graceful stop ends the task without a complaint."""
    async with busy.talk() as ada:
        await ada.ask("I moved to Oslo in March")
        session_id = ada.session_id
    async with open_configured(load_settings(environ=busy.env)) as keeper:
        user = await keeper.user("ada")
        async with asyncio.timeout(HUNG_S):
            # The summary is there first, what was learned a moment later.
            while len(memories := await user.memories.list()) < 2:
                await busy.get("/healthz")
    code = busy.kill(signal.SIGTERM)

    assert {(m.kind, m.session_id) for m in memories} == {
        ("summary", session_id),
        ("fact", session_id),
    }
    assert (code, "Traceback" in busy.log) == (0, False)


class Failing:
    """A keeper whose steps fail: one always, the other once."""

    def __init__(self) -> None:
        self.recovered = 0
        self.distilled: list[object] = []
        self.went_on = asyncio.Event()

    async def recover(self) -> int:
        """Always fails."""
        self.recovered += 1
        raise OSError("out of luck")

    async def purge_trash(self, *, after_days: float) -> int:
        """Finds nothing."""
        return 0

    async def distill(self, *, distiller: object, share: float) -> int:
        """Fails once."""
        self.distilled.append((distiller, share))
        if len(self.distilled) > 1:
            self.went_on.set()
            await asyncio.Event().wait()
        raise OSError("out of luck")


async def test_failures_are_counted_and_logged_and_the_next_round_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each with its traceback; a step in the middle of its work holds up neither the other one nor
    the end. Distilling is told to take a tenth of the time."""
    keeper = Failing()
    async with asyncio.timeout(HUNG_S), Upkeep(_as_keeper(keeper), interval_s=0) as upkeep:
        await keeper.went_on.wait()
        before = keeper.recovered
        while keeper.recovered == before:
            await asyncio.sleep(0)

    assert upkeep.failures == keeper.recovered + 1
    assert keeper.distilled == [(None, 0.1)] * 2
    logged = [record for record in caplog.records if record.name == "holdfast.server.upkeep"]
    assert [record.exc_info is not None for record in logged] == [True] * upkeep.failures


def _as_keeper(failing: Failing) -> Keeper:
    return failing  # type: ignore[return-value]  # the two verbs are all that is asked of it
