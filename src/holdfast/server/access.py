"""Who is let in, in local mode: this machine only, one user, a link that logs in once.

Secrets are 256 random bits. Only their digests are kept, and they are compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from holdfast.errors import BadSettings

__all__ = ["COOKIE", "TICKET_LIFETIME_S", "Access", "check_loopback"]

COOKIE = "holdfast"
TICKET_LIFETIME_S = 30
_MAX_TICKETS = 1_000
_MAX_LOGINS = 100


@dataclass(frozen=True, slots=True)
class _Ticket:
    origin: str | None
    expires_at: float


class Access:
    """What decides for every transport whether a caller is the local user."""

    def __init__(self, *, host: str, port: int, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._hosts = _names_of(host, port)
        self._login: bytes | None = None
        self._cookies: list[bytes] = []
        self._tickets: dict[bytes, _Ticket] = {}

    def new_login_token(self) -> str:
        """A token for the login link; it replaces an earlier one that was not used."""
        token = secrets.token_urlsafe(32)
        self._login = _digest(token)
        return token

    def log_in(self, token: str) -> str | None:
        """The value of a new cookie for the login token, once; None for any other token."""
        expected = self._login
        if expected is None or not hmac.compare_digest(expected, _digest(token)):
            return None
        self._login = None
        cookie = secrets.token_urlsafe(32)
        self._cookies = [*self._cookies, _digest(cookie)][-_MAX_LOGINS:]
        return cookie

    def knows(self, cookie: str | None) -> bool:
        """Whether the cookie was given out here."""
        given = _digest(cookie or "")
        # All are compared, so that the time tells nothing about where one stands.
        return sum(hmac.compare_digest(given, known) for known in self._cookies) > 0

    def allows_host(self, host: str | None) -> bool:
        """Whether the Host header names this machine: a page elsewhere cannot point its own name
        at this address and read what is here (DNS rebinding)."""
        return host is not None and host.lower() in self._hosts

    def allows_origin(self, origin: str | None) -> bool:
        """Whether the request comes from our own page, or from no page at all."""
        if origin is None:
            return True
        scheme, _, name = origin.lower().partition("://")
        return scheme == "http" and name in self._hosts

    def new_ticket(self, origin: str | None) -> str:
        """A ticket for one WebSocket of the local user from this origin."""
        now = self._monotonic()
        self._tickets = {k: t for k, t in self._tickets.items() if t.expires_at > now}
        while len(self._tickets) >= _MAX_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        ticket = secrets.token_urlsafe(32)
        self._tickets[_digest(ticket)] = _Ticket(origin, now + TICKET_LIFETIME_S)
        return ticket

    def redeem(self, ticket: str, origin: str | None) -> bool:
        """Use up a ticket; False when it is unknown, used, expired or of another origin."""
        # Looked up by its digest, so that time tells nothing about the tickets there are.
        found = self._tickets.pop(_digest(ticket), None)
        return found is not None and found.expires_at > self._monotonic() and found.origin == origin


def check_loopback(host: str) -> None:
    """Refuse to serve other machines: there is no log-in for them in this release.

    Raises:
        BadSettings: the address is not of this machine alone.
    """
    if host == "localhost":
        return
    try:
        if ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise BadSettings(
        (
            f"host: {host} can be reached from other machines, and this release serves this one "
            "only: use 127.0.0.1, and a tunnel (ssh -L) from elsewhere",
        )
    )


def _names_of(host: str, port: int) -> frozenset[str]:
    names = {"localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host}
    found = {f"{name}:{port}" for name in names}
    return frozenset(found | names if port == 80 else found)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
