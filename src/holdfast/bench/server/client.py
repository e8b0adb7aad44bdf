"""A client that costs little beside the server it measures: HTTP/1.1 over one kept connection.

It speaks what the measured servers speak (a length, or chunks) and no more; what it does not
understand is an error, so that nothing is measured that did not happen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Self

import msgspec
from msgspec import Struct

__all__ = ["Answer", "Client", "read_head", "request_bytes"]

_HUNG_S = 60.0
_LIMIT = 1 << 22


class Answer(Struct, frozen=True, kw_only=True):
    """An answer that has come whole; times in seconds since the request was written."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    first_s: float
    """Until the first byte of the body was there; of a head when there is no body."""
    took_s: float

    def json(self, kind: type[msgspec.Struct] | None = None) -> object:
        """The body's value."""
        return msgspec.json.decode(self.body, type=kind or object)


def request_bytes(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
    """A request as it is sent."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


async def read_head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """The first line of a message and its headers, names in lower case.

    Raises:
        asyncio.IncompleteReadError: the other side left.
    """
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return first, headers


class Client:
    """One connection to a server. Use it as an async context manager.

    Args:
        url: http://HOST:PORT of this machine.
        key: the API key that is shown.
    """

    def __init__(self, url: str, key: str = "", **headers: str) -> None:
        self._address = url.removeprefix("http://")
        self._headers = {"Host": self._address, **headers}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        host, _, port = self._address.partition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port), limit=_LIMIT)
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._writer.close()

    async def ask(
        self, method: str, path: str, body: object = None, *, expect: int = 200, **headers: str
    ) -> Answer:
        """Send a request and take the whole answer.

        Args:
            body: what is sent as JSON; nothing when None.
            expect: the one status that is no error.
            headers: further ones, an underscore standing for a hyphen.

        Raises:
            RuntimeError: another status came.
            TimeoutError: it hangs.
        """
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        encoded = None if body is None else msgspec.json.encode(body)
        data = request_bytes(method, path, encoded, {**self._headers, **given})
        async with asyncio.timeout(_HUNG_S):
            began = time.perf_counter()
            self._writer.write(data)
            answer = await self._answer(began)
        if answer.status != expect:
            raise RuntimeError(f"{method} {path.partition('?')[0]} was answered {answer.status}")
        return answer

    async def _answer(self, began: float) -> Answer:
        first, headers = await read_head(self._reader)
        at = time.perf_counter()
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            size = await self._chunk_size()
            at = time.perf_counter()
            pieces = []
            while size:
                pieces.append(await self._reader.readexactly(size + 2))
                size = await self._chunk_size()
            await self._reader.readexactly(2)
            body = b"".join(piece[:-2] for piece in pieces)
        elif length := int(headers.get("content-length", "0")):
            body = await self._reader.readexactly(length)
            at = time.perf_counter()
        return Answer(
            status=int(first.split(" ", 2)[1]),
            headers=headers,
            body=body,
            first_s=at - began,
            took_s=time.perf_counter() - began,
        )

    async def _chunk_size(self) -> int:
        return int(await self._reader.readuntil(b"\r\n"), 16)
