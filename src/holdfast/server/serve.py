"""Running the server on this machine until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, cast

import uvicorn

from holdfast.errors import BadSettings
from holdfast.keeper.configured import open_configured
from holdfast.server.app import create_app
from holdfast.server.bounded import BoundedHttp, BoundedSocket
from holdfast.server.identity.door import Identity, check_settings
from holdfast.server.observing.logs import LogFormat, log_to_stderr
from holdfast.server.observing.tracing import Tracing, provider_of
from holdfast.server.sockets import MAX_FRAME_BYTES
from holdfast.server.upkeep import UPKEEP_INTERVAL_S

if TYPE_CHECKING:
    from fastapi import FastAPI

    from holdfast.assistant.answering import Answerer
    from holdfast.settings import Settings

__all__ = ["serve"]

_STOP_TIMEOUT_S = 5
_LAST_SPANS_S = 3.0
_KEEP_ALIVE_S = 75
"""Longer than the usual minute for which reverse proxies keep a connection: who closes it first
must be the one who sends on it, or a request meets a closed door."""
_QUEUED_FRAMES = 4
_BACKLOG = 1024
_DEAD_MS = 30_000
_FILES_BESIDE = 1024
_GARBAGE = (5_000, 10, 10)
"""New objects until the youngest are looked through, and how often until older ones are."""


def serve(
    settings: Settings,
    *,
    answerer: Answerer | None = None,
    upkeep_interval_s: float = UPKEEP_INTERVAL_S,
) -> None:
    """Serve until SIGINT or SIGTERM; then end running turns as interrupted and close the store.

    Prints one line when it is ready: the address, and the link that logs in once. Meanwhile, each
    `upkeep_interval_s`, it recovers what neighbours left open and distills.

    Raises:
        BadSettings: the settings do not say who may come in, or the address cannot be used.
        RootKeyMissing, RootKeyWrong, RootKeyExposed, VaultLocked: the keys do not fit.
        StorageFailed: or one of its kinds.
    """
    check_settings(settings)
    _allow_open_files(settings.max_sockets + _FILES_BESIDE)
    with _listening(settings) as listening:
        log_to_stderr(settings.log_level, cast("LogFormat", settings.log_format))
        port = listening.getsockname()[1]
        asyncio.run(_serve(replace(settings, port=port), listening, answerer, upkeep_interval_s))


async def _serve(
    settings: Settings,
    listening: socket.socket,
    answerer: Answerer | None,
    upkeep_interval_s: float,
) -> None:
    async with _tracing(settings) as tracing, open_configured(settings) as keeper:
        identity = Identity(settings, keeper)
        app = create_app(
            settings,
            keeper,
            answerer=answerer,
            identity=identity,
            tracing=tracing,
            upkeep_interval_s=upkeep_interval_s,
        )
        config = uvicorn.Config(
            app,
            http=BoundedHttp,
            ws=BoundedSocket,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            # Left alone, uvicorn believes whoever is on this machine about where they come from.
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_keep_alive=_KEEP_ALIVE_S,
            ws_max_size=MAX_FRAME_BYTES,
            ws_max_queue=_QUEUED_FRAMES,
            # On one machine it saves nothing, and a small frame could unpack to a large one.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=_STOP_TIMEOUT_S,
        )
        await _Server(config, settings, identity, app).serve(sockets=[listening])


@asynccontextmanager
async def _tracing(settings: Settings) -> AsyncIterator[Tracing]:
    """What begins spans; those that wait are sent at the end, as far as there is time."""
    provider = provider_of(settings)
    try:
        yield Tracing(provider)
    finally:
        if provider is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_SPANS_S):
                    await asyncio.to_thread(provider.shutdown)


class _Server(uvicorn.Server):
    """Tells when it is ready, and leaves with success when it was asked to stop."""

    def __init__(
        self, config: uvicorn.Config, settings: Settings, identity: Identity, app: FastAPI
    ) -> None:
        super().__init__(config)
        self._app = app
        self._address = _url(settings)
        self._identity = identity

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept requests, then say so."""
        await super().startup(sockets)
        _look_for_garbage_among_the_new()
        if self.started:
            sys.stdout.write(f"Holdfast serves {self._address} - {self._way_in()}\n")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what runs while those who asked are still there to be told; then let go of them."""
        if not self.force_exit:
            state = self._app.state
            await state.talks.stop()
            await state.proxy.stop()
        await super().shutdown(sockets)

    def _way_in(self) -> str:
        if self._identity.local:
            return f"log in once with {self._address}/login?token={self._identity.link.new_token()}"
        return "make an API key with 'holdfast tokens create --user NAME'"

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully; at once when asked a second time.

        Unlike the original the signal is not raised again afterwards: it was obeyed.
        """
        self.force_exit = self.should_exit
        self.should_exit = True


def _look_for_garbage_among_the_new() -> None:
    """Leave what is loaded by now out of every later search for garbage in cycles.

    It stays until the end, and looking through it stops all turns: for 60 ms each time, a tenth of
    what turns cost in all (x86-64, 2026-11). What comes and goes with requests is seldom in cycles,
    so it is looked through less often than Python does by itself.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


def _allow_open_files(wanted: int) -> None:
    """Ask the system for as many open files as there may be sockets, as far as it lets us."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _listening(settings: Settings) -> socket.socket:
    """A bound socket, so that the port is known and a taken one is a clear error.

    Raises:
        BadSettings: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        # create_server lets a restart take the port of a process that has just gone.
        made = socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
        # Inherited by every connection: a head and a body in two packets would otherwise wait for
        # the client's delayed acknowledgement, 40 ms for every answer.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            # A client that takes nothing for so long is gone: what was not sent to it, and its
            # connection, would otherwise stay for as long as it likes.
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_MS)
        return made
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise BadSettings(
            (f"port: {_url(settings)} cannot be used ({reason}): choose another with --port",)
        ) from exc


def _url(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"
