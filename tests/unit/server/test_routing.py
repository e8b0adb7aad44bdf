"""What a route adds to its endpoint."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.server.once import ClientKey, client_key
from holdfast.server.routing import Route


async def _makes(key: ClientKey) -> None:
    """An endpoint that hands the key on."""


async def _changes() -> None:
    """An endpoint that does not."""


def _keys(method: str, *endpoints: object) -> list[int]:
    router = APIRouter(route_class=Route)
    for endpoint in endpoints:
        router.add_api_route("/thing", endpoint, methods=[method])  # type: ignore[arg-type]
    asked = [[d.call for d in route.dependant.dependencies] for route in router.routes]  # type: ignore[attr-defined]
    return [calls.count(client_key) for calls in asked]


def test_every_write_takes_a_key_and_reads_it_once() -> None:
    """Whether its endpoint hands the key on or not; a read takes none."""
    assert _keys("POST", _makes, _changes) == [1, 1]
    assert _keys("GET", _changes) == [0]
