"""Logins of browsers: what a cookie shows, and how long it is good for.

A login is kept like an API key, beside them: a sealed record with the digest of a secret that is
nowhere else, found by a keyed digest. It rests on the API key that was shown for it, with that
key's scopes, and goes with it; on one's own machine it rests on the login link, and on no key.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import Conflict, NotFound
from holdfast.keeper.access import ALL_SCOPES, Scope
from holdfast.keeper.credentials import MAX_SECRET, Credentials, digest_of
from holdfast.keeper.store import Store
from holdfast.model import UserId
from holdfast.storage.protocol import Kind, SealedRow
from holdfast.vault.vault import Vault

__all__ = ["LOGIN_LIFETIME", "Login", "Logins", "logins_of_key"]

LOGIN_LIFETIME = timedelta(days=30)
_PREFIX = "hl_"
"""No API key begins so, and no cookie as they do: neither is taken for the other."""
_SECRET_BYTES = 32
_MOST = 100
"""Logins of one key, or of this machine, at once; the oldest give way."""


class Login(Struct, frozen=True, kw_only=True):
    """One browser that is logged in."""

    id: str
    account: str
    user_id: UserId | None
    """None on one's own machine: there the settings say who its user is."""
    key_id: str | None
    """The API key that was shown for it."""
    scopes: frozenset[Scope]
    agent: str
    """The browser and its system, in a few words."""
    since: datetime
    last_seen: datetime
    """Up to a minute behind."""
    expires_at: datetime

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at <= now


class _LoginBody(Struct, omit_defaults=True):
    digest: bytes
    account: str
    since: datetime
    seen: datetime
    until: datetime
    user_id: str = ""
    key: str = ""
    scopes: tuple[Scope, ...] = ()
    agent: str = ""


_Rows: TypeAlias = list[tuple[SealedRow, Login]]


class Logins:
    """The logins of an account; `find` knows those of every account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(
        self,
        *,
        agent: str = "",
        user_id: str | None = None,
        key_id: str | None = None,
        scopes: frozenset[Scope] = ALL_SCOPES,
        until: datetime | None = None,
    ) -> tuple[Login, str]:
        """Log a browser in, for at most `LOGIN_LIFETIME`; returns the login and its secret.

        Args:
            user_id, key_id: of the API key that was shown; None on one's own machine.
            until: when the key ends.
        """
        store = self._store
        vault = await store.make_tokens_vault()
        now = store.clock()
        secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        body = _LoginBody(
            digest=digest_of(secret),
            account=store.account_name,
            since=now,
            seen=now,
            until=min(now + LOGIN_LIFETIME, until or datetime.max.replace(tzinfo=now.tzinfo)),
            user_id=user_id or "",
            key=key_id or "",
            scopes=tuple(sorted(scopes)),
            agent=agent,
        )
        raw = id_bytes(store.ids())
        await _all_of(vault).add(
            raw,
            body,
            digest=body.digest,
            account=body.account,
            user_id=body.user_id,
            at_ms=to_ms(now),
        )
        await self._make_room(vault, user_id, key_id)
        return _login(raw, body), secret

    async def find(self, secret: str) -> Login | None:
        """The login of a secret; None when it is unknown, ended or expired."""
        if len(secret) > MAX_SECRET or not secret.startswith(_PREFIX):
            return None
        vault = await self._store.find_tokens_vault()
        if vault is None:
            return None
        digest = digest_of(secret)
        rows = await _all_of(vault).of_digest(digest)
        if not rows:
            return None
        body = (await vault.open_records(rows, _LoginBody))[0]
        login = _login(rows[0].id, body)
        known = hmac.compare_digest(body.digest, digest)
        return login if known and not login.expired(self._store.clock()) else None

    async def list(self, user_id: str | None) -> list[Login]:
        """The logins of a user by their keys, or of this machine (None), oldest first."""
        vault = await self._store.find_tokens_vault()
        if vault is None:
            return []
        now = self._store.clock()
        found = [login for _, login in await self._of(vault, user_id) if not login.expired(now)]
        return sorted(found, key=lambda login: (login.since, login.id))

    async def end(self, login_id: str, user_id: str | None) -> None:
        """End a login for good: running servers refuse it within seconds.

        Raises:
            NotFound: unknown, ended already, or somebody else's.
        """
        vault = await self._store.find_tokens_vault()
        while vault is not None:
            found = [row for row, login in await self._of(vault, user_id) if login.id == login_id]
            if not found:
                break
            with contextlib.suppress(Conflict):  # that it was seen was noted in the same moment
                await vault.commit(put=(vault.gone(found[0]),))
                await self._store.keyring.record_audit({"action": "logins.end", "login": login_id})
                return
        raise NotFound("login")

    async def seen(self, login_id: str, at: datetime) -> None:
        """Note when a login was last seen. One that was ended meanwhile stays so."""
        vault = await self._store.find_tokens_vault()
        if vault is None:
            return
        rows = await _all_of(vault).of_id(id_bytes(login_id))
        for row, body in zip(rows, await vault.open_records(rows, _LoginBody), strict=True):
            changed = replace(body, seen=at)
            put = await vault.seal_again(row, changed)
            with contextlib.suppress(Conflict):
                await vault.commit(put=(put,))

    async def _make_room(self, vault: Vault, user_id: str | None, key_id: str | None) -> None:
        """Let go of those whose time is over, and of the oldest when there are too many: of the
        same key, so that one that has leaked crowds out nobody else."""
        now = self._store.clock()
        found = [pair for pair in await self._of(vault, user_id) if pair[1].key_id == key_id]
        found.sort(key=lambda pair: (pair[1].since, pair[1].id))
        gone = [row for row, login in found if login.expired(now)]
        gone += [row for row, login in found if not login.expired(now)][:-_MOST]
        if gone:
            with contextlib.suppress(Conflict):
                await vault.commit(put=tuple(vault.gone(row) for row in gone))

    async def _of(self, vault: Vault, user_id: str | None) -> _Rows:
        rows = await _all_of(vault).of_owner(self._store.account_name, user_id or "")
        bodies = await vault.open_records(rows, _LoginBody)
        return [
            (row, _login(row.id, body))
            for row, body in zip(rows, bodies, strict=True)
            if (body.account, body.user_id) == (self._store.account_name, user_id or "")
        ]


async def logins_of_key(
    vault: Vault, key_id: str, *, account: str, user_id: str
) -> Sequence[SealedRow]:
    """The rows of the logins that rest on an API key of a user, in the vault of both."""
    rows = await _all_of(vault).of_owner(account, user_id)
    bodies = await vault.open_records(rows, _LoginBody)
    return [row for row, body in zip(rows, bodies, strict=True) if body.key == key_id]


def _all_of(vault: Vault) -> Credentials:
    return Credentials(vault, Kind.LOGIN, "login")


def _login(raw: bytes, body: _LoginBody) -> Login:
    return Login(
        id=id_text(raw),
        account=body.account,
        user_id=UserId(body.user_id) if body.user_id else None,
        key_id=body.key or None,
        scopes=frozenset(body.scopes),
        agent=body.agent,
        since=body.since,
        last_seen=body.seen,
        expires_at=body.until,
    )
