"""/v1: what other software takes for OpenAI's server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from holdfast.capture.parts import finish
from holdfast.errors import BadInput, HoldfastError, NotAllowed
from holdfast.keeper.access import may
from holdfast.server.failures import Refused
from holdfast.server.identity.asking import ME, caller_of, identity_of, user_for
from holdfast.server.observing.observer import observed_turn
from holdfast.server.once import REPLAYED
from holdfast.server.proxy.client import Client, Completions, read_body
from holdfast.server.proxy.exchange import ClientGone, Exchange
from holdfast.server.proxy.finding import Asked
from holdfast.server.proxy.injecting import with_context
from holdfast.server.proxy.naming import OWN_SESSION, named_session, named_user
from holdfast.server.proxy.opening import Opened, Opening, Repeated
from holdfast.server.proxy.own import OwnAnswer, assistant_of, model_object, models_of
from holdfast.server.proxy.own_checks import check_own
from holdfast.server.proxy.refusals import refusal
from holdfast.server.proxy.speaking import chunks_of, recorded_completion
from holdfast.server.proxy.upstream import Upstream, model_path, shown_headers
from holdfast.server.proxy.wire import read_request

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from holdfast.keeper.keeper import Keeper
    from holdfast.keeper.users import User
    from holdfast.server.proxy.wire import ChatRequest
    from holdfast.server.talking.talks import Talks
    from holdfast.settings import Settings

__all__ = ["Proxy"]

_PATHS = {"/v1/chat/completions": "POST", "/v1/models": "GET"}
_VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_MAX_KEY = 255


class _Route(Route):
    """A route that the log and the figures know by its path, as they know the framework's own."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self
        await super().handle(scope, receive, send)


class Proxy:
    """Everything under /v1. Use it as an async context manager around the requests it serves."""

    def __init__(self, settings: Settings, keeper: Keeper) -> None:
        self._upstream = Upstream(settings)
        self._opening = Opening(keeper.store)
        self._max_body = settings.max_body_mb << 20
        self._timeout_s = settings.proxy_timeout_s
        self._context_tokens = settings.context_tokens
        self._assistant = settings.assistant
        self._completions = Completions(self.complete)
        self.failures = 0
        """Answers that could not be recorded although their clients have them."""
        self.routes = [
            _Route("/v1/chat/completions", self._completions, methods=["POST"]),
            _Route("/v1/models", self._answering(self._models), methods=["GET"]),
            _Route("/v1/models/{model:path}", self._answering(self._model), methods=["GET"]),
            _Route("/v1/{rest:path}", self._answering(self._unknown), methods=_VERBS),
        ]

    async def __aenter__(self) -> Self:
        await self._upstream.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        await self._upstream.close()

    async def stop(self) -> None:
        """End what is being answered, as interrupted and recorded. May be called twice."""
        await self._completions.stop()

    async def complete(self, connection: HTTPConnection, receive: Receive, client: Client) -> None:
        """One chat completion, from the request's body to the last byte of its answer.

        Raises:
            HoldfastError, Refused: it was turned away, or the upstream cannot be asked.
        """
        talks: Talks = connection.app.state.talks
        if talks.stopping.is_set():
            raise talks.refusal()
        request = read_request(await read_body(receive, self._max_body))
        if not self._upstream.configured:
            check_own(request)
        headers = _headers(connection)
        caller = caller_of(connection)
        named = named_user(caller, headers) or ME
        user = await user_for(identity_of(connection), caller, named, "write")
        if not (self._upstream.configured or may(caller, "read")):
            raise NotAllowed("read")  # our own answers tell what is remembered
        asked = await self._asked(user, request, headers, caller.credential)
        if not self._upstream.configured:
            own = OwnAnswer(caller, user, asked, self._opening, talks.answers)
            who = (user.vault.account, user.id)
            talks.admit(who)
            try:
                await own.run(client.send, connection.state.request_id)
            finally:
                talks.leave(who)
            return
        injects = caller.injects_context and may(caller, "read")
        await self._forward(user, asked, headers, client, injects=injects)

    async def _asked(
        self, user: User, request: ChatRequest, headers: Mapping[str, str], by: str
    ) -> Asked:
        key = headers.get("idempotency-key")
        if key is not None and not (0 < len(key) <= _MAX_KEY and key.isprintable()):
            raise BadInput("Idempotency-Key", f"it has 1 to {_MAX_KEY} printable characters")
        assistant = None
        if not self._upstream.configured:
            assistant = await assistant_of(user, request.model, self._assistant)
        return Asked(
            request=request,
            name=named_session(headers, request.raw),
            own=OWN_SESSION in headers,
            key=key,
            assistant=assistant,
            by=by,
        )

    async def _forward(
        self,
        user: User,
        asked: Asked,
        headers: Mapping[str, str],
        client: Client,
        *,
        injects: bool,
    ) -> None:
        again = headers.get("x-stainless-retry-count", "0") not in ("", "0")
        opened: Opened | Repeated | None = None
        try:
            async with AsyncExitStack() as stack:
                opened = await self._opening.open(
                    stack, user, asked, again=again, cut_off=client.cut_off
                )
                if isinstance(opened, Opened):
                    body = asked.request.body
                    if injects:
                        body = await with_context(
                            asked.request,
                            user,
                            opened.session.id,
                            budget_tokens=self._context_tokens,
                        )
                    await self._exchange(opened, headers, body, client)
        finally:
            if isinstance(opened, Opened):
                self._opening.ended(opened)
                observed_turn(opened.turn.record)
        if isinstance(opened, Repeated):
            await _repeat(opened, asked.request, client.send)

    async def _exchange(
        self, opened: Opened, headers: Mapping[str, str], body: bytes, client: Client
    ) -> None:
        exchange = Exchange(opened, self._opening, send=client.send, send_timeout_s=self._timeout_s)
        try:
            await exchange.run(self._upstream, headers, body)
        except (asyncio.CancelledError, ClientGone) as exc:
            await finish(exchange.broken_off())
            client.gone = client.gone or isinstance(exc, ClientGone)
            if opened.turn.record.status == "open":
                await finish(opened.turn.end(client.cut_off()))
            if not isinstance(exc, ClientGone):
                raise
        finally:
            self.failures += exchange.failures

    # Models

    def _answering(self, endpoint: Any) -> Any:  # Starlette's endpoints are untyped
        async def answer(request: Request) -> Response:
            try:
                response: Response = await endpoint(request)
            except (HoldfastError, Refused) as exc:
                return refusal(exc, request.state.request_id)
            return response

        return answer

    async def _models(self, request: Request) -> Response:
        if self._upstream.configured:
            return await self._passed_on(request, "/models")
        names = await models_of(await _reader(request))
        return JSONResponse({"object": "list", "data": [model_object(name) for name in names]})

    async def _model(self, request: Request) -> Response:
        name = request.path_params["model"]
        path = model_path(name)
        if self._upstream.configured:
            return await self._passed_on(request, path)
        if name not in await models_of(await _reader(request)):
            raise Refused(404, "model_not_found", "there is no such model: see GET /v1/models")
        return JSONResponse(model_object(name))

    async def _passed_on(self, request: Request, path: str) -> Response:
        await _reader(request)
        answer = await self._upstream.ask("GET", path, _headers(request))
        try:
            body = b"".join([piece async for piece in answer.aiter_raw()])
        finally:
            await answer.aclose()
        response = Response(body, status_code=answer.status_code)
        shown = [h for h in shown_headers(answer.headers.raw) if h[0] != b"content-length"]
        response.raw_headers = [*response.raw_headers, *shown]
        return response

    async def _unknown(self, request: Request) -> Response:
        allowed = _PATHS.get(request.url.path)
        if allowed is None:
            raise Refused(404, "not_found", "of /v1 there are chat/completions and models")
        response = refusal(
            Refused(405, "method_not_allowed", f"this path takes {allowed} alone"),
            request.state.request_id,
        )
        response.headers["Allow"] = allowed
        return response


def _headers(connection: HTTPConnection) -> dict[str, str]:
    return {name.lower(): value for name, value in connection.headers.items()}


async def _reader(request: Request) -> User:
    caller = caller_of(request)
    named = named_user(caller, _headers(request)) or ME
    return await user_for(identity_of(request), caller, named, "read")


async def _repeat(repeated: Repeated, request: ChatRequest, send: Send) -> None:
    """The answer that was recorded, once more; the upstream is not asked again."""
    text = recorded_completion(repeated.turn, repeated.messages)
    if request.stream:
        whole = json.loads(text)
        body = b"".join(chunks_of(whole, include_usage=request.include_usage))
        kind = b"text/event-stream; charset=utf-8"
    else:
        body, kind = text.encode(), b"application/json"
    headers = [(b"content-type", kind), (REPLAYED.lower().encode(), b"true")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
