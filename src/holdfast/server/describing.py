"""The description of the interface, completed by what no route declares.

Whose conversations are meant is read from the path by `identity.asking`, before a route is reached:
no route has it as a parameter, and clients that are made from the description would miss it.
"""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI

__all__ = ["Described"]

_NAMED = re.compile(r"{(\w+)}")
_USER = {
    "name": "user_id",
    "in": "path",
    "required": True,
    "description": "Whose: `current_user` stands for the caller.",
    "schema": {"type": "string", "examples": ["current_user"]},
}


class Described(FastAPI):
    """An application whose description names every part of its paths."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            for path, operations in super().openapi()["paths"].items():
                if "user_id" in _NAMED.findall(path):
                    _complete(operations)
        return super().openapi()


def _complete(operations: dict[str, Any]) -> None:
    for operation in operations.values():
        parameters = operation.setdefault("parameters", [])
        if all(one["name"] != "user_id" or one["in"] != "path" for one in parameters):
            parameters.insert(0, dict(_USER))
