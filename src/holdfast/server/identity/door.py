"""The one function that turns a credential into a caller, and what tells when it ends.

Authorization: Bearer X, or x-api-key: X      an API key, in every mode; a JWT, in mode "tokens"
the cookie of a login                         in every mode, and for our own pages only
a ticket                                      WebSockets: made for a caller, redeemed once
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Self

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from holdfast.capture.checks import checked_name
from holdfast.errors import BadInput, BadSettings, HoldfastError, NotFound
from holdfast.keeper.access import Caller, acting_for
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.tokens import SECRET_PREFIX, Token
from holdfast.model import UserId
from holdfast.server.failures import Refused
from holdfast.server.identity.addresses import Addresses, address_problems
from holdfast.server.identity.jwts import JwksUnavailable, Jwts, jwt_problems
from holdfast.server.identity.keys import LiveKeys
from holdfast.server.identity.limits import Limits
from holdfast.server.identity.logins import LoginLink, agent_of, cookie_name
from holdfast.server.identity.resource import challenge
from holdfast.server.identity.tickets import Tickets
from holdfast.settings import Settings

__all__ = ["ACT_FOR", "Identity", "check_settings"]

ACT_FOR = "x-holdfast-user-id"
"""The header in which a key that acts for users names one."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_KEPT = ("key", "login")
"""Credentials that the store knows, and that can be ended there."""
_WRONG_LINK = "this link was used or is of another start: restart 'holdfast serve' for a new one"
_WRONG_KEY = "this key is unknown, revoked or expired: ask whoever runs this server for one"
_ENDED = "this credential is unknown, revoked or expired"
_FROM_US = frozenset({"same-origin", "none"})


class Identity:
    """Who may come in, for every transport. Enter it while the server runs.

    `still_valid(caller)` and `await revoked(caller)` are for what outlives a request (a socket, an
    event stream): wait for `revoked` beside the work, and close within the second.
    """

    def __init__(
        self,
        settings: Settings,
        keeper: Keeper,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises BadSettings when the settings do not say who may come in, or contradict it."""
        check_settings(settings)
        self.addresses = Addresses(settings)
        self.link = LoginLink()
        self.tickets = Tickets(monotonic)
        self.limits = Limits(settings, monotonic=monotonic)
        self._keys = LiveKeys(
            keeper.tokens, keeper.logins, clock=keeper.store.clock, monotonic=monotonic
        )
        self._jwts = _jwts_of(settings, monotonic)
        self._settings = settings
        self._keeper = keeper

    @property
    def local(self) -> bool:
        """Whether there is one user, who logs in by link."""
        return self._settings.auth == "local"

    async def caller_of(self, connection: HTTPConnection) -> Caller:
        """Who asks, by the headers of a request.

        Raises:
            Refused: 401 nobody shows a good credential, 403 it may not be shown so, 429 too many
                bad ones came from there, 503 it cannot be told now.
            StorageFailed: or one of its kinds.
        """
        headers = connection.headers
        shown = _shown_in(headers)
        if shown is not None:
            caller = await self._of_credential(shown)
        else:
            caller = await self._of_cookie(connection)
        if caller is None:
            raise self._unknown(connection, shown)
        return self._as_named(caller, headers)

    async def log_in(
        self, connection: HTTPConnection, *, link: str | None = None, key: str = ""
    ) -> str:
        """The cookie of a new login, for the token of the link or for an API key.

        Raises:
            Refused: 401 whatever is wrong with it, 429 too many bad ones came from there, or too
                many logins of this key.
            StorageFailed: or one of its kinds.
        """
        agent = agent_of(connection.headers.get("user-agent", ""))
        if link is not None and self.local and self.link.redeem(link):
            return (await self._keeper.logins.create(agent=agent))[1]
        # Not what was found a second ago: a login must not begin after its key has ended.
        by_key = link is None and not self.local
        token = await self._keeper.tokens.find(key) if by_key else None
        if token is not None:
            self.limits.spend(_caller_of(token), "writes")
            logins = self._keeper.account(token.account).logins
            login, cookie = await logins.create(
                agent=agent,
                user_id=token.user_id,
                key_id=token.id,
                scopes=token.scopes,
                until=token.expires_at,
            )
            if await self._keeper.tokens.find(key) is not None:
                return cookie
            with contextlib.suppress(NotFound):  # revoked meanwhile, and this login with it
                await logins.end(login.id, token.user_id)
        self.limits.note_failure(connection.client.host if connection.client else "")
        raise Refused(401, "wrong_login", _WRONG_KEY if link is None else _WRONG_LINK)

    async def confirm_key(self, connection: HTTPConnection, caller: Caller, key: str) -> None:
        """Have whoever logged in with an API key show one of theirs again; others pass.

        Raises:
            Refused: 403 it is none of theirs that may delete, 429 too many bad ones came from
                there.
        """
        if self.local or caller.via != "login":
            return
        token = await self._keeper.tokens.find(key)
        theirs = token is not None and (token.account, token.user_id) == (
            caller.account,
            caller.user_id,
        )
        if token is None or not theirs or "memory:delete" not in token.scopes:
            self.limits.note_failure(connection.client.host if connection.client else "")
            raise Refused(403, "wrong_key", "key: show your API key once more to confirm this")

    def is_secure(self, connection: HTTPConnection) -> bool:
        """Whether the client came over https, as far as the settings or a trusted proxy tell."""
        return self._settings.public_url.lower().startswith("https:") or (
            connection.url.scheme == "https"
        )

    def redeem(self, ticket: str, origin: str | None) -> Caller | None:
        """Whose ticket it is, once; None when it is not good, or its owner's credential ended."""
        caller = self.tickets.redeem(ticket, origin)
        return caller if caller is not None and self.still_valid(caller) else None

    def keeper_of(self, caller: Caller) -> Keeper:
        """The keeper of the caller's account."""
        return self._keeper.account(caller.account)

    def still_valid(self, caller: Caller) -> bool:
        """Whether the credential is as good as when it was shown. Costs nothing; ask often."""
        if caller.via in _KEPT and self._keys.is_revoked(caller.credential):
            return False
        return caller.expires_at is None or caller.expires_at > self._keeper.store.clock()

    async def note_ended(self) -> None:
        """Take note at once of keys that have just ended here; otherwise that takes a second."""
        with contextlib.suppress(HoldfastError):  # then it takes that second
            await self._keys.check()

    async def confirm(self, caller: Caller) -> None:
        """Ask the store itself whether a credential is good: before it makes anything of somebody.

        Raises:
            Refused: it has ended, here or in another process.
            StorageFailed: or one of its kinds: it cannot be told.
        """
        if caller.via in _KEPT:
            await self._keys.check()
        if not self.still_valid(caller):
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Refused(401, "wrong_credential", _ENDED, headers=headers)

    async def revoked(self, caller: Caller) -> None:
        """Return when the credential is revoked or expires, which may be never.

        At most two seconds after another process revoked it. May be cancelled.
        """
        kept = caller.via in _KEPT
        end = self._keys.end_of(caller.credential) if kept else asyncio.Event()
        while self.still_valid(caller):
            left_s = None
            if caller.expires_at is not None:
                left_s = (caller.expires_at - self._keeper.store.clock()).total_seconds()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await end.wait()

    async def __aenter__(self) -> Self:
        await self._keys.__aenter__()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._keys.__aexit__(*raised)

    async def _of_credential(self, shown: str) -> Caller | None:
        if shown.startswith(SECRET_PREFIX):
            token = await self._keys.find(shown)
            return None if token is None else _caller_of(token)
        if self._jwts is None:
            return None
        try:
            return await self._jwts.caller(shown)
        except JwksUnavailable:
            message = "the issuer's keys cannot be read now: try again in a minute"
            raise Refused(503, "issuer_unreachable", message) from None

    async def _of_cookie(self, connection: HTTPConnection) -> Caller | None:
        """Who logged in, when our own page, or no page, shows the cookie of that."""
        name = cookie_name(secure=self.is_secure(connection))
        cookie = _cookie_in(connection.headers, name)
        login = await self._keys.find_login(cookie) if cookie else None
        # A login of this machine ends where others are served, and the other way round.
        if login is None or self.local is not (login.key_id is None):
            return None
        origin = connection.headers.get("origin")
        if origin is not None and not self.addresses.is_own(origin):
            return None
        # A page on another port of this machine is the same site to a browser, which then sends the
        # cookie along. It may lead here; whatever else it asks for it could run, measure or count.
        site = connection.headers.get("sec-fetch-site", "none")
        if site not in _FROM_US and not _leads_here(connection):
            raise Refused(403, "foreign_origin", "another page may not use your cookie")
        settings = self._settings
        return Caller(
            user_id=login.user_id or UserId(settings.user),
            account=settings.account if self.local else login.account,
            scopes=login.scopes,
            via="login",
            credential=login.id,
            rests_on=login.key_id,
            expires_at=login.expires_at,
        )

    def _as_named(self, caller: Caller, headers: Headers) -> Caller:
        """The user that the header names, for a key that acts for users."""
        named = headers.getlist(ACT_FOR)
        if not named:
            return caller
        try:
            user = named[0].encode("latin-1").decode("utf-8")
            checked_name("user", user, self._keeper.store.limits)
            if len(named) > 1:
                raise BadInput("user", "it is named twice")
            return acting_for(caller, user)
        except NotFound:
            message = "this credential does not act for other users: leave X-Holdfast-User-Id out"
            raise Refused(403, "not_allowed", message) from None
        except (UnicodeDecodeError, BadInput):
            message = "X-Holdfast-User-Id: it is one name in UTF-8"
            raise Refused(400, "invalid_input", message) from None

    def _unknown(self, connection: HTTPConnection, shown: str | None) -> Refused:
        headers = {"WWW-Authenticate": challenge(self._settings, connection)}
        if shown is None:
            way = "log in with the link that 'holdfast serve' printed, or " if self.local else ""
            message = f"{way}send an API key as 'Authorization: Bearer hf_...'"
            return Refused(401, "not_logged_in", message, headers=headers)
        self.limits.note_failure(connection.client.host if connection.client else "")
        return Refused(401, "wrong_credential", _ENDED, headers=headers)


def check_settings(settings: Settings) -> None:
    """Refuse settings that do not say who may come in.

    Raises:
        BadSettings: every mistake that was found.
    """
    problems = address_problems(settings) + jwt_problems(settings)
    if problems:
        raise BadSettings(tuple(problems))


def _jwts_of(settings: Settings, monotonic: Callable[[], float]) -> Jwts | None:
    if settings.jwt_secret or settings.jwt_jwks_url:
        return Jwts(settings, monotonic=monotonic)
    return None


def _caller_of(token: Token) -> Caller:
    return Caller(
        user_id=token.user_id,
        account=token.account,
        scopes=token.scopes,
        via="key",
        credential=token.id,
        acts_for_users=token.acts_for_users,
        injects_context=token.injects_context,
        expires_at=token.expires_at,
    )


def _shown_in(headers: Headers) -> str | None:
    """The credential in the headers; None when there is none.

    Raises:
        Refused: there are two, and it is not ours to choose.
    """
    found = {value.strip() for value in headers.getlist("x-api-key")}
    for value in headers.getlist("authorization"):
        scheme, _, credential = value.strip().partition(" ")
        found.add(credential.strip() if scheme.lower() == "bearer" else value)
    if len(found) > 1:
        raise Refused(400, "invalid_input", "send one credential, not several")
    return next(iter(found), None)


def _leads_here(connection: HTTPConnection) -> bool:
    """Whether a browser goes to what is asked for, with nobody else looking at the answer."""
    method = connection.scope.get("method", "GET")
    return method in _SAFE and connection.headers.get("sec-fetch-mode") == "navigate"


def _cookie_in(headers: Headers, name: str) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return None if found is None else found.value
