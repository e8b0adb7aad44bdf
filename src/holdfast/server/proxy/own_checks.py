"""What this server's own assistant can be asked; an upstream judges for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from holdfast.model import Json, JsonObject
    from holdfast.server.proxy.wire import ChatRequest

__all__ = ["check_own"]

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def check_own(request: ChatRequest) -> None:
    """Refuse what would be ignored or could not be answered, before a session begins for it.

    Raises:
        BadInput: it names the field.
    """
    stream, number = request.raw.get("stream"), request.raw.get("n")
    if stream is not None and not isinstance(stream, bool):
        raise BadInput("stream", "it is true or false")
    if number is not None and (isinstance(number, bool) or number != 1):
        raise BadInput("n", "there is one answer: leave it out")
    for place, unit in enumerate(request.units):
        _check_message(f"messages[{place}]", unit.raw)
    if not any(unit.role == "user" for unit in request.units):
        raise BadInput("messages", "nobody asks anything in them")


def _check_message(where: str, message: JsonObject) -> None:
    role, content = message.get("role"), message.get("content")
    if role not in _ROLES:
        raise BadInput(f"{where}.role", f"it is one of {', '.join(_ROLES)}")
    if role == "user":
        if not content or not _is_content(content):
            raise BadInput(f"{where}.content", "it is a text or a list of parts, and not empty")
    elif content is not None and not _is_content(content):
        raise BadInput(f"{where}.content", "it is a text or a list of parts")


def _is_content(content: Json) -> bool:
    if isinstance(content, list):
        return all(isinstance(p, dict) and isinstance(p.get("type"), str) for p in content)
    return isinstance(content, str)
