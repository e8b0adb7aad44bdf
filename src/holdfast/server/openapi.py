"""What the description of the interface says of every route alike."""

from __future__ import annotations

from typing import Any

from holdfast.server.schemas import ErrorOut

__all__ = ["RESPONSES", "binary"]

_TOLD = {
    401: "Nobody known asks.",
    403: "The caller may not do this.",
    404: "There is no such thing for this caller; somebody else's is no other answer.",
}

_BYTES = {"type": "string", "format": "binary"}
_SCHEMAS: dict[str, dict[str, str]] = {"application/json": {"type": "object"}}

RESPONSES: dict[int | str, dict[str, Any]] = {
    **{status: {"model": ErrorOut, "description": about} for status, about in _TOLD.items()},
    "default": {"model": ErrorOut, "description": "An error; its code says which."},
}
"""The `responses` of a router: errors have one shape, whatever their status."""


def binary(*media_types: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route whose answer is bytes."""
    content = {kind: {"schema": _SCHEMAS.get(kind, _BYTES)} for kind in media_types}
    return {200: {"description": description, "content": content}}
