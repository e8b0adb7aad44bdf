"""Keys that a server has found: how current they are, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from fix_keeper import START, World, world
from holdfast.errors import StorageFailed
from holdfast.keeper.access import Caller
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.tokens import Token
from holdfast.model import UserId
from holdfast.server.failures import Refused
from holdfast.server.identity.asking import ME, user_for
from holdfast.server.identity.door import Identity
from holdfast.server.identity.keys import LiveKeys
from holdfast.settings import Settings

from .conftest import HUNG_S

__all__ = ["world"]


class Stopwatch:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    """The server's."""
    return Stopwatch()


@pytest.fixture
async def keeper(world: World) -> Keeper:
    """A store whose calls can be heard."""
    return await world.open("tapped")


@pytest.fixture
def live(keeper: Keeper, stopwatch: Stopwatch) -> LiveKeys:
    """The keys of a server that has not asked for anything yet."""
    return LiveKeys(keeper.tokens, keeper.logins, clock=keeper.store.clock, monotonic=stopwatch)


def caller_with(token: Token) -> Caller:
    """Who shows this key."""
    return Caller(
        user_id=UserId("ada"),
        account="local",
        via="key",
        credential=token.id,
        expires_at=token.expires_at,
    )


async def test_a_key_is_looked_up_once(world: World, keeper: Keeper, live: LiveKeys) -> None:
    """From then on a request costs no question to the storage, for as long as it is current."""
    token, secret = await keeper.tokens.create("ada")
    assert await live.find(secret) == token
    world.tap.calls.clear()

    assert [await live.find(secret) for _ in range(5)] == [token] * 5

    assert world.tap.calls == []


async def test_what_is_older_than_two_seconds_is_asked_again(
    world: World, keeper: Keeper, live: LiveKeys, stopwatch: Stopwatch
) -> None:
    """By the request itself, should nothing else have done it: a revoked key is not taken."""
    other = await world.open()
    token, secret = await keeper.tokens.create("ada")
    assert await live.find(secret) == token

    await other.tokens.revoke(token.id)
    stopwatch.seconds += 2.1

    assert await live.find(secret) is None
    assert live.is_revoked(token.id)


async def test_who_cannot_be_checked_is_not_let_in(
    world: World, keeper: Keeper, live: LiveKeys, stopwatch: Stopwatch
) -> None:
    """A storage that fails is an error, and no reason to trust what was found before."""
    _, secret = await keeper.tokens.create("ada")
    await live.find(secret)

    async def failing(call: str, asked: Any) -> None:
        raise StorageFailed

    world.tap.before = failing
    stopwatch.seconds += 2.1

    with pytest.raises(StorageFailed):
        await live.find(secret)


async def test_a_key_that_is_revoked_while_it_is_looked_up_is_not_kept(
    world: World, keeper: Keeper, live: LiveKeys
) -> None:
    """The lookup read it before the revocation, and comes back after that was taken note of."""
    token, secret = await keeper.tokens.create("ada")
    await live.check()
    read, go_on = asyncio.Event(), asyncio.Event()

    async def hold(call: str, asked: Any) -> None:
        if call == "data.rows_by_id" and not read.is_set():
            read.set()
            await go_on.wait()

    world.tap.after = hold
    finding = asyncio.create_task(live.find(secret))
    await read.wait()
    await keeper.tokens.revoke(token.id)
    await live.check()
    go_on.set()

    assert await finding is None


async def test_waiting_for_the_end_ends_with_the_revocation(
    keeper: Keeper, stopwatch: Stopwatch
) -> None:
    """For everybody who waits, also who comes late; another key goes on."""
    identity = Identity(Settings(auth="tokens"), keeper, monotonic=stopwatch)
    doomed, _ = await keeper.tokens.create("ada")
    kept, _ = await keeper.tokens.create("ada")
    async with identity:
        waiting = [asyncio.create_task(identity.revoked(caller_with(doomed))) for _ in range(3)]
        other = asyncio.create_task(identity.revoked(caller_with(kept)))
        assert identity.still_valid(caller_with(doomed))

        await keeper.tokens.revoke(doomed.id)
        async with asyncio.timeout(HUNG_S):
            await asyncio.gather(*waiting)
            await identity.revoked(caller_with(doomed))

        assert not identity.still_valid(caller_with(doomed))
        assert identity.still_valid(caller_with(kept))
        assert not other.done()
        other.cancel()


async def test_waiting_for_the_end_ends_with_the_time(world: World, keeper: Keeper) -> None:
    """Of a key or a JWT that expires, though nobody revokes it."""
    identity = Identity(Settings(auth="tokens"), keeper)
    ends = START + timedelta(hours=1)
    caller = Caller(user_id=UserId("ada"), account="local", via="jwt", expires_at=ends)
    assert identity.still_valid(caller)

    world.clock.now = ends - timedelta(milliseconds=50)

    async with asyncio.timeout(HUNG_S):
        await identity.revoked(caller)


async def test_a_log_in_has_no_end(keeper: Keeper) -> None:
    """Waiting for it waits, and can be stopped."""
    identity = Identity(Settings(), keeper)
    caller = Caller(user_id=UserId("me"), account="local", via="login")

    waiting = asyncio.create_task(identity.revoked(caller))
    await asyncio.wait([waiting], timeout=0)

    assert not waiting.done()
    waiting.cancel()


async def test_uses_are_noted_beside_the_requests(keeper: Keeper, live: LiveKeys) -> None:
    """Each key once, with its last use; one that ended meanwhile is passed over."""
    token, secret = await keeper.tokens.create("ada")
    gone, gone_secret = await keeper.tokens.create("ada")
    for shown in (secret, secret, gone_secret):
        await live.find(shown)
    assert [known.last_used_at for known in await keeper.tokens.list()] == [None, None]

    await keeper.tokens.revoke(gone.id)
    await live.note_uses()

    (listed,) = await keeper.tokens.list()
    assert listed.id == token.id
    assert listed.last_used_at is not None


async def test_before_somebody_is_made_the_store_itself_is_asked(
    world: World, keeper: Keeper, stopwatch: Stopwatch
) -> None:
    """A key that was let in and ended in another process a moment ago makes nobody anew."""
    identity = Identity(Settings(auth="tokens"), keeper, monotonic=stopwatch)
    await keeper.user("ada")
    token, _ = await keeper.tokens.create("ada")
    newcomer, _ = await keeper.tokens.create("eve")
    other = await world.open()
    await identity.confirm(caller_with(token))  # the first look: what ended before concerns nobody

    await (await other.user("ada")).erase()

    assert identity.still_valid(caller_with(token))
    with pytest.raises(Refused) as refused:
        await user_for(identity, caller_with(token), ME, "read")
    assert (refused.value.status, refused.value.code) == (401, "wrong_credential")
    assert await keeper.users() == []
    made = await user_for(
        identity, replace(caller_with(newcomer), user_id=UserId("eve")), ME, "read"
    )
    assert made.id == "eve"
