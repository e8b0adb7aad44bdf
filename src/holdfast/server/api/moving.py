"""Taking everything along, and bringing it in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from holdfast.keeper.exporting import ExportFormat
from holdfast.keeper.users import User
from holdfast.server.downloads import Download, begun
from holdfast.server.identity.asking import Reader, Writer, caller_of, identity_of
from holdfast.server.openapi import RESPONSES, binary
from holdfast.server.routing import StreamedRoute
from holdfast.server.schemas import BrokenOut, ImportOut
from holdfast.server.uploads import received

__all__ = ["DOCUMENTS", "export_all", "export_of", "import_file", "router"]

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

router = APIRouter(prefix="/api", tags=["moving"], route_class=StreamedRoute, responses=RESPONSES)


@router.get("/export", operation_id="export_all", response_class=Response, responses=DOCUMENTS)
async def export_all(
    request: Request,
    owner: Reader,
    format: ExportFormat = "bundle",  # noqa: A002
) -> Response:
    """Everything of the caller in one document: a bundle that can be imported, or for reading."""
    return await export_of(request, owner, format, name="holdfast", sessions=None)


@router.post("/import", operation_id="import_file", openapi_extra=_BODY)
async def import_file(
    request: Request,
    owner: Writer,
    filename: Annotated[
        str, Query(max_length=200, description="What the file is called, when it is no form.")
    ] = "",
) -> ImportOut:
    """Import an export of another system, or a bundle of this one; its kind is told from it.

    Doing it again changes nothing; one that has grown adds what is new. It is kept sealed while it
    is read, and nowhere afterwards.
    """
    path = owner.store.data_path
    async with received(request, filename, folder=None if path is None else path.parent) as file:
        report = await owner.imports.file(file)
    broken = [BrokenOut(place=b.place, reason=b.reason, code=b.code) for b in report.broken]
    return ImportOut(
        format=report.format,
        conversations=report.conversations,
        grown=report.grown,
        unchanged=report.unchanged,
        messages=report.messages,
        memories=report.memories,
        files=report.files,
        broken=broken,
    )


async def export_of(
    request: Request, owner: User, kind: ExportFormat, *, name: str, sessions: list[str] | None
) -> Response:
    """An export on its way; what cannot be exported is an error before it begins, and a credential
    that ends on the way cuts it off."""
    identity, caller = identity_of(request), caller_of(request)
    media_type, suffix = _KINDS[kind]
    exported = owner.exports.stream(format=kind, sessions=sessions)
    pieces = await begun(exported, valid=lambda: identity.still_valid(caller))
    return Download(pieces, name=f"{name}.{suffix}", media_type=media_type)
