"""The route of the HTTP interface: strict about what it is sent, and idempotent where it writes.

Give it to a router, `APIRouter(route_class=Route)`, and each of its routes

* refuses query parameters it does not know, and ones given twice;
* reads a JSON body by `json_of`, which says what is wrong with it;
* takes an Idempotency-Key when it writes (`server/once.py`);
* tells whoever may write and not read that it was done, and no content (`server/withheld.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, get_origin
from urllib.parse import unquote_to_bytes

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_typed_signature
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from holdfast.keeper.access import may
from holdfast.server.bodies import json_of
from holdfast.server.failures import Refused
from holdfast.server.identity.asking import caller_of, check_may, verbs_of
from holdfast.server.once import ClientKey, Once, client_key
from holdfast.server.withheld import without_content

__all__ = ["Route", "StreamedRoute"]

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SHOWN = 64
"""Characters of an unknown name that are told back."""


class Route(APIRoute):
    """One path and verb; see the module."""

    keeps_answers: ClassVar[bool] = True
    """Whether a write's answer is kept for whoever sends it again with its key."""
    withholds: ClassVar[bool] = True
    """Whether a write's answer may tell what was there before, which not everybody may read."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if _WRITES & set(options.get("methods") or ()) and not _takes_key(endpoint):
            given = options.get("dependencies") or ()
            options["dependencies"] = [*given, Depends(client_key)]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with what comes before it."""
        handle = super().get_route_handler()
        several = _query_of(self.dependant)
        writes = bool(_WRITES & (self.methods or set()))
        has_json = self.body_field is not None
        # As a parameter of the endpoint it has a name; as a mere check it has none.
        verbs = verbs_of(d.call for d in self.dependant.dependencies)
        makes = any(d.call is client_key and d.name for d in self.dependant.dependencies)

        async def strict(request: Request) -> Response:
            # Before the body is read: decoding it is dear, and not for whoever may not send it.
            for verb in verbs:
                check_may(request, verb)
            _check_query(request, several)
            if has_json and await request.body():
                await json_of(request)
            if not (writes and self.keeps_answers):
                return told(request, await handle(request))
            once: Once = request.app.state.once
            return told(request, await once.answer(request, handle, makes=makes))

        def told(request: Request, response: Response) -> Response:
            if not (self.withholds and verbs) or may(caller_of(request), "read"):
                return response
            return without_content(response)

        return strict


class StreamedRoute(Route):
    """A route whose body is too large to hold: what it does changes nothing the second time, and
    what it tells is what it was sent."""

    keeps_answers = False
    withholds = False


def _takes_key(endpoint: Callable[..., Any]) -> bool:
    """Whether an endpoint asks for the key itself: read twice it would cost each request more."""
    parameters = get_typed_signature(endpoint).parameters.values()
    return any(parameter.annotation == ClientKey for parameter in parameters)


def _query_of(dependant: Dependant) -> dict[str, bool]:
    """The names of the query parameters, and which of them may be given several times."""
    found: dict[str, bool] = {}
    for param in dependant.query_params:
        kind = param.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                found[field.alias or name] = _is_several(field.annotation)
        else:
            found[param.alias] = _is_several(kind)
    for inner in dependant.dependencies:
        found |= _query_of(inner)
    return found


def _is_several(kind: object) -> bool:
    return get_origin(kind) in (list, tuple, set, frozenset)


def _check_query(request: Request, several: dict[str, bool]) -> None:
    try:
        unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError:
        raise Refused(400, "invalid_input", "query: it is not UTF-8") from None
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in several:
            known = ", ".join(sorted(several)) or "none"
            shown = ascii(name[:_SHOWN])
            raise Refused(
                400, "invalid_input", f"query: there is no parameter {shown}; there is: {known}"
            )
        if name in seen and not several[name]:
            raise Refused(400, "invalid_input", f"query.{name}: it is given more than once")
        seen.add(name)
