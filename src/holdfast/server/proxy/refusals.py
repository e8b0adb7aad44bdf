"""Errors of /v1 in one object that is both ours and OpenAI's.

Its clients read `type` and `param` beside the code and the message; ours the id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from holdfast.errors import BadInput, HoldfastError, NotFound, VaultErased
from holdfast.server.failures import Refused, status_of

if TYPE_CHECKING:
    from holdfast.model import JsonObject

__all__ = ["error_object", "is_gone", "refusal"]

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}


def is_gone(error: HoldfastError) -> bool:
    """Whether what was to be written into was removed meanwhile, which is nobody's fault."""
    return isinstance(error, NotFound | VaultErased)


def error_object(
    status: int, code: str, message: str, request_id: str, *, param: str | None = None
) -> JsonObject:
    """The object."""
    kind = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
    return {
        "error": {
            "code": code,
            "message": message,
            "request_id": request_id,
            "type": kind,
            "param": param,
        }
    }


def refusal(error: HoldfastError | Refused, request_id: str) -> JSONResponse:
    """The response to a request that is turned away."""
    if isinstance(error, Refused):
        status, code, message, param = error.status, error.code, error.message, None
    else:
        status, code, message = status_of(error), error.code, str(error)
        param = error.field if isinstance(error, BadInput) else None
    body = error_object(status, code, message, request_id, param=param)
    headers = error.headers if isinstance(error, Refused) else None
    return JSONResponse(body, status_code=status, headers=headers)
