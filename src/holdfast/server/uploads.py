"""A file on its way in: taken from the request piece by piece into a sealed temporary file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from holdfast.server.failures import Refused
from holdfast.vault.spool import SealedSpool

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["received"]

_FIELD = b"file"
_MAX_HEADER_BYTES = 16 << 10
_NAME = 200


@asynccontextmanager
async def received(
    request: Request, name: str, *, folder: Path | None
) -> AsyncIterator[SealedSpool]:
    """The body of a request, or the file of the form that it is, sealed on the disk meanwhile.

    Raises:
        Refused: it is empty, or a form without a file or not well formed.
        HTTPException: it is larger than may be.
        StorageFull, StorageFailed: there is no room for it.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    with SealedSpool(_bare(name), folder=folder) as spool:
        if kind == b"multipart/form-data":
            await _form(request, options.get(b"boundary", b""), spool)
        else:
            async for piece in _pieces(request):
                spool.write(piece)
        if not spool.size:
            raise _wrong("it is empty: send the file, or a form with the file as 'file'")
        yield spool


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise _wrong("it was cut off") from None


async def _form(request: Request, boundary: bytes, spool: SealedSpool) -> None:
    form = _Form(spool)
    if not boundary:
        raise _wrong("the form has no boundary")
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for piece in _pieces(request):
            parser.write(piece)
        parser.finalize()
    except FormParserError:
        raise _wrong("the form is malformed") from None
    if form.files != 1 or not form.ended:
        raise _wrong("the form has not one file as 'file', or is cut off")


class _Form:
    """Hears of the parts of a form as they come; the one that is the file goes into the spool."""

    def __init__(self, spool: SealedSpool) -> None:
        self.files = 0
        self.ended = False
        self._spool = spool
        self._taking = False
        self._field = bytearray()
        self._value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = 0

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._take_field,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._take_data,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._headers, self._taking, self._header_bytes = {}, False, 0

    def _take_field(self, data: bytes, start: int, end: int) -> None:
        self._field += self._bounded(data[start:end])

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._bounded(data[start:end])

    def _bounded(self, part: bytes) -> bytes:
        self._header_bytes += len(part)
        if self._header_bytes > _MAX_HEADER_BYTES:
            raise _wrong("the form is malformed")
        return part

    def _end_header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field, self._value = bytearray(), bytearray()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._taking = options.get(b"name") == _FIELD
        if self._taking:
            self.files += 1
            self._spool.name = _bare(options.get(b"filename", b"").decode("utf-8", "replace"))

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._taking and self.files == 1:
            self._spool.write(data[start:end])

    def _end(self) -> None:
        self.ended = True


def _bare(name: str) -> str:
    """The name without folders: a label in messages, never a path."""
    return PurePosixPath(name.replace("\\", "/")).name[:_NAME] or "import"


def _wrong(problem: str) -> Refused:
    return Refused(400, "invalid_input", f"body: {problem}")
