"""What routes ask for: the caller, and the user whose things are read, written or removed."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends
from starlette.requests import HTTPConnection

from holdfast.keeper.access import Caller, Verb, decide_for
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.users import User

__all__ = ["ME", "Asking", "Eraser", "Reader", "Writer", "caller_of", "user_of"]

ME = "current_user"
"""Stands for the caller wherever a path names a user."""


def caller_of(connection: HTTPConnection) -> Caller:
    """Who asks; the guard has seen to it that there is somebody."""
    caller: Caller = connection.state.caller
    return caller


async def user_of(connection: HTTPConnection, verb: Verb) -> User:
    """The user that the path names, or the caller, when the caller may do this.

    Raises:
        NotFound: somebody else, known here or not.
        NotAllowed: the credential has no scope for it.
    """
    caller = caller_of(connection)
    named = connection.path_params.get("user_id", ME)
    decide_for(caller, caller.user_id if named == ME else named, verb)
    keeper: Keeper = connection.app.state.keeper
    return await keeper.user(caller.user_id)


async def _reader(connection: HTTPConnection) -> User:
    return await user_of(connection, "read")


async def _writer(connection: HTTPConnection) -> User:
    return await user_of(connection, "write")


async def _eraser(connection: HTTPConnection) -> User:
    return await user_of(connection, "erase")


Asking: TypeAlias = Annotated[Caller, Depends(caller_of)]
Reader: TypeAlias = Annotated[User, Depends(_reader)]
Writer: TypeAlias = Annotated[User, Depends(_writer)]
Eraser: TypeAlias = Annotated[User, Depends(_eraser)]
