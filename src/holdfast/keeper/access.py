"""Who may do what: the one function that decides, for every surface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.errors import NotAllowed, NotFound
from holdfast.model import UserId

__all__ = [
    "ALL_SCOPES",
    "Caller",
    "Gate",
    "Scope",
    "Verb",
    "acting_for",
    "decide",
    "decide_for",
    "may",
    "own",
]

Verb: TypeAlias = Literal["read", "write", "invite", "remove", "rename", "erase"]
Scope: TypeAlias = Literal["memory:read", "memory:write", "memory:delete"]

ALL_SCOPES: frozenset[Scope] = frozenset({"memory:read", "memory:write", "memory:delete"})

Gate: TypeAlias = Callable[[Verb], Awaitable[None]]
"""Asked before each call on something shared: returns, or raises what `decide` raises."""

_Role: TypeAlias = Literal["owner", "member"]
_MEMBER: frozenset[Verb] = frozenset({"read", "write"})
_VERBS: dict[_Role, frozenset[Verb]] = {
    "member": _MEMBER,
    "owner": _MEMBER | {"invite", "remove", "rename", "erase"},
}
_SCOPE_OF: dict[Verb, Scope] = {
    "read": "memory:read",
    "write": "memory:write",
    "invite": "memory:write",
    "rename": "memory:write",
    "remove": "memory:delete",
    "erase": "memory:delete",
}


class _Standing(Protocol):
    """What somebody is to a thing, such as a room's member."""

    @property
    def role(self) -> _Role: ...


class _Owner(Struct, frozen=True):
    role: _Role = "owner"


_OWNER = _Owner()


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks, as their credential proved, and what it lets them do."""

    user_id: UserId
    account: str
    scopes: frozenset[Scope] = ALL_SCOPES
    via: Literal["login", "key", "jwt", "process"]
    """The cookie of a login, an API key, a JWT, or a process of the owner's own."""
    credential: str = ""
    """Id of the API key, the login, or the token, for limits and revocation."""
    rests_on: str | None = None
    """Id of the API key that a login was begun with."""
    acts_for_users: bool = False
    """Whether it may name another user of its account to act for."""
    injects_context: bool = False
    """Whether the recording proxy may add what is remembered to what this caller sends."""
    expires_at: datetime | None = None
    """When the credential ends by itself; None when it does not."""


def decide(
    standing: _Standing | None,
    verb: Verb,
    *,
    scopes: frozenset[Scope] = ALL_SCOPES,
    of: str = "room",
) -> None:
    """Let somebody pass to a thing, or raise.

    Args:
        standing: what they are to it; None when it is somebody else's, or is not there.
        scopes: what their credential is good for.
        of: the kind of thing, for the answer.

    Raises:
        NotFound: it is nothing to them, so it is unknown to them.
        NotAllowed: it is something to them, but this is for owners, or their credential has no
            scope for it.
    """
    if standing is None:
        raise NotFound(of)
    if verb not in _VERBS[standing.role] or _SCOPE_OF[verb] not in scopes:
        raise NotAllowed(verb)


def decide_for(caller: Caller, owner: str, verb: Verb) -> None:
    """`decide` about what belongs to a user: it is theirs alone. Raises what `decide` raises."""
    decide(_OWNER if caller.user_id == owner else None, verb, scopes=caller.scopes, of="user")


def may(caller: Caller, verb: Verb) -> bool:
    """Whether a caller's credential is good for this, with what is their own."""
    return _SCOPE_OF[verb] in caller.scopes


def acting_for(caller: Caller, user_id: str) -> Caller:
    """The caller as the user that they name, with the scopes of their own credential.

    Whoever names themselves stays who they are. The result can name nobody else.

    Raises:
        NotFound: their credential does not act for others: that user is unknown to them.
    """
    if user_id == caller.user_id:
        return caller
    decide(_OWNER if caller.acts_for_users else None, "read", of="user")
    return replace(caller, user_id=UserId(user_id), acts_for_users=False)


async def own(_verb: Verb) -> None:
    """The gate of what belongs to the caller alone: everything passes."""
