"""What cannot be recorded is not asked; what was answered reaches its client all the same."""

from __future__ import annotations

import json
import logging
from contextlib import AsyncExitStack
from typing import Any

import pytest

from fix_keeper import World
from holdfast.errors import StorageFull
from holdfast.server.proxy.exchange import Exchange
from holdfast.server.proxy.finding import Asked
from holdfast.server.proxy.opening import Opened, Opening
from holdfast.server.proxy.upstream import Upstream as Asking
from holdfast.server.proxy.wire import read_request
from holdfast.settings import Settings

from .upstream import Upstream


class Full:
    """A disk that is full as soon as the upstream was asked, or from the start."""

    def __init__(self, upstream: Upstream, *, at_once: bool) -> None:
        self._upstream = upstream
        self._at_once = at_once

    async def __call__(self, call: str, _given: Any) -> None:
        if call == "data.commit" and (self._at_once or self._upstream.requests):
            raise StorageFull


async def exchanged(world: World, upstream: Upstream, *, stream: bool, at_once: bool) -> Any:
    """One request through the proxy's parts; returns what the client got, and the exchange."""
    keeper = await world.open("tapped")
    user = await keeper.user("ada")
    session = await user.sessions.start()
    world.tap.before = Full(upstream, at_once=at_once)
    said = [{"role": "user", "content": "Hello"}]
    body = json.dumps({"model": "m", "stream": stream, "messages": said}).encode()
    request = read_request(body)
    asked = Asked(request=request, name=session.id, own=True, key=None, assistant=None)
    opening, asking = Opening(keeper.store), Asking(Settings(proxy_base_url=upstream.url))
    got = bytearray()

    async def send(message: Any) -> None:
        got.extend(message.get("body", b""))

    exchange = None
    try:
        async with AsyncExitStack() as stack:
            opened = await opening.open(
                stack, user, asked, again=False, cut_off=lambda: "cancelled"
            )
            assert isinstance(opened, Opened)
            exchange = Exchange(opened, opening, send=send, send_timeout_s=5)
            await exchange.run(asking, {}, body)
    except StorageFull:
        pass
    finally:
        world.tap.still()
        await asking.close()
    return bytes(got), exchange


@pytest.mark.parametrize("stream", [False, True])
async def test_a_full_disk_before_the_question_stops_it(
    world: World, upstream: Upstream, stream: bool
) -> None:
    """Heard first, or not asked at all."""
    upstream.script()
    got, exchange = await exchanged(world, upstream, stream=stream, at_once=True)

    assert (got, exchange, upstream.requests) == (b"", None, [])


@pytest.mark.parametrize("stream", [False, True])
async def test_a_full_disk_after_the_question_costs_the_client_nothing(
    world: World, upstream: Upstream, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """All bytes of the answer; the failure is counted, and in the log by its code alone."""
    upstream.script()
    with caplog.at_level(logging.ERROR):
        got, exchange = await exchanged(world, upstream, stream=stream, at_once=False)

    assert got == bytes(upstream.sent[0].sent)
    assert exchange.failures == 1
    told = [(r.getMessage(), r.__dict__.get("code")) for r in caplog.records]
    assert told == [("answer not recorded", "storage_full")]
