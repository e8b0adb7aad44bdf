"""Logging in on one's own machine: a link that works once, and the cookie that it leaves.

Secrets are 256 random bits. Only their digests are kept, and they are compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

__all__ = ["COOKIE", "COOKIE_LIFETIME_S", "Logins"]

COOKIE = "holdfast"
COOKIE_LIFETIME_S = 30 * 86_400
_MAX_LOGINS = 100


class Logins:
    """The login link and the cookies of one start of a server."""

    def __init__(self) -> None:
        self._link: bytes | None = None
        self._cookies: list[bytes] = []

    def new_token(self) -> str:
        """A token for the login link; it replaces an earlier one that was not used."""
        token = secrets.token_urlsafe(32)
        self._link = _digest(token)
        return token

    def log_in(self, token: str) -> str | None:
        """The value of a new cookie for the login token, once; None for any other token."""
        expected = self._link
        if expected is None or not hmac.compare_digest(expected, _digest(token)):
            return None
        self._link = None
        cookie = secrets.token_urlsafe(32)
        self._cookies = [*self._cookies, _digest(cookie)][-_MAX_LOGINS:]
        return cookie

    def knows(self, cookie: str | None) -> bool:
        """Whether the cookie was given out here."""
        given = _digest(cookie or "")
        # All are compared, so that the time tells nothing about where one stands.
        return sum(hmac.compare_digest(given, known) for known in self._cookies) > 0


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
