"""Bytes for a client to keep: never shown in our pages, never made of more than is in memory."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from holdfast.server.failures import Refused

__all__ = ["Download", "attachment", "begun"]

_MEDIA_TYPE = re.compile(
    r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}", re.ASCII | re.IGNORECASE
)
_RUNS = re.compile(r"(?:java|ecma|live|/j)script|/css|/wasm", re.IGNORECASE)
"""What the page's policy would let run, or style it, for it comes from this server."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[^A-Za-z0-9._ -]")


class Download(StreamingResponse):
    """Pieces on their way; when the client is gone, so is their source."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], *, name: str, media_type: str) -> None:
        super().__init__(pieces, headers=_headers(name), media_type=media_type)
        self._pieces = pieces

    async def stream_response(self, send: Send) -> None:
        """Send all of it; an error on the way leaves the answer visibly cut off."""
        async with aclosing(self._pieces):
            await super().stream_response(send)


async def begun(
    pieces: AsyncGenerator[bytes, None], *, valid: Callable[[], bool] = lambda: True
) -> AsyncGenerator[bytes, None]:
    """The same pieces, the first of them made already, so that what fails at once is an error
    and not half an answer.

    Args:
        valid: whether whoever asked for them may still have them; asked before each one.
    """
    first = await anext(pieces, b"")

    async def all_of_them() -> AsyncGenerator[bytes, None]:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                if not valid():
                    raise Refused(401, "credential_ended", "your credential ended: log in again")
                yield piece

    return all_of_them()


def attachment(
    content: bytes, *, name: str, media_type: str, wanted: str | None = None
) -> Response:
    """A file that somebody sent: to be saved or played, and to be run by nobody.

    Args:
        wanted: the Range header of the request; players ask for a part to begin there.

    Raises:
        Refused: 416, there is nothing of the file in that range.
    """
    safe = _MEDIA_TYPE.fullmatch(media_type) and not _RUNS.search(media_type)
    kind = media_type if safe else "application/octet-stream"
    # Given as it is: the framework would add a character set that nobody knows.
    headers = {"Content-Type": kind, "Accept-Ranges": "bytes", **_headers(name)}
    part = _part(wanted, len(content))
    if part is None:
        return Response(content, headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(content)}"
    return Response(content[part.start : part.stop], 206, headers)


def _part(wanted: str | None, size: int) -> range | None:
    """The bytes of a Range header (RFC 9110, 14.1.2); None for all of them.

    Several ranges at once, other units and what is malformed are answered by the whole, as may be.
    """
    found = None if wanted is None else _RANGE.fullmatch(wanted.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        part = range(max(0, size - int(last)), size)
    elif last and int(last) < int(first):
        return None
    else:
        part = range(int(first), min(size, int(last) + 1) if last else size)
    if not part:
        headers = {"Content-Range": f"bytes */{size}"}
        raise Refused(416, "range_not_satisfiable", "the file has no such part", headers=headers)
    return part


def _headers(name: str) -> dict[str, str]:
    plain = _PLAIN_NAME.sub("_", name) or "file"
    encoded = quote(name.encode("utf-8", "replace"), safe="")
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
