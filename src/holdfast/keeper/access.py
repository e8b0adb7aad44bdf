"""Who may do what: the one function that decides, for every surface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from holdfast.errors import NotAllowed, NotFound
from holdfast.model import Member

__all__ = ["Gate", "Verb", "decide", "own"]

Verb: TypeAlias = Literal["read", "write", "invite", "remove", "rename", "erase"]

Gate: TypeAlias = Callable[[Verb], Awaitable[None]]
"""Asked before each call on something shared: returns, or raises what `decide` raises."""

_MEMBER: frozenset[Verb] = frozenset({"read", "write"})
_OWNER: frozenset[Verb] = _MEMBER | {"invite", "remove", "rename", "erase"}


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


async def own(_verb: Verb) -> None:
    """The gate of what belongs to the caller alone: everything passes."""
