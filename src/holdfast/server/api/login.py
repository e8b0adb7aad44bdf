"""Coming in: the link, the ticket for a socket; and the page about the interface."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from holdfast.errors import HoldfastError, NotFound
from holdfast.keeper.keeper import Keeper
from holdfast.server.api.access import set_login_cookie
from holdfast.server.failures import Refused
from holdfast.server.identity.asking import Asking, identity_of
from holdfast.server.identity.tickets import TICKET_LIFETIME_S
from holdfast.server.page.routes import document
from holdfast.server.schemas import ErrorOut, TicketOut

__all__ = ["docs", "log_in", "router", "ws_ticket"]

router = APIRouter(
    tags=["access"],
    responses={"default": {"model": ErrorOut, "description": "An error."}},
)


@router.get("/login", response_class=RedirectResponse, status_code=303)
async def log_in(request: Request, token: Annotated[str | None, Query()] = None) -> Response:
    """Log in with the link that was printed at the start. It works once and sets a cookie.

    Without a token it is the page that asks for a key.
    """
    if token is None:
        return await document(request.app.state.pages)
    try:
        cookie = await identity_of(request).log_in(request, link=token)
    except Refused as exc:
        if exc.status == 401 and "text/html" in request.headers.get("accept", ""):
            return await document(request.app.state.pages, status=401)
        raise
    response = RedirectResponse(await _first_page(request), status_code=303)
    set_login_cookie(request, response, cookie)
    return response


async def _first_page(request: Request) -> str:
    """Where the link leads: whoever has said nothing yet is shown what there is to try."""
    keeper: Keeper = request.app.state.keeper
    try:
        user = await keeper.user(request.app.state.user, create=False)
        return "/" if (await user.stats()).sessions else "/welcome"
    except NotFound:
        return "/welcome"
    except HoldfastError:  # the page says what is wrong
        return "/"


@router.post("/api/ws-ticket")
async def ws_ticket(request: Request, caller: Asking) -> TicketOut:
    """A ticket for one WebSocket of the caller, from the page (origin) that asks for it."""
    ticket = identity_of(request).tickets.new(caller, request.headers.get("origin"))
    return TicketOut(ticket=ticket, expires_in=TICKET_LIFETIME_S)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """All paths as a plain page: no script of anybody else runs beside what is kept here."""
    rows = "".join(
        f"<dt><code>{verb.upper()} {escape(path)}</code></dt>"
        f"<dd>{escape(operation.get('description', ''))}</dd>"
        for path, operations in request.app.openapi()["paths"].items()
        for verb, operation in operations.items()
    )
    socket = (
        "<dt><code>WebSocket /ws?ticket=</code></dt><dd>Talk; the ticket is from "
        "<code>POST /api/ws-ticket</code>.</dd>"
    )
    return _page(
        "Holdfast: interfaces",
        f'<dl>{rows}{socket}</dl><p><a href="/openapi.json">OpenAPI</a></p>',
    )


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1>{body}</html>"
    )
