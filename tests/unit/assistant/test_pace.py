"""How long a model is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from holdfast.assistant.pace import Pace
from holdfast.errors import ModelStalled


class _Hands:
    """The loop's clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now = 0.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self._now)

    async def move(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due then."""
        await asyncio.sleep(0)
        self._now += seconds
        for _ in range(3):
            await asyncio.sleep(0)


async def _pieces(said: asyncio.Queue[str]) -> AsyncIterator[str]:
    while True:
        yield await said.get()


async def test_an_answer_takes_any_time_whose_pieces_come_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five pieces after nine seconds each are no stall where ten are allowed; eleven are one."""
    hands, said, pace = _Hands(monkeypatch), asyncio.Queue[str](), Pace(10)
    pieces = _pieces(said)
    for _ in range(5):
        waiting = asyncio.create_task(pace.next(pieces))
        await hands.move(9)
        said.put_nowait("word ")
        assert await waiting == "word "
    waiting = asyncio.create_task(pace.next(pieces))
    await hands.move(9)
    assert not waiting.done()
    await hands.move(2)

    with pytest.raises(ModelStalled):
        await waiting


async def test_the_time_of_a_tool_is_not_the_model_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a tool runs the model may be silent for ever; from its end on it may not."""
    hands, pace = _Hands(monkeypatch), Pace(10)
    waiting = asyncio.create_task(pace.next(_pieces(asyncio.Queue())))
    await hands.move(9)
    with pace.paused():
        await hands.move(100)
    await hands.move(9)
    assert not waiting.done()
    await hands.move(2)

    with pytest.raises(ModelStalled):
        await waiting


async def test_an_answer_that_is_over_leaves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of answers within the time that a model is waited for leave nothing behind."""
    loop, timers = asyncio.get_running_loop(), []
    later = loop.call_later
    monkeypatch.setattr(loop, "call_later", lambda *a: timers.append(later(*a)) or timers[-1])
    said, pace = asyncio.Queue[str](), Pace(10)
    said.put_nowait("word ")
    assert await pace.next(_pieces(said)) == "word "
    pace.close()

    assert [timer.cancelled() for timer in timers] == [True]


async def test_a_tool_that_ends_late_after_a_stall_sets_no_limit_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a model leaves running may take its time to be cleared away: nothing fails meanwhile."""
    hands, cleared, pace, faults = _Hands(monkeypatch), asyncio.Event(), Pace(10), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))

    async def pieces() -> AsyncIterator[str]:
        try:
            await asyncio.Event().wait()
            yield "never"
        finally:
            with pace.paused():
                await asyncio.sleep(0)
            await cleared.wait()

    waiting = asyncio.create_task(pace.next(pieces()))
    for _ in range(3):
        await hands.move(11)
    cleared.set()

    with pytest.raises(ModelStalled):
        await waiting
    assert faults == []
