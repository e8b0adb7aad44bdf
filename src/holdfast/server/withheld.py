"""What an answer to a write tells whoever may write and not read: that it was done, and no content.

Such a key is given to what only records. It gets the ids, times and counts of what it made or
changed, and the state of it; a title, a tag, a memory that was there before is not for it, and so
neither is the answer of an assistant, which may quote any of them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from starlette.responses import Response

from holdfast.errors import NotAllowed

__all__ = ["without_content"]

_JSON = "application/json"
_Json: TypeAlias = "dict[str, _Json] | list[_Json] | str | int | float | bool | None"

_TOLD = frozenset(
    {
        *("id", "session_id", "turn_id", "message_id", "message_ids", "memory_id", "thought_id"),
        *("vault_id", "parent_id"),
        *("at", "created_at", "started_at", "ended_at", "last_message_at", "trashed_at"),
        *("purge_at", "joined_at"),
        *("seq", "index", "turn_count", "message_count", "sessions", "turns", "messages"),
        *("memories", "thoughts", "files", "reduced", "cancelled"),
        *("session", "turn", "receipt", "receipts", "error"),
        *("status", "code", "done", "failed", "replayed", "running", "temporary", "archived"),
        *("what", "audit_number", "audit_digest", "keys_destroyed", "key_backups_left"),
    }
)
"""Fields that hold none of what is sealed, and those that such fields stand in."""


def without_content(response: Response) -> Response:
    """The same answer with nothing in it but what `_TOLD` names.

    Raises:
        NotAllowed: it is no JSON of which a part could be told.
    """
    body = getattr(response, "body", None)
    if not 200 <= response.status_code < 300 or body == b"":
        return response
    if body is None or not response.headers.get("content-type", "").startswith(_JSON):
        raise NotAllowed("read")
    told = msgspec.json.encode(_told(msgspec.json.decode(body)))
    headers = [h for h in response.raw_headers if h[0] != b"content-length"]
    left = Response(told, response.status_code, background=response.background)
    left.raw_headers = [*headers, (b"content-length", str(len(told)).encode())]
    return left


def _told(answer: _Json) -> _Json:
    match answer:
        case dict():
            return {name: _told(value) for name, value in answer.items() if name in _TOLD}
        case list():
            return [_told(one) for one in answer]
        case _:
            return answer
