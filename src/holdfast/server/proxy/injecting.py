"""What is remembered, put before what is asked: for keys that ask for it, and never recorded."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from holdfast.errors import HoldfastError
from holdfast.keeper.contexts import build_context, fence_of
from holdfast.model import SessionId
from holdfast.server.proxy.wire import content_text

if TYPE_CHECKING:
    from holdfast.keeper.users import User
    from holdfast.model import JsonObject
    from holdfast.server.proxy.wire import ChatRequest

__all__ = ["with_context"]

_logger = logging.getLogger(__name__)
_HITS = 12
_RECALLED_CHARS = 4_000
"""Of a longer question this much is looked up: its words are many enough."""


async def with_context(
    request: ChatRequest, user: User, session_id: str, *, budget_tokens: int
) -> bytes:
    """The request's body with a message before the last of the user's that says what was found.

    Fenced as data, within the budget, and without what the session itself holds: the client sends
    that. The body stays as it is, byte for byte, when nothing is found or recall fails.
    """
    place = _last_user(request)
    if place is None:
        return request.body
    try:
        text = await _context(request, place, user, session_id, budget_tokens)
    except HoldfastError as exc:
        extra = {"action": "proxy.inject", "code": exc.code}
        _logger.error("context not added", extra=extra)
        return request.body
    if not text:
        return request.body
    messages = [unit.raw for unit in request.units]
    role = "developer" if any(m.get("role") == "developer" for m in messages) else "system"
    told: JsonObject = {"role": role, "content": text}
    raw = {**request.raw, "messages": [*messages[:place], told, *messages[place:]]}
    return json.dumps(raw).encode()


async def _context(
    request: ChatRequest, place: int, user: User, session_id: str, budget_tokens: int
) -> str:
    question = content_text(request.units[place].raw.get("content"))[:_RECALLED_CHARS]
    if not question.strip().strip("\0"):
        return ""
    project = (await (await user.sessions.open(session_id)).info()).project
    hits = await user.recall(
        question, limit=_HITS, neighbours=0, within_project=project, operators=False
    )
    told = [h for h in hits if h.message is None or h.message.session_id != session_id]
    fence = fence_of(user.vault, SessionId(session_id))
    made = build_context((), told, budget_tokens=budget_tokens, fence=fence)
    return made.text if told else ""


def _last_user(request: ChatRequest) -> int | None:
    places = [place for place, unit in enumerate(request.units) if unit.role == "user"]
    return places[-1] if places else None
