"""The application: routes, guard and talks around one keeper."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

import holdfast
from holdfast.assistant.answering import Answerer
from holdfast.assistant.distiller import distiller_of
from holdfast.assistant.tools.standard import standard_tools
from holdfast.keeper.keeper import Keeper
from holdfast.server.api import (
    access,
    conversations,
    exchanges,
    finding,
    login,
    me,
    memories,
    memory_lists,
    messages,
    moving,
    names,
    operations,
    organising,
    outline,
    profile,
    remembering,
    rooms,
    search,
    turns,
    used,
)
from holdfast.server.bodies import Bodies
from holdfast.server.describing import Described
from holdfast.server.facts import facts_of
from holdfast.server.failures import handle_failures
from holdfast.server.guard import Guard
from holdfast.server.identity.addresses import cross_origin
from holdfast.server.identity.admission import Admission
from holdfast.server.identity.door import Identity
from holdfast.server.mcp import Mcp
from holdfast.server.observing.tracing import Tracing
from holdfast.server.observing.wiring import observer_of, watch_server
from holdfast.server.once import Once
from holdfast.server.page import STATIC, Pages, page_routes
from holdfast.server.proxy import Proxy
from holdfast.server.sockets import Places
from holdfast.server.sockets import router as sockets_router
from holdfast.server.talking.answers import answers_of
from holdfast.server.talking.talks import Talks
from holdfast.server.upkeep import UPKEEP_INTERVAL_S, Upkeep
from holdfast.server.warming import Warming
from holdfast.settings import Settings

__all__ = ["create_app"]


def create_app(
    settings: Settings,
    keeper: Keeper,
    *,
    answerer: Answerer | None = None,
    identity: Identity | None = None,
    tracing: Tracing | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    upkeep_interval_s: float = UPKEEP_INTERVAL_S,
    page: Path = STATIC,
) -> FastAPI:
    """The ASGI application for one keeper. Whoever opened the keeper closes it afterwards.

    Args:
        settings: `host` and `port` are those that clients use; port 0 is not one.
        keeper: an opened store.
        answerer: who words the answers; one that only quotes when left out.
        identity: who is let in; by default nobody has a login link yet.
        tracing: what begins spans; none are begun when left out.
        monotonic: seconds, for the lifetime of tickets.
        upkeep_interval_s: between two rounds that recover and distill.
        page: the folder with the files of the web page.
    """

    door = identity or Identity(settings, keeper, monotonic=monotonic)
    proxy = Proxy(settings, keeper)
    answers = answers_of(settings, zone=_zone_here(), answerer=answerer)
    observer = observer_of(keeper.store, answers, tracing)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Last in, first out: turns end as interrupted before anything else can fail.
        async with (
            door,
            Upkeep(
                keeper,
                interval_s=upkeep_interval_s,
                distiller=distiller_of(settings),
                trash_days=settings.trash_days,
            ) as upkeep,
            Warming(
                keeper.store.indexes,
                answers.answerer,
                answers.fallback,
                owner=partial(keeper.warm, settings.user) if door.local else None,
            ) as warming,
            Talks(answers, valid=door.still_valid) as talks,
            proxy,
        ):
            app.state.upkeep, app.state.talks, app.state.warming = upkeep, talks, warming
            watch_server(app, observer, settings)
            yield
        await answers.close()

    app = Described(
        title="Holdfast",
        version=holdfast.__version__,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,
        redoc_url=None,
    )
    app.state.keeper = keeper
    app.state.user = settings.user
    app.state.assistant = settings.assistant
    app.state.places = Places(
        most=settings.max_sockets,
        per_user=settings.max_sockets_per_user,
        max_file_bytes=settings.max_file_mb << 20,
    )
    app.state.identity = door
    app.state.proxy = proxy
    app.state.once = Once(monotonic=monotonic)
    app.state.pages = Pages(page)
    app.state.facts = facts_of(settings, answers)
    # Routes are tried one after the other, some ten microseconds each: what is asked for most, and
    # what others wait behind, stands first.
    app.router.routes += proxy.routes
    app.router.routes += Mcp(settings, answers.tools or standard_tools()).routes
    for module in (
        turns,
        used,
        exchanges,
        finding,
        organising,
        conversations,
        outline,
        search,
        messages,
        operations,
        login,
    ):
        app.include_router(module.router)
    # `remembering` before the memories, whose ids would take in "about".
    for module in (remembering, memory_lists, memories, names, profile, moving, rooms, me, access):
        app.include_router(module.router)
    app.include_router(sockets_router)
    app.router.routes += page_routes(app.state.pages)
    handle_failures(app)
    # The last one added is the first that a request passes.
    app.add_middleware(Bodies, settings=settings)
    app.add_middleware(Admission, identity=door)
    if settings.allowed_origins:
        app.add_middleware(CORSMiddleware, **cross_origin(settings))
    app.add_middleware(Guard, addresses=door.addresses, observer=observer)
    return app


def _zone_here() -> tzinfo:
    """Days are those of this machine: in local mode its user sits before it."""
    return datetime.now(UTC).astimezone().tzinfo or UTC
