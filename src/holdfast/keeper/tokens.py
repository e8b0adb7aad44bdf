"""API keys: secrets that programs show, and what each is good for.

A key is printed once and kept nowhere. What is kept is a sealed record with its digest, in a vault
that belongs to the store itself and to no account, so that neither names nor scopes nor whose key
it is lie open. A shown secret leads to its record by a keyed digest, in one lookup however many
keys there are; the digest in the record is then compared in constant time.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from holdfast.capture.checks import checked_label, checked_name
from holdfast.clock import id_bytes, id_text, to_ms
from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.keeper.access import ALL_SCOPES, Scope
from holdfast.keeper.credentials import MAX_SECRET, Credentials, digest_of
from holdfast.keeper.logins import logins_of_key
from holdfast.keeper.store import Store
from holdfast.model import TokenId, UserId
from holdfast.storage.protocol import ChangesQuery, Kind, SealedRow, State
from holdfast.vault.vault import Vault

__all__ = ["SECRET_PREFIX", "Changed", "Token", "Tokens"]

SECRET_PREFIX = "hf_"  # noqa: S105  # no secret
"""What every secret begins with, so that programs that look for lost ones know them."""
_PREFIX_BYTES = 5
_SECRET_BYTES = 32


class Token(Struct, frozen=True, kw_only=True):
    """An API key without its secret."""

    id: TokenId
    account: str
    user_id: UserId
    prefix: str
    """The beginning of the secret, by which its owner knows it again."""
    name: str = ""
    scopes: frozenset[Scope] = ALL_SCOPES
    acts_for_users: bool = False
    """Whether it may act for every user of its account."""
    injects_context: bool = False
    """Whether the recording proxy may add what is remembered to what is sent with this key."""
    created_at: datetime
    last_used_at: datetime | None = None
    """Up to a minute behind; None when it was never used."""
    expires_at: datetime | None = None
    made_with: TokenId | None = None
    """The key that its maker had logged in with; it goes with that one."""

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


class Changed(Struct, frozen=True, kw_only=True):
    """Which keys are not what they were at an earlier revision."""

    rev: int
    """The revision that this leads up to."""
    ids: frozenset[TokenId] = frozenset()
    """Of keys and of logins."""
    gone: frozenset[TokenId] = frozenset()
    """Those of `ids` that were revoked."""


class _TokenBody(Struct, omit_defaults=True):
    digest: bytes
    account: str
    user_id: str
    prefix: str
    created_at: datetime
    name: str = ""
    scopes: tuple[Scope, ...] = ()
    acts: bool = False
    injects: bool = False
    used_at: datetime | None = None
    expires_at: datetime | None = None
    made_with: str = ""


class Tokens:
    """The API keys of an account. `find` and `changes` know those of every account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(
        self,
        user_id: str,
        *,
        name: str = "",
        scopes: Iterable[Scope] = ALL_SCOPES,
        acts_for_users: bool = False,
        injects_context: bool = False,
        expires_at: datetime | None = None,
        made_with: str | None = None,
    ) -> tuple[Token, str]:
        """Make a key for a user of the account, known yet or not; returns it and its secret.

        The secret, "hf_<prefix>_<256 random bits>", is nowhere but in what this returns.

        Args:
            made_with: the key that its maker logged in with: it ends with that one, or earlier.

        Raises:
            BadInput: a name cannot be kept, a scope is none, none is given, or the end is not an
                aware time to come.
            NotFound: the key that it would be made with has ended, or is somebody else's.
        """
        store = self._store
        owner = checked_name("user", user_id, store.limits)
        label = checked_label("name", name or None, store.limits) or ""
        given = frozenset(scopes)
        if not given or not given <= ALL_SCOPES:
            raise BadInput("scopes", f"they are of {', '.join(sorted(ALL_SCOPES))}")
        now = store.clock()
        if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
            raise BadInput("expires_at", "it is a time to come, with its zone")
        prefix = SECRET_PREFIX + secrets.token_hex(_PREFIX_BYTES)
        secret = f"{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        vault = await store.make_tokens_vault()
        if made_with is not None:
            _, parent = await self._read(vault, made_with)
            if (parent.account, parent.user_id) != (store.account_name, owner):
                raise NotFound("token")
            expires_at = _earlier(expires_at, parent.expires_at)
        body = _TokenBody(
            digest=digest_of(secret),
            account=store.account_name,
            user_id=owner,
            prefix=prefix,
            created_at=now,
            name=label,
            scopes=tuple(sorted(given)),
            acts=acts_for_users,
            injects=injects_context,
            expires_at=expires_at,
            made_with=made_with or "",
        )
        raw = id_bytes(store.ids())
        await _all_of(vault).add(
            raw, body, digest=body.digest, account=body.account, user_id=owner, at_ms=to_ms(now)
        )
        token = _token(raw, body)
        await self._note("tokens.create", token)
        if made_with is not None:
            await self._check_stands(vault, made_with, token)
        return token, secret

    async def _check_stands(self, vault: Vault, made_with: str, token: Token) -> None:
        """End what was made with a key that was revoked meanwhile: the revocation missed it.

        Raises:
            NotFound: it was.
        """
        try:
            await self._read(vault, made_with)
        except NotFound:
            await self.revoke(token.id)
            raise

    async def list(self, user_id: str | None = None) -> list[Token]:
        """The account's keys that were not revoked, oldest first; expired ones among them.

        Args:
            user_id: of that user alone, which reads no others.
        """
        vault, account = await self._store.find_tokens_vault(), self._store.account_name
        if vault is None:
            return []
        known = _all_of(vault)
        rows = await (known.all() if user_id is None else known.of_owner(account, user_id))
        bodies = await vault.open_records(rows, _TokenBody)
        found = [_token(row.id, body) for row, body in zip(rows, bodies, strict=True)]
        mine = [t for t in found if t.account == account and user_id in (None, t.user_id)]
        return sorted(mine, key=lambda token: (token.created_at, token.id))

    async def revoke(self, token_id: str) -> Token:
        """End a key for good, with the logins that rest on it and the keys that were made with
        it; returns what it was.

        Running servers refuse them within seconds.

        Raises:
            NotFound: unknown, revoked already, or of another account.
        """
        vault = await self._vault()
        while True:
            row, token = await self._read(vault, token_id)
            if token.account != self._store.account_name:
                raise NotFound("token")
            resting = await logins_of_key(
                vault, token.id, account=token.account, user_id=token.user_id
            )
            with contextlib.suppress(Conflict):  # its last use was noted in the same moment
                await vault.commit(put=(vault.gone(row), *map(vault.gone, resting)))
                await self._note("tokens.revoke", token)
                await self._revoke_made_with(token)
                return token

    async def _revoke_made_with(self, token: Token) -> None:
        for made in [t for t in await self.list(token.user_id) if t.made_with == token.id]:
            with contextlib.suppress(NotFound):
                await self.revoke(made.id)

    async def revoke_of(self, user_id: str) -> int:
        """End every key of a user; returns how many."""
        mine = await self.list(user_id)
        for token in mine:
            with contextlib.suppress(NotFound):
                await self.revoke(token.id)
        return len(mine)

    async def find(self, secret: str) -> Token | None:
        """The key of a secret, of whichever account; None when it is unknown, revoked or expired.

        Takes as long for one that is close as for one that is not: it is looked up by its digest,
        what was never a key as well as what was revoked.
        """
        formed = len(secret) <= MAX_SECRET and secret.startswith(SECRET_PREFIX)
        digest = digest_of(secret)
        vault = await self._store.find_tokens_vault()
        if vault is None:
            return None
        rows = await _all_of(vault).of_digest(digest)
        if not formed or not rows:
            return None
        body = (await vault.open_records(rows, _TokenBody))[0]
        token = _token(rows[0].id, body)
        known = hmac.compare_digest(body.digest, digest)
        return token if known and not token.expired(self._store.clock()) else None

    async def used(self, token_id: str, at: datetime) -> None:
        """Note when a key was last used. One that was revoked meanwhile stays so."""
        with contextlib.suppress(NotFound, Conflict):
            vault = await self._vault()
            row, _ = await self._read(vault, token_id)
            body = (await vault.open_records([row], _TokenBody))[0]
            changed = replace(body, used_at=at)
            put = await vault.seal_again(row, changed)
            await vault.commit(put=(put,))

    async def changes(self, after: int) -> Changed:
        """What happened to keys, and to logins, of any account since a revision (0: ever).

        Cheap when nothing did: a server asks this every second, so that what another process
        revokes ends here too.
        """
        vault = await self._store.find_tokens_vault()
        row = None if vault is None else await vault.storage.vault(vault.raw)
        if vault is None or row is None or row.rev <= after:
            return Changed(rev=after)
        ids: set[TokenId] = set()
        gone: set[TokenId] = set()
        rev = after
        while rows := await vault.storage.changes(
            ChangesQuery(vault_id=vault.raw, after=rev, kinds=(Kind.TOKEN, Kind.LOGIN))
        ):
            ids |= {_id(row) for row in rows}
            gone |= {_id(row) for row in rows if row.state is State.GONE}
            rev = rows[-1].rev
        # Not the vault's own revision: what was written while this was read comes the next time.
        return Changed(rev=max(rev, row.rev), ids=frozenset(ids), gone=frozenset(gone))

    async def _vault(self) -> Vault:
        vault = await self._store.find_tokens_vault()
        if vault is None:
            raise NotFound("token")
        return vault

    async def _read(self, vault: Vault, token_id: str) -> tuple[SealedRow, Token]:
        try:
            rows = await _all_of(vault).of_id(id_bytes(token_id))
        except ValueError:  # no id at all
            rows = []
        if not rows:
            raise NotFound("token")
        return rows[0], _token(rows[0].id, (await vault.open_records(rows, _TokenBody))[0])

    async def _note(self, action: str, token: Token) -> None:
        """Enter it in the audit chain: an id tells nobody whose key it was."""
        await self._store.keyring.record_audit({"action": action, "token": token.id})


def _all_of(vault: Vault) -> Credentials:
    return Credentials(vault, Kind.TOKEN, "token")


def _id(row: SealedRow) -> TokenId:
    return TokenId(id_text(row.id))


def _token(raw: bytes, body: _TokenBody) -> Token:
    return Token(
        id=TokenId(id_text(raw)),
        account=body.account,
        user_id=UserId(body.user_id),
        prefix=body.prefix,
        name=body.name,
        scopes=frozenset(body.scopes),
        acts_for_users=body.acts,
        injects_context=body.injects,
        created_at=body.created_at,
        last_used_at=body.used_at,
        expires_at=body.expires_at,
        made_with=TokenId(body.made_with) if body.made_with else None,
    )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two ends, of which None is never."""
    return min((end for end in (one, other) if end is not None), default=None)
