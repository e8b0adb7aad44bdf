"""For whom tools run, and what it counts against."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import HTTPConnection

from holdfast.assistant.tools.registry import ToolContext
from holdfast.clock import Clock
from holdfast.keeper.access import Scope, Verb
from holdfast.keeper.users import User
from holdfast.server.identity.asking import ME, caller_of, identity_of, user_for
from holdfast.server.identity.limits import Rate
from holdfast.server.identity.resource import base_url
from holdfast.settings import Settings

__all__ = ["OneUser", "Requester", "Speaker"]

_VERBS: dict[Scope, Verb] = {
    "memory:read": "read",
    "memory:write": "write",
    "memory:delete": "remove",
}


class Speaker(Protocol):
    """Whose things a request is about. Asked anew for each; nothing is known from the one before.

    `request` is the HTTP request that brought the call, None when none did.
    """

    def scopes(self, request: HTTPConnection | None) -> frozenset[Scope]:
        """What the caller's credential lets them do."""

    def spend(self, request: HTTPConnection | None, rate: Rate) -> None:
        """Count a call. Raises Refused when there were too many."""

    async def context(self, request: HTTPConnection | None, scope: Scope) -> ToolContext:
        """Where a tool of a scope runs. Raises NotAllowed when the credential is not for it."""

    def removed(self, request: HTTPConnection | None) -> None:
        """Something may have been removed: what tells of it elsewhere goes too."""


class Requester:
    """Whoever the request's own credential names: a session id of the protocol says nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def scopes(self, request: HTTPConnection | None) -> frozenset[Scope]:
        """Those of the caller."""
        return caller_of(_there(request)).scopes

    def spend(self, request: HTTPConnection | None, rate: Rate) -> None:
        """Count it against the caller's limits.

        Raises:
            Refused: 429, with the seconds to wait.
        """
        connection = _there(request)
        identity_of(connection).limits.spend(caller_of(connection), rate)

    async def context(self, request: HTTPConnection | None, scope: Scope) -> ToolContext:
        """The caller's own things, in the caller's account.

        Raises:
            NotAllowed: the credential has no such scope.
        """
        connection = _there(request)
        identity, caller = identity_of(connection), caller_of(connection)
        user = await user_for(identity, caller, ME, _VERBS[scope])
        return ToolContext(
            user=user,
            now=identity.keeper_of(caller).store.clock(),
            scopes=caller.scopes,
            base_url=base_url(self._settings, connection),
        )

    def removed(self, request: HTTPConnection | None) -> None:
        """Answers that were kept for those who send the same again."""
        connection = _there(request)
        connection.app.state.once.forget(caller_of(connection))


class OneUser:
    """The one user that a process was started for."""

    def __init__(
        self, user: User, *, scopes: frozenset[Scope], clock: Clock, base_url: str = ""
    ) -> None:
        self._user = user
        self._scopes = scopes
        self._clock = clock
        self._base_url = base_url

    def scopes(self, request: HTTPConnection | None) -> frozenset[Scope]:
        """What the process was started with."""
        return self._scopes

    def spend(self, request: HTTPConnection | None, rate: Rate) -> None:
        """Nothing: whoever started the process has the machine."""

    async def context(self, request: HTTPConnection | None, scope: Scope) -> ToolContext:
        """The user's things."""
        return ToolContext(
            user=self._user, now=self._clock(), scopes=self._scopes, base_url=self._base_url
        )

    def removed(self, request: HTTPConnection | None) -> None:
        """Nothing: over stdio no answers are kept."""


def _there(request: HTTPConnection | None) -> HTTPConnection:
    if request is None:
        raise RuntimeError("a call over HTTP came without its request")
    return request
