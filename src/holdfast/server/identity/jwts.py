"""JWTs: signed by one issuer, for this server, under one algorithm, and not expired.

What a token says of its own key (`jwk`, `jku`, `x5u`, `x5c`) is never looked at: the keys are those
of the settings. `alg` only ever confirms the one algorithm that is configured.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from holdfast.capture.checks import Limits, checked_name
from holdfast.errors import BadInput
from holdfast.keeper.access import ALL_SCOPES, Caller, Scope
from holdfast.model import UserId
from holdfast.server.identity.addresses import is_loopback
from holdfast.settings import Settings

__all__ = ["Jwks", "JwksUnavailable", "Jwts", "algorithm_of", "jwt_problems"]

_logger = logging.getLogger(__name__)
_LEEWAY_S = 30
_MAX_TOKEN = 16_384
_MIN_SECRET = 32
_TIMEOUT_S = 5.0
_MAX_JWKS_BYTES = 1 << 20
_FRESH_S = 600.0
_RETRY_S = 60.0
_OLDEST_S = 86_400.0
"""Keys that were read longer ago are good no more: the issuer may have taken one back since."""


class JwksUnavailable(Exception):
    """The issuer's keys cannot be read now, and were not within the last day."""


class Jwks:
    """The issuer's public keys: fetched, cached, fetched again for an unknown id, not too often."""

    def __init__(self, url: str, algorithm: str, *, monotonic: Callable[[], float]) -> None:
        self._url = url
        self._algorithm = algorithm
        self._monotonic = monotonic
        self._keys: dict[str | None, Any] | None = None  # what the key is, its library knows
        self._tried_at: float | None = None
        self._read_at = 0.0
        self._lock = asyncio.Lock()

    async def key(self, key_id: str | None) -> Any | None:  # as above
        """The key of an id, or the only one there is when a token names none; None: unknown.

        Raises:
            JwksUnavailable: no keys could be read yet, or not for too long.
        """
        if not self._is_fresh() or not self._has(key_id):
            await self._refresh(key_id)
        if self._keys is None or self._monotonic() - self._read_at > _OLDEST_S:
            raise JwksUnavailable
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def _has(self, key_id: str | None) -> bool:
        return self._keys is not None and (key_id is None or key_id in self._keys)

    def _is_fresh(self) -> bool:
        return self._keys is not None and self._monotonic() - self._read_at < _FRESH_S

    async def _refresh(self, key_id: str | None) -> None:
        async with self._lock:
            tried = self._tried_at
            if self._is_fresh() and self._has(key_id):
                return  # somebody else has just done it
            if tried is not None and self._monotonic() - tried < _RETRY_S:
                return
            self._tried_at = self._monotonic()
            keys = await self._read()
            if keys is not None:
                self._keys, self._read_at = keys, self._monotonic()

    async def _read(self) -> dict[str | None, Any] | None:  # as above
        import httpx2

        try:
            async with (
                httpx2.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client,
                asyncio.timeout(_TIMEOUT_S),
                client.stream("GET", self._url) as answer,
            ):
                answer.raise_for_status()
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > _MAX_JWKS_BYTES:
                        raise ValueError("too large")
            return _keys_of(body, self._algorithm)
        except (httpx2.HTTPError, TimeoutError, ValueError, RecursionError) as exc:
            extra = {"action": "jwks.read", "code": type(exc).__name__}
            _logger.warning("the keys of JWTs could not be read", extra=extra)
            return None


def _keys_of(body: bytes, algorithm: str) -> dict[str | None, Any]:  # as above
    """The keys of a JWKS that fit the algorithm; those of other kinds are passed over.

    Raises:
        ValueError: it is no JWKS.
    """
    import json

    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    document = json.loads(body)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no keys")
    found: dict[str | None, Any] = {}
    for jwk in listed:
        if not isinstance(jwk, dict) or jwk.get("kty") == "oct":
            continue  # a secret that is published is none
        fits = jwk.get("alg") in (None, algorithm) and jwk.get("use") in (None, "sig")
        if fits:
            try:
                found[jwk.get("kid")] = PyJWK(jwk, algorithm).key
            except (PyJWTError, TypeError, ValueError, KeyError):
                continue
    return found


class Jwts:
    """What decides whether a JWT is good, and whose it is."""

    def __init__(self, settings: Settings, *, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._algorithm = algorithm_of(settings)
        self._secret = settings.jwt_secret
        self._limits = Limits()
        self._jwks = (
            Jwks(settings.jwt_jwks_url, self._algorithm, monotonic=monotonic)
            if settings.jwt_jwks_url
            else None
        )

    async def caller(self, token: str) -> Caller | None:
        """Who shows it; None when anything about it is not as it must be.

        Raises:
            JwksUnavailable: the issuer's keys cannot be had.
        """
        from jwt.exceptions import PyJWTError

        if len(token) > _MAX_TOKEN:
            return None
        try:
            key = await self._key(token)
            claims = None if key is None else self._claims(token, key)
        except (PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            return None
        return None if claims is None else self._caller(claims)

    async def _key(self, token: str) -> Any | None:  # a secret, or a public key of the library's
        import jwt

        header = jwt.get_unverified_header(token)
        if header.get("alg") != self._algorithm:
            return None
        if self._secret is not None:
            return self._secret.reveal()
        key_id = header.get("kid")
        if self._jwks is None or not isinstance(key_id, str | None):
            return None
        return await self._jwks.key(key_id)

    def _claims(self, token: str, key: Any) -> Mapping[str, Any]:  # JSON of the issuer's
        import jwt

        settings = self._settings
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[self._algorithm],
            audience=settings.jwt_audience,
            issuer=settings.jwt_issuer,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iss", "aud"]},
        )
        return claims

    def _caller(self, claims: Mapping[str, Any]) -> Caller | None:  # as above
        settings = self._settings
        user = claims.get(settings.jwt_user_claim)
        by_claim = settings.jwt_account_claim
        account = claims.get(by_claim) if by_claim else settings.account
        try:
            return Caller(
                user_id=UserId(checked_name("user", _text(user), self._limits)),
                account=checked_name("account", _text(account), self._limits),
                scopes=_scopes_of(claims),
                via="jwt",
                expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC)
                + timedelta(seconds=_LEEWAY_S),
            )
        except (BadInput, ValueError, OverflowError, OSError):
            return None


def _text(claim: object) -> str:
    if not isinstance(claim, str):
        raise BadInput("claim", "it is no text")
    return claim


def _scopes_of(claims: Mapping[str, Any]) -> frozenset[Scope]:  # as above
    """Those of ours that `scope` and `scp` name; all of them when they name none.

    Issuers put scopes of their own there ("openid profile"), which say nothing about memories.
    What cannot be read may be a limit: then there are none.
    """
    named: set[str] = set()
    for claim in ("scope", "scp"):
        said = claims.get(claim)
        words = said.split() if isinstance(said, str) else [] if said is None else said
        if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
            return frozenset()
        named.update(words)
    if any(word.lower().startswith("memory:") for word in named):
        return frozenset(scope for scope in ALL_SCOPES if scope in named)
    return ALL_SCOPES


def algorithm_of(settings: Settings) -> str:
    """The one algorithm in force."""
    return settings.jwt_algorithm or ("HS256" if settings.jwt_secret else "RS256")


def jwt_problems(settings: Settings) -> list[str]:
    """What is wrong with the settings of JWTs, or missing from them."""
    problems = []
    secret, url = settings.jwt_secret, settings.jwt_jwks_url
    rules = ("jwt_algorithm", "jwt_issuer", "jwt_audience", "jwt_account_claim")
    if not (secret or url):
        given = [name for name in rules if getattr(settings, name)]
        return [f"{name}: give jwt_secret or jwt_jwks_url, too" for name in given]
    if settings.auth != "tokens":
        problems.append("jwt_secret, jwt_jwks_url: JWTs are taken with auth = tokens only")
    if secret and url:
        problems.append("only one of jwt_secret, jwt_jwks_url can be given")
    required = ("jwt_issuer", "jwt_audience", "jwt_user_claim")
    problems += [f"{n}: it is required with JWTs" for n in required if not getattr(settings, n)]
    by_secret = algorithm_of(settings).startswith("HS")
    if by_secret != bool(secret):
        word = "a shared secret" if secret else "a JWKS"
        problems.append(f"jwt_algorithm: {algorithm_of(settings)} does not go with {word}")
    if secret and len(secret.reveal().encode()) < _MIN_SECRET:
        problems.append(f"jwt_secret: it has at least {_MIN_SECRET} bytes")
    if url and not _is_safe(url):
        problems.append("jwt_jwks_url: it is https://..., or http:// on this machine")
    return problems


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
