"""Long work that tells how far it is: a line of JSON now and then, the result as the last one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Send

from holdfast.errors import HoldfastError
from holdfast.server.failures import Refused
from holdfast.server.identity.asking import caller_of, identity_of
from holdfast.server.schemas import ErrorDetail, ErrorOut, Out
from holdfast.server.schemas.moving import ImportProgressOut

if TYPE_CHECKING:
    from holdfast.keeper.import_report import Progress

__all__ = ["NDJSON", "Telling"]

_logger = logging.getLogger(__name__)
NDJSON = "application/x-ndjson"
_BEAT_S = 0.2
"""Between two lines, at least: a reader wants to see that it goes on, and not each record."""


class Telling(StreamingResponse):
    """The lines of a piece of work on their way; when the client is gone, the work is ended.

    Args:
        work: does it, and calls what it is given now and then; ended at any point it has done
            whole pieces, and may be begun again.
        held: closed when the last line was sent, or none will be.
    """

    def __init__(
        self,
        request: Request,
        work: Callable[[Callable[[Progress], None]], Awaitable[Out]],
        held: AsyncExitStack,
    ) -> None:
        self._lines = _lines(request, work, held)
        super().__init__(self._lines, media_type=NDJSON)

    async def stream_response(self, send: Send) -> None:
        """Send all of it."""
        async with aclosing(self._lines):
            await super().stream_response(send)


async def _lines(
    request: Request,
    work: Callable[[Callable[[Progress], None]], Awaitable[Out]],
    held: AsyncExitStack,
) -> AsyncGenerator[bytes, None]:
    identity, caller = identity_of(request), caller_of(request)
    latest: list[ImportProgressOut] = []

    def note(progress: Progress) -> None:
        total = progress.total_bytes or None
        latest[:] = [ImportProgressOut(done=progress.bytes_read, total=total)]

    async with held:
        task = asyncio.ensure_future(work(note))
        try:
            while not (await asyncio.wait((task,), timeout=_BEAT_S))[0]:
                if not identity.still_valid(caller):
                    raise Refused(401, "credential_ended", "your credential ended: log in again")
                if latest:
                    yield _line(latest.pop())
            if latest:
                yield _line(latest.pop())
            yield _line(task.result())
        except (HoldfastError, Refused) as exc:
            yield _line(_error(exc, request.state.request_id))
        finally:
            task.cancel()
            await asyncio.wait((task,))


def _line(out: Out) -> bytes:
    return out.model_dump_json().encode() + b"\n"


def _error(exc: HoldfastError | Refused, request_id: str) -> ErrorOut:
    message = exc.message if isinstance(exc, Refused) else str(exc)
    _logger.warning("import failed", extra={"action": "import.failed", "code": exc.code})
    return ErrorOut(error=ErrorDetail(code=exc.code, message=message, request_id=request_id))
