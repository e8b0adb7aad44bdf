"""Logging in: a link that works once on one's own machine, an API key elsewhere; then a cookie.

Secrets are 256 random bits. Only their digests are kept, and they are compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from holdfast.keeper.logins import LOGIN_LIFETIME

__all__ = ["COOKIE_LIFETIME_S", "LoginLink", "agent_of", "cookie_name"]

_COOKIE = "holdfast"
COOKIE_LIFETIME_S = int(LOGIN_LIFETIME.total_seconds())

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
"""Words of User-Agent headers; many name several browsers, and the first here is the true one."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_READ = 500
"""Characters of the header that are looked at."""


class LoginLink:
    """The login link of one start of a server."""

    def __init__(self) -> None:
        self._link: bytes | None = None

    def new_token(self) -> str:
        """A token for the login link; it replaces an earlier one that was not used."""
        token = secrets.token_urlsafe(32)
        self._link = _digest(token)
        return token

    def redeem(self, token: str) -> bool:
        """Whether it is the token of the link; once."""
        expected = self._link
        if expected is None or not hmac.compare_digest(expected, _digest(token)):
            return False
        self._link = None
        return True


def cookie_name(*, secure: bool) -> str:
    """What the cookie of a login is called.

    Over https a browser takes one of this name from this host alone: no other server of the domain
    can put a login of its own in its place. Over http it would not take it at all.
    """
    return f"__Host-{_COOKIE}" if secure else _COOKIE


def agent_of(header: str) -> str:
    """A browser and its system, as in "Firefox on Linux", from our own words; "" when unknown."""
    browser, system = (_first(words, header[:_READ]) for words in (_BROWSERS, _SYSTEMS))
    return " on ".join(word for word in (browser, system) if word)


def _first(words: tuple[tuple[str, str], ...], header: str) -> str:
    return next((name for sign, name in words if re.search(sign, header)), "")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
