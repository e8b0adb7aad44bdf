"""A small real upstream: it speaks HTTP/1.1 byte by byte as a test scripts it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

_HUNG_S = 60


@dataclass
class Request:
    """What arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def said(self) -> str:
        """The text of its last message."""
        return str(self.json["messages"][-1]["content"])


@dataclass
class Out:
    """The answer's side of one connection."""

    writer: asyncio.StreamWriter
    gates: dict[str, asyncio.Event]
    sent: bytearray = field(default_factory=bytearray)

    async def head(self, status: int = 200, **headers: str) -> None:
        """Send the status and the headers of an answer whose body ends with the connection."""
        lines = [
            f"HTTP/1.1 {status} X",
            *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items()),
        ]
        self.writer.write("\r\n".join([*lines, "connection: close", "", ""]).encode())
        await self.writer.drain()

    async def write(self, data: bytes) -> None:
        """Send a piece of the body."""
        self.sent += data
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self, delta: dict[str, Any] | None = None, **fields: Any) -> None:
        """Send an event of a stream."""
        await self.write(chunk(delta, **fields))

    async def gate(self, name: str) -> None:
        """Wait until the test opens the gate."""
        async with asyncio.timeout(_HUNG_S):
            await self.gates.setdefault(name, asyncio.Event()).wait()


Script: TypeAlias = Callable[[Request, Out], Awaitable[None]]


def chunk(delta: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """An event of a stream: the delta of choice 0, or whatever the fields say."""
    choice = {
        "index": fields.pop("index", 0),
        "delta": delta or {},
        "finish_reason": fields.pop("finish", None),
    }
    data = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "tiny-2026",
        "choices": [choice],
        **fields,
    }
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def completion(text: str | None, **message: Any) -> dict[str, Any]:
    """An answer in one piece."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny-2026",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": message.pop("finish", "stop"),
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


async def echo(request: Request, out: Out) -> None:
    """Answer "You said: ...", as a stream when asked for one."""
    if request.method == "GET":
        await out.head(content_type="application/json", x_request_id="req_models")
        await out.write(json.dumps({"object": "list", "data": [], "path": request.path}).encode())
        return
    text = f"You said: {request.said}"
    if not request.json.get("stream"):
        await out.head(content_type="application/json", x_request_id="req_1", set_cookie="a=b")
        await out.write(json.dumps(completion(text)).encode())
        return
    await out.head(content_type="text/event-stream", x_request_id="req_1", openai_version="1")
    await out.chunk({"role": "assistant", "content": ""})
    for word in text.split(" "):
        await out.chunk({"content": word + " "})
    await out.chunk(finish="stop")
    if request.json.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        await out.chunk(choices=[], usage=usage)
    await out.write(b"data: [DONE]\n\n")


class Upstream:
    """The upstream, in a thread of its own for as long as a module's tests run."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.sent: list[Out] = []
        self.scripts: list[Script] = []
        """What the next requests get, one each; `echo` after that."""
        self.cut: list[Request] = []
        """Requests whose client left before they were answered."""
        self._gates: dict[str, asyncio.Event] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(_HUNG_S)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *scripts: Script) -> None:
        """What the next requests get; all that happened before is forgotten."""
        self.requests, self.sent, self.cut = [], [], []
        self.scripts = list(scripts)
        self._gates.clear()

    def open(self, name: str) -> None:
        """Open a gate."""

        def opened() -> None:
            self._gates.setdefault(name, asyncio.Event()).set()

        self._loop.call_soon_threadsafe(opened)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_HUNG_S)
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await self._stop.wait()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = first.split(" ")
            request, out = Request(method, path, headers, body), Out(writer, self._gates)
            self.requests.append(request)
            self.sent.append(out)
            script = self.scripts.pop(0) if self.scripts else echo
            answering = asyncio.ensure_future(script(request, out))
            leaving = asyncio.ensure_future(reader.read(1))
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                self.cut.append(request)
                answering.cancel()
            leaving.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
