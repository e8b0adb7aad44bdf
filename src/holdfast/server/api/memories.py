"""Memories and thoughts: list, add, follow to where they come from, forget."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from holdfast.keeper.learning import NewMemory
from holdfast.server.caching import POLLED
from holdfast.server.identity.asking import Eraser, Reader, Writer
from holdfast.server.once import ClientKey
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import (
    MemoriesOut,
    MemoryFilters,
    MemoryIn,
    MemoryOut,
    SourcesOut,
    ThoughtFilters,
    ThoughtIn,
    ThoughtOut,
    ThoughtsOut,
)
from holdfast.server.shown import source_message_out, thought_out
from holdfast.server.shown_memories import memories_out, one_memory_out

__all__ = [
    "add_memory",
    "add_thought",
    "forget_memory",
    "get_memory",
    "get_memory_sources",
    "list_memories",
    "list_thoughts",
    "router",
]

router = APIRouter(prefix="/api", tags=["memories"], route_class=Route, responses=RESPONSES)


@router.get("/memories", operation_id="list_memories", dependencies=[POLLED])
async def list_memories(owner: Reader, asked: Annotated[MemoryFilters, Query()]) -> MemoriesOut:
    """Memories, newest first or as sorted, with the messages they rest on."""
    page = await owner.memories.page(
        kind=asked.kind,
        tag=asked.tag,
        assistant=asked.assistant,
        session_id=asked.session_id,
        min_importance=asked.min_importance,
        origin=asked.origin,
        pinned=asked.pinned,
        valid_at=asked.valid_at,
        q=asked.q,
        project=asked.project,
        since=asked.since,
        until=asked.until,
        trashed=asked.trashed,
        sort=asked.sort,
        cursor=asked.cursor,
        limit=asked.limit,
    )
    memories = await memories_out(owner.memories, page.memories)
    return MemoriesOut(memories=memories, next_cursor=page.next_cursor)


@router.post("/memories", operation_id="add_memory", status_code=201)
async def add_memory(
    owner: Writer, asked: MemoryIn, key: ClientKey, response: Response
) -> MemoryOut:
    """Remember something. With an Idempotency-Key it is remembered once."""
    new = NewMemory(
        text=asked.text,
        kind=asked.kind,
        tags=asked.tags,
        importance=asked.importance,
        valid_from=asked.valid_from,
        valid_to=asked.valid_to,
    )
    made = await owner.memories.add(
        new, sources=asked.sources, assistant=asked.assistant, client_key=key
    )
    response.headers["Location"] = f"/api/memories/{made.id}"
    return await one_memory_out(owner.memories, made)


@router.get("/memories/{memory_id}", operation_id="get_memory")
async def get_memory(owner: Reader, memory_id: str) -> MemoryOut:
    """One memory."""
    return await one_memory_out(owner.memories, await owner.memories.get(memory_id))


@router.delete(
    "/memories/{memory_id}",
    operation_id="forget_memory",
    status_code=204,
    response_class=Response,
)
async def forget_memory(owner: Eraser, memory_id: str) -> None:
    """Forget a memory; what it came from stays."""
    await owner.memories.forget(memory_id)


@router.get("/memories/{memory_id}/sources", operation_id="get_memory_sources")
async def get_memory_sources(owner: Reader, memory_id: str) -> SourcesOut:
    """The messages that a memory rests on."""
    found = await owner.memories.source_messages(memory_id)
    return SourcesOut(messages=[source_message_out(message) for message in found])


@router.get("/thoughts", operation_id="list_thoughts", dependencies=[POLLED])
async def list_thoughts(owner: Reader, asked: Annotated[ThoughtFilters, Query()]) -> ThoughtsOut:
    """Thoughts of assistants, newest first."""
    page = await owner.thoughts.page(
        assistant=asked.assistant,
        session_id=asked.session_id,
        turn_id=asked.turn_id,
        memory_id=asked.memory_id,
        kind=asked.kind,
        cursor=asked.cursor,
        limit=asked.limit,
    )
    thoughts = [thought_out(thought) for thought in page.thoughts]
    return ThoughtsOut(thoughts=thoughts, next_cursor=page.next_cursor)


@router.post("/thoughts", operation_id="add_thought", status_code=201)
async def add_thought(owner: Writer, asked: ThoughtIn, key: ClientKey) -> ThoughtOut:
    """Note a thought of an assistant. With an Idempotency-Key it is noted once."""
    made = await owner.thoughts.add(
        asked.text,
        assistant=asked.assistant,
        session_id=asked.session_id,
        turn_id=asked.turn_id,
        memory_id=asked.memory_id,
        kind=asked.kind,
        client_key=key,
    )
    return thought_out(made)
