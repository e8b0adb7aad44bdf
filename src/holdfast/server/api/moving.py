"""Taking everything along, and bringing it in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from holdfast.keeper.exporting import ExportFormat
from holdfast.keeper.users import User
from holdfast.server.downloads import Download, begun
from holdfast.server.identity.asking import Reader, Writer, caller_of, identity_of
from holdfast.server.openapi import RESPONSES, binary
from holdfast.server.routing import StreamedRoute
from holdfast.server.schemas import Asked, BrokenOut, ImportOut, Out
from holdfast.server.schemas.moving import ImportPreviewOut
from holdfast.server.telling import NDJSON, Telling
from holdfast.server.uploads import received

if TYPE_CHECKING:
    from holdfast.keeper.import_report import ImportReport, Progress
    from holdfast.keeper.previewing import Preview
    from holdfast.portability.conversations import Broken

__all__ = ["DOCUMENTS", "TOTAL_MESSAGES", "export_all", "export_of", "import_file", "router"]

_KINDS: dict[ExportFormat, tuple[str, str]] = {
    "bundle": ("application/zip", "zip"),
    "json": ("application/json", "json"),
    "markdown": ("text/markdown; charset=utf-8", "md"),
    "pdf": ("application/pdf", "pdf"),
}
DOCUMENTS = binary(
    *(kind.partition(";")[0] for kind, _ in _KINDS.values()),
    description="The document, complete when the answer ends as announced.",
)
"""The `responses` of a route that answers with an export."""
TOTAL_MESSAGES = "X-Holdfast-Total-Messages"
"""The header of an export that says how many messages will be in it, for whoever shows how far it
has come."""
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, or a form with it as `file`.",
        "content": {"application/octet-stream": _BYTES, "multipart/form-data": _FORM},
    }
}


class _ExportAsked(Asked):
    format: ExportFormat = "bundle"
    session_id: list[str] = Field(default=[], max_length=1000)
    """Of these conversations alone."""


class _ImportAsked(Asked):
    filename: str = Field(default="", max_length=200)
    """What the file is called, when it is no form."""
    preview: bool = False
    """Say what is in it, and write nothing."""


router = APIRouter(prefix="/api", tags=["moving"], route_class=StreamedRoute, responses=RESPONSES)


@router.get("/export", operation_id="export_all", response_class=Response, responses=DOCUMENTS)
async def export_all(
    request: Request, owner: Reader, asked: Annotated[_ExportAsked, Query()]
) -> Response:
    """Everything of the caller in one document: a bundle that can be imported, or for reading.

    With `session_id`, which may be given several times, these conversations alone. What is in the
    trash is in no export.
    """
    chosen = asked.session_id or None
    return await export_of(request, owner, asked.format, name="holdfast", sessions=chosen)


@router.post(
    "/import",
    operation_id="import_file",
    openapi_extra=_BODY,
    response_model=ImportOut | ImportPreviewOut,
)
async def import_file(
    request: Request, owner: Writer, asked: Annotated[_ImportAsked, Query()]
) -> Any:
    """Import an export of another system, or a bundle or JSON of this one, known by what it holds.

    Doing it again changes nothing; one that has grown adds what is new. It is kept sealed while it
    is read, and nowhere afterwards. With `preview` nothing is written. With
    `Accept: application/x-ndjson` lines tell how far it is; the last one is the report, or the
    error.
    """
    path = owner.store.data_path
    folder = None if path is None else path.parent
    async with AsyncExitStack() as stack:
        file = await stack.enter_async_context(received(request, asked.filename, folder=folder))

        async def done(progress: Callable[[Progress], None] | None = None) -> Out:
            if asked.preview:
                return _previewed(await owner.imports.preview(file, progress=progress))
            return _imported(await owner.imports.file(file, progress=progress))

        if NDJSON not in request.headers.get("accept", ""):
            return await done()
        # The file is let go of when the last line was sent.
        return Telling(request, done, stack.pop_all())


def _imported(report: ImportReport) -> ImportOut:
    return ImportOut(
        format=report.format,
        conversations=report.conversations,
        grown=report.grown,
        unchanged=report.unchanged,
        messages=report.messages,
        memories=report.memories,
        files=report.files,
        missing_files=report.missing_files,
        lacks=list(report.lacks),
        broken=_broken(report.broken),
    )


def _previewed(found: Preview) -> ImportPreviewOut:
    inside = found.inside
    return ImportPreviewOut(
        format=found.format,
        conversations=inside.conversations,
        messages=inside.messages,
        memories=inside.memories,
        files=inside.files,
        missing_files=inside.missing_files,
        lacks=list(found.lacks),
        new=found.conversations,
        grown=found.grown,
        unchanged=found.known - found.grown,
        first_at=inside.first_at,
        last_at=inside.last_at,
        titles=list(inside.titles),
        broken=_broken(found.broken),
    )


def _broken(found: Iterable[Broken]) -> list[BrokenOut]:
    return [BrokenOut(place=one.place, reason=one.reason, code=one.code) for one in found]


async def export_of(
    request: Request, owner: User, kind: ExportFormat, *, name: str, sessions: list[str] | None
) -> Response:
    """An export on its way; what cannot be exported is an error before it begins, and a credential
    that ends on the way cuts it off."""
    identity, caller = identity_of(request), caller_of(request)
    media_type, suffix = _KINDS[kind]
    exported = owner.exports.stream(format=kind, sessions=sessions)
    pieces = await begun(exported, valid=lambda: identity.still_valid(caller))
    download = Download(pieces, name=f"{name}.{suffix}", media_type=media_type)
    download.headers[TOTAL_MESSAGES] = str(await owner.exports.total_messages(sessions))
    return download
