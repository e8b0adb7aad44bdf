"""The application: routes, guard and talks around one keeper."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, tzinfo

from fastapi import FastAPI

import holdfast
from holdfast.assistant.answering import Answerer
from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.keeper.access import Caller
from holdfast.keeper.keeper import Keeper
from holdfast.model import UserId
from holdfast.server import sockets
from holdfast.server.access import Access
from holdfast.server.api import conversations, login
from holdfast.server.failures import handle_failures
from holdfast.server.guard import Guard
from holdfast.server.talks import Talks
from holdfast.server.upkeep import UPKEEP_INTERVAL_S, Upkeep
from holdfast.settings import Settings

__all__ = ["create_app"]


def create_app(
    settings: Settings,
    keeper: Keeper,
    *,
    answerer: Answerer | None = None,
    access: Access | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    upkeep_interval_s: float = UPKEEP_INTERVAL_S,
) -> FastAPI:
    """The ASGI application for one keeper. Whoever opened the keeper closes it afterwards.

    Args:
        settings: `host` and `port` are those that clients use; port 0 is not one.
        keeper: an opened store.
        answerer: who words the answers; one that only quotes when left out.
        access: who is let in; by default nobody has a login link yet.
        monotonic: seconds, for the lifetime of tickets.
        upkeep_interval_s: between two rounds that recover and distill.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        talks = app.state.talks = Talks(answerer or QuotingAnswerer(zone=_zone_here()))
        # Last in, first out: turns end as interrupted before anything else can fail.
        async with Upkeep(keeper, interval_s=upkeep_interval_s) as upkeep:
            app.state.upkeep = upkeep
            yield
            await talks.stop()

    app = FastAPI(
        title="Holdfast",
        version=holdfast.__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.keeper = keeper
    app.state.user = settings.user
    app.state.assistant = settings.assistant
    app.state.access = access or Access(host=settings.host, port=settings.port, monotonic=monotonic)
    app.include_router(login.router)
    app.include_router(conversations.router)
    app.include_router(sockets.router)
    handle_failures(app)
    caller = Caller(user_id=UserId(settings.user), account=settings.account, via="login")
    app.add_middleware(Guard, access=app.state.access, caller=caller)
    return app


def _zone_here() -> tzinfo:
    """Days are those of this machine: in local mode its user sits before it."""
    return datetime.now(UTC).astimezone().tzinfo or UTC
