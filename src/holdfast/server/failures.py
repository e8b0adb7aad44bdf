"""Every failure in one shape: {"error": {"code", "message", "request_id"}}."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from holdfast import errors
from holdfast.server.problems import problem_of
from holdfast.server.schemas import ErrorDetail, ErrorOut

__all__ = [
    "NotModified",
    "Refused",
    "error_response",
    "handle_failures",
    "refused_by",
    "status_of",
]

_STATUS: dict[type[errors.HoldfastError], int] = {
    errors.HoldfastError: 500,
    errors.BadInput: 400,
    errors.TooLarge: 413,
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.TurnEnded: 409,
    errors.Conflict: 409,
    errors.KeyFailure: 503,
    errors.VaultErased: 410,
    errors.TamperedRecord: 500,
    errors.StorageFailed: 503,
    errors.StorageFull: 507,
    errors.ImportFailed: 422,
    errors.ModelFailed: 502,
    errors.ModelStalled: 504,
    errors.MissingExtra: 501,
}
"""A class that is not here has the status of the nearest one above it."""

_CODES = {404: "not_found", 405: "method_not_allowed", 408: "too_slow", 413: "too_large"}
_MESSAGES = {
    404: "there is no such path: see /docs for what there is",
    405: "this path has no such verb: see Allow for what it has",
}
_MAX_PLACES = 10
_SHOWN = 64
"""Characters of a name in a body that are told back."""


class Refused(Exception):
    """A request that is turned away before the library is asked."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        """What the answer says besides, such as Retry-After."""


class NotModified(Exception):
    """The client has this answer already."""

    def __init__(self, tag: str) -> None:
        super().__init__("not modified")
        self.tag = tag


def refused_by(error: HTTPException) -> Refused:
    """What the framework, or whoever reads a body, refuses, as an error of ours."""
    code = _CODES.get(error.status_code, "refused")
    return Refused(error.status_code, code, error.detail, headers=error.headers)


def status_of(error: errors.HoldfastError) -> int:
    """The HTTP status that tells a client what to do about an error."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def error_response(
    status: int,
    code: str,
    message: str,
    request_id: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error as every client gets it."""
    detail = ErrorDetail(code=code, message=message, request_id=request_id)
    return JSONResponse(ErrorOut(error=detail).model_dump(), status_code=status, headers=headers)


def handle_failures(app: FastAPI) -> None:
    """Give every error of a route the one shape."""

    @app.exception_handler(errors.HoldfastError)
    async def holdfast_error(request: Request, exc: errors.HoldfastError) -> JSONResponse:
        return error_response(status_of(exc), exc.code, str(exc), request.state.request_id)

    @app.exception_handler(Refused)
    async def refused(request: Request, exc: Refused) -> JSONResponse:
        request_id = request.state.request_id
        return error_response(exc.status, exc.code, exc.message, request_id, headers=exc.headers)

    @app.exception_handler(ClientDisconnect)
    async def cut_off(request: Request, _: ClientDisconnect) -> JSONResponse:
        """Nobody hears it, but the log and the figures do not tell of a fault of ours."""
        message = "body: it was cut off"
        return error_response(400, "invalid_input", message, request.state.request_id)

    @app.exception_handler(NotModified)
    async def not_modified(_: Request, exc: NotModified) -> Response:
        return Response(status_code=304, headers={"ETag": exc.tag})

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, exc: RequestValidationError) -> JSONResponse:
        message = _places(exc)
        return error_response(400, "invalid_input", message, request.state.request_id)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, exc: HTTPException) -> Response:
        headers = dict(exc.headers or {})
        if exc.status_code == 405:
            # The framework tells the verbs of one of a path's routes.
            headers["Allow"] = ", ".join(sorted(_verbs(request)))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
        code = _CODES.get(exc.status_code, "refused")
        message = _MESSAGES.get(exc.status_code, exc.detail)
        request_id = request.state.request_id
        return error_response(exc.status_code, code, message, request_id, headers=headers)


def _places(exc: RequestValidationError) -> str:
    """Where and what kind, but never the value: it may be what somebody said."""
    places = {
        ".".join(str(part)[:_SHOWN] for part in _place(error["loc"])) + ": " + problem_of(error)
        for error in exc.errors()
    }
    listed = sorted(places)
    more = [f"and {len(listed) - _MAX_PLACES} more"] if len(listed) > _MAX_PLACES else []
    return "; ".join([*listed[:_MAX_PLACES], *more])


def _place(where: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Without the name by which one of several kinds of body was chosen: no client sends it."""
    return (where[0], *where[2:]) if where[:2] in (("body", "own"), ("body", "ui")) else where


def _verbs(request: Request) -> set[str]:
    """The verbs of all routes of a path."""
    found = {"OPTIONS"}
    for route in iter_route_contexts(request.app.routes):
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(request.scope["path"]):
            found |= route.methods or set()
    return found | ({"HEAD"} if "GET" in found else set())
