"""`search` and `fetch` as connectors of chat products want them: two tools of fixed shapes.

    search(query)  {"results": [{"id", "title", "url"}]}
    fetch(id)      {"id", "title", "text", "url", "metadata"}

An id says what it names: "message:ID", "memory:ID" or "conversation:ID".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from holdfast.assistant.tools.fencing import NOTE, Fence, one_line, text_of
from holdfast.assistant.tools.finding import Question, found
from holdfast.assistant.tools.registry import Tool, ToolArguments, ToolContext
from holdfast.errors import NotFound
from holdfast.vault.reader import Reader

if TYPE_CHECKING:
    from holdfast.keeper.recalling import Hit
    from holdfast.model import Json, JsonObject, Memory, Message

__all__ = ["FETCH", "SEARCH"]

_RESULTS = 10
_TEXT_CHARS = 16_000
_AROUND = 3
"""Messages before and after the one that is fetched."""
_OPENING = 40
"""Messages of a conversation that is fetched."""


class _SearchArguments(ToolArguments):
    """What to look for."""

    query: Question


class _FetchArguments(ToolArguments):
    """What to fetch."""

    id: Annotated[str, Meta(min_length=1, max_length=120, description="An id from search.")]


async def _search(context: ToolContext, asked: _SearchArguments) -> Json:
    hits = await found(context, asked.query, limit=_RESULTS)
    return {"results": [_result(hit, context) for hit in hits]}


def _result(hit: Hit, context: ToolContext) -> JsonObject:
    if hit.message is not None:
        message = hit.message
        return {
            "id": f"message:{message.id}",
            "title": _title(message, hit.snippet.text),
            "url": _url(context, message.session_id, message.id),
        }
    assert hit.memory is not None  # a hit is one or the other
    return {
        "id": f"memory:{hit.memory.id}",
        "title": f"Memory: {one_line(hit.snippet.text)}",
        "url": _memory_url(context, hit.memory),
    }


async def _fetch(context: ToolContext, asked: _FetchArguments) -> Json:
    kind, _, name = asked.id.rpartition(":")
    match kind:
        case "message" | "":
            return await _message(context, name)
        case "memory":
            return await _memory(context, name)
        case "conversation":
            return await _conversation(context, name)
        case _:
            raise NotFound("message")


async def _message(context: ToolContext, message_id: str) -> JsonObject:
    reader = Reader(context.user.vault)
    known = await reader.messages_by_id([message_id])
    if not known:
        raise NotFound("message")
    message = known[0]
    session = await reader.session(message.session_id)
    if session.trashed_at is not None:
        raise NotFound("message")
    near = await reader.messages(
        message.session_id, first=max(0, message.seq - _AROUND), last=message.seq + _AROUND + 1
    )
    return {
        "id": f"message:{message.id}",
        "title": _title(message, text_of(message)),
        "text": _transcript(near),
        "url": _url(context, message.session_id, message.id),
        "metadata": {
            "note": NOTE,
            "session_id": message.session_id,
            "message_id": message.id,
            "who": one_line(message.author or message.role, 80),
            "at": f"{message.at:%Y-%m-%dT%H:%M:%SZ}",
            "assistant": session.assistant,
        },
    }


async def _memory(context: ToolContext, memory_id: str) -> JsonObject:
    memory = await context.user.memories.get(memory_id)
    return {
        "id": f"memory:{memory.id}",
        "title": f"Memory: {one_line(memory.text)}",
        "text": Fence(_TEXT_CHARS).around(memory.text),
        "url": _memory_url(context, memory),
        "metadata": {
            "note": NOTE,
            "kind": memory.kind,
            "tags": [one_line(tag, 80) for tag in memory.tags[:16]],
            "importance": memory.importance,
            "from_messages": [source.message_id for source in memory.sources[:8]],
        },
    }


async def _conversation(context: ToolContext, session_id: str) -> JsonObject:
    session = await context.conversation(session_id)
    info = await session.info()
    return {
        "id": f"conversation:{info.id}",
        "title": one_line(info.title or info.preview) or "Conversation",
        "text": _transcript(await session.messages(limit=_OPENING)),
        "url": _url(context, info.id),
        "metadata": {
            "note": NOTE,
            "session_id": info.id,
            "kind": info.kind,
            "assistant": info.assistant,
            "messages": info.message_count,
            "last_at": f"{info.last_at:%Y-%m-%dT%H:%M:%SZ}",
        },
    }


def _title(message: Message, text: str) -> str:
    who = one_line(message.author or message.role, 40)
    return f"{message.at:%Y-%m-%d} {who}: {one_line(text, 100)}"


def _transcript(messages: list[Message]) -> str:
    """Messages as one text: each with who said it and when, in the same marks."""
    fence = Fence(_TEXT_CHARS)
    share = _TEXT_CHARS // max(1, len(messages))
    return "\n".join(
        f"[{m.at:%Y-%m-%d %H:%M} {one_line(m.author or m.role, 40)}] "
        + fence.around(text_of(m), max_chars=share)
        for m in messages
    )


def _url(context: ToolContext, session_id: str, message_id: str | None = None) -> str:
    base = context.base_url.rstrip("/")
    start = f"{base}/conversations/" if base else "holdfast://conversations/"
    return f"{start}{session_id}" + (f"#{message_id}" if message_id else "")


def _memory_url(context: ToolContext, memory: Memory) -> str:
    base = context.base_url.rstrip("/")
    return f"{base}/memories/{memory.id}" if base else f"holdfast://memories/{memory.id}"


SEARCH = Tool(
    name="search",
    title="Search everything that was said",
    description="Search all conversations and memories; fetch reads what it finds.",
    arguments=_SearchArguments,
    call=_search,
    scope="memory:read",
    read_only=True,
    idempotent=True,
)
FETCH = Tool(
    name="fetch",
    title="Fetch what search found",
    description="Read a result of search in full, with what was said around it.",
    arguments=_FetchArguments,
    call=_fetch,
    scope="memory:read",
    read_only=True,
    idempotent=True,
)
