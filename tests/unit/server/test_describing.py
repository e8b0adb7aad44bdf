"""The description of the interface is whole."""

from __future__ import annotations

import re

from holdfast.keeper.keeper import Keeper
from holdfast.server.app import create_app
from holdfast.settings import Settings


async def test_every_part_of_a_path_is_described(keeper: Keeper) -> None:
    """Clients made from the description can fill in what a path wants."""
    document = create_app(Settings(), keeper).openapi()
    missing = [
        (path, verb)
        for path, operations in document["paths"].items()
        for verb, operation in operations.items()
        for name in re.findall(r"{(\w+)}", path)
        if (name, "path") not in {(p["name"], p["in"]) for p in operation.get("parameters", [])}
    ]

    assert document["paths"]
    assert missing == []
