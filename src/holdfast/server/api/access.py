"""Logging in and out, and what one has given out: logins of browsers, keys of programs."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from holdfast.errors import NotFound
from holdfast.keeper.access import Caller, Scope
from holdfast.keeper.tokens import Token
from holdfast.model import TokenId, UserId
from holdfast.server.failures import Refused
from holdfast.server.identity.asking import Asking, Reader, caller_of, identity_of, keeper_of
from holdfast.server.identity.logins import COOKIE_LIFETIME_S, cookie_name
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas.access import (
    AccessOut,
    LogInIn,
    LoginOut,
    LoginsOut,
    NewTokenIn,
    TokenMadeOut,
    TokenOut,
    TokensOut,
)

__all__ = [
    "access",
    "create_token",
    "end_login",
    "list_logins",
    "list_tokens",
    "log_in_with_key",
    "log_out",
    "revoke_token",
    "router",
    "set_login_cookie",
]


class _SecretRoute(Route):
    """A route whose answer is kept for nobody: it may hold a secret."""

    keeps_answers = False


router = APIRouter(prefix="/api", tags=["access"], route_class=_SecretRoute, responses=RESPONSES)


@router.get("/access", operation_id="access")
async def access(request: Request) -> AccessOut:
    """How one comes in. Open to anybody, and the same for everybody."""
    return AccessOut(auth="local" if identity_of(request).local else "tokens")


@router.post("/login", operation_id="log_in_with_key", status_code=204)
async def log_in_with_key(request: Request, asked: LogInIn) -> Response:
    """Log in with an API key where others are served; the answer sets a cookie.

    The login lasts as long as the key, and 30 days at most. Whatever is wrong with a key, the
    answer is the same.
    """
    identity = identity_of(request)
    origin = request.headers.get("origin")
    if origin is not None and not identity.addresses.is_own(origin):
        raise Refused(403, "foreign_origin", "another page may not log you in here")
    response = Response(status_code=204)
    set_login_cookie(request, response, await identity.log_in(request, key=asked.key))
    return response


@router.post("/logout", operation_id="log_out", status_code=204)
async def log_out(request: Request, caller: Asking) -> Response:
    """End this login, and the sockets that were opened with it."""
    if caller.via == "login":
        await keeper_of(request).logins.end(caller.credential, _owner(request, caller))
        await identity_of(request).note_ended()
    response = Response(status_code=204)
    secure = identity_of(request).is_secure(request)
    response.delete_cookie(
        cookie_name(secure=secure), path="/", httponly=True, samesite="strict", secure=secure
    )
    return response


@router.get("/logins", operation_id="list_logins")
async def list_logins(request: Request, owner: Reader) -> LoginsOut:
    """The browsers that are logged in as the caller."""
    caller = caller_of(request)
    talks = request.app.state.talks
    found = await keeper_of(request).logins.list(_owner(request, caller))
    return LoginsOut(
        logins=[
            LoginOut(
                id=login.id,
                current=login.id == caller.credential,
                since=login.since,
                last_seen=login.last_seen,
                expires_at=login.expires_at,
                sockets=talks.listening(login.id),
                agent=login.agent,
            )
            for login in found
        ]
    )


@router.delete("/logins/{login_id}", operation_id="end_login", status_code=204)
async def end_login(request: Request, caller: Asking, login_id: str) -> Response:
    """End a login, its sockets and its streams; not one that may do more than this one."""
    _check_person(caller)
    logins, owner = keeper_of(request).logins, _owner(request, caller)
    for login in await logins.list(owner):
        if login.id == login_id:
            _check_may_end(caller, login.scopes)
    await logins.end(login_id, owner)
    await identity_of(request).note_ended()
    return Response(status_code=204)


@router.get("/tokens", operation_id="list_tokens")
async def list_tokens(request: Request, owner: Reader) -> TokensOut:
    """The caller's API keys, without their secrets."""
    mine = await keeper_of(request).tokens.list(owner.id)
    return TokensOut(tokens=[_token_out(token) for token in mine])


@router.post("/tokens", operation_id="create_token", status_code=201)
async def create_token(request: Request, caller: Asking, asked: NewTokenIn) -> TokenMadeOut:
    """Make an API key for a program of the caller. Its secret is shown once, here.

    Who is logged in may; a key may not. No key gets scopes that the login has not, and it ends
    with the key of the login.
    """
    _check_person(caller)
    if not caller.scopes >= set(asked.scopes):
        raise Refused(403, "not_allowed", "a key may do no more than the login it is made with")
    keeper = keeper_of(request)
    days = asked.expires_in_days
    token, secret = await keeper.tokens.create(
        caller.user_id,
        name=asked.name,
        scopes=asked.scopes,
        expires_at=None if days is None else keeper.store.clock() + timedelta(days=days),
        made_with=caller.rests_on,
    )
    return TokenMadeOut(token=_token_out(token), secret=secret)


@router.delete("/tokens/{token_id}", operation_id="revoke_token", status_code=204)
async def revoke_token(request: Request, caller: Asking, token_id: str) -> Response:
    """End a key of the caller, with the logins, the sockets and the keys that rest on it; not one
    that may do more than this login."""
    _check_person(caller)
    tokens = keeper_of(request).tokens
    mine = {token.id: token for token in await tokens.list(caller.user_id)}
    if token_id not in mine:
        raise NotFound("token")
    _check_may_end(caller, mine[TokenId(token_id)].scopes)
    await tokens.revoke(token_id)
    await identity_of(request).note_ended()
    return Response(status_code=204)


def set_login_cookie(request: Request, response: Response, cookie: str) -> None:
    """Give a browser the cookie of its login: for this server's own pages, out of their reach."""
    secure = identity_of(request).is_secure(request)
    response.set_cookie(
        cookie_name(secure=secure),
        cookie,
        max_age=COOKIE_LIFETIME_S,
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
    )


def _owner(request: Request, caller: Caller) -> UserId | None:
    """Whose logins they are: of this machine, or of the caller."""
    return None if identity_of(request).local else caller.user_id


def _check_person(caller: Caller) -> None:
    """Keys are made and ended by people.

    Raises:
        Refused: it is a program: what has leaked must not be able to give itself a successor.
    """
    if caller.via not in ("login", "jwt"):
        raise Refused(403, "not_allowed", "log in for this: a key may not make or end keys")


def _check_may_end(caller: Caller, scopes: frozenset[Scope]) -> None:
    """Who may only read cannot lock out who may do everything.

    Raises:
        Refused: what would be ended may do more than the caller.
    """
    if not caller.scopes >= scopes:
        raise Refused(403, "not_allowed", "this login may do less than what it would end")


def _token_out(token: Token) -> TokenOut:
    return TokenOut(
        id=token.id,
        name=token.name,
        prefix=token.prefix,
        scopes=sorted(token.scopes),
        acts_for_users=token.acts_for_users,
        created_at=token.created_at,
        last_used_at=token.last_used_at,
        expires_at=token.expires_at,
    )
