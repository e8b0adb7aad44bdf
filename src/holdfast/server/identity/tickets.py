"""Tickets: how a WebSocket shows who it is. A page cannot choose the headers of one."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.keeper.access import Caller

__all__ = ["TICKET_LIFETIME_S", "Tickets"]

TICKET_LIFETIME_S = 30
_MAX_TICKETS = 10_000


@dataclass(frozen=True, slots=True)
class _Ticket:
    caller: Caller
    origin: str | None
    expires_at: float


class Tickets:
    """Those that were given out and not used yet: 256 random bits each, of which a digest stays."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._tickets: dict[bytes, _Ticket] = {}

    def new(self, caller: Caller, origin: str | None) -> str:
        """A ticket for one WebSocket of this caller from this origin (None: no page)."""
        now = self._monotonic()
        self._let_go(now)
        ticket = secrets.token_urlsafe(32)
        self._tickets[_digest(ticket)] = _Ticket(caller, origin, now + TICKET_LIFETIME_S)
        return ticket

    def redeem(self, ticket: str, origin: str | None) -> Caller | None:
        """Whose ticket it was; None when it is unknown, used, expired or of another origin.

        It is used up in any case: whoever shows it from elsewhere has stolen it.
        """
        # Looked up by its digest, so that time tells nothing about the tickets there are.
        found = self._tickets.pop(_digest(ticket), None)
        if found is None or found.expires_at <= self._monotonic() or found.origin != origin:
            return None
        return found.caller

    def _let_go(self, now: float) -> None:
        """Forget the expired ones, which are the oldest, and make room for one more."""
        while self._tickets:
            oldest = next(iter(self._tickets))
            full = len(self._tickets) >= _MAX_TICKETS
            if not full and self._tickets[oldest].expires_at > now:
                return
            del self._tickets[oldest]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
