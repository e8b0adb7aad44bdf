"""One request on its way through the upstream: its bytes go on as they come, a tee records them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import zlib
from typing import TYPE_CHECKING

from holdfast.capture.parts import finish
from holdfast.errors import HoldfastError
from holdfast.server.failures import Refused
from holdfast.server.proxy.answers import Answer
from holdfast.server.proxy.assembling import Assembler
from holdfast.server.proxy.refusals import is_gone
from holdfast.server.proxy.upstream import Upstream, shown_headers
from holdfast.server.proxy.wire import mended

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    import httpx2
    from starlette.types import Send

    from holdfast.model import Json, TurnStatus
    from holdfast.server.proxy.opening import Opened, Opening

__all__ = ["ClientGone", "Exchange"]

_logger = logging.getLogger(__name__)
_MAX_ERROR_CHARS = 64 * 1024


class ClientGone(Exception):
    """The client no longer takes what it asked for."""


class _Failed(Exception):
    """The answer is none: what the turn is told of it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = text


class Exchange:
    """Asks the upstream about an opened turn, passes the answer on, and records it.

    When something cannot be recorded after the upstream was asked, the client still gets its
    answer; the failure is logged and counted (`failures`).
    """

    def __init__(
        self, opened: Opened, opening: Opening, *, send: Send, send_timeout_s: float
    ) -> None:
        self._opened = opened
        self._opening = opening
        self._turn = opened.turn
        self._send_raw = send
        self._send_timeout_s = send_timeout_s
        limits = opened.session.limits
        self._assembler = Assembler(max_bytes=limits.max_text_bytes)
        self._answer = Answer(
            opened.turn, self._assembler, follows=opened.follows, chain=opened.chain
        )
        self._body = bytearray()
        self._max_body = limits.max_file_bytes
        self._facts: dict[str, Json] = {}
        self._began = time.perf_counter()
        self._ending = False
        self.failures = 0

    async def run(self, upstream: Upstream, headers: Mapping[str, str], body: bytes) -> None:
        """From the question to the turn's final status.

        Raises:
            Refused: the upstream cannot be asked; the turn is recorded as failed.
            CancelledError: after what came is recorded; the caller decides on the status.
        """
        try:
            response = await upstream.ask("POST", "/chat/completions", headers, body)
        except Refused as exc:
            await self._record(_Failed(exc.code, exc.message))
            raise
        self._facts["status"] = response.status_code
        self._facts["request_id"] = response.headers.get("x-request-id")
        self._facts["first_byte_ms"] = self._elapsed_ms()
        try:
            await self._pass_on(response)
        finally:
            await response.aclose()

    async def _pass_on(self, response: httpx2.Response) -> None:
        import httpx2

        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        streams = response.status_code == 200 and kind == "text/event-stream"
        await self._send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": shown_headers(response.headers.raw),
            }
        )
        cut = None
        try:
            held = await (self._tee(response) if streams else self._collect(response))
        except httpx2.TimeoutException:
            cut = _Failed("upstream_timeout", "the upstream fell silent in its answer")
        except httpx2.HTTPError:
            cut = _Failed("upstream_cut", "the upstream broke off in its answer")
        self._opened.run.ending = True
        if cut is not None:
            # Without a proper end of the body: the client sees the cut as it was.
            await self._record(cut, response=response, streamed=streams)
            return
        # Durable before the client has the end of it; of a stream it has all the rest by now.
        await self._record(None, response=response, streamed=streams)
        await self._send({"type": "http.response.body", "body": held})

    async def _tee(self, response: httpx2.Response) -> bytes:
        """Pass an event stream on as it comes."""
        decoded = _decoder(response)
        self._answer.start()
        try:
            async for piece in response.aiter_raw():
                self._assembler.feed(decoded(piece))
                if self._assembler.finished:
                    self._opened.run.ending = True
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            await self._answer.stop()
        return b""

    async def _collect(self, response: httpx2.Response) -> bytes:
        """Pass an answer in one piece on as it comes, but for its last piece, which is returned."""
        held, fits = b"", True
        async for piece in response.aiter_raw():
            if held:
                await self._send({"type": "http.response.body", "body": held, "more_body": True})
            held = piece
            # From there on nothing is kept: a smaller piece after it would stand behind a hole.
            fits = fits and len(self._body) + len(piece) <= self._max_body
            if fits:
                self._body += piece
        return held

    async def broken_off(self) -> None:
        """Record what came of an answer that is not waited for any longer.

        A client that leaves with all of it, as the SDK does when the stream says that it is done,
        has cancelled nothing: then the turn ends as complete.
        """
        if self._ending:
            return
        self._opened.run.ending = self._ending = True
        await self._answer.stop()
        if self._assembler.finished:
            await self._recorded(self._end(None, None, streamed=True))
        else:
            await self._recorded(self._answer.finish())

    async def _record(
        self,
        failed: _Failed | None,
        *,
        response: httpx2.Response | None = None,
        streamed: bool = False,
    ) -> None:
        """Give the turn its messages and its final status, whatever happens to this task."""
        self._ending = True
        await finish(self._recorded(self._end(failed, response, streamed=streamed)))

    async def _recorded(self, work: Awaitable[object]) -> None:
        """Do it; the client has its answer, so a failure is for the log."""
        try:
            await work
        except HoldfastError as exc:
            self.failures += not is_gone(exc)
            level = logging.INFO if is_gone(exc) else logging.ERROR
            extra = {"action": "proxy.record", "code": exc.code, "count": self.failures}
            _logger.log(level, "answer not recorded", extra=extra)

    async def _end(
        self, failed: _Failed | None, response: httpx2.Response | None, *, streamed: bool
    ) -> None:
        verbatim = None
        if streamed:
            self._assembler.end()
            failed = failed or self._stream_failure()
        elif response is not None:
            verbatim, wrong = self._read_body(response)
            failed = failed or wrong
        status: TurnStatus = "complete" if failed is None else "failed"
        places = await self._answer.finish(verbatim)
        if failed is not None:
            await self._turn.error(failed.text[:_MAX_ERROR_CHARS], code=failed.code)
        await self._turn.end(status, entities=await self._annotated())
        opened = self._opened
        for place in places if failed is None else ():
            await self._opening.answered(opened.user, opened.session, opened.asked, place)

    async def _annotated(self) -> dict[str, Json]:
        """Note what the answer tells of the turn; what may be written with its end is returned."""
        assembler = self._assembler
        calls = any(choice.calls for choice in assembler.choices.values())
        reasons: list[Json] = [c.finish_reason for _, c in sorted(assembler.choices.items())]
        facts: dict[str, Json] = {
            **self._facts,
            "duration_ms": self._elapsed_ms(),
            "id": assembler.head.get("id"),
            "usage": assembler.usage,
            "finish_reasons": reasons,
        }
        model = assembler.head.get("model")
        told: Json = {name: value for name, value in facts.items() if value not in (None, [])}
        intent = "tool_execution" if calls else None
        named = mended(model)[:200] if isinstance(model, str) and model.strip() else None
        record = self._turn.record
        # A write of its own, so only when the turn is another one than was asked for.
        if intent not in (None, record.intent) or named not in (None, record.model):
            await self._turn.annotate(intent=intent, model=named)
        return {**record.entities, "upstream": told}

    def _stream_failure(self) -> _Failed | None:
        assembler = self._assembler
        if assembler.error is not None:
            return _Failed("upstream_error", json.dumps(assembler.error, ensure_ascii=False))
        if assembler.overflowed:
            return _Failed("too_large", "the answer is larger than can be kept")
        if not assembler.done and not assembler.finished:
            text = "\n".join(["the upstream ended in the middle", *assembler.unreadable])
            return _Failed("upstream_cut", text)
        return None

    def _read_body(self, response: httpx2.Response) -> tuple[str | None, _Failed | None]:
        """An answer in one piece: its text, or what is wrong with it."""
        text = _decoder(response)(bytes(self._body)).decode("utf-8", "replace")
        if not response.is_success:
            request_id = response.headers.get("x-request-id", "-")
            head = f"HTTP {response.status_code} (request {request_id})"
            return None, _Failed("upstream_error", f"{head}\n{text}")
        try:
            completion = json.loads(text)
        except (ValueError, RecursionError):
            completion = None
        if not isinstance(completion, dict) or not isinstance(completion.get("choices"), list):
            kind = response.headers.get("content-type", "no content type")
            return None, _Failed("upstream_unreadable", f"no chat completion, but {kind}\n{text}")
        self._assembler.take_completion(completion)
        return text, None

    async def _send(self, message: dict[str, object]) -> None:
        """Send to the client; one that takes nothing for too long counts as gone."""
        try:
            async with asyncio.timeout(self._send_timeout_s):
                await self._send_raw(message)
        except TimeoutError:
            raise ClientGone from None

    def _elapsed_ms(self) -> float:
        return round((time.perf_counter() - self._began) * 1000, 1)


class _decoder:  # noqa: N801  # used as a function
    """What the recorder reads of a body; an upstream may compress although it was asked not to."""

    def __init__(self, response: httpx2.Response) -> None:
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        packed = coding in ("gzip", "x-gzip", "deflate")
        self._unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if packed else None

    def __call__(self, piece: bytes) -> bytes:
        if self._unpack is None:
            return piece
        try:
            return self._unpack.decompress(piece, max_length=64 * 1024 * 1024)
        except zlib.error:
            return b""
