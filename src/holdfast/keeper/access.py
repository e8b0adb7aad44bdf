"""Who may do what: the one function that decides, for every surface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from msgspec import Struct

from holdfast.errors import NotAllowed, NotFound
from holdfast.model import Member, UserId

__all__ = ["ALL_SCOPES", "Caller", "Gate", "Scope", "Verb", "decide", "decide_for", "own"]

Verb: TypeAlias = Literal["read", "write", "invite", "remove", "rename", "erase"]
Scope: TypeAlias = Literal["memory:read", "memory:write", "memory:delete"]

ALL_SCOPES: frozenset[Scope] = frozenset({"memory:read", "memory:write", "memory:delete"})

Gate: TypeAlias = Callable[[Verb], Awaitable[None]]
"""Asked before each call on something shared: returns, or raises what `decide` raises."""

_MEMBER: frozenset[Verb] = frozenset({"read", "write"})
_OWNER: frozenset[Verb] = _MEMBER | {"invite", "remove", "rename", "erase"}
_SCOPE_OF: dict[Verb, Scope] = {
    "read": "memory:read",
    "write": "memory:write",
    "invite": "memory:write",
    "rename": "memory:write",
    "remove": "memory:delete",
    "erase": "memory:delete",
}


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks, as their credential proved, and what it lets them do."""

    user_id: UserId
    account: str
    scopes: frozenset[Scope] = ALL_SCOPES
    via: Literal["login", "key", "jwt", "process"]
    """The one-time link's cookie, an API key, a JWT, or a process of the owner's own."""
    credential: str = ""
    """Id of the API key, or of the token, for limits and revocation."""
    acts_for_users: bool = False
    """Whether it may name another user of its account to act for."""


def decide(member: Member | None, verb: Verb) -> None:
    """Let it pass, or raise.

    Raises:
        NotFound: the caller is no member: the room is unknown to them.
        NotAllowed: the caller is a member, but this is for owners.
    """
    if member is None:
        raise NotFound("room")
    if verb not in (_OWNER if member.role == "owner" else _MEMBER):
        raise NotAllowed(verb)


def decide_for(caller: Caller, owner: str, verb: Verb) -> None:
    """Let a caller pass to what belongs to a user, or raise.

    Raises:
        NotFound: it is somebody else's: that user is unknown to them.
        NotAllowed: it is theirs, but their credential has no scope for this.
    """
    if caller.user_id != owner:
        raise NotFound("user")
    if _SCOPE_OF[verb] not in caller.scopes:
        raise NotAllowed(verb)


async def own(_verb: Verb) -> None:
    """The gate of what belongs to the caller alone: everything passes."""
