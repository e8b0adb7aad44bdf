"""What machines ask for: signs of life, readiness, figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

import holdfast
from holdfast.server.identity.addresses import is_loopback
from holdfast.server.identity.asking import identity_of
from holdfast.server.observing.health import Checks
from holdfast.server.observing.metrics import CONTENT_TYPE
from holdfast.server.observing.observer import Observer
from holdfast.server.openapi import RESPONSES
from holdfast.server.schemas import HealthOut, ReadyOut

__all__ = ["healthz", "metrics", "readyz", "router"]

_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The figures.", "content": {"text/plain": {}}},
}
router = APIRouter(tags=["operations"], responses={"default": RESPONSES["default"]})


@router.get("/healthz")
async def healthz() -> HealthOut:
    """The process runs and answers. Needs no log-in."""
    return HealthOut(version=holdfast.__version__)


@router.get("/readyz", responses={503: {"model": ReadyOut, "description": "It is not ready."}})
async def readyz(request: Request) -> ReadyOut:
    """Whether the server can do its work now; else 503, with the names of what fails. Needs no
    log-in."""
    checks: Checks = request.app.state.checks
    failing = await checks.failing()
    if not failing:
        return ReadyOut(status="ready")
    shown = ReadyOut(status="not_ready", failing=failing)
    return JSONResponse(  # type: ignore[return-value]  # the same model, with another status
        shown.model_dump(), status_code=503, headers={"Retry-After": "1"}
    )


@router.get("/metrics", response_class=Response, responses=_PAGE)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus. Any good credential may read them; in local mode, so may every
    program of this machine."""
    identity = identity_of(request)
    client = request.client.host if request.client else ""
    if not (identity.local and is_loopback(client)):
        caller = await identity.caller_of(request)
        identity.limits.spend(caller, "reads")
        request.state.caller = caller  # for the line about this request
    observer: Observer = request.app.state.observer
    return Response(observer.metrics.page(), media_type=CONTENT_TYPE)
