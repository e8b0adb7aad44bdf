"""What routes ask for: the caller, and the user whose things are read, written or removed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Annotated, TypeAlias

from fastapi import Depends
from starlette.requests import HTTPConnection

from holdfast.errors import NotFound
from holdfast.keeper.access import Caller, Verb, acting_for, decide_for
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User
from holdfast.server.identity.door import Identity
from holdfast.server.once import note_vault

if TYPE_CHECKING:
    from holdfast.server.talking.talks import Talks

__all__ = [
    "ME",
    "Asking",
    "Eraser",
    "Reader",
    "Writer",
    "caller_of",
    "check_may",
    "identity_of",
    "keeper_of",
    "user_for",
    "user_of",
    "verbs_of",
]

ME = "current_user"
"""Stands for the caller wherever a path names a user."""


def identity_of(connection: HTTPConnection) -> Identity:
    """What knows who may come in: tickets, revocation, limits."""
    identity: Identity = connection.app.state.identity
    return identity


def caller_of(connection: HTTPConnection) -> Caller:
    """Who asks; the admission has seen to it that there is somebody."""
    caller: Caller = connection.state.caller
    return caller


def keeper_of(connection: HTTPConnection) -> Keeper:
    """The keeper of the caller's account."""
    return identity_of(connection).keeper_of(caller_of(connection))


async def user_for(identity: Identity, caller: Caller, named: str, verb: Verb) -> User:
    """A user that a caller names (`ME` for themselves), when they may do this.

    For whatever has a caller and no request: a socket, a tool. Raises what `user_of` raises.
    """
    user_id = caller.user_id if named == ME else named
    caller = acting_for(caller, user_id)
    decide_for(caller, user_id, verb)
    keeper = identity.keeper_of(caller)
    try:
        return await keeper.user(user_id, create=False)
    except NotFound:
        # Somebody new, or somebody erased whose key is not known to have ended yet.
        await identity.confirm(caller)
        return await keeper.user(user_id)


async def user_of(connection: HTTPConnection, verb: Verb) -> User:
    """The user that the path names, or the caller, when the caller may do this.

    A key that acts for users may name any user of its account.

    Raises:
        NotFound: somebody else, known here or not.
        NotAllowed: the credential has no scope for it.
    """
    named = connection.path_params.get("user_id", ME)
    return await user_for(identity_of(connection), caller_of(connection), named, verb)


# A dependency that is no coroutine function would be called in a thread, for every request.
async def _asking(connection: HTTPConnection) -> Caller:
    return caller_of(connection)


async def _reader(connection: HTTPConnection) -> User:
    user = await user_of(connection, "read")
    await note_vault(connection, user.vault)
    return user


async def _writer(connection: HTTPConnection) -> User:
    user = await user_of(connection, "write")
    await note_vault(connection, user.vault)
    return user


async def _eraser(connection: HTTPConnection) -> AsyncIterator[User]:
    """What was told of the user's turns, for whoever lost the connection, is forgotten along."""
    user = await user_of(connection, "erase")
    talks: Talks = connection.app.state.talks
    talks.forget(user.vault.raw)
    yield user
    talks.forget(user.vault.raw)


_VERBS: dict[object, Verb] = {_reader: "read", _writer: "write", _eraser: "erase"}


def verbs_of(dependencies: Iterable[object]) -> tuple[Verb, ...]:
    """What a route's caller must be allowed to do, by the dependencies that the route has."""
    return tuple(_VERBS[call] for call in dependencies if call in _VERBS)


def check_may(connection: HTTPConnection, verb: Verb) -> None:
    """Refuse a caller who may not do this, before anything of the request's body is read.

    Raises: as `user_of`.
    """
    caller = caller_of(connection)
    named = connection.path_params.get("user_id", ME)
    user_id = caller.user_id if named == ME else named
    decide_for(acting_for(caller, user_id), user_id, verb)


Asking: TypeAlias = Annotated[Caller, Depends(_asking)]
Reader: TypeAlias = Annotated[User, Depends(_reader)]
Writer: TypeAlias = Annotated[User, Depends(_writer)]
Eraser: TypeAlias = Annotated[User, Depends(_eraser)]
