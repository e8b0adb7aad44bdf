"""Logging in, and what one has given out: logins of browsers, keys of programs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from holdfast.server.schemas.shapes import In, Out

__all__ = [
    "AccessOut",
    "LogInIn",
    "LoginOut",
    "LoginsOut",
    "NewTokenIn",
    "TokenMadeOut",
    "TokenOut",
    "TokensOut",
]

_Scope = Literal["memory:read", "memory:write", "memory:delete"]


class LogInIn(In):
    """The API key of whoever logs in."""

    key: str = Field(max_length=1000, examples=["hf_..."])


class LoginOut(Out):
    """A browser that is logged in."""

    id: str
    kind: Literal["cookie"] = "cookie"
    current: bool
    """Whether it is the one that asks."""
    since: datetime
    last_seen: datetime
    """Up to a minute behind."""
    expires_at: datetime
    sockets: int
    """So many pages of it are connected to this server now."""
    agent: str
    """The browser and its system, as in "Firefox on Linux"; empty when unknown."""


class LoginsOut(Out):
    """All logins of the caller, oldest first."""

    logins: list[LoginOut]


class AccessOut(Out):
    """How one comes in: a page asks before it knows anybody."""

    auth: Literal["local", "tokens"]
    """`local`: by the link that `holdfast serve` shows. `tokens`: with an API key."""


class TokenOut(Out):
    """An API key, without its secret."""

    id: str
    name: str
    prefix: str
    """The beginning of the secret, to know it again."""
    scopes: list[str]
    acts_for_users: bool
    """Whether it may act for every user of its account; those are made by the operator."""
    created_at: datetime
    last_used_at: datetime | None
    """Up to a minute behind."""
    expires_at: datetime | None


class TokensOut(Out):
    """All API keys of the caller, oldest first; expired ones among them."""

    tokens: list[TokenOut]


class NewTokenIn(In):
    """A key for a program."""

    name: str = Field(default="", max_length=200, examples=["backup script"])
    scopes: list[_Scope] = Field(min_length=1, max_length=3)
    """What it may do; no more than this login may."""
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)
    """Never, when left out or null."""


class TokenMadeOut(Out):
    """A new key. Its secret is shown here and never again."""

    token: TokenOut
    secret: str
