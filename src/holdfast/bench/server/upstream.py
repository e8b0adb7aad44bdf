"""An OpenAI-compatible endpoint that answers at once, for measuring what the proxy adds.

python -m holdfast.bench.server.upstream

It prints its address. Connections are kept; a stream begins with its head and goes on in chunks.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec

from holdfast.bench.server.client import read_head

__all__ = ["PIECES"]

PIECES = 10
"""Of an answer; each is one chunk of a stream."""
_WORD = "word "
_COMMON = {"id": "chatcmpl-1", "created": 1, "model": "tiny"}
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {**_COMMON, "object": "chat.completion.chunk", "choices": [choice]}
    return _framed(b"data: " + msgspec.json.encode(event) + b"\n\n")


def _framed(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _whole() -> bytes:
    message = {"role": "assistant", "content": _WORD * PIECES}
    body = msgspec.json.encode(
        {
            **_COMMON,
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    )
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            _, headers = await read_head(reader)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            await _answer(writer, stream=bool(msgspec.json.decode(body).get("stream")))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _answer(writer: asyncio.StreamWriter, *, stream: bool) -> None:
    if not stream:
        writer.write(_whole())
        return
    writer.write(_STREAM_HEAD + _chunk({"role": "assistant", "content": ""}))
    for _ in range(PIECES):
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(_chunk({"content": _WORD}))
    writer.write(_chunk({}, "stop") + _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n")


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"serves http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
